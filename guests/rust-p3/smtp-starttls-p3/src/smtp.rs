//! The client's side of SMTP (RFC 5321) on a connection's two directions.

use std::io;

use wasi_tls_client_p3::{Reader, Writer};

/// The most that one reply may take.
const MAX_REPLY: usize = 64 << 10;

/// What is asked for at a time.
const READ: usize = 4 << 10;

pub struct Session {
    reader: Reader,
    writer: Writer,
    /// What was read and not used yet.
    buffer: Vec<u8>,
}

/// What a server says it can do, a line each.
pub struct Capabilities(Vec<String>);

impl Capabilities {
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub fn offers(&self, keyword: &str) -> bool {
        let first =
            |line: &str| line.split(' ').next().is_some_and(|w| w.eq_ignore_ascii_case(keyword));
        self.lines().any(first)
    }
}

impl Session {
    pub fn new(reader: Reader, writer: Writer) -> Session {
        Session { reader, writer, buffer: Vec::new() }
    }

    /// The two directions. What was read already would be lost: then it fails. Before TLS it
    /// would be worse than lost, for anyone on the way may have put it there.
    pub fn into_parts(self) -> io::Result<(Reader, Writer)> {
        match self.buffer.len() {
            0 => Ok((self.reader, self.writer)),
            n => Err(bad(format!("{n} bytes follow the reply that should be the last"))),
        }
    }

    /// Greets the server, which says what it can do.
    pub async fn hello(&mut self, me: &str) -> io::Result<Capabilities> {
        self.write(format!("EHLO {me}\r\n")).await?;
        let lines = self.lines("EHLO", 250).await?;
        Ok(Capabilities(lines.into_iter().skip(1).collect()))
    }

    /// Gives a command that the server must answer with that code; the text of its answer.
    pub async fn command(&mut self, command: &str, code: u16) -> io::Result<String> {
        self.write(format!("{command}\r\n")).await?;
        self.reply(command, code).await
    }

    /// Sends a mail's head and text, lines that begin with a dot as the protocol wants them.
    pub async fn data(&mut self, head: &str, text: &str) -> io::Result<()> {
        let mut all = head.to_string();
        for line in text.lines() {
            let dot = if line.starts_with('.') { "." } else { "" };
            all += &format!("{dot}{line}\r\n");
        }
        self.write(all + ".\r\n").await
    }

    /// The text of a reply, which must have that code.
    pub async fn reply(&mut self, to: &str, code: u16) -> io::Result<String> {
        Ok(self.lines(to, code).await?.join(" "))
    }

    async fn lines(&mut self, to: &str, code: u16) -> io::Result<Vec<String>> {
        let reply = loop {
            if let Some((reply, taken)) = Reply::parse(&self.buffer)? {
                self.buffer.drain(..taken);
                break reply;
            }
            if self.buffer.len() > MAX_REPLY {
                return Err(bad(format!("{to}: the reply is too long")));
            }
            self.buffer.reserve(READ);
            if self.reader.read(&mut self.buffer).await? == 0 {
                let cut = format!("{to}: the connection ended without a reply");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, cut));
            }
        };
        match reply.code == code {
            true => Ok(reply.lines),
            false => Err(bad(format!("{to}: {} {}", reply.code, reply.lines.join(" ")))),
        }
    }

    async fn write(&mut self, text: String) -> io::Result<()> {
        self.writer.write_all(text.into_bytes()).await
    }
}

#[derive(Debug, PartialEq)]
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// Reads a reply, if it is complete: it and its length.
    fn parse(bytes: &[u8]) -> io::Result<Option<(Reply, usize)>> {
        let (mut at, mut lines, mut first) = (0, Vec::new(), None);
        while let Some(end) = bytes[at..].iter().position(|b| *b == b'\n') {
            let text = String::from_utf8_lossy(&bytes[at..at + end]);
            let text = text.trim_end_matches('\r');
            let code = text.get(..3).and_then(|c| c.parse::<u16>().ok());
            let code = code.filter(|c| (200..600).contains(c) && *first.get_or_insert(*c) == *c);
            let code = code.ok_or_else(|| bad(format!("no reply of SMTP: {text:.80?}")))?;
            at += end + 1;
            let (more, words) = match text.as_bytes().get(3) {
                Some(b'-') => (true, &text[4..]),
                Some(b' ') => (false, &text[4..]),
                None => (false, ""),
                Some(_) => return Err(bad(format!("no reply of SMTP: {text:.80?}"))),
            };
            lines.push(words.to_string());
            if !more {
                return Ok(Some((Reply { code, lines }, at)));
            }
        }
        Ok(None)
    }
}

pub fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        let text = b"250-mail.example hello\r\n250-STARTTLS\r\n250 SIZE 1\r\nmore";
        let (reply, taken) = Reply::parse(text).unwrap().unwrap();
        assert_eq!((reply.code, taken), (250, text.len() - 4));
        assert_eq!(reply.lines, ["mail.example hello", "STARTTLS", "SIZE 1"]);
        for n in 0..text.len() - 5 {
            assert_eq!(Reply::parse(&text[..n]).unwrap(), None, "{n}");
        }
        assert_eq!(Reply::parse(b"220\r\n").unwrap().unwrap().0.lines, [""]);
    }

    #[test]
    fn no_replies() {
        for text in [
            "HTTP/1.1 400 Bad Request\r\n",
            "22\r\n",
            "250-a\r\n251 b\r\n",
            "250x\r\n",
            "+20 a\r\n",
            "\r\n",
        ] {
            assert!(Reply::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn offers() {
        let can = Capabilities(vec!["SIZE 10".into(), "starttls".into()]);
        assert!(can.offers("STARTTLS") && can.offers("SIZE") && !can.offers("10"));
    }
}

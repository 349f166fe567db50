//! HTTP/1.1 on one connection.

use std::io;

use wasi_tls_client_p3::{Reader, TcpStream, TlsStream, Writer};

use crate::fetch::Target;

/// The most that a head, or the line of a chunk's size, may take.
const MAX_HEAD: usize = 64 << 10;

/// The most header fields.
const MAX_FIELDS: usize = 128;

/// What is asked for at a time.
const READ: usize = 32 << 10;

/// What matters of a reply's head.
#[derive(Debug, Default, PartialEq)]
pub struct Head {
    pub status: u16,
    location: Option<String>,
    length: Option<u64>,
    chunked: bool,
    /// The connection can be used again once the body is read.
    pub keep: bool,
    /// The body ends with the connection.
    pub until_end: bool,
}

impl Head {
    pub fn redirect(&self) -> Option<&str> {
        match self.status {
            301 | 302 | 303 | 307 | 308 => self.location.as_deref(),
            _ => None,
        }
    }

    /// Reads a head, if it is complete: it and its length.
    fn parse(bytes: &[u8], method: &str) -> io::Result<Option<(Head, usize)>> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut reply = httparse::Response::new(&mut fields);
        let taken = match reply.parse(bytes).map_err(|e| bad(format!("reply: {e}")))? {
            httparse::Status::Complete(taken) => taken,
            httparse::Status::Partial => return Ok(None),
        };
        let mut head = Head { status: reply.code.unwrap_or(0), ..Head::default() };
        head.keep = reply.version == Some(1);
        for field in reply.headers.iter() {
            let value = String::from_utf8_lossy(field.value);
            match field.name.to_ascii_lowercase().as_str() {
                "location" => head.location = Some(value.into_owned()),
                "content-length" => {
                    let length = value.trim().parse().map_err(|_| bad("a bad Content-Length"))?;
                    if head.length.is_some_and(|other| other != length) {
                        return Err(bad("two values of Content-Length"));
                    }
                    head.length = Some(length);
                }
                "transfer-encoding" => head.chunked = value.trim().eq_ignore_ascii_case("chunked"),
                "connection" => {
                    for word in value.split(',').map(str::trim) {
                        head.keep &= !word.eq_ignore_ascii_case("close");
                        head.keep |= word.eq_ignore_ascii_case("keep-alive");
                    }
                }
                _ => {}
            }
        }
        if method == "HEAD" || matches!(head.status, 100..=199 | 204 | 304) {
            (head.length, head.chunked) = (Some(0), false);
        }
        head.until_end = !head.chunked && head.length.is_none();
        head.keep &= !head.until_end;
        Ok(Some((head, taken)))
    }
}

pub struct Connection {
    pub target: Target,
    reader: Reader,
    writer: Writer,
    /// What was read and not used yet.
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(target: Target) -> io::Result<Connection> {
        let (reader, writer) = if target.tls {
            let tls = TlsStream::connect(&target.host, target.port).await?;
            (tls.reader, tls.writer)
        } else {
            let tcp = TcpStream::connect(&target.host, target.port).await?;
            (tcp.reader, tcp.writer)
        };
        Ok(Connection { target, reader, writer, buffer: Vec::new() })
    }

    /// Sends a request and reads its reply.
    pub async fn exchange(&mut self, method: &str, request: &[u8]) -> io::Result<(Head, Vec<u8>)> {
        self.writer.write_all(request.to_vec()).await?;
        let head = loop {
            let head = self.head(method).await?;
            // 1xx announces another head.
            if !(100..200).contains(&head.status) {
                break head;
            }
        };
        let body = match head.length {
            _ if head.chunked => self.chunks().await?,
            Some(length) => self.take(length).await?,
            None => {
                let mut body = std::mem::take(&mut self.buffer);
                body.extend(self.reader.read_to_end().await?);
                body
            }
        };
        Ok((head, body))
    }

    /// Ends the connection, and tells whether the reply came to a proper end. A server that has
    /// said everything need not listen any more.
    pub async fn close(self) -> io::Result<()> {
        let _ = self.writer.finish().await;
        self.reader.finish().await
    }

    async fn head(&mut self, method: &str) -> io::Result<Head> {
        loop {
            if let Some((head, taken)) = Head::parse(&self.buffer, method)? {
                self.buffer.drain(..taken);
                return Ok(head);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(bad("the reply's head is too long"));
            }
            self.more().await?;
        }
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = loop {
                match httparse::parse_chunk_size(&self.buffer) {
                    Ok(httparse::Status::Complete((taken, size))) => {
                        self.buffer.drain(..taken);
                        break size;
                    }
                    Ok(_) if self.buffer.len() <= MAX_HEAD => self.more().await?,
                    _ => return Err(bad("a bad chunk")),
                }
            };
            if size == 0 {
                break;
            }
            body.extend(self.take(size).await?);
            if self.take(2).await? != b"\r\n" {
                return Err(bad("a chunk of another length than it says"));
            }
        }
        while !self.line().await?.is_empty() {} // trailers
        Ok(body)
    }

    /// A line without its end.
    async fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|w| w == b"\r\n") {
                let line = self.buffer.drain(..end + 2).take(end).collect();
                return Ok(line);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(bad("a line too long"));
            }
            self.more().await?;
        }
    }

    /// Exactly so many bytes.
    async fn take(&mut self, n: u64) -> io::Result<Vec<u8>> {
        let n = usize::try_from(n).map_err(|_| bad("a body too long"))?;
        while self.buffer.len() < n {
            self.more().await?;
        }
        let rest = self.buffer.split_off(n);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Reads some more, which there must be.
    async fn more(&mut self) -> io::Result<()> {
        self.buffer.reserve(READ);
        match self.reader.read(&mut self.buffer).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the reply is cut off")),
            _ => Ok(()),
        }
    }
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, method: &str) -> Head {
        Head::parse(text.as_bytes(), method).unwrap().unwrap().0
    }

    #[test]
    fn bodies() {
        let h = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET");
        assert_eq!((h.length, h.keep, h.until_end), (Some(5), true, false));
        let h = parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", "GET");
        assert_eq!((h.chunked, h.keep), (true, true));
        let h = parse("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "GET");
        assert_eq!((h.keep, h.until_end), (false, true));
        let h = parse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", "GET");
        assert_eq!((h.length, h.keep), (Some(1), false));
        let h = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD");
        assert_eq!((h.length, h.keep), (Some(0), true));
    }

    #[test]
    fn refusals() {
        for text in [
            "SMTP ready\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        ] {
            assert!(Head::parse(text.as_bytes(), "GET").is_err(), "{text}");
        }
    }
}

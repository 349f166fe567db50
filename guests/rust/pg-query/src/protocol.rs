//! PostgreSQL's protocol 3.0 as one query needs it, without input or output: bytes of the
//! server go in, bytes for the server and rows come out. Of pg-query-p3 too.

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{
    AuthenticationSaslBody, DataRowBody, ErrorResponseBody, Header, Message,
};
use postgres_protocol::message::frontend;

use crate::options::Options;

/// The longest message, in bytes.
const MAX_MESSAGE: i32 = 16 << 20;

/// What a client says first. Of the answer it must read one byte and no more: what follows in
/// the clear, from whomever, is for TLS to judge.
pub fn tls_request() -> Vec<u8> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    request.to_vec()
}

/// Whether the answer agrees to TLS.
pub fn agreed(answer: &[u8]) -> io::Result<()> {
    match answer {
        b"S" => Ok(()),
        b"N" => Err(bad("the server does not offer TLS")),
        b"" => Err(bad("the server ended without an answer")),
        other => {
            Err(bad(format!("no answer of PostgreSQL: {:?}", String::from_utf8_lossy(other))))
        }
    }
}

/// Logs in, asks one query and takes leave.
pub struct Conversation<'a> {
    options: &'a Options,
    scram: Option<ScramSha256>,
    received: BytesMut,
    to_send: BytesMut,
    rows: Vec<String>,
    stage: Stage,
    /// Why the query failed.
    failure: Option<io::Error>,
}

#[derive(PartialEq)]
enum Stage {
    Login,
    Query,
    Over,
}

impl<'a> Conversation<'a> {
    pub fn new(options: &'a Options) -> io::Result<Conversation<'a>> {
        let mut to_send = BytesMut::new();
        let parameters = [
            ("user", options.user.as_str()),
            ("database", options.database.as_str()),
            ("client_encoding", "UTF8"),
            ("application_name", env!("CARGO_PKG_NAME")),
        ];
        frontend::startup_message(parameters, &mut to_send)?;
        let (scram, received, rows) = (None, BytesMut::new(), Vec::new());
        let stage = Stage::Login;
        Ok(Conversation { options, scram, received, to_send, rows, stage, failure: None })
    }

    /// Takes what is to be sent now.
    pub fn to_send(&mut self) -> Vec<u8> {
        self.to_send.split().to_vec()
    }

    /// Takes the rows that have arrived, as `COPY` writes them: a tab between columns, `\N` for
    /// NULL.
    pub fn rows(&mut self) -> Vec<String> {
        std::mem::take(&mut self.rows)
    }

    /// How the query went, if all is said once what is to be sent was sent.
    pub fn outcome(&mut self) -> Option<io::Result<()>> {
        match self.stage {
            Stage::Over => Some(self.failure.take().map_or(Ok(()), Err)),
            _ => None,
        }
    }

    /// Takes what the server sent; nothing means that it ended.
    pub fn receive(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            let cut = "the server ended in the middle";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, cut));
        }
        self.received.extend_from_slice(bytes);
        while let Some(message) = Message::parse(&mut self.received)? {
            self.answer(message)?;
        }
        match Header::parse(&self.received)? {
            Some(next) if next.len() > MAX_MESSAGE => Err(bad("a message is too long")),
            _ => Ok(()),
        }
    }

    fn answer(&mut self, message: Message) -> io::Result<()> {
        match message {
            Message::AuthenticationOk if self.scram.is_some() => {
                return Err(bad("the server did not prove that it knows the password"));
            }
            Message::AuthenticationSasl(body) => self.begin_scram(&body)?,
            Message::AuthenticationSaslContinue(body) => {
                let scram = self.scram.as_mut().ok_or_else(|| bad("SASL without a beginning"))?;
                scram.update(body.data())?;
                frontend::sasl_response(scram.message(), &mut self.to_send)?;
            }
            Message::AuthenticationSaslFinal(body) => {
                let mut scram = self.scram.take().ok_or_else(|| bad("SASL without a beginning"))?;
                scram.finish(body.data())?;
            }
            Message::ReadyForQuery(_) if self.stage == Stage::Login => {
                frontend::query(&self.options.query, &mut self.to_send)?;
                self.stage = Stage::Query;
            }
            Message::ReadyForQuery(_) => {
                frontend::terminate(&mut self.to_send);
                self.stage = Stage::Over;
            }
            Message::DataRow(body) => self.rows.push(row(&body)?),
            Message::ErrorResponse(body) if self.stage == Stage::Query => {
                self.failure = Some(refusal(&body));
            }
            Message::ErrorResponse(body) => return Err(refusal(&body)),
            Message::AuthenticationOk
            | Message::BackendKeyData(_)
            | Message::CommandComplete(_)
            | Message::EmptyQueryResponse
            | Message::NoticeResponse(_)
            | Message::ParameterStatus(_)
            | Message::RowDescription(_) => {}
            Message::AuthenticationCleartextPassword | Message::AuthenticationMd5Password(_) => {
                return Err(bad("the server asks for a password by another way than SCRAM"));
            }
            _ => return Err(bad("the server asks for what this client cannot do")),
        }
        Ok(())
    }

    /// SCRAM without channel binding: a guest does not see the server's certificate.
    fn begin_scram(&mut self, offered: &AuthenticationSaslBody) -> io::Result<()> {
        if !offered.mechanisms().any(|m| Ok(m == SCRAM_SHA_256))? {
            return Err(bad("the server does not offer SCRAM-SHA-256"));
        }
        let password = self.options.password.as_deref();
        let password = password.ok_or_else(|| bad("the server asks for a password: PGPASSWORD"))?;
        let scram = ScramSha256::new(password.as_bytes(), ChannelBinding::unsupported());
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut self.to_send)?;
        self.scram = Some(scram);
        Ok(())
    }
}

fn row(body: &DataRowBody) -> io::Result<String> {
    let columns = body.ranges().map(|range| {
        Ok(match range {
            Some(range) => escaped(&String::from_utf8_lossy(&body.buffer()[range])),
            None => r"\N".into(),
        })
    });
    Ok(columns.collect::<Vec<_>>()?.join("\t"))
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('\t', r"\t").replace('\n', r"\n").replace('\r', r"\r")
}

/// An error of the server: how severe, SQLSTATE, message and detail.
fn refusal(body: &ErrorResponseBody) -> io::Error {
    let (mut severity, mut code, mut text) = Default::default();
    let mut fields = body.fields();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'S' => severity = value,
            b'C' => code = value,
            b'M' => text = value,
            b'D' => text = format!("{text}: {value}"),
            _ => {}
        }
    }
    let (severity, code, text): (String, String, String) = (severity, code, text);
    io::Error::other(format!("{severity} {code}: {text}"))
}

fn bad(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        let words = ["pg:5432", "pg.test", "me", "db", "select 1"];
        Options::parse(words.into_iter().map(String::from), None).unwrap()
    }

    /// A message of the server.
    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[tag], &length[..], body].concat()
    }

    const AUTHENTICATED: &[u8] = &[0, 0, 0, 0];

    #[test]
    fn a_query() {
        let options = options();
        let mut c = Conversation::new(&options).unwrap();
        let hello = c.to_send();
        assert_eq!(hello[4..8], [0, 3, 0, 0]);
        assert!(hello.windows(8).any(|w| w == b"user\0me\0"), "{hello:?}");

        let login = [message(b'R', AUTHENTICATED), message(b'Z', b"I")].concat();
        for byte in login {
            c.receive(&[byte]).unwrap();
        }
        assert_eq!(c.to_send(), message(b'Q', b"select 1\0"));

        let columns = [&[0, 2, 0, 0, 0, 3][..], b"a\tb", &[0xff; 4]].concat();
        c.receive(&message(b'D', &columns)).unwrap();
        assert_eq!(c.rows(), [r"a\tb".to_string() + "\t" + r"\N"]);
        assert!(c.outcome().is_none());
        c.receive(&[message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat()).unwrap();
        assert_eq!(c.to_send(), message(b'X', b""));
        assert!(c.outcome().unwrap().is_ok());
    }

    #[test]
    fn a_query_that_fails() {
        let options = options();
        let mut c = Conversation::new(&options).unwrap();
        c.receive(&[message(b'R', AUTHENTICATED), message(b'Z', b"I")].concat()).unwrap();
        c.to_send();
        c.receive(&message(b'E', b"SERROR\0C42601\0Msyntax\0\0")).unwrap();
        c.receive(&message(b'Z', b"I")).unwrap();
        assert_eq!(c.to_send(), message(b'X', b""));
        assert_eq!(c.outcome().unwrap().unwrap_err().to_string(), "ERROR 42601: syntax");
    }

    #[test]
    fn refusals() {
        let error = message(b'E', b"SFATAL\0C28000\0Mno entry\0Dof yours\0\0");
        let scram = message(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0");
        for (sent, reason) in [
            (error.as_slice(), "FATAL 28000: no entry: of yours"),
            (b"", "ended in the middle"),
            (&scram, "PGPASSWORD"),
            (&message(b'R', b"\0\0\0\x0aOTHER\0\0"), "does not offer SCRAM"),
            (&message(b'R', b"\0\0\0\x03"), "another way than SCRAM"),
            (&message(b'G', &[0, 0, 0]), "cannot do"),
            (b"HTTP/1.1 400 Bad Request", "too long"),
        ] {
            let options = options();
            let e = Conversation::new(&options).unwrap().receive(sent).unwrap_err().to_string();
            assert!(e.contains(reason), "{sent:?}: {e}");
        }
    }

    #[test]
    fn scram_must_end() {
        let options = Options { password: Some("secret".into()), ..options() };
        let mut c = Conversation::new(&options).unwrap();
        c.to_send();
        c.receive(&message(b'R', b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0")).unwrap();
        let first = c.to_send();
        assert!(first.windows(8).any(|w| w == b"n,,n=,r="), "{first:?}");
        let e = c.receive(&message(b'R', AUTHENTICATED)).unwrap_err().to_string();
        assert!(e.contains("did not prove"), "{e}");
    }

    #[test]
    fn answers_to_the_request() {
        assert_eq!(tls_request(), [0, 0, 0, 8, 4, 210, 22, 47]);
        assert!(agreed(b"S").is_ok());
        for (answer, reason) in [
            (&b"N"[..], "does not offer TLS"),
            (b"", "without an answer"),
            (b"E", "no answer"),
            (b"SR", "no answer"),
        ] {
            let e = agreed(answer).unwrap_err().to_string();
            assert!(e.contains(reason), "{e}");
        }
    }
}

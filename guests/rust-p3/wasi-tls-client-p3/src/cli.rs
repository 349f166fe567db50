//! Standard input and output. Output is a stream as every other: bytes that the host took are
//! written, and what is not ended by [`Output::close`] may get lost when the guest ends.

use std::io;

use crate::error::{failure, from_cli};
use crate::stream::{Reader, Writer};
use crate::sys;
use crate::sys::cli::{environment, exit, stderr, stdin, stdout};

/// The arguments without the program's name.
pub fn arguments() -> Vec<String> {
    environment::get_arguments().into_iter().skip(1).collect()
}

/// Standard input.
pub fn input() -> Reader {
    let (stream, end) = stdin::read_via_stream();
    Reader::new(stream, Box::pin(async move { end.await.map_err(|e| from_cli("stdin", e)) }))
}

/// Standard output or standard error.
pub struct Output(Writer);

impl Output {
    pub fn stdout() -> Output {
        let (writer, stream) = sys::bytes();
        let end = stdout::write_via_stream(stream);
        let end = async move { end.await.map_err(|e| from_cli("stdout", e)) };
        Output(Writer::new(writer, Box::pin(end)))
    }

    pub fn stderr() -> Output {
        let (writer, stream) = sys::bytes();
        let end = stderr::write_via_stream(stream);
        let end = async move { end.await.map_err(|e| from_cli("stderr", e)) };
        Output(Writer::new(writer, Box::pin(end)))
    }

    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        self.0.write_all(bytes.into()).await
    }

    /// Writes the text and a line's end.
    pub async fn line(&mut self, text: &str) -> io::Result<()> {
        self.write(format!("{text}\n")).await
    }

    /// Waits until everything is written.
    pub async fn close(self) -> io::Result<()> {
        self.0.finish().await
    }
}

/// Writes a line to standard error, as well as it goes.
pub async fn complain(text: &str) {
    let mut err = Output::stderr();
    if err.line(text).await.is_ok() {
        let _ = err.close().await;
    }
}

/// Ends the guest with that code. What was not closed before may get lost.
pub fn exit(code: u8) -> io::Error {
    exit::exit_with_code(code);
    failure(io::ErrorKind::Other, "exit", "the host came back")
}

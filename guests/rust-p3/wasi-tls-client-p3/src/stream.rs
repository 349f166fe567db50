use std::future::Future;
use std::io;
use std::mem;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt;

use crate::error::failure;
use crate::sys::{StreamReader, StreamResult, StreamWriter};
use crate::time::within;

/// What [`Reader::read_to_end`] asks for at a time.
const CHUNK: usize = 64 << 10;

/// How long a failed write waits for the reason.
const REASON: Option<Duration> = Some(Duration::from_secs(1));

/// How a direction of a connection ended.
pub(crate) type End = Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// The receiving direction of a connection.
pub struct Reader {
    pub(crate) stream: StreamReader<u8>,
    end: Option<End>,
    // A stream that has ended must not be read again.
    ended: bool,
}

impl Reader {
    pub(crate) fn new(stream: StreamReader<u8>, end: End) -> Reader {
        Reader { stream, end: Some(end), ended: false }
    }

    /// Appends what there is to `buf`, within its spare capacity, waiting for the first byte.
    /// Zero is the end, or a buffer without spare capacity. A read that is dropped before it is
    /// done takes the buffer's content with it, and bytes that came meanwhile.
    pub async fn read(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let before = buf.len();
        if before == buf.capacity() || self.ended {
            return Ok(0);
        }
        let (result, filled) = self.stream.read(mem::take(buf)).await;
        *buf = filled;
        match result {
            StreamResult::Dropped => {
                self.ended = true;
                self.known_end().map(|()| 0)
            }
            _ => Ok(buf.len() - before),
        }
    }

    /// Reads to the end.
    pub async fn read_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            all.reserve(CHUNK);
            if self.read(&mut all).await? == 0 {
                return Ok(all);
            }
        }
    }

    /// Reads nothing more and waits until the host says how receiving ended: a failure, or well.
    /// With TLS that is when the transport ends too, which the peer may put off; use `within`.
    pub async fn finish(self) -> io::Result<()> {
        let Reader { stream, end, .. } = self;
        drop(stream);
        match end {
            Some(end) => end.await,
            None => Ok(()),
        }
    }

    /// The stream and how it ended, for handing over to the host.
    pub(crate) fn into_parts(self) -> (StreamReader<u8>, Option<End>) {
        (self.stream, self.end)
    }

    /// The failure with which the stream ended, if the host has told it.
    fn known_end(&mut self) -> io::Result<()> {
        let outcome = self.end.as_mut().and_then(|end| end.now_or_never());
        match outcome {
            Some(outcome) => {
                self.end = None;
                outcome
            }
            None => Ok(()),
        }
    }
}

/// The sending direction of a connection.
pub struct Writer {
    pub(crate) stream: StreamWriter<u8>,
    end: Option<End>,
    // A stream that nobody reads must not be written to again.
    ended: bool,
}

impl Writer {
    pub(crate) fn new(stream: StreamWriter<u8>, end: End) -> Writer {
        Writer { stream, end: Some(end), ended: false }
    }

    /// Writes all of it. The host has taken the bytes then, and sends them.
    pub async fn write_all(&mut self, mut bytes: Vec<u8>) -> io::Result<()> {
        self.write_buf(&mut bytes).await
    }

    /// Writes all of it and leaves it empty, with its storage, for more.
    pub async fn write_buf(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        if !self.ended {
            *bytes = self.stream.write_all(mem::take(bytes)).await;
            self.ended = !bytes.is_empty();
        }
        if self.ended { Err(self.reason().await) } else { Ok(()) }
    }

    /// Ends this direction, with close_notify if it is TLS, and waits until the host says how it
    /// went.
    pub async fn finish(self) -> io::Result<()> {
        let Writer { stream, end, .. } = self;
        drop(stream);
        match end {
            Some(end) => end.await,
            None => Ok(()),
        }
    }

    /// Why the host takes nothing more.
    async fn reason(&mut self) -> io::Error {
        let closed = || failure(io::ErrorKind::BrokenPipe, "write", "closed");
        let Some(end) = self.end.as_mut() else { return closed() };
        match within(REASON, "write", end).await {
            Err(e) if e.kind() == io::ErrorKind::TimedOut => closed(),
            outcome => {
                self.end = None;
                outcome.err().unwrap_or_else(closed)
            }
        }
    }
}

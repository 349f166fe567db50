use std::io;
use std::time::Duration;

use crate::error::{failure, from_stream};
use crate::sys::io::streams::{InputStream, OutputStream, StreamError};
use crate::wait::Deadline;

/// The two streams of a connection, plain or TLS, with their timeouts.
#[derive(Debug)]
pub(crate) struct Duplex {
    pub(crate) input: InputStream,
    pub(crate) output: OutputStream,
    pub(crate) read_timeout: Option<Duration>,
    pub(crate) write_timeout: Option<Duration>,
    // Bytes were written since the last flush; a peer that waits for them sends nothing.
    dirty: bool,
}

impl Duplex {
    pub(crate) fn new(input: InputStream, output: OutputStream) -> Duplex {
        Duplex { input, output, read_timeout: None, write_timeout: None, dirty: false }
    }

    /// Reads what is there, waiting for the first byte until the deadline. Zero is the end.
    pub(crate) fn read_until(&mut self, buf: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.start_flush();
        loop {
            match self.input.read(buf.len() as u64) {
                Ok(bytes) if bytes.is_empty() => {
                    deadline.wait(&self.input.subscribe(), "read")?;
                }
                Ok(bytes) => {
                    buf[..bytes.len()].copy_from_slice(&bytes);
                    return Ok(bytes.len());
                }
                Err(StreamError::Closed) => return Ok(0),
                Err(e) => return Err(from_stream("read", e)),
            }
        }
    }

    pub(crate) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_until(buf, Deadline::after(self.read_timeout))
    }

    /// Writes as many bytes as the host permits at once, waiting for a permit if need be.
    pub(crate) fn write_until(&mut self, buf: &[u8], deadline: Deadline) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let permit = self.permit(deadline, "write")?;
        let n = buf.len().min(usize::try_from(permit).unwrap_or(usize::MAX));
        self.output.write(&buf[..n]).map_err(|e| from_stream("write", e))?;
        self.dirty = true;
        Ok(n)
    }

    pub(crate) fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_until(buf, Deadline::after(self.write_timeout))
    }

    /// Hands everything written to the transport and waits until it has taken it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush().map_err(|e| from_stream("flush", e))?;
        self.dirty = false;
        self.permit(Deadline::after(self.write_timeout), "flush").map(drop)
    }

    /// Asks for a flush without waiting for it. A failure is left for the next write to report.
    pub(crate) fn start_flush(&mut self) {
        if self.dirty {
            self.dirty = false;
            let _ = self.output.flush();
        }
    }

    /// Waits, after the output was told to close, until it has.
    pub(crate) fn closed(&mut self) -> io::Result<()> {
        let deadline = Deadline::after(self.write_timeout);
        match self.permit(deadline, "close") {
            Ok(n) => {
                let detail = format!("the host permits {n} bytes after close-output");
                Err(failure(io::ErrorKind::Other, "close", detail))
            }
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(e) => Err(e),
        }
    }

    fn permit(&mut self, deadline: Deadline, operation: &'static str) -> io::Result<u64> {
        loop {
            match self.output.check_write() {
                Ok(0) => deadline.wait(&self.output.subscribe(), operation)?,
                Ok(n) => return Ok(n),
                Err(e) => return Err(from_stream(operation, e)),
            }
        }
    }
}

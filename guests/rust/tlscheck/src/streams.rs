//! Waiting, reading and writing on the bindings themselves. Every wait is bounded.

use std::time::Duration;

use wasi_tls_client::sys::clocks::monotonic_clock::subscribe_duration;
use wasi_tls_client::sys::io::poll::{self, Pollable};
use wasi_tls_client::sys::io::streams::{InputStream, OutputStream, StreamError};

use crate::check::Check;
use crate::options::STEP;

/// How a stream ended.
#[derive(Debug, PartialEq)]
pub enum End {
    Closed,
    Failed(String),
}

pub fn end(e: StreamError) -> End {
    match e {
        StreamError::Closed => End::Closed,
        StreamError::LastOperationFailed(e) => End::Failed(e.to_debug_string()),
    }
}

/// The error of an operation that should have worked.
pub fn broken(what: &str, e: StreamError) -> String {
    format!("{what}: {:?}", end(e))
}

pub fn timer(d: Duration) -> Pollable {
    subscribe_duration(d.as_nanos() as u64)
}

pub fn sleep(d: Duration) {
    timer(d).block();
}

/// Waits for at most that long and tells whether the pollable became ready.
pub fn ready_within(p: &Pollable, d: Duration) -> bool {
    poll::poll(&[p, &timer(d)]).contains(&0)
}

pub fn wait(p: &Pollable, what: &str) -> Check<()> {
    if ready_within(p, STEP) {
        Ok(())
    } else {
        Err(format!("{what}: still waiting after {STEP:?}"))
    }
}

/// The next bytes, once there are some, or the end.
pub fn read_some(input: &InputStream, len: u64) -> Check<Result<Vec<u8>, End>> {
    loop {
        match input.read(len) {
            Ok(bytes) if bytes.is_empty() => wait(&input.subscribe(), "read")?,
            Ok(bytes) => return Ok(Ok(bytes)),
            Err(e) => return Ok(Err(end(e))),
        }
    }
}

pub fn read_to_end(input: &InputStream) -> Check<(Vec<u8>, End)> {
    let mut all = Vec::new();
    loop {
        match read_some(input, 65536)? {
            Ok(bytes) => all.extend(bytes),
            Err(end) => return Ok((all, end)),
        }
    }
}

pub fn read_exactly(input: &InputStream, n: usize) -> Check<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < n {
        match read_some(input, (n - all.len()) as u64)? {
            Ok(bytes) => all.extend(bytes),
            Err(end) => return Err(format!("read: {end:?} after {} of {n} bytes", all.len())),
        }
    }
    Ok(all)
}

pub fn read_line(input: &InputStream) -> Check<String> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.extend(read_exactly(input, 1)?);
    }
    line.pop();
    String::from_utf8(line).map_err(|e| e.to_string())
}

/// Waits until the output permits a write, or has ended.
pub fn permit(output: &OutputStream) -> Check<Result<u64, End>> {
    loop {
        match output.check_write() {
            Ok(0) => wait(&output.subscribe(), "check-write")?,
            Ok(n) => return Ok(Ok(n)),
            Err(e) => return Ok(Err(end(e))),
        }
    }
}

/// Writes everything by permits, without a flush.
pub fn write_all(output: &OutputStream, mut bytes: &[u8]) -> Check<()> {
    while !bytes.is_empty() {
        let n = permit(output)?.map_err(|e| format!("check-write: {e:?}"))?;
        let (part, rest) = bytes.split_at(bytes.len().min(n as usize));
        output.write(part).map_err(|e| broken("write", e))?;
        bytes = rest;
    }
    Ok(())
}

/// Flushes and waits until the flush is done.
pub fn flush(output: &OutputStream) -> Check<()> {
    output.flush().map_err(|e| broken("flush", e))?;
    permit(output)?.map(drop).map_err(|e| format!("flush: {e:?}"))
}

pub fn send(output: &OutputStream, bytes: &[u8]) -> Check<()> {
    write_all(output, bytes)?;
    flush(output)
}

/// The bytes that the peer's commands send: 0 to 250, over and over.
pub fn pattern(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

/// CRC-32 as in zlib, for comparing what was sent with what arrived.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, b| {
        (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg()))
    })
}

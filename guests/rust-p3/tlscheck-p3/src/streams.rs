//! Waiting, reading and writing on the bindings themselves. Every wait is bounded.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use wasi_tls_client_p3::sleep;
use wasi_tls_client_p3::sys::tls::types::Error as TlsError;
use wasi_tls_client_p3::sys::{StreamReader, StreamResult, StreamWriter};

use crate::check::Check;
use crate::options::STEP;

/// Waits for something that should come.
pub async fn soon<T>(what: &str, work: impl IntoFuture<Output = T>) -> Check<T> {
    match select(pin!(work.into_future()), pin!(sleep(STEP))).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(_) => Err(format!("{what}: still waiting after {STEP:?}")),
    }
}

/// Whether the work is still not done after that time. It goes on.
pub async fn pending<F: Future + Unpin>(work: &mut F, time: Duration) -> bool {
    matches!(select(work, pin!(sleep(time))).await, Either::Right(_))
}

/// What a future of the connector tells, the error in its words.
pub async fn told(
    what: &str,
    future: impl IntoFuture<Output = Result<(), TlsError>>,
) -> Check<Result<(), String>> {
    Ok(soon(what, future).await?.map_err(|e| e.to_debug_string()))
}

/// A future that must tell a failure: the words.
pub async fn failed(
    what: &str,
    future: impl IntoFuture<Output = Result<(), TlsError>>,
) -> Check<String> {
    match told(what, future).await? {
        Err(text) => Ok(text),
        Ok(()) => Err(format!("the {what} future is ok")),
    }
}

/// A future that must tell success.
pub async fn went_well(
    what: &str,
    future: impl IntoFuture<Output = Result<(), TlsError>>,
) -> Check<()> {
    told(what, future).await?.map_err(|text| format!("the {what} future: {text}"))
}

/// The next bytes; none at the end.
pub async fn read_some(reader: &mut StreamReader<u8>, len: usize) -> Check<Vec<u8>> {
    loop {
        match soon("read", reader.read(Vec::with_capacity(len))).await? {
            (StreamResult::Complete(_), bytes) if bytes.is_empty() => {}
            (StreamResult::Cancelled, _) => return Err("a read was cancelled".into()),
            (_, bytes) => return Ok(bytes),
        }
    }
}

pub async fn read_to_end(reader: &mut StreamReader<u8>) -> Check<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let some = read_some(reader, 65536).await?;
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
    }
}

pub async fn read_exactly(reader: &mut StreamReader<u8>, n: usize) -> Check<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < n {
        let some = read_some(reader, n - all.len()).await?;
        if some.is_empty() {
            return Err(format!("read: the end after {} of {n} bytes", all.len()));
        }
        all.extend(some);
    }
    Ok(all)
}

pub async fn read_line(reader: &mut StreamReader<u8>) -> Check<String> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        line.extend(read_exactly(reader, 1).await?);
    }
    line.pop();
    String::from_utf8(line).map_err(|e| e.to_string())
}

/// The end, and nothing before it.
pub async fn at_end(what: &str, reader: &mut StreamReader<u8>) -> Check<()> {
    match soon(what, reader.read(Vec::with_capacity(16))).await? {
        (StreamResult::Dropped, bytes) if bytes.is_empty() => Ok(()),
        (result, bytes) => Err(format!("{what}: {result:?} with {} bytes", bytes.len())),
    }
}

/// Writes all of it.
pub async fn send(writer: &mut StreamWriter<u8>, bytes: &[u8]) -> Check<()> {
    let left = soon("write", writer.write_all(bytes.to_vec())).await?.len();
    if left == 0 {
        Ok(())
    } else {
        Err(format!("write: {left} of {} bytes not taken", bytes.len()))
    }
}

/// Writes until nobody takes it any more.
pub async fn refused(what: &str, writer: &mut StreamWriter<u8>) -> Check<()> {
    for _ in 0..1000 {
        if !soon(what, writer.write_all(vec![0; 16384])).await?.is_empty() {
            return Ok(());
        }
    }
    Err(format!("{what}: 16 MB were taken"))
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

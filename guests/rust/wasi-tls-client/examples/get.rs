//! `get HOST [PORT [PATH]]`: one HTTP request on a TLS stream, nothing else needed.

use std::io::{self, Read, Write};
use std::time::Duration;

use wasi_tls_client::TlsStream;

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let host = words.next().ok_or_else(|| io::Error::other("usage: get HOST [PORT [PATH]]"))?;
    let port = words.next().map_or(Ok(443), |p| p.parse()).map_err(io::Error::other)?;
    let path = words.next().unwrap_or_else(|| "/".into());

    let limit = Some(Duration::from_secs(10));
    let mut tls = TlsStream::connect(&host, port, limit)?;
    tls.set_read_timeout(limit);
    tls.set_write_timeout(limit);

    write!(tls, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    // The end of this stream was vouched for by the peer: a connection cut off is an error.
    let mut reply = Vec::new();
    tls.read_to_end(&mut reply)?;
    io::stdout().write_all(&reply)?;
    // A server that has gone after its reply is no failure.
    let _ = tls.close();
    Ok(())
}

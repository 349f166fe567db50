//! The guest inside `wasitls demo`: one HTTP exchange over TLS, told in one line.
//!
//! ```text
//! democli HOST:PORT SERVERNAME
//! ```
//! Prints `HTTP/1.1 200 OK, 12 bytes` and exits with 0, or prints the error on stderr and
//! exits with 1.

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use wasi_tls_client::{TcpStream, TlsStream};

/// No step of the exchange may take longer.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(10));

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, name] = &arguments[..] else {
        eprintln!("usage: democli HOST:PORT SERVERNAME");
        return ExitCode::FAILURE;
    };
    match exchange(address, name) {
        Ok(seen) => {
            println!("{seen}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}

fn exchange(address: &str, name: &str) -> io::Result<String> {
    let (host, port) = address.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    let port = port.parse().map_err(io::Error::other)?;
    let mut tcp = TcpStream::connect(host, port, TIMEOUT)?;
    tcp.set_read_timeout(TIMEOUT);
    tcp.set_write_timeout(TIMEOUT);
    let mut tls = TlsStream::handshake(tcp, name, TIMEOUT)?;
    tls.write_all(
        format!("GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut reply = Vec::new();
    tls.read_to_end(&mut reply)?;
    // A server that has gone after its reply is no failure of the exchange.
    let _ = tls.close();
    let end = reply
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the reply is not HTTP"))?;
    let head = String::from_utf8_lossy(&reply[..end]);
    let status = head.lines().next().unwrap_or_default();
    Ok(format!("{status}, {} bytes", reply.len() - end - 4))
}

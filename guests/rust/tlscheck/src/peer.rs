//! Connections to the peer, and questions about what it saw of them.

use std::time::Duration;

use wasi_tls_client::TcpStream;
use wasi_tls_client::sys::io::streams::{InputStream, OutputStream};
use wasi_tls_client::sys::sockets::network::IpSocketAddress;
use wasi_tls_client::sys::sockets::tcp::TcpSocket;
use wasi_tls_client::sys::tls::types::{ClientConnection, ClientHandshake, FutureClientStreams};

use crate::check::Check;
use crate::options::{Options, STEP};
use crate::streams::{read_line, send, wait};

/// A plain connection. The fields are in the order of dropping.
pub struct Tcp {
    pub input: InputStream,
    pub output: OutputStream,
    pub socket: TcpSocket,
    /// This side's port, by which the peer knows the connection.
    pub port: u16,
}

/// A TLS connection. The fields are in the order of dropping.
pub struct Tls {
    pub input: InputStream,
    pub output: OutputStream,
    pub connection: ClientConnection,
    pub socket: TcpSocket,
    pub port: u16,
}

pub type Outcome = Result<(ClientConnection, InputStream, OutputStream), String>;

pub fn connect(address: &str) -> Check<Tcp> {
    let parts = address.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| format!("{address} is not HOST:PORT"))?;
    let tcp = TcpStream::connect(host, port, Some(STEP)).map_err(|e| format!("{address}: {e}"))?;
    let (input, output, socket) = tcp.into_parts();
    let port = match socket.local_address().map_err(|e| format!("local-address: {e}"))? {
        IpSocketAddress::Ipv4(a) => a.port,
        IpSocketAddress::Ipv6(a) => a.port,
    };
    Ok(Tcp { input, output, socket, port })
}

/// Begins a handshake; what remains is the socket and its port.
pub fn begin(tcp: Tcp, name: &str) -> (FutureClientStreams, TcpSocket, u16) {
    let Tcp { input, output, socket, port } = tcp;
    (ClientHandshake::finish(ClientHandshake::new(name, input, output)), socket, port)
}

/// Waits for the outcome of a handshake.
pub fn outcome(future: &FutureClientStreams) -> Check<Outcome> {
    loop {
        match future.get() {
            None => wait(&future.subscribe(), "handshake")?,
            Some(Ok(Ok(streams))) => return Ok(Ok(streams)),
            Some(Ok(Err(e))) => return Ok(Err(e.to_debug_string())),
            Some(Err(())) => return Err("the outcome was given away before".into()),
        }
    }
}

pub fn handshake(tcp: Tcp, name: &str) -> Check<Result<Tls, String>> {
    let (future, socket, port) = begin(tcp, name);
    Ok(outcome(&future)?.map(|(connection, input, output)| Tls {
        input,
        output,
        connection,
        socket,
        port,
    }))
}

/// Opens a TLS connection on which the peer does as the command says.
pub fn open(options: &Options, command: &str) -> Check<Tls> {
    let tls = handshake(connect(&options.peer)?, &options.name)?
        .map_err(|e| format!("handshake: {e}"))?;
    send(&tls.output, format!("{command}\n").as_bytes())?;
    Ok(tls)
}

/// What the peer saw of a connection.
#[derive(Debug)]
pub struct Seen {
    line: String,
}

impl Seen {
    pub fn value(&self, key: &str) -> Check<&str> {
        let word = self.line.split(' ').find_map(|w| w.strip_prefix(key)?.strip_prefix('='));
        word.ok_or_else(|| format!("the peer does not say {key}: {}", self.line))
    }

    pub fn number(&self, key: &str) -> Check<u64> {
        let value = self.value(key)?;
        value.parse().map_err(|e| format!("the peer's {key}={value}: {e}"))
    }

    pub fn yes(&self, key: &str) -> Check<bool> {
        Ok(self.number(key)? != 0)
    }
}

/// Asks what the peer saw of the connection from this port, giving it time until the
/// condition holds: a key that is to be set, or `key=N` that is to be reached.
pub fn seen(options: &Options, port: u16, within: Duration, until: &str) -> Check<Seen> {
    let tls = open(options, &format!("seen {port} {} {until}", within.as_millis()))?;
    let line = read_line(&tls.input)?;
    if line == "seen unknown" {
        return Err("the peer does not know this connection; is there a NAT between?".into());
    }
    Ok(Seen { line })
}

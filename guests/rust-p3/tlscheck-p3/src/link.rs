//! Connections to the peer, and questions about what it saw of them.

use std::time::Duration;

use wasi_tls_client_p3::sys::sockets::types::{ErrorCode, IpSocketAddress, TcpSocket};
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::tls::types::Error as TlsError;
use wasi_tls_client_p3::sys::{self, FutureReader, StreamReader, StreamWriter};

use crate::check::Check;
use crate::options::Options;
use crate::streams::{read_line, send, soon};

/// What a connector's set-up yields, with a socket piped straight through it.
pub struct Link {
    pub writer: StreamWriter<u8>,
    pub sent: FutureReader<Result<(), TlsError>>,
    pub reader: StreamReader<u8>,
    pub received: FutureReader<Result<(), TlsError>>,
    pub tcp_sent: FutureReader<Result<(), ErrorCode>>,
    pub tcp_received: FutureReader<Result<(), ErrorCode>>,
    pub socket: TcpSocket,
    /// This side's port, by which the peer knows the connection.
    pub port: u16,
}

/// A connected socket and its port.
pub async fn tcp(address: &str) -> Check<(TcpSocket, u16)> {
    let parts = address.rsplit_once(':').and_then(|(h, p)| Some((h, p.parse().ok()?)));
    let (host, port) = parts.ok_or_else(|| format!("{address} is not HOST:PORT"))?;
    let connected = soon("connect", wasi_tls_client_p3::connect(host, port)).await?;
    let socket = connected.map_err(|e| format!("{address}: {e}"))?;
    let port = match socket.get_local_address().map_err(|e| format!("local-address: {e:?}"))? {
        IpSocketAddress::Ipv4(a) => a.port,
        IpSocketAddress::Ipv6(a) => a.port,
    };
    Ok((socket, port))
}

/// Everything but the handshake.
pub async fn set_up(address: &str) -> Check<(Connector, Link)> {
    let (socket, port) = tcp(address).await?;
    let connector = Connector::new();
    let (incoming, tcp_received) = socket.receive();
    let (reader, received) = connector.receive(incoming);
    let (writer, cleartext) = sys::bytes();
    let (ciphertext, sent) = connector.send(cleartext);
    let tcp_sent = socket.send(ciphertext);
    Ok((connector, Link { writer, sent, reader, received, tcp_sent, tcp_received, socket, port }))
}

pub async fn handshake(connector: Connector, name: &str) -> Check<Result<(), String>> {
    let outcome = soon("handshake", Connector::connect(connector, name.into())).await?;
    Ok(outcome.map_err(|e| e.to_debug_string()))
}

/// A handshake that must fail, and what is left then.
pub async fn fails(address: &str, name: &str) -> Check<(String, Link)> {
    let (connector, link) = set_up(address).await?;
    match handshake(connector, name).await? {
        Err(text) => Ok((text, link)),
        Ok(()) => Err("the handshake succeeded".into()),
    }
}

/// Opens a TLS connection on which the peer does as the command says.
pub async fn open(options: &Options, command: &str) -> Check<Link> {
    let (connector, mut link) = set_up(&options.peer).await?;
    handshake(connector, &options.name).await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, format!("{command}\n").as_bytes()).await?;
    Ok(link)
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
pub async fn seen(options: &Options, port: u16, within: Duration, until: &str) -> Check<Seen> {
    let mut link = open(options, &format!("seen {port} {} {until}", within.as_millis())).await?;
    let line = read_line(&mut link.reader).await?;
    if line == "seen unknown" {
        return Err("the peer does not know this connection; is there a NAT between?".into());
    }
    Ok(Seen { line })
}

//! A TLS connection over two streams, of which the guest moves every byte.

use wasi_tls_client_p3::sys::sockets::types::ErrorCode;
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::tls::types::Error as TlsError;
use wasi_tls_client_p3::sys::{self, FutureReader, StreamReader, StreamWriter};

use crate::exchange::Check;
use crate::options::Options;
use crate::pump::Pump;

/// The plaintext's two directions, used and moved apart, and what moves below.
pub struct Tunnel {
    pub writer: StreamWriter<u8>,
    pub reader: StreamReader<u8>,
    pub below: Below,
}

pub struct Below {
    sent: FutureReader<Result<(), TlsError>>,
    received: FutureReader<Result<(), TlsError>>,
    outgoing: Pump,
    incoming: Pump,
    socket: Option<Socket>,
}

struct Socket {
    sent: FutureReader<Result<(), ErrorCode>>,
    received: FutureReader<Result<(), ErrorCode>>,
}

/// How much ciphertext went either way.
pub struct Moved {
    pub sent: usize,
    pub received: usize,
}

impl Tunnel {
    /// Connects to the peer and makes the handshake.
    pub async fn open(o: &Options) -> Check<Tunnel> {
        let connected = wasi_tls_client_p3::connect(&o.host, o.port).await;
        let socket = connected.map_err(|e| e.to_string())?;
        let (incoming, received) = socket.receive();
        let (writer, outgoing) = sys::bytes();
        let sent = socket.send(outgoing);
        let mut tunnel = Tunnel::over(incoming, writer, o).await?;
        tunnel.below.socket = Some(Socket { sent, received });
        Ok(tunnel)
    }

    /// Makes the handshake over any two streams.
    pub async fn over(
        from_peer: StreamReader<u8>,
        to_peer: StreamWriter<u8>,
        o: &Options,
    ) -> Check<Tunnel> {
        let connector = Connector::new();
        let (to_tls, ciphertext) = sys::bytes();
        let (reader, received) = connector.receive(ciphertext);
        let (writer, cleartext) = sys::bytes();
        let (from_tls, sent) = connector.send(cleartext);
        let outgoing = Pump::start(from_tls, to_peer, o.chunk);
        let incoming = Pump::start(from_peer, to_tls, o.chunk);
        let connected = Connector::connect(connector, o.name.clone()).await;
        connected.map_err(|e| format!("handshake: {}", e.to_debug_string()))?;
        let below = Below { sent, received, outgoing, incoming, socket: None };
        Ok(Tunnel { writer, reader, below })
    }
}

impl Below {
    /// Waits until everything has ended, which must be well.
    pub async fn end(self) -> Check<Moved> {
        let tls =
            |what: &'static str| move |e: TlsError| format!("{what}: {}", e.to_debug_string());
        let tcp = |what: &'static str| move |e: ErrorCode| format!("{what}: {e:?}");
        self.sent.await.map_err(tls("tls send"))?;
        let sent = self.outgoing.moved().await?;
        let received = self.incoming.moved().await?;
        self.received.await.map_err(tls("tls receive"))?;
        if let Some(socket) = self.socket {
            socket.sent.await.map_err(tcp("tcp send"))?;
            socket.received.await.map_err(tcp("tcp receive"))?;
        }
        Ok(Moved { sent, received })
    }
}

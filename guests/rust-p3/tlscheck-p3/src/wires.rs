//! Connectors whose ciphertext passes through the guest.

use std::future::Future;
use std::pin::pin;

use futures::channel::oneshot;
use futures::future::{Either, select};
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::tls::types::Error as TlsError;
use wasi_tls_client_p3::sys::{self, FutureReader, StreamReader, StreamResult, StreamWriter};
use wasi_tls_client_p3::{TcpStream, Writer, spawn_local};

use crate::check::Check;
use crate::link::tcp;
use crate::streams::soon;

/// A connector's two directions, with the guest at every end.
pub struct Wires {
    pub writer: StreamWriter<u8>,
    pub sent: FutureReader<Result<(), TlsError>>,
    pub reader: StreamReader<u8>,
    pub received: FutureReader<Result<(), TlsError>>,
    /// What goes to the peer.
    pub from_tls: StreamReader<u8>,
    /// What comes from the peer.
    pub to_tls: StreamWriter<u8>,
}

pub fn wires() -> (Connector, Wires) {
    let connector = Connector::new();
    let (to_tls, incoming) = sys::bytes();
    let (reader, received) = connector.receive(incoming);
    let (writer, cleartext) = sys::bytes();
    let (from_tls, sent) = connector.send(cleartext);
    (connector, Wires { writer, sent, reader, received, from_tls, to_tls })
}

/// After a handshake through the guest: the connector's streams as they are, what comes from the
/// peer moved on by a task.
pub struct Held {
    pub writer: StreamWriter<u8>,
    pub sent: FutureReader<Result<(), TlsError>>,
    pub reader: StreamReader<u8>,
    pub received: FutureReader<Result<(), TlsError>>,
    pub from_tls: StreamReader<u8>,
    pub to_tcp: Writer,
    /// While this is there, the end of what comes from the peer does not reach TLS.
    pub hold_end: oneshot::Sender<()>,
}

/// Makes the handshake with bytes that pass through the guest.
pub async fn by_hand(address: &str, name: &str) -> Check<(Result<(), String>, Held)> {
    let (connector, wires) = wires();
    let connect = pin!(Connector::connect(connector, name.into()));
    pumped(address, connect, wires).await
}

/// As `by_hand`, for a handshake that has begun.
pub async fn pumped(
    address: &str,
    mut connect: impl Future<Output = Result<(), TlsError>> + Unpin,
    wires: Wires,
) -> Check<(Result<(), String>, Held)> {
    let (socket, _) = tcp(address).await?;
    let TcpStream { mut reader, writer: mut to_tcp, .. } = TcpStream::over(socket);
    let Wires { writer, sent, reader: plain, received, mut from_tls, mut to_tls } = wires;
    let (hold_end, release) = oneshot::channel::<()>();
    spawn_local(async move {
        loop {
            let mut bytes = Vec::with_capacity(32768);
            match reader.read(&mut bytes).await {
                Ok(n) if n > 0 && to_tls.write_all(bytes).await.is_empty() => {}
                _ => break,
            }
        }
        let _ = release.await;
    });
    let outcome = soon("handshake", shuttle(&mut connect, &mut from_tls, &mut to_tcp)).await??;
    let held = Held { writer, sent, reader: plain, received, from_tls, to_tcp, hold_end };
    Ok((outcome, held))
}

/// Moves what goes to the peer until the handshake is over; nothing gets lost then.
async fn shuttle(
    connect: &mut (impl Future<Output = Result<(), TlsError>> + Unpin),
    from_tls: &mut StreamReader<u8>,
    to_tcp: &mut Writer,
) -> Check<Result<(), String>> {
    loop {
        let mut read = pin!(from_tls.read(Vec::with_capacity(32768)));
        let (outcome, (result, bytes)) = match select(&mut *connect, read.as_mut()).await {
            Either::Left((outcome, _)) => (Some(outcome), read.cancel()),
            Either::Right((done, _)) => (None, done),
        };
        if !bytes.is_empty() {
            to_tcp.write_all(bytes).await.map_err(|e| e.to_string())?;
        }
        match outcome {
            Some(outcome) => return Ok(outcome.map_err(|e| e.to_debug_string())),
            // Nothing more to move.
            None if result == StreamResult::Dropped => {
                let outcome = soon("handshake", &mut *connect).await?;
                return Ok(outcome.map_err(|e| e.to_debug_string()));
            }
            None => {}
        }
    }
}

/// Moves what goes to the peer, to its end.
pub async fn drain(from_tls: &mut StreamReader<u8>, to_tcp: &mut Writer) -> Check<usize> {
    let mut moved = 0;
    loop {
        let (result, bytes) = soon("ciphertext", from_tls.read(Vec::with_capacity(32768))).await?;
        moved += bytes.len();
        if !bytes.is_empty() {
            to_tcp.write_all(bytes).await.map_err(|e| e.to_string())?;
        }
        if result == StreamResult::Dropped {
            return Ok(moved);
        }
    }
}

use std::io;
use std::net::SocketAddr;

use crate::address::{family, to_wasi};
use crate::error::{failure, from_socket};
use crate::resolve::resolve;
use crate::stream::{Reader, Writer};
use crate::sys;
use crate::sys::sockets::types::TcpSocket;

/// A TCP connection.
pub struct TcpStream {
    pub reader: Reader,
    pub writer: Writer,
    pub socket: TcpSocket,
}

impl TcpStream {
    /// Looks up the host and connects to the first of its addresses that answers. The error is
    /// that of the last address tried.
    pub async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
        Ok(TcpStream::over(connect(host, port).await?))
    }

    /// Connects to one address.
    pub async fn connect_addr(address: SocketAddr) -> io::Result<TcpStream> {
        Ok(TcpStream::over(open(address).await?))
    }

    /// The streams of a connected socket, which must not have been taken before.
    pub fn over(socket: TcpSocket) -> TcpStream {
        let (writer, outgoing) = sys::bytes();
        let sent = socket.send(outgoing);
        let (incoming, received) = socket.receive();
        let sent = async move { sent.await.map_err(|e| from_socket("tcp send", e)) };
        let received = async move { received.await.map_err(|e| from_socket("tcp receive", e)) };
        let reader = Reader::new(incoming, Box::pin(received));
        TcpStream { reader, writer: Writer::new(writer, Box::pin(sent)), socket }
    }

    /// Sends FIN, waits for the peer's, and tells whether anything failed on the way.
    pub async fn close(self) -> io::Result<()> {
        self.writer.finish().await?;
        self.reader.finish().await
    }
}

/// Looks up the host and returns a socket connected to the first of its addresses that answers,
/// of which no streams are taken yet. The error is that of the last address tried.
pub async fn connect(host: &str, port: u16) -> io::Result<TcpSocket> {
    let mut last = None;
    for address in resolve(host, port).await? {
        match open(address).await {
            Ok(socket) => return Ok(socket),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| failure(io::ErrorKind::NotFound, "connect", "no address")))
}

async fn open(address: SocketAddr) -> io::Result<TcpSocket> {
    let failed = |code| from_socket("connect", code);
    let socket = TcpSocket::create(family(address)).map_err(failed)?;
    socket.connect(to_wasi(address)).await.map_err(failed)?;
    Ok(socket)
}

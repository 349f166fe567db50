use std::io;

use crate::error::{from_socket, from_tls};
use crate::resolve::unbracketed;
use crate::stream::{End, Reader, Writer};
use crate::sys::sockets::types::TcpSocket;
use crate::sys::tls::client::Connector;
use crate::sys::{self, StreamReader, StreamResult};
use crate::tcp;

/// What a pump moves at a time: a record and what goes with it.
const PUMP: usize = 32 << 10;

/// A TLS connection. Its two directions are used, and may be moved, apart.
pub struct TlsStream {
    pub reader: Reader,
    pub writer: Writer,
}

impl TlsStream {
    /// Connects and makes the handshake; the name is that of the certificate.
    pub async fn connect(host: &str, port: u16) -> io::Result<TlsStream> {
        TlsStream::connect_as(host, port, unbracketed(host)).await
    }

    /// As `connect`, with another server name: a DNS name in its ASCII form or an IP address
    /// without brackets.
    pub async fn connect_as(host: &str, port: u16, server_name: &str) -> io::Result<TlsStream> {
        TlsStream::handshake(&tcp::connect(host, port).await?, server_name).await
    }

    /// Makes the handshake on a connected socket of which no streams were taken. The socket can
    /// be dropped afterwards.
    pub async fn handshake(socket: &TcpSocket, server_name: &str) -> io::Result<TlsStream> {
        let (incoming, _) = socket.receive();
        start(incoming, server_name, |ciphertext| {
            let sent = socket.send(ciphertext);
            Box::pin(async move { sent.await.map_err(|e| from_socket("tcp send", e)) })
        })
        .await
    }

    /// Makes the handshake over any two directions: after STARTTLS, or inside another
    /// `TlsStream`. What is received goes to TLS directly, what is sent through the guest.
    pub async fn over(reader: Reader, writer: Writer, server_name: &str) -> io::Result<TlsStream> {
        let (incoming, _) = reader.into_parts();
        let (told, sent) = futures::channel::oneshot::channel();
        start(incoming, server_name, |ciphertext| {
            wit_bindgen::spawn_local(async move {
                let _ = told.send(pump(ciphertext, writer).await);
            });
            Box::pin(async move { sent.await.unwrap_or(Ok(())) })
        })
        .await
    }

    /// Ends the connection: sends what was written and close_notify, waits for the end of the
    /// peer's half, and tells whether anything failed on the way. What the peer still sends is
    /// not read.
    pub async fn close(self) -> io::Result<()> {
        self.writer.finish().await?;
        self.reader.finish().await
    }
}

async fn start(
    incoming: StreamReader<u8>,
    server_name: &str,
    send: impl FnOnce(StreamReader<u8>) -> End,
) -> io::Result<TlsStream> {
    let connector = Connector::new();
    let (plaintext, decrypted) = connector.receive(incoming);
    let (writer, cleartext) = sys::bytes();
    let (ciphertext, encrypted) = connector.send(cleartext);
    let sent = send(ciphertext);
    Connector::connect(connector, server_name.into())
        .await
        .map_err(|e| from_tls("tls handshake", &e))?;
    // TLS tells how receiving ended: without close_notify it failed, whatever the transport says,
    // and after close_notify nothing that happens below matters, a reset included.
    let decrypted = async move { decrypted.await.map_err(|e| from_tls("tls receive", &e)) };
    let encrypted = async move {
        encrypted.await.map_err(|e| from_tls("tls send", &e))?;
        sent.await
    };
    Ok(TlsStream {
        reader: Reader::new(plaintext, Box::pin(decrypted)),
        writer: Writer::new(writer, Box::pin(encrypted)),
    })
}

async fn pump(mut from: StreamReader<u8>, mut to: Writer) -> io::Result<()> {
    loop {
        let (result, bytes) = from.read(Vec::with_capacity(PUMP)).await;
        if !bytes.is_empty() {
            to.write_all(bytes).await?;
        }
        if result == StreamResult::Dropped {
            return to.finish().await;
        }
    }
}

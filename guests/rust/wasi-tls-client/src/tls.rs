use std::io::{self, Read, Write};
use std::time::Duration;

use crate::duplex::Duplex;
use crate::error::failure;
use crate::resolve::unbracketed;
use crate::sys::io::streams::{InputStream, OutputStream};
use crate::sys::sockets::tcp::TcpSocket;
use crate::sys::tls::types::{ClientConnection, ClientHandshake};
use crate::tcp::TcpStream;
use crate::wait::Deadline;

/// A TLS connection to a server whose certificate the host has checked against the name given.
///
/// Dropping it sends nothing: to the peer the data then looks cut off, as it should when a
/// guest fails half-way. End it with [`close`](TlsStream::close).
#[derive(Debug)]
pub struct TlsStream {
    // In the order of dropping: streams, then their connection, then what lies under it.
    duplex: Duplex,
    connection: ClientConnection,
    under: Under,
}

// What a connection runs over; kept only to be dropped after it.
#[derive(Debug)]
#[allow(dead_code)]
enum Under {
    Tcp(TcpSocket),
    Tls(ClientConnection, Box<Under>),
    Streams,
}

/// What a [`TlsStream`] ran over, kept open until it is dropped.
#[derive(Debug)]
pub struct Transport {
    _under: Under,
}

impl TlsStream {
    /// Looks up the host, connects and makes the handshake under the host's name. The timeout
    /// covers all of it.
    pub fn connect(host: &str, port: u16, timeout: Option<Duration>) -> io::Result<TlsStream> {
        let deadline = Deadline::after(timeout);
        let tcp = TcpStream::connect_until(host, port, deadline)?;
        TlsStream::handshake_until(tcp, unbracketed(host), deadline)
    }

    /// Makes the handshake over a connection on which nothing is left to be read. The server
    /// name is a DNS name in its ASCII form or an IP address without brackets.
    ///
    /// The stream keeps the timeouts that were set on `tcp`.
    pub fn handshake(
        tcp: TcpStream,
        server_name: &str,
        timeout: Option<Duration>,
    ) -> io::Result<TlsStream> {
        TlsStream::handshake_until(tcp, server_name, Deadline::after(timeout))
    }

    pub(crate) fn handshake_until(
        mut tcp: TcpStream,
        server_name: &str,
        deadline: Deadline,
    ) -> io::Result<TlsStream> {
        tcp.duplex.start_flush();
        start(tcp.duplex, Under::Tcp(tcp.socket), server_name, deadline)
    }

    /// Makes a handshake inside this connection: TLS in TLS, as through an https proxy.
    pub fn handshake_inside(
        mut self,
        server_name: &str,
        timeout: Option<Duration>,
    ) -> io::Result<TlsStream> {
        self.duplex.start_flush();
        let under = Under::Tls(self.connection, Box::new(self.under));
        start(self.duplex, under, server_name, Deadline::after(timeout))
    }

    /// Makes the handshake over any two streams, which must have no pollables left.
    pub fn over(
        input: InputStream,
        output: OutputStream,
        server_name: &str,
        timeout: Option<Duration>,
    ) -> io::Result<TlsStream> {
        let duplex = Duplex::new(input, output);
        start(duplex, Under::Streams, server_name, Deadline::after(timeout))
    }

    /// Bounds each later read; `None` waits for ever, which is the default.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.duplex.read_timeout = timeout;
    }

    /// Bounds each later write, flush and close; `None` waits for ever, which is the default.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.duplex.write_timeout = timeout;
    }

    /// Ends the sending half: what was written goes out, then close_notify, and only then does
    /// this return. Reading goes on as before; writing fails.
    pub fn close_output(&mut self) -> io::Result<()> {
        self.connection.close_output();
        self.duplex.closed()
    }

    /// Ends the connection properly. Does not wait for the peer to end its half.
    pub fn close(mut self) -> io::Result<()> {
        self.close_output()
    }

    /// The streams, their connection, and what lies under it. Drop them in this order.
    pub fn into_parts(self) -> (InputStream, OutputStream, ClientConnection, Transport) {
        let Duplex { input, output, .. } = self.duplex;
        (input, output, self.connection, Transport { _under: self.under })
    }

    /// Asks for close_notify without waiting for it to leave.
    #[cfg(feature = "ureq")]
    pub(crate) fn start_close(&mut self) {
        self.connection.close_output();
    }

    #[cfg(feature = "ureq")]
    pub(crate) fn duplex(&mut self) -> &mut Duplex {
        &mut self.duplex
    }
}

impl Read for TlsStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.duplex.read(buf)
    }
}

impl Write for TlsStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.duplex.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.duplex.flush()
    }
}

fn start(
    transport: Duplex,
    under: Under,
    server_name: &str,
    deadline: Deadline,
) -> io::Result<TlsStream> {
    const OPERATION: &str = "tls handshake";
    let Duplex { input, output, read_timeout, write_timeout, .. } = transport;
    let pending = ClientHandshake::finish(ClientHandshake::new(server_name, input, output));
    let outcome = loop {
        match pending.get() {
            Some(outcome) => break outcome,
            None => deadline.wait(&pending.subscribe(), OPERATION)?,
        }
    };
    let failed = |detail: String| failure(io::ErrorKind::Other, OPERATION, detail);
    let (connection, input, output) = outcome
        .map_err(|()| failed("the host gave its outcome away before".into()))?
        .map_err(|e| failed(e.to_debug_string()))?;
    let mut duplex = Duplex::new(input, output);
    (duplex.read_timeout, duplex.write_timeout) = (read_timeout, write_timeout);
    Ok(TlsStream { duplex, connection, under })
}

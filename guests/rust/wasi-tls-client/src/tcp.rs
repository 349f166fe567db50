use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use crate::duplex::Duplex;
use crate::error::{failure, from_code};
use crate::resolve::resolve_until;
use crate::sys::io::streams::{InputStream, OutputStream};
use crate::sys::sockets::instance_network::instance_network;
use crate::sys::sockets::network::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use crate::sys::sockets::tcp::{ShutdownType, TcpSocket};
use crate::sys::sockets::tcp_create_socket::create_tcp_socket;
use crate::wait::Deadline;

/// A TCP connection, on its own or as the transport of a [`TlsStream`](crate::TlsStream).
#[derive(Debug)]
pub struct TcpStream {
    // In the order of dropping: the streams are children of the socket.
    pub(crate) duplex: Duplex,
    pub(crate) socket: TcpSocket,
}

impl TcpStream {
    /// Looks up the host and connects to the first of its addresses that answers. The timeout
    /// covers all of it. The error is that of the last address tried.
    pub fn connect(host: &str, port: u16, timeout: Option<Duration>) -> io::Result<TcpStream> {
        TcpStream::connect_until(host, port, Deadline::after(timeout))
    }

    pub(crate) fn connect_until(
        host: &str,
        port: u16,
        deadline: Deadline,
    ) -> io::Result<TcpStream> {
        let mut last = None;
        for address in resolve_until(host, port, deadline)? {
            match TcpStream::open(address, deadline) {
                Ok(stream) => return Ok(stream),
                Err(e) if e.kind() == io::ErrorKind::TimedOut => return Err(e),
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or_else(|| failure(io::ErrorKind::NotFound, "connect", "no address")))
    }

    /// Connects to one address.
    pub fn connect_addr(address: SocketAddr, timeout: Option<Duration>) -> io::Result<TcpStream> {
        TcpStream::open(address, Deadline::after(timeout))
    }

    pub(crate) fn open(address: SocketAddr, deadline: Deadline) -> io::Result<TcpStream> {
        let failed = |code| from_code("connect", code);
        let family = match address {
            SocketAddr::V4(_) => IpAddressFamily::Ipv4,
            SocketAddr::V6(_) => IpAddressFamily::Ipv6,
        };
        let socket = create_tcp_socket(family).map_err(failed)?;
        socket.start_connect(&instance_network(), to_wasi(address)).map_err(failed)?;
        loop {
            match socket.finish_connect() {
                Ok((input, output)) => {
                    return Ok(TcpStream { duplex: Duplex::new(input, output), socket });
                }
                Err(ErrorCode::WouldBlock) => deadline.wait(&socket.subscribe(), "connect")?,
                Err(code) => return Err(failed(code)),
            }
        }
    }

    /// Bounds each later read; `None` waits for ever, which is the default.
    pub fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.duplex.read_timeout = timeout;
    }

    /// Bounds each later write and flush; `None` waits for ever, which is the default.
    pub fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.duplex.write_timeout = timeout;
    }

    /// Ends one half of the connection, or both.
    pub fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => ShutdownType::Receive,
            Shutdown::Write => ShutdownType::Send,
            Shutdown::Both => ShutdownType::Both,
        };
        self.socket.shutdown(how).map_err(|code| from_code("shutdown", code))
    }

    /// The streams and the socket themselves. Drop the streams first.
    pub fn into_parts(self) -> (InputStream, OutputStream, TcpSocket) {
        (self.duplex.input, self.duplex.output, self.socket)
    }
}

impl Read for TcpStream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.duplex.read(buf)
    }
}

impl Write for TcpStream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.duplex.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.duplex.flush()
    }
}

fn to_wasi(address: SocketAddr) -> IpSocketAddress {
    let port = address.port();
    match address {
        SocketAddr::V4(v4) => {
            let [a, b, c, d] = v4.ip().octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) })
        }
        SocketAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.ip().segments();
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port,
                flow_info: v6.flowinfo(),
                address: (a, b, c, d, e, f, g, h),
                scope_id: v6.scope_id(),
            })
        }
    }
}

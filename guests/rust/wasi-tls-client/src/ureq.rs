//! [ureq](https://docs.rs/ureq) 3 on the streams of this crate.
//!
//! ```no_run
//! let agent = wasi_tls_client::ureq::agent(ureq::config::Config::default());
//! let text = agent.get("https://example.com/").call()?.body_mut().read_to_string()?;
//! # Ok::<(), ureq::Error>(())
//! ```
//!
//! Certificates are the host's business: ureq's `tls_config` has no effect here. Proxies are
//! not supported.

use std::io;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Agent, Error};

use crate::duplex::Duplex;
use crate::resolve::{resolve_until, unbracketed};
use crate::sys::io::streams::InputStream;
use crate::wait::Deadline;
use crate::{TcpStream, TlsStream};

/// The most addresses that ureq takes from a resolver.
const MAX_ADDRESSES: usize = 16;

/// An agent that looks up, connects and does TLS through the host.
pub fn agent(config: Config) -> Agent {
    Agent::with_parts(config, WasiConnector, WasiResolver)
}

/// Resolves through `wasi:sockets`, within ureq's timeout and without a thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct WasiResolver;

impl Resolver for WasiResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(if is_https(uri) { 443 } else { 80 });
        let found =
            resolve_until(host, port, deadline(timeout)).map_err(|e| explain(e, timeout))?;
        let mut addresses = self.empty();
        let family = config.ip_family();
        let wanted = family.keep_wanted(found.into_iter());
        wanted.take(MAX_ADDRESSES).for_each(|a| addresses.push(a));
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}

/// Connects over TCP, and over TLS for https.
#[derive(Clone, Copy, Debug, Default)]
pub struct WasiConnector;

impl Connector<()> for WasiConnector {
    type Out = WasiTransport;

    fn connect(
        &self,
        details: &ConnectionDetails,
        _: Option<()>,
    ) -> Result<Option<WasiTransport>, Error> {
        let (timeout, config) = (details.timeout, details.config);
        let by = deadline(timeout);
        let stream = (|| {
            let tcp = connect_first(details, by)?;
            if !details.needs_tls() {
                return Ok(Stream::Tcp(tcp));
            }
            let name = unbracketed(details.uri.host().unwrap_or_default());
            TlsStream::handshake_until(tcp, name, by).map(Stream::Tls)
        })()
        .map_err(|e| explain(e, timeout))?;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(WasiTransport { buffers, stream, failed: false }))
    }
}

fn connect_first(details: &ConnectionDetails, by: Deadline) -> io::Result<TcpStream> {
    let mut last = None;
    let count = details.addrs.len();
    for (i, address) in details.addrs.iter().enumerate() {
        // Each address but the last gets half of what is left, so that one that swallows
        // packets does not keep the others from their turn.
        let share = by.left().map(|t| if i + 1 < count { t / 2 } else { t });
        match TcpStream::connect_addr(*address, share) {
            Ok(tcp) => return Ok(tcp),
            Err(e) => last = Some(e),
        }
    }
    Err(last.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// A connection in ureq's pool.
#[derive(Debug)]
pub struct WasiTransport {
    buffers: LazyBuffers,
    stream: Stream,
    failed: bool,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Tls(TlsStream),
}

impl Stream {
    fn duplex(&mut self) -> &mut Duplex {
        match self {
            Stream::Tcp(tcp) => &mut tcp.duplex,
            Stream::Tls(tls) => tls.duplex(),
        }
    }
}

impl Transport for WasiTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let by = deadline(timeout);
        let (duplex, mut rest) = (self.stream.duplex(), &self.buffers.output()[..amount]);
        while !rest.is_empty() {
            match duplex.write_until(rest, by) {
                Ok(n) => rest = &rest[n..],
                Err(e) => {
                    self.failed = true;
                    return Err(explain(e, timeout));
                }
            }
        }
        duplex.start_flush();
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let space = self.buffers.input_append_buf();
        let read = self.stream.duplex().read_until(space, deadline(timeout));
        let n = read.map_err(|e| {
            self.failed = true;
            explain(e, timeout)
        })?;
        self.buffers.input_appended(n);
        Ok(n > 0)
    }

    fn is_open(&mut self) -> bool {
        !self.failed && idle(&self.stream.duplex().input)
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

impl Drop for WasiTransport {
    fn drop(&mut self) {
        if let (Stream::Tls(tls), false) = (&mut self.stream, self.failed) {
            tls.start_close();
        }
    }
}

/// A connection at rest has nothing to be read: neither bytes nor an end.
fn idle(input: &InputStream) -> bool {
    matches!(input.read(1), Ok(bytes) if bytes.is_empty())
}

fn is_https(uri: &Uri) -> bool {
    uri.scheme_str() == Some("https")
}

fn deadline(timeout: NextTimeout) -> Deadline {
    let left: Option<Duration> = timeout.not_zero().map(|t| *t);
    Deadline::after(left)
}

/// ureq knows its timeouts by their reasons; everything else stays as it is.
fn explain(e: io::Error, timeout: NextTimeout) -> Error {
    match e.kind() {
        io::ErrorKind::TimedOut if !timeout.after.is_not_happening() => {
            Error::Timeout(timeout.reason)
        }
        _ => Error::Io(e),
    }
}

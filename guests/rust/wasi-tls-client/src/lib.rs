//! TCP and TLS streams for guests of WASI 0.2, on `wasi:sockets` and the draft `wasi:tls`.
//!
//! The host does the TLS: it makes the handshake, checks the certificate and holds the keys.
//! The guest names the server and gets a stream of plaintext, with [`Read`](std::io::Read) and
//! [`Write`](std::io::Write) as it knows them:
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use std::time::Duration;
//! use wasi_tls_client::TlsStream;
//!
//! # fn main() -> std::io::Result<()> {
//! let mut tls = TlsStream::connect("example.com", 443, Some(Duration::from_secs(10)))?;
//! tls.set_read_timeout(Some(Duration::from_secs(5)));
//! tls.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n")?;
//! let mut reply = String::new();
//! tls.read_to_string(&mut reply)?;
//! tls.close()
//! # }
//! ```
//!
//! * Waiting is always a wait on pollables, bounded by a timeout where one is set; nothing here
//!   polls in a loop.
//! * A read says `Ok(0)` only when the peer ended its side properly. Whether a connection that
//!   broke off shows as an error depends on the host; a host should report it.
//! * Written bytes travel at the latest when the stream is flushed, read from, or closed.
//! * The standard library's own `TcpStream` cannot be used for TLS: it does not hand out the
//!   streams that `wasi:tls` needs.
//!
//! With the feature `ureq`, the module `ureq` connects the HTTP client of that name.
//!
//! The draft is experimental, so hosts leave it off unless told otherwise.

mod duplex;
mod error;
mod resolve;
mod tcp;
mod tls;
#[cfg(feature = "ureq")]
pub mod ureq;
mod wait;

pub use error::Failure;
pub use resolve::resolve;
pub use tcp::TcpStream;
pub use tls::{TlsStream, Transport};

/// The bindings themselves, for what the types of this crate do not cover.
pub mod sys {
    wit_bindgen::generate!({
        path: [
            "../../../wit/wasi-io@0.2.12",
            "../../../wit/wasi-clocks@0.2.12",
            "../../../wit/wasi-random@0.2.12",
            "../../../wit/wasi-filesystem@0.2.12",
            "../../../wit/wasi-sockets@0.2.12",
            "../../../wit/wasi-cli@0.2.12",
            "../../../wit/wasi-tls@0.2.0-draft",
        ],
        inline: "
            package wasitls:client;
            world imports {
                include wasi:cli/imports@0.2.12;
                @unstable(feature = tls)
                import wasi:tls/types@0.2.0-draft;
            }
        ",
        world: "wasitls:client/imports",
        features: ["tls"],
        generate_all,
    });
    pub use wasi::*;
}

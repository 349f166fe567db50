//! TCP and TLS streams for guests of WASI 0.3, on `wasi:sockets` and the draft `wasi:tls`.
//!
//! The host does the TLS: it makes the handshake, checks the certificate and holds the keys.
//! The guest names the server and gets a stream of plaintext:
//!
//! ```ignore
//! let work = TlsStream::connect("example.com", 443);
//! let mut tls = within(Some(Duration::from_secs(10)), "connect", work).await?;
//! tls.writer.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n".to_vec()).await?;
//! let reply = tls.reader.read_to_end().await?;
//! tls.close().await?;
//! ```
//!
//! * Everything is async and nothing polls in a loop; any number of connections can be under
//!   way at once. A future that is dropped is cancelled in the host.
//! * What a socket receives goes to TLS, and from TLS to the socket, without visiting the guest.
//! * The end of a stream says that there is nothing more to read. Whether the peer ended
//!   properly or the connection broke off is what [`Reader::finish`] and [`TlsStream::close`]
//!   tell, and [`Reader::read`] when the host knows it by then.
//! * [`command!`] makes an async function the component's `run`; [`cli`] has its output.
//!
//! The draft is experimental, so hosts leave it off unless told otherwise.

pub mod address;
pub mod cli;
mod error;
mod resolve;
mod stream;
mod tcp;
mod time;
mod tls;

pub use error::Failure;
pub use resolve::resolve;
pub use stream::{Reader, Writer};
pub use tcp::{TcpStream, connect};
pub use time::{Instant, sleep, within};
pub use tls::TlsStream;
pub use wit_bindgen::{spawn_local, yield_async};

/// The bindings themselves, for what the types of this crate do not cover.
pub mod sys {
    wit_bindgen::generate!({
        path: [
            "../../../wit/wasi-clocks@0.3.0",
            "../../../wit/wasi-random@0.3.0",
            "../../../wit/wasi-filesystem@0.3.0",
            "../../../wit/wasi-sockets@0.3.0",
            "../../../wit/wasi-cli@0.3.0",
            "../../../wit/wasi-tls@0.3.0-draft",
        ],
        inline: "
            package wasitls:client;
            world command {
                include wasi:cli/command@0.3.0;
                include wasi:tls/imports@0.3.0-draft;
            }
        ",
        world: "wasitls:client/command",
        generate_all,
        pub_export_macro: true,
    });
    pub use wasi::*;
    pub use wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter};

    /// A new stream of bytes.
    pub fn bytes() -> (StreamWriter<u8>, StreamReader<u8>) {
        wit_stream::new()
    }
}

/// Makes an `async fn() -> Result<(), ()>` the component's `wasi:cli/run`.
#[macro_export]
macro_rules! command {
    ($main:path) => {
        struct Command;
        impl $crate::sys::exports::wasi::cli::run::Guest for Command {
            async fn run() -> ::core::result::Result<(), ()> {
                $main().await
            }
        }
        $crate::sys::export!(Command with_types_in $crate::sys);
    };
}

//! What must end the guest by a trap. Each is run alone, by `--trap`; coming back is a failure.
//!
//! Handles are used in ways that the bindings' ownership rules forbid, hence the unsafe code:
//! a handle is only a number, and the host must be the one to object.

use std::time::Duration;

use wasi_tls_client_p3::sys;
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::tls::types::Error as TlsError;

use crate::check::{Case, Check, Kind::*, case, ok, skip};
use crate::link::{handshake, set_up};
use crate::options::Options;
use crate::streams::{pending, soon};

pub const CASES: &[Case] = &[
    case!("P3-21", Trap, "connect twice", connect_twice),
    case!("P3-21b", Trap, "send after connect", send_after_connect),
    case!("P3-21c", Trap, "an error used after its drop", error_after_drop),
    case!("P3-21d", Trap, "a trap amid a handshake", trap_amid_handshake),
    case!("P3-54t", Trap, "connectors without end", connectors_without_end),
];

async fn connect_twice(o: &Options) -> Check {
    let (connector, _link) = set_up(&o.peer).await?;
    let number = connector.handle();
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    // SAFETY: none; the handle is gone, and the host must say so.
    let again = unsafe { Connector::from_handle(number) };
    let _ = handshake(again, &o.name).await?;
    ok()
}

async fn send_after_connect(o: &Options) -> Check {
    let (connector, _link) = set_up(&o.peer).await?;
    let number = connector.handle();
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    // SAFETY: none; the handle is gone, and the host must say so.
    let again = unsafe { Connector::from_handle(number) };
    let (_writer, cleartext) = sys::bytes();
    let _ = again.send(cleartext);
    ok()
}

async fn error_after_drop(o: &Options) -> Check {
    let connect = soon("connect", Connector::connect(Connector::new(), o.name.clone())).await?;
    let Err(error) = connect else { return Err("connect succeeded".into()) };
    let number = error.handle();
    drop(error);
    // SAFETY: none; the handle is gone, and the host must say so.
    let again = unsafe { TlsError::from_handle(number) };
    Err(again.to_debug_string())
}

async fn trap_amid_handshake(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (connector, _link) = set_up(mute).await?;
    let mut connect = Box::pin(Connector::connect(connector, o.name.clone()));
    pending(&mut connect, Duration::from_millis(200)).await;
    panic!("as told")
}

async fn connectors_without_end(_: &Options) -> Check {
    let mut all = Vec::new();
    for _ in 0..2_000_000 {
        all.push(Connector::new());
    }
    ok()
}

//! What must end the guest by a trap. Each is run alone, by `--trap`; coming back is a failure.
//!
//! Handles are used in ways that the bindings' ownership rules forbid, hence the unsafe code:
//! a handle is only a number, and the host must be the one to object.

use wasi_tls_client::sys::io::poll::{self, Pollable};
use wasi_tls_client::sys::io::streams::InputStream;
use wasi_tls_client::sys::tls::types::ClientHandshake;

use crate::check::{Case, Check, Kind::*, case, expect, ok, skip};
use crate::options::Options;
use crate::peer::{Tcp, begin, connect, open};
use crate::streams::{permit, timer};

pub const CASES: &[Case] = &[
    case("P2-01", Trap, "a stream that was handed over is gone", stream_gone),
    case("P2-02", Trap, "handing over an input with a pollable", input_with_pollable),
    case("P2-02b", Trap, "handing over an output with a pollable", output_with_pollable),
    case("P2-10", Trap, "finish twice", finish_twice),
    case("P2-19t", Trap, "dropping the future before its pollable", future_before_pollable),
    case("P2-31", Trap, "dropping a TLS stream before its pollable", stream_before_pollable),
    case("P2-58t", Trap, "blocking-write-and-flush of 4097 bytes", blocking_write_4097),
    case("E2", Trap, "use after drop", use_after_drop),
    case("E3", Trap, "a write beyond the permit", beyond_permit),
    case("E18t", Trap, "a poll of an empty list", empty_poll),
    case("E19", Trap, "a trap amid a handshake", trap_amid_handshake),
];

fn stream_gone(o: &Options) -> Check {
    let Tcp { input, output, .. } = connect(&o.peer)?;
    let number = input.handle();
    let _handshake = ClientHandshake::new(&o.name, input, output);
    let _ = unsafe { InputStream::from_handle(number) }.read(1);
    ok()
}

fn input_with_pollable(o: &Options) -> Check {
    let Tcp { input, output, .. } = connect(&o.peer)?;
    let _pollable = input.subscribe();
    let _handshake = ClientHandshake::new(&o.name, input, output);
    ok()
}

fn output_with_pollable(o: &Options) -> Check {
    let Tcp { input, output, .. } = connect(&o.peer)?;
    let _pollable = output.subscribe();
    let _handshake = ClientHandshake::new(&o.name, input, output);
    ok()
}

fn finish_twice(o: &Options) -> Check {
    let Tcp { input, output, .. } = connect(&o.peer)?;
    let handshake = ClientHandshake::new(&o.name, input, output);
    let number = handshake.handle();
    let _future = ClientHandshake::finish(handshake);
    let _again = ClientHandshake::finish(unsafe { ClientHandshake::from_handle(number) });
    ok()
}

fn future_before_pollable(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    let _pollable = future.subscribe();
    drop(future);
    ok()
}

fn stream_before_pollable(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let _pollable = tls.input.subscribe();
    drop(tls.input);
    ok()
}

fn blocking_write_4097(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let _ = tls.output.blocking_write_and_flush(&[0; 4097]);
    ok()
}

fn use_after_drop(_: &Options) -> Check {
    let pollable = timer(std::time::Duration::ZERO);
    let number = pollable.handle();
    drop(pollable);
    unsafe { Pollable::from_handle(number) }.block();
    ok()
}

fn beyond_permit(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let n = permit(&tls.output)?.map_err(|e| format!("check-write: {e:?}"))?;
    if n > 64 << 20 {
        return skip(format!("the permit of {n} bytes is more than a guest can exceed"));
    }
    let result = tls.output.write(&vec![0; n as usize + 1]);
    expect(result.is_ok(), || "an error instead of a trap".into())?;
    ok()
}

fn empty_poll(_: &Options) -> Check {
    poll::poll(&[]);
    ok()
}

fn trap_amid_handshake(o: &Options) -> Check {
    let (_future, _socket, _) = begin(connect(o.mute.as_ref().unwrap_or(&o.peer))?, &o.name);
    core::arch::wasm32::unreachable()
}

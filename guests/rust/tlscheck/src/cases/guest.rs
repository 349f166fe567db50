//! What a guest may do wrong or oddly without a trap: E5 to E20.

use std::time::Duration;

use wasi_tls_client::sys::cli::stdin::get_stdin;
use wasi_tls_client::sys::io::poll;
use wasi_tls_client::sys::tls::types::ClientHandshake;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw};
use crate::options::Options;
use crate::peer::{Tcp, Tls, connect, open, outcome};
use crate::streams::{
    End, broken, end, flush, pattern, permit, read_exactly, read_to_end, ready_within, send, timer,
};

pub const CASES: &[Case] = &[
    case("E5", Normal, "zero bytes are fine, and closed when closed", zero_bytes),
    case("E6", Normal, "read and skip of 2^64-1 are clamped", huge_lengths),
    case("E8", Normal, "reading works without the output-stream", output_dropped),
    case("E14", Normal, "streams of two sockets", crossed),
    case("E16", Normal, "standard input as a transport", stdin_transport),
    case("E18", Normal, "a poll of 100000 entries", long_poll),
    case("E20", Normal, "splice from the connection to itself", splice),
];

fn zero_bytes(o: &Options) -> Check {
    let tls = open(o, "close")?;
    tls.output.write(&[]).map_err(|e| broken("write of nothing", e))?;
    let none = tls.input.read(0).map_err(|e| broken("read(0)", e))?;
    expect(none.is_empty(), || "read(0) gave bytes".into())?;
    let none = tls.input.skip(0).map_err(|e| broken("skip(0)", e))?;
    expect(none == 0, || format!("skip(0) gave {none}"))?;
    read_to_end(&tls.input)?;
    let gone = tls.input.read(0).map_err(end);
    expect(gone == Err(End::Closed), || format!("read(0) at the end: {gone:?}"))?;
    tls.connection.close_output();
    let done = permit(&tls.output)?;
    expect(done == Err(End::Closed), || format!("check-write: {done:?}"))?;
    ok()
}

fn huge_lengths(o: &Options) -> Check {
    let tls = open(o, "send 1000")?;
    let first = tls.input.blocking_read(u64::MAX).map_err(|e| broken("blocking-read", e))?;
    expect(!first.is_empty(), || "blocking-read gave nothing".into())?;
    let mut total = first.len() as u64;
    loop {
        match tls.input.blocking_skip(u64::MAX).map_err(end) {
            Ok(n) => total += n,
            Err(End::Closed) => break,
            Err(e) => return Err(format!("blocking-skip: {e:?}")),
        }
    }
    expect(total == 1000, || format!("{total} bytes of 1000"))?;
    ok()
}

fn output_dropped(o: &Options) -> Check {
    let Tls { input, output, connection, socket, .. } = open(o, "pause 300 10")?;
    drop(output);
    let all = read_exactly(&input, 10)?;
    expect(all == pattern(10), || format!("read {all:?}"))?;
    drop((input, connection, socket));
    ok()
}

fn crossed(o: &Options) -> Check {
    let Tcp { input, output, socket, .. } = connect(&o.peer)?;
    let other = connect(&o.peer)?;
    let future = ClientHandshake::finish(ClientHandshake::new(&o.name, input, other.output));
    let done = ready_within(&future.subscribe(), Duration::from_millis(500));
    let succeeded = done && matches!(future.get(), Some(Ok(Ok(_))));
    expect(!succeeded, || "a handshake between two connections succeeded".into())?;
    drop((future, output, socket, other.input, other.socket));
    let tls = open(o, "echo")?;
    send(&tls.output, b"fine")?;
    let echoed = read_exactly(&tls.input, 4)?;
    expect(echoed == b"fine", || format!("afterwards the echo is {echoed:?}"))?;
    ok()
}

fn stdin_transport(o: &Options) -> Check {
    let Tcp { input, output, socket, .. } = connect(&o.peer)?;
    let future = ClientHandshake::finish(ClientHandshake::new(&o.name, get_stdin(), output));
    if !ready_within(&future.subscribe(), Duration::from_secs(1)) {
        return saw("pending: nothing comes from standard input");
    }
    let result = outcome(&future)?;
    drop((future, input, socket));
    match result {
        Err(text) => saw(text),
        Ok(_) => Err("the handshake succeeded".into()),
    }
}

fn long_poll(_: &Options) -> Check {
    const ENTRIES: usize = 100_000;
    let (now, never) = (timer(Duration::ZERO), timer(Duration::from_secs(3600)));
    let mut list = vec![&never; ENTRIES];
    list[ENTRIES - 1] = &now;
    let ready = poll::poll(&list);
    expect(ready == [ENTRIES as u32 - 1], || format!("ready: {:?}", &ready[..ready.len().min(9)]))?;
    ok()
}

/// What comes back is sent once more, inside the host; the peer echoes it again.
fn splice(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    send(&tls.output, b"round")?;
    let mut moved = 0;
    while moved < 5 {
        permit(&tls.output)?.map_err(|e| format!("check-write: {e:?}"))?;
        let n = tls.output.blocking_splice(&tls.input, 5 - moved);
        moved += n.map_err(|e| broken("blocking-splice", e))?;
    }
    flush(&tls.output)?;
    let echoed = read_exactly(&tls.input, 5)?;
    expect(echoed == b"round", || format!("echoed {echoed:?}"))?;
    ok()
}

//! Construction, finish and the future: P2-03 to P2-25.

use std::time::Duration;

use wasi_tls_client::sys::io::poll;
use wasi_tls_client::sys::tls::types::ClientHandshake;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw, skip};
use crate::options::Options;
use crate::peer::{Tcp, begin, connect, handshake, open, outcome, seen};
use crate::streams::{read_exactly, ready_within, send, sleep, timer, wait};

pub const CASES: &[Case] = &[
    case("P2-03", Normal, "the constructor takes any server name", any_name),
    case("P2-04", Normal, "TLS in TLS", tls_in_tls),
    case("P2-05", Normal, "the socket may go after the hand-over", socket_dropped),
    case("P2-06", Normal, "a dropped handshake sends nothing", never_finished),
    case("P2-11", Normal, "the handshake starts at finish, unpolled", starts_at_finish),
    case("P2-13", Normal, "get before the end is none", get_early),
    case("P2-14", Normal, "get resolves without a wait on the future", get_unpolled),
    case("P2-15", Normal, "success is given exactly once", success_once),
    case("P2-16", Normal, "a wrong name fails and says so", wrong_name),
    case("P2-16b", Normal, "an untrusted certificate fails and says so", untrusted),
    case("P2-17", Normal, "later gets are err, after success and after failure", get_again),
    case("P2-18", Normal, "the pollable stays ready", stays_ready),
    case("P2-19", Normal, "the connection survives its future", future_dropped),
    case("P2-20", Normal, "dropping the future ends the handshake", future_dropped_early),
    case("P2-21", Normal, "a poll cut short by a timer loses nothing", short_polls),
    case("P2-22", Slow, "a silent server meets the host's deadline", silent_server),
    case("P2-23", Normal, "an end during the handshake is an error", peer_gone),
    case("P2-24", Normal, "a plaintext reply is an error", plaintext),
    case("P2-25", Normal, "a refused certificate is told by an alert", alert_sent),
];

const SOON: Duration = Duration::from_secs(3);

fn any_name(o: &Options) -> Check {
    let long = "x".repeat(70_000);
    for name in ["", " ", "a\0b", "ünïcode", "host:443", &long] {
        let Tcp { input, output, socket, .. } = connect(&o.peer)?;
        drop(ClientHandshake::new(name, input, output));
        drop(socket);
    }
    ok()
}

fn tls_in_tls(o: &Options) -> Check {
    let outer = open(o, "tls")?;
    let future = ClientHandshake::finish(ClientHandshake::new(&o.name, outer.input, outer.output));
    let (connection, input, output) =
        outcome(&future)?.map_err(|e| format!("inner handshake: {e}"))?;
    send(&output, b"echo\ninside")?;
    let echoed = read_exactly(&input, 6)?;
    expect(echoed == b"inside", || format!("echoed {echoed:?}"))?;
    drop((input, output, connection, future, outer.connection, outer.socket));
    ok()
}

fn socket_dropped(o: &Options) -> Check {
    let Tcp { input, output, socket, .. } = connect(&o.peer)?;
    let before = ClientHandshake::new(&o.name, input, output);
    drop(socket);
    let future = ClientHandshake::finish(before);
    let (connection, input, output) = outcome(&future)?.map_err(|e| format!("handshake: {e}"))?;
    send(&output, b"echo\nhello")?;
    let echoed = read_exactly(&input, 5)?;
    expect(echoed == b"hello", || format!("echoed {echoed:?}"))?;
    drop((input, output, connection));
    ok()
}

fn never_finished(o: &Options) -> Check {
    let Tcp { input, output, socket, port } = connect(&o.peer)?;
    drop(ClientHandshake::new(&o.name, input, output));
    let s = seen(o, port, Duration::from_millis(300), "raw=1")?;
    expect(s.number("raw")? == 0, || format!("bytes were sent: {s:?}"))?;
    drop(socket);
    let s = seen(o, port, SOON, "fin")?;
    expect(s.yes("fin")? && s.number("raw")? == 0, || format!("after dropping the socket: {s:?}"))?;
    ok()
}

fn starts_at_finish(o: &Options) -> Check {
    let (future, socket, port) = begin(connect(&o.peer)?, &o.name);
    // The waiting happens on another connection; this one's future is left alone.
    let s = seen(o, port, SOON, "done")?;
    expect(s.yes("hello")?, || format!("no ClientHello: {s:?}"))?;
    expect(s.yes("done")?, || format!("not done: {s:?}"))?;
    drop((future, socket));
    ok()
}

fn get_early(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (future, _socket, _) = begin(connect(mute)?, &o.name);
    expect(future.get().is_none(), || "get has an outcome at once".into())?;
    sleep(Duration::from_millis(50));
    expect(future.get().is_none(), || "get has an outcome from a silent peer".into())?;
    expect(!future.subscribe().ready(), || "the pollable is ready".into())?;
    ok()
}

fn get_unpolled(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    for _ in 0..100 {
        match future.get() {
            None => sleep(Duration::from_millis(30)),
            Some(Ok(Ok(_streams))) => return ok(),
            Some(other) => return Err(format!("get: {:?}", other.map(|r| r.is_ok()))),
        }
    }
    Err("still none after 3 s".into())
}

fn success_once(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    let (connection, input, output) = outcome(&future)?.map_err(|e| format!("handshake: {e}"))?;
    expect(matches!(future.get(), Some(Err(()))), || "a second get is not err".into())?;
    send(&output, b"echo\nonce")?;
    let echoed = read_exactly(&input, 4)?;
    expect(echoed == b"once", || format!("echoed {echoed:?}"))?;
    drop((input, output, connection));
    ok()
}

fn wrong_name(o: &Options) -> Check {
    refused(o, &o.peer, &o.wrong)
}

fn untrusted(o: &Options) -> Check {
    let Some(untrusted) = &o.untrusted else { return skip("needs --untrusted") };
    refused(o, untrusted, &o.name)
}

fn refused(_: &Options, address: &str, name: &str) -> Check {
    let Err(text) = handshake(connect(address)?, name)? else {
        return Err("the handshake succeeded".into());
    };
    let useful = text.contains("certificate") || text.contains("HandshakeFailure");
    expect(useful, || format!("the error does not speak of a certificate: {text}"))?;
    saw(text)
}

fn get_again(o: &Options) -> Check {
    for name in [&o.name, &o.wrong] {
        let (future, _socket, _) = begin(connect(&o.peer)?, name);
        let _first = outcome(&future)?;
        for _ in 0..2 {
            let again = matches!(future.get(), Some(Err(())));
            expect(again, || format!("{name}: a later get is not err"))?;
        }
    }
    ok()
}

fn stays_ready(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    let p = future.subscribe();
    wait(&p, "handshake")?;
    expect(p.ready(), || "not ready after resolution".into())?;
    let _streams = future.get();
    expect(p.ready(), || "not ready after consumption".into())?;
    expect(future.subscribe().ready(), || "a new pollable is not ready".into())?;
    ok()
}

fn future_dropped(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    let (connection, input, output) = outcome(&future)?.map_err(|e| format!("handshake: {e}"))?;
    drop(future);
    send(&output, b"echo\nstill")?;
    let echoed = read_exactly(&input, 5)?;
    expect(echoed == b"still", || format!("echoed {echoed:?}"))?;
    drop((input, output, connection));
    ok()
}

fn future_dropped_early(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (future, socket, port) = begin(connect(mute)?, &o.name);
    seen(o, port, SOON, "raw=1")?;
    drop(future);
    drop(socket);
    let s = seen(o, port, SOON, "fin")?;
    expect(s.yes("fin")?, || format!("the transport is still open: {s:?}"))?;
    ok()
}

fn short_polls(o: &Options) -> Check {
    let (future, _socket, _) = begin(connect(&o.peer)?, &o.name);
    let p = future.subscribe();
    for rounds in 1..=5000 {
        let tick = timer(Duration::from_micros(200));
        if poll::poll(&[&p, &tick]).contains(&0) {
            drop(p);
            outcome(&future)?.map_err(|e| format!("handshake: {e}"))?;
            return saw(format!("done after {rounds} polls"));
        }
    }
    Err("not done after 5000 polls".into())
}

fn silent_server(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (future, _socket, _) = begin(connect(mute)?, &o.name);
    let done = ready_within(&future.subscribe(), Duration::from_secs(30));
    expect(done, || "the host has no deadline, or one over 30 s".into())?;
    match future.get() {
        Some(Ok(Err(e))) => saw(e.to_debug_string()),
        _ => Err("ready, but no error".into()),
    }
}

fn peer_gone(o: &Options) -> Check {
    let Some(gone) = &o.drop else { return skip("needs --drop") };
    match handshake(connect(gone)?, &o.name)? {
        Err(text) => saw(text),
        Ok(_) => Err("the handshake succeeded".into()),
    }
}

fn plaintext(o: &Options) -> Check {
    let Some(plain) = &o.plain else { return skip("needs --plain") };
    match handshake(connect(plain)?, &o.name)? {
        Err(text) => saw(text),
        Ok(_) => Err("the handshake succeeded".into()),
    }
}

fn alert_sent(o: &Options) -> Check {
    let (future, _socket, port) = begin(connect(&o.peer)?, &o.wrong);
    expect(outcome(&future)?.is_err(), || "the handshake succeeded".into())?;
    let s = seen(o, port, SOON, "alert")?;
    let alert = s.value("alert")?;
    expect(alert != "-", || format!("no alert: {s:?}"))?;
    saw(alert)
}

//! close-output: P2-70 to P2-77.

use std::time::{Duration, Instant};

use wasi_tls_client::sys::sockets::tcp::ShutdownType;

use super::output::fill;
use crate::check::{Case, Check, Kind::*, case, expect, ok, saw, skip};
use crate::options::Options;
use crate::peer::{Tls, open, seen};
use crate::streams::{
    End, end, pattern, permit, read_exactly, read_line, read_to_end, wait, write_all,
};

pub const CASES: &[Case] = &[
    case("P2-70", Normal, "close_notify comes after everything written", after_writes),
    case("P2-71", Normal, "check-write goes to closed and permits nothing more", to_closed),
    case("P2-72", Normal, "close-output again does nothing", twice),
    case("P2-73", Normal, "a failure while closing is told once, then closed", failing_close),
    case("P2-74", Normal, "the TCP half stays open", tcp_open),
    case("P2-75", Normal, "reading goes on", reading_on),
    case("P2-76", Normal, "shutdown(receive) under TLS is not a proper end", shutdown_receive),
    case("P2-77", Normal, "concurrent writers", |_| skip("a guest of 0.2 has one thread")),
];

const SOON: Duration = Duration::from_secs(3);

fn after_writes(o: &Options) -> Check {
    let tls = open(o, "half")?;
    write_all(&tls.output, &pattern(300_000))?;
    let start = Instant::now();
    tls.connection.close_output();
    let took = start.elapsed();
    expect(took < Duration::from_secs(1), || format!("close-output took {took:?}"))?;
    let line = read_line(&tls.input)?;
    expect(line == "half 300000", || format!("the peer says {line}"))?;
    ok()
}

fn to_closed(o: &Options) -> Check {
    let tls = open(o, "half")?;
    write_all(&tls.output, &pattern(100_000))?;
    tls.connection.close_output();
    closes(&tls)
}

/// From a call of close-output on, no permit and in the end `closed`.
fn closes(tls: &Tls) -> Check {
    let done = permit(&tls.output)?;
    expect(done == Err(End::Closed), || format!("check-write: {done:?}"))?;
    ok()
}

fn twice(o: &Options) -> Check {
    let tls = open(o, "half")?;
    write_all(&tls.output, &pattern(1000))?;
    tls.connection.close_output();
    tls.connection.close_output();
    closes(&tls)?;
    tls.connection.close_output();
    closes(&tls)?;
    let line = read_line(&tls.input)?;
    expect(line == "half 1000", || format!("the peer says {line}"))?;
    ok()
}

fn failing_close(o: &Options) -> Check {
    let tls = open(o, "reset 1500")?;
    fill(&tls.output)?;
    tls.connection.close_output();
    let p = tls.output.subscribe();
    loop {
        match tls.output.check_write().map_err(end) {
            Ok(0) => wait(&p, "close")?,
            Ok(n) => return Err(format!("check-write permits {n} while closing")),
            Err(End::Closed) => return Err("closed, though the peer had reset".into()),
            Err(End::Failed(text)) => {
                let then = tls.output.check_write().map_err(end);
                expect(then == Err(End::Closed), || format!("after {text}: {then:?}"))?;
                drop(p);
                return saw(text);
            }
        }
    }
}

fn tcp_open(o: &Options) -> Check {
    let tls = open(o, "half")?;
    let port = tls.port;
    tls.connection.close_output();
    closes(&tls)?;
    let s = seen(o, port, SOON, "notify")?;
    expect(s.yes("notify")?, || format!("no close_notify: {s:?}"))?;
    let s = seen(o, port, Duration::from_millis(300), "fin")?;
    expect(!s.yes("fin")?, || format!("FIN came with it: {s:?}"))?;
    drop(tls);
    let s = seen(o, port, SOON, "fin")?;
    expect(s.yes("fin")?, || format!("no FIN after the drop: {s:?}"))?;
    ok()
}

fn reading_on(o: &Options) -> Check {
    let tls = open(o, "pause 500 100")?;
    tls.connection.close_output();
    closes(&tls)?;
    let all = read_exactly(&tls.input, 100)?;
    expect(all == pattern(100), || format!("read {all:?}"))?;
    let (more, how) = read_to_end(&tls.input)?;
    expect(more.is_empty() && how == End::Closed, || format!("then {more:?}, {how:?}"))?;
    ok()
}

fn shutdown_receive(o: &Options) -> Check {
    let tls = open(o, "count")?;
    tls.socket.shutdown(ShutdownType::Receive).map_err(|e| format!("shutdown: {e}"))?;
    let (all, how) = read_to_end(&tls.input)?;
    expect(all.is_empty(), || format!("read {all:?}"))?;
    match how {
        End::Failed(text) => saw(text),
        End::Closed => Err("closed, as if it had been a proper end".into()),
    }
}

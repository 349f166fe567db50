//! The output-stream: P2-50 to P2-60.

use std::time::Duration;

use wasi_tls_client::sys::io::streams::{OutputStream, StreamError};
use wasi_tls_client::sys::sockets::tcp::ShutdownType;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw};
use crate::options::Options;
use crate::peer::{open, seen};
use crate::streams::{
    End, broken, crc32, end, flush, pattern, permit, read_line, read_to_end, ready_within, send,
    write_all,
};

pub const CASES: &[Case] = &[
    case("P2-50", Normal, "the permit is at least 64 KiB and at most 64 MiB", permit_size),
    case("P2-51", Normal, "a peer that reads nothing ends the permits", back_pressure),
    case("P2-52", Alone, "a write of one byte without check-write", write_unasked),
    case("P2-53", Alone, "a write after close-output is closed", write_after_close),
    case("P2-54", Normal, "an empty write changes nothing", write_nothing),
    case("P2-55", Normal, "flush, twice, and after the close", flushes),
    case("P2-56", Normal, "a flush reaches the peer by itself", flush_reaches),
    case("P2-57", Normal, "a failure is told once, then closed", failure_once),
    case("P2-58", Normal, "1 MiB arrives whole and in order", large_write),
    case("P2-59", Normal, "writes fail when the transport's output is shut", transport_shut),
    case("P2-60", Normal, "writes go on after the peer's close_notify", half_closed_peer),
];

const SOON: Duration = Duration::from_secs(3);

/// More than any host should take in without sending it.
const BOUND: u64 = 64 << 20;

fn permit_size(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    let n = permit(&tls.output)?.map_err(|e| format!("check-write: {e:?}"))?;
    expect((64 << 10..=BOUND).contains(&n), || format!("check-write permits {n}"))?;
    saw(format!("{n} bytes"))
}

/// Writes until no more is permitted for a while; gives the number of bytes.
pub fn fill(output: &OutputStream) -> Check<u64> {
    let (zeros, mut total) = (vec![0; 64 << 10], 0);
    while total <= BOUND {
        let n = match output.check_write().map_err(|e| broken("check-write", e))? {
            0 if ready_within(&output.subscribe(), Duration::from_millis(500)) => continue,
            0 => return Ok(total),
            n => (n as usize).min(zeros.len()),
        };
        output.write(&zeros[..n]).map_err(|e| broken("write", e))?;
        total += n as u64;
    }
    Err(format!("over {BOUND} bytes accepted"))
}

fn back_pressure(o: &Options) -> Check {
    let tls = open(o, "hold")?;
    let total = fill(&tls.output)?;
    saw(format!("{total} bytes accepted, with the kernel's buffers"))
}

fn write_unasked(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    // open() ended with a flush, so the stream is at rest and has a permit to give.
    match tls.output.write(b"x") {
        Ok(()) => saw("accepted"),
        Err(e) => Err(broken("write", e)),
    }
}

fn write_after_close(o: &Options) -> Check {
    let tls = open(o, "echo")?;
    tls.connection.close_output();
    let closing = tls.output.write(b"x").map_err(end);
    expect(closing == Err(End::Closed), || format!("while closing: {closing:?}"))?;
    let done = permit(&tls.output)?;
    expect(done == Err(End::Closed), || format!("check-write: {done:?}"))?;
    let closed = tls.output.write(b"x").map_err(end);
    expect(closed == Err(End::Closed), || format!("when closed: {closed:?}"))?;
    ok()
}

fn write_nothing(o: &Options) -> Check {
    let tls = open(o, "half")?;
    for _ in 0..3 {
        tls.output.write(&[]).map_err(|e| broken("write", e))?;
    }
    let n = tls.output.check_write().map_err(|e| broken("check-write", e))?;
    expect(n > 0, || "no permit after empty writes".into())?;
    tls.connection.close_output();
    let line = read_line(&tls.input)?;
    expect(line == "half 0", || format!("the peer says {line}"))?;
    ok()
}

fn flushes(o: &Options) -> Check {
    let tls = open(o, "half")?;
    write_all(&tls.output, &pattern(3000))?;
    for _ in 0..2 {
        tls.output.flush().map_err(|e| broken("flush", e))?;
    }
    flush(&tls.output)?;
    tls.connection.close_output();
    let done = permit(&tls.output)?;
    expect(done == Err(End::Closed), || format!("check-write: {done:?}"))?;
    let late = tls.output.flush();
    expect(matches!(late, Err(StreamError::Closed)), || format!("flush when closed: {late:?}"))?;
    let line = read_line(&tls.input)?;
    expect(line == "half 3000", || format!("the peer says {line}"))?;
    ok()
}

fn flush_reaches(o: &Options) -> Check {
    let tls = open(o, "count")?;
    write_all(&tls.output, &pattern(40_000))?;
    tls.output.blocking_flush().map_err(|e| broken("blocking-flush", e))?;
    // No call on this connection from here.
    let s = seen(o, tls.port, SOON, "data=40000")?;
    expect(s.number("data")? == 40_000, || format!("of 40000 bytes: {s:?}"))?;
    ok()
}

fn failure_once(o: &Options) -> Check {
    let tls = open(o, "rst")?;
    read_to_end(&tls.input)?;
    told_once(&tls.output)
}

/// Writes until a failure shows, in whichever call is the first after it; it must be told once,
/// and the stream be closed from then on.
fn told_once(output: &OutputStream) -> Check {
    for _ in 0..1000 {
        let told = match permit(output)? {
            Ok(_) => match output.write(b"x").and_then(|()| output.flush()) {
                Ok(()) => continue,
                Err(e) => end(e),
            },
            Err(told) => told,
        };
        let End::Failed(text) = told else { return Err("closed without a failure".into()) };
        let then = output.check_write().map_err(end);
        expect(then == Err(End::Closed), || format!("after {text}: {then:?}"))?;
        return saw(text);
    }
    Err("no failure in 1000 writes".into())
}

fn large_write(o: &Options) -> Check {
    let bytes = pattern(1 << 20);
    let tls = open(o, &format!("sink {}", bytes.len()))?;
    send(&tls.output, &bytes)?;
    let (line, wanted) =
        (read_line(&tls.input)?, format!("sunk {} {:08x}", bytes.len(), crc32(&bytes)));
    expect(line == wanted, || format!("the peer says {line}, wanted {wanted}"))?;
    ok()
}

fn transport_shut(o: &Options) -> Check {
    let tls = open(o, "count")?;
    tls.socket.shutdown(ShutdownType::Send).map_err(|e| format!("shutdown: {e}"))?;
    told_once(&tls.output)
}

fn half_closed_peer(o: &Options) -> Check {
    let tls = open(o, "close")?;
    let (all, how) = read_to_end(&tls.input)?;
    expect(all == b"bye\n" && how == End::Closed, || format!("read {all:?}, {how:?}"))?;
    send(&tls.output, &pattern(2000))?;
    let s = seen(o, tls.port, SOON, "data=2000")?;
    expect(s.number("data")? == 2000, || format!("of 2000 bytes: {s:?}"))?;
    ok()
}

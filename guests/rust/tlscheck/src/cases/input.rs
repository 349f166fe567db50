//! The input-stream: P2-40 to P2-49.

use std::time::Duration;

use wasi_tls_client::sys::io::streams::StreamError;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw, skip};
use crate::options::Options;
use crate::peer::open;
use crate::streams::{End, broken, end, pattern, read_exactly, read_to_end, ready_within, wait};

pub const CASES: &[Case] = &[
    case("P2-40", Normal, "reading ahead is bounded", |_| {
        skip("the host's memory does not show inside a guest")
    }),
    case("P2-41", Normal, "nothing there is an empty list; the rest is kept", read_parts),
    case("P2-41b", Normal, "the pollable is for plaintext, not for tickets", quiet),
    case("P2-42", Normal, "close_notify is closed, and stays it", closed_stays),
    case("P2-43", Normal, "an end without close_notify is an error after the data", |o| {
        data_then_failure(o, "fin")
    }),
    case("P2-43b", Normal, "half a record and the end is an error after the data", |o| {
        data_then_failure(o, "cut")
    }),
    case("P2-44", Normal, "after a failure a stream is closed", closed_after_failure),
    case("P2-45", Normal, "a corrupt record is an error after the data", |o| {
        data_then_failure(o, "corrupt")
    }),
    case("P2-46", Normal, "a fatal alert is an error", |o| data_then_failure(o, "alert")),
    case("P2-46b", Normal, "a reset is an error", |o| data_then_failure(o, "rst")),
    case("P2-47", Normal, "blocking-read(0), skip, blocking-skip and splice", other_reads),
    case("P2-48", Normal, "fruitless wake-ups are bounded", |_| {
        skip("a rule inside one host, not of the interface")
    }),
    case("P2-49", Normal, "network-error-code takes TLS errors", |_| {
        skip("that function has a feature gate of its own; importing it would bar other hosts")
    }),
];

fn read_parts(o: &Options) -> Check {
    let tls = open(o, "pause 300 10")?;
    let early = tls.input.read(100).map_err(|e| broken("read", e))?;
    expect(early.is_empty(), || format!("{} bytes too early", early.len()))?;
    wait(&tls.input.subscribe(), "read")?;
    let first = tls.input.read(4).map_err(|e| broken("read", e))?;
    expect((1..=4).contains(&first.len()), || format!("read(4) gave {} bytes", first.len()))?;
    let rest = read_exactly(&tls.input, 10 - first.len())?;
    let all = [first, rest].concat();
    expect(all == pattern(10), || format!("read {all:?}"))?;
    ok()
}

/// Session tickets arrive right after the handshake of TLS 1.3.
fn quiet(o: &Options) -> Check {
    let tls = open(o, "pause 1000 1")?;
    let early = ready_within(&tls.input.subscribe(), Duration::from_millis(400));
    expect(!early, || "ready without plaintext".into())?;
    ok()
}

fn closed_stays(o: &Options) -> Check {
    let tls = open(o, "send 100000")?;
    let (all, how) = read_to_end(&tls.input)?;
    expect(all == pattern(100_000), || format!("{} bytes of 100000, or others", all.len()))?;
    expect(how == End::Closed, || format!("ended as {how:?}"))?;
    for _ in 0..2 {
        let again = tls.input.read(1);
        expect(matches!(again, Err(StreamError::Closed)), || format!("then {again:?}"))?;
    }
    let again = tls.input.blocking_read(1);
    expect(matches!(again, Err(StreamError::Closed)), || format!("blocking-read: {again:?}"))?;
    expect(tls.input.subscribe().ready(), || "the pollable is not ready".into())?;
    ok()
}

fn data_then_failure(o: &Options, command: &str) -> Check {
    let tls = open(o, command)?;
    let (all, how) = read_to_end(&tls.input)?;
    expect(all == b"bye\n", || format!("read {all:?} before {how:?}"))?;
    match how {
        End::Failed(text) => saw(text),
        End::Closed => Err("closed, as if it had been a proper end".into()),
    }
}

fn closed_after_failure(o: &Options) -> Check {
    let tls = open(o, "fin")?;
    let (_, how) = read_to_end(&tls.input)?;
    expect(how != End::Closed, || "closed without a failure".into())?;
    let again = tls.input.read(1).map_err(end);
    expect(again == Err(End::Closed), || format!("then {again:?}"))?;
    ok()
}

fn other_reads(o: &Options) -> Check {
    let tls = open(o, "send 100")?;
    let none = tls.input.blocking_read(0).map_err(|e| broken("blocking-read(0)", e))?;
    expect(none.is_empty(), || "blocking-read(0) gave bytes".into())?;
    let mut at = tls.input.blocking_skip(10).map_err(|e| broken("blocking-skip", e))?;
    expect((1..=10).contains(&at), || format!("blocking-skip(10) gave {at}"))?;
    at += tls.input.skip(10).map_err(|e| broken("skip", e))?;
    expect(at <= 20, || format!("skip(10) went to {at}"))?;
    let (rest, how) = read_to_end(&tls.input)?;
    let wanted = &pattern(100)[at as usize..];
    expect(rest == wanted, || format!("after skipping {at}: {rest:?}"))?;
    expect(how == End::Closed, || format!("ended as {how:?}"))?;
    for gone in [tls.input.skip(1), tls.input.blocking_skip(1)] {
        expect(matches!(gone, Err(StreamError::Closed)), || format!("skip at the end: {gone:?}"))?;
    }
    ok()
}

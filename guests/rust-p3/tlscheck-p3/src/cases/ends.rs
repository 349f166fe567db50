//! How directions end, and what the futures tell: P3-40 to P3-48.

use std::time::Duration;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw};
use crate::link::{handshake, open, seen, set_up};
use crate::options::Options;
use crate::streams::{
    at_end, failed, pattern, pending, read_exactly, read_line, read_to_end, refused, send, soon,
    went_well,
};
use crate::wires::by_hand;

pub const CASES: &[Case] = &[
    case!("P3-40", Normal, "send's future waits until the ciphertext is taken", send_future),
    case!("P3-41", Normal, "receive's future waits for the cleartext's end", receive_future),
    case!("P3-42", Normal, "dropped futures disturb nothing", futures_dropped),
    case!("P3-43", Normal, "close_notify, then the end: ok", proper_end),
    case!("P3-44", Normal, "an end without close_notify is an error", no_notify),
    case!("P3-44b", Normal, "an end within a record is an error", cut_record),
    case!("P3-44c", Normal, "a reset is an error", reset),
    case!("P3-45", Normal, "the writer's end is close_notify, then FIN", writer_end),
    case!("P3-46", Normal, "receiving goes on after that", receiving_on),
    case!("P3-46b", Normal, "sending goes on after the peer's close_notify", sending_on),
    case!("P3-47", Normal, "nobody takes the ciphertext", ciphertext_dropped),
    case!("P3-48", Normal, "a dropped cleartext does not stop the peer", cleartext_dropped),
    case!("P3-48b", Normal, "sending goes on while nothing is read", nothing_read),
];

const SHORT: Duration = Duration::from_millis(300);
const SOON: Duration = Duration::from_secs(5);

async fn send_future(o: &Options) -> Check {
    let (outcome, mut held) = by_hand(&o.peer, &o.name).await?;
    outcome.map_err(|e| format!("handshake: {e}"))?;
    drop(held.hold_end);
    let mut sent = Box::pin(held.sent.into_future());
    let waiting = pending(&mut sent, SHORT).await;
    expect(waiting, || "the send future is done while sending is open".into())?;
    drop(held.writer);
    let waiting = pending(&mut sent, SHORT).await;
    expect(waiting, || "the send future is done before close_notify was taken".into())?;
    let last = read_to_end(&mut held.from_tls).await?;
    // TLS 1.2 shows the alert's type, TLS 1.3 hides it.
    let record = last.first().is_some_and(|kind| matches!(kind, 21 | 23));
    expect(record, || format!("no record of close_notify: {last:?}"))?;
    went_well("send", sent).await?;
    ok()
}

async fn receive_future(o: &Options) -> Check {
    let link = open(o, "close").await?;
    let mut received = Box::pin(link.received.into_future());
    let waiting = pending(&mut received, SHORT).await;
    expect(waiting, || "the receive future is done before the cleartext was read".into())?;
    let mut reader = link.reader;
    let all = read_to_end(&mut reader).await?;
    expect(all == b"bye\n", || format!("read {all:?}"))?;
    // The peer keeps TCP open until this side ends it.
    let how = if pending(&mut received, SHORT).await { "the end of TCP" } else { "close_notify" };
    drop(link.writer);
    if how == "the end of TCP" {
        went_well("receive", received).await?;
    }
    saw(format!("settled by {how}"))
}

async fn futures_dropped(o: &Options) -> Check {
    for early in [true, false] {
        let (connector, mut link) = set_up(&o.peer).await?;
        let futures = (link.sent, link.received, link.tcp_sent, link.tcp_received);
        let futures = if early { None } else { Some(futures) };
        handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
        drop(futures);
        send(&mut link.writer, b"half\nfutures").await?;
        drop(link.writer);
        let line = read_line(&mut link.reader).await?;
        expect(line == "half 7", || format!("the peer says {line}"))?;
        at_end("the cleartext", &mut link.reader).await?;
    }
    ok()
}

async fn proper_end(o: &Options) -> Check {
    let mut link = open(o, "send 50000").await?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == pattern(50000), || format!("{} bytes, or others", all.len()))?;
    drop(link.writer);
    went_well("send", link.sent).await?;
    went_well("receive", link.received).await?;
    let tcp = soon("the socket's receive", link.tcp_received).await?;
    expect(tcp.is_ok(), || format!("the socket's receive: {tcp:?}"))?;
    let tcp = soon("the socket's send", link.tcp_sent).await?;
    expect(tcp.is_ok(), || format!("the socket's send: {tcp:?}"))?;
    ok()
}

async fn no_notify(o: &Options) -> Check {
    broken(o, "fin").await
}

async fn cut_record(o: &Options) -> Check {
    broken(o, "cut").await
}

async fn reset(o: &Options) -> Check {
    broken(o, "rst").await
}

/// All that came before is delivered; then the failure.
async fn broken(o: &Options, command: &str) -> Check {
    let mut link = open(o, command).await?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == b"bye\n", || format!("read {all:?}"))?;
    saw(failed("receive", link.received).await?)
}

async fn writer_end(o: &Options) -> Check {
    let mut link = open(o, "half").await?;
    send(&mut link.writer, &pattern(100_000)).await?;
    drop(link.writer);
    let line = read_line(&mut link.reader).await?;
    expect(line == "half 100000", || format!("the peer says {line}"))?;
    let s = seen(o, link.port, SOON, "fin").await?;
    let both = s.yes("notify")? && s.yes("fin")?;
    expect(both, || format!("not close_notify and FIN: {s:?}"))?;
    went_well("send", link.sent).await?;
    ok()
}

async fn receiving_on(o: &Options) -> Check {
    let mut link = open(o, "pause 500 100000").await?;
    drop(link.writer);
    went_well("send", link.sent).await?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == pattern(100_000), || format!("{} bytes, or others", all.len()))?;
    went_well("receive", link.received).await?;
    ok()
}

async fn sending_on(o: &Options) -> Check {
    let mut link = open(o, "close").await?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == b"bye\n", || format!("read {all:?}"))?;
    send(&mut link.writer, &pattern(2000)).await?;
    let s = seen(o, link.port, SOON, "data=2000").await?;
    expect(s.number("data")? == 2000, || format!("of 2000 bytes: {s:?}"))?;
    ok()
}

async fn ciphertext_dropped(o: &Options) -> Check {
    let (outcome, mut held) = by_hand(&o.peer, &o.name).await?;
    outcome.map_err(|e| format!("handshake: {e}"))?;
    drop(held.hold_end);
    drop(held.from_tls);
    refused("the cleartext", &mut held.writer).await?;
    drop(held.writer);
    saw(failed("send", held.sent).await?)
}

async fn cleartext_dropped(o: &Options) -> Check {
    let mut link = open(o, "send 20000000").await?;
    let first = read_exactly(&mut link.reader, 100).await?;
    expect(first == pattern(100), || format!("read {first:?}"))?;
    drop(link.reader);
    // The peer reads again only when it got rid of all it had to send.
    send(&mut link.writer, &pattern(3000)).await?;
    let s = seen(o, link.port, Duration::from_secs(8), "data=3000").await?;
    expect(s.number("data")? == 3000, || format!("the peer is stuck: {s:?}"))?;
    drop(link.writer);
    went_well("send", link.sent).await?;
    went_well("receive", link.received).await?;
    ok()
}

async fn nothing_read(o: &Options) -> Check {
    let mut link = open(o, "send 1000").await?;
    send(&mut link.writer, &pattern(1_000_000)).await?;
    let s = seen(o, link.port, SOON, "data=1000000").await?;
    expect(s.number("data")? == 1_000_000, || format!("of 1000000 bytes: {s:?}"))?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == pattern(1000), || format!("{} of 1000 bytes, or others", all.len()))?;
    ok()
}

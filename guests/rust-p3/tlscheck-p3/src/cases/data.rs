//! Data, errors and many connectors: P3-49 to P3-54.

use std::time::Duration;

use futures::future::{join_all, try_join};
use wasi_tls_client_p3::sys;
use wasi_tls_client_p3::sys::tls::client::Connector;

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw};
use crate::link::{fails, handshake, open, seen, set_up};
use crate::options::Options;
use crate::streams::{
    at_end, crc32, failed, pattern, read_exactly, read_line, read_some, read_to_end, send, soon,
};
use crate::wires::by_hand;

pub const CASES: &[Case] = &[
    case!("P3-49", Normal, "what was written goes out, without another write", goes_out),
    case!("P3-50", Normal, "4 MB in both directions at once, in order", both_directions),
    case!("P3-50b", Normal, "reads are no longer than asked, down to a byte", short_reads),
    case!("P3-50c", Normal, "a sum over what was sent", checksum),
    case!("P3-51", Normal, "a corrupt record: the end, an error and an alert", corrupt),
    case!("P3-51b", Normal, "the peer's fatal alert is an error", fatal_alert),
    case!("P3-52", Normal, "errors are one line, without the local address", error_text),
    case!("P3-53", Normal, "every failure has an error of its own", own_errors),
    case!("P3-54", Normal, "a thousand connectors, dropped", many_connectors),
    case!("P3-54b", Normal, "thirty connections at once", many_connections),
];

const SOON: Duration = Duration::from_secs(5);

async fn goes_out(o: &Options) -> Check {
    for n in [1, 16_384, 16_385, 65_536, 200_000, 1_000_000] {
        let mut link = open(o, "count").await?;
        send(&mut link.writer, &pattern(n)).await?;
        let s = seen(o, link.port, SOON, &format!("data={n}")).await?;
        expect(s.number("data")? == n as u64, || format!("of {n} bytes: {s:?}"))?;
    }
    ok()
}

async fn both_directions(o: &Options) -> Check {
    const N: usize = 4_000_000;
    let link = open(o, "echo").await?;
    let (mut writer, mut reader) = (link.writer, link.reader);
    let sending = async {
        let all = pattern(N);
        for part in all.chunks(100_000) {
            send(&mut writer, part).await?;
        }
        drop(writer);
        Check::Ok(())
    };
    let ((), all) = try_join(sending, read_to_end(&mut reader)).await?;
    expect(all == pattern(N), || format!("{} of {N} bytes, or others", all.len()))?;
    ok()
}

async fn short_reads(o: &Options) -> Check {
    let mut link = open(o, "send 40000").await?;
    let mut all = Vec::new();
    for len in [1, 2, 3, 100, 16_384, 65_536].into_iter().cycle() {
        let some = read_some(&mut link.reader, len).await?;
        if some.is_empty() {
            break;
        }
        all.extend(some);
    }
    expect(all == pattern(40_000), || format!("{} of 40000 bytes, or others", all.len()))?;
    ok()
}

async fn checksum(o: &Options) -> Check {
    let mut link = open(o, "sink 1000000").await?;
    let all = pattern(1_000_000);
    let mut rest = &all[..];
    for len in [1, 999, 17_000, 64_000].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, after) = rest.split_at(len.min(rest.len()));
        send(&mut link.writer, part).await?;
        rest = after;
    }
    let line = read_line(&mut link.reader).await?;
    let want = format!("sunk 1000000 {:08x}", crc32(&all));
    expect(line == want, || format!("the peer says {line}, not {want}"))?;
    ok()
}

async fn corrupt(o: &Options) -> Check {
    let (outcome, mut held) = by_hand(&o.peer, &o.name).await?;
    outcome.map_err(|e| format!("handshake: {e}"))?;
    drop(held.hold_end);
    let mut writer = held.writer;
    let (left, first) =
        try_join(async { Ok(writer.write_all(b"corrupt\n".to_vec()).await.len()) }, async {
            read_some(&mut held.from_tls, 4096).await
        })
        .await?;
    expect(left == 0, || "the command was not taken".into())?;
    held.to_tcp.write_all(first).await.map_err(|e| e.to_string())?;
    let all = read_to_end(&mut held.reader).await?;
    expect(all == b"bye\n", || format!("read {all:?}"))?;
    let text = failed("receive", held.received).await?;
    let alert = read_some(&mut held.from_tls, 4096).await?;
    expect(!alert.is_empty(), || "no alert went out".into())?;
    saw(text)
}

async fn fatal_alert(o: &Options) -> Check {
    let mut link = open(o, "alert").await?;
    let all = read_to_end(&mut link.reader).await?;
    expect(all == b"bye\n", || format!("read {all:?}"))?;
    saw(failed("receive", link.received).await?)
}

async fn error_text(o: &Options) -> Check {
    let (text, link) = fails(&o.peer, &o.wrong).await?;
    expect(!text.trim().is_empty() && !text.contains('\n'), || format!("the text is {text:?}"))?;
    let local = text.contains(&format!(":{}", link.port));
    expect(!local, || format!("the text names the local address: {text}"))?;
    saw(text)
}

async fn own_errors(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let connect = soon("handshake", Connector::connect(connector, o.wrong.clone())).await?;
    let Err(first) = connect else { return Err("the handshake succeeded".into()) };
    drop(link.writer);
    at_end("the cleartext", &mut link.reader).await?;
    let Err(second) = soon("send", link.sent).await? else { return Err("send is ok".into()) };
    let Err(third) = soon("receive", link.received).await? else {
        return Err("receive is ok".into());
    };
    drop((link.reader, link.socket));
    let handles = [first.handle(), second.handle(), third.handle()];
    let distinct = handles[0] != handles[1] && handles[1] != handles[2] && handles[0] != handles[2];
    expect(distinct, || format!("handles {handles:?}"))?;
    let text = first.to_debug_string();
    drop(first);
    expect(second.to_debug_string() == text, || "send's error differs".into())?;
    drop(second);
    expect(third.to_debug_string() == text, || "receive's error differs".into())?;
    ok()
}

async fn many_connectors(o: &Options) -> Check {
    let mut all = Vec::new();
    for _ in 0..1000 {
        let connector = Connector::new();
        let (writer, cleartext) = sys::bytes();
        let (to_tls, incoming) = sys::bytes();
        let (sending, receiving) = (connector.send(cleartext), connector.receive(incoming));
        all.push((connector, writer, to_tls, sending, receiving));
    }
    drop(all);
    one_echo(o).await?;
    ok()
}

async fn many_connections(o: &Options) -> Check {
    let outcomes = join_all((0..30).map(|_| one_echo(o))).await;
    outcomes.into_iter().collect::<Check<Vec<()>>>()?;
    ok()
}

async fn one_echo(o: &Options) -> Check<()> {
    let (connector, mut link) = set_up(&o.peer).await?;
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, b"echo\nmany").await?;
    let echoed = read_exactly(&mut link.reader, 4).await?;
    expect(echoed == b"many", || format!("echoed {echoed:?}"))
}

//! Before connect: P3-01 to P3-09.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join, select};
use futures::join;
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::{self, StreamResult};
use wasi_tls_client_p3::{Instant, sleep};

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw};
use crate::link::{handshake, seen, set_up, tcp};
use crate::options::Options;
use crate::streams::{
    at_end, failed, pattern, pending, read_exactly, read_to_end, refused, send, soon, told,
};
use crate::wires::wires;

pub const CASES: &[Case] = &[
    case!("P3-01", Normal, "send and receive in either order, at once", either_order),
    case!("P3-02", Normal, "a second send fails alone", second_send),
    case!("P3-02b", Normal, "a second receive fails alone", second_receive),
    case!("P3-03", Normal, "a write before connect waits and is not lost", early_write),
    case!("P3-04", Normal, "a read before connect waits", early_read),
    case!("P3-05", Normal, "what comes before connect is not lost", early_ciphertext),
    case!(
        "P3-06",
        Normal,
        "empty writes and reads do not wait where others would not",
        empty_operations
    ),
    case!("P3-07", Normal, "the end of what is to be sent, before connect", early_end),
    case!("P3-08", Normal, "a cancelled write or read loses nothing", cancelled),
    case!("P3-09", Normal, "both directions wake when connect is done", both_wake),
];

const SHORT: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(3);

async fn either_order(o: &Options) -> Check {
    for send_first in [true, false] {
        let (socket, _) = tcp(&o.peer).await?;
        let connector = Connector::new();
        let (mut writer, cleartext) = sys::bytes();
        let (incoming, _tcp_received) = socket.receive();
        let start = Instant::now();
        let (ciphertext, _sent, mut reader, _received) = if send_first {
            let (ciphertext, sent) = connector.send(cleartext);
            let (reader, received) = connector.receive(incoming);
            (ciphertext, sent, reader, received)
        } else {
            let (reader, received) = connector.receive(incoming);
            let (ciphertext, sent) = connector.send(cleartext);
            (ciphertext, sent, reader, received)
        };
        let took = start.elapsed();
        expect(took < Duration::from_secs(1), || format!("setting up took {took:?}"))?;
        let _tcp_sent = socket.send(ciphertext);
        handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
        send(&mut writer, b"echo\norder").await?;
        let echoed = read_exactly(&mut reader, 5).await?;
        expect(echoed == b"order", || format!("echoed {echoed:?}"))?;
    }
    ok()
}

async fn second_send(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let (mut writer, cleartext) = sys::bytes();
    let (mut ciphertext, sent) = connector.send(cleartext);
    at_end("the second ciphertext", &mut ciphertext).await?;
    refused("the second cleartext", &mut writer).await?;
    let text = failed("second send", sent).await?;
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, b"echo\nfirst").await?;
    let echoed = read_exactly(&mut link.reader, 5).await?;
    expect(echoed == b"first", || format!("echoed {echoed:?}"))?;
    saw(text)
}

async fn second_receive(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let (mut to_tls, ciphertext) = sys::bytes();
    let (mut reader, received) = connector.receive(ciphertext);
    at_end("the second cleartext", &mut reader).await?;
    refused("the second ciphertext", &mut to_tls).await?;
    let text = failed("second receive", received).await?;
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, b"echo\nfirst").await?;
    let echoed = read_exactly(&mut link.reader, 5).await?;
    expect(echoed == b"first", || format!("echoed {echoed:?}"))?;
    saw(text)
}

async fn early_write(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let text = [b"echo\n".to_vec(), pattern(3000)].concat();
    let mut write = Box::pin(link.writer.write_all(text));
    expect(pending(&mut write, SHORT).await, || "a write was taken before connect".into())?;
    let (outcome, left) = join!(handshake(connector, &o.name), soon("write", write));
    outcome?.map_err(|e| format!("handshake: {e}"))?;
    let left = left?.len();
    expect(left == 0, || format!("{left} bytes were not taken"))?;
    let echoed = read_exactly(&mut link.reader, 3000).await?;
    expect(echoed == pattern(3000), || "the echo differs".into())?;
    ok()
}

async fn early_read(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let mut read = Box::pin(link.reader.read(Vec::with_capacity(100)));
    expect(pending(&mut read, SHORT).await, || "a read was done before connect".into())?;
    let (mut writer, name) = (link.writer, &o.name);
    let work = async {
        handshake(connector, name).await?.map_err(|e| format!("handshake: {e}"))?;
        send(&mut writer, b"send 50\n").await
    };
    let (done, read) = join!(work, soon("read", read));
    done?;
    let (_, mut got) = read?;
    got.extend(read_to_end(&mut link.reader).await?);
    expect(got == pattern(50), || format!("read {got:?}"))?;
    ok()
}

async fn early_ciphertext(o: &Options) -> Check {
    let (connector, mut w) = wires();
    let bytes = b"HTTP/1.0 400 Bad Request\r\n\r\n".to_vec();
    let mut write = Box::pin(w.to_tls.write_all(bytes));
    let waits = pending(&mut write, SHORT).await;
    let how = if waits { "waited" } else { "was taken" };
    let rest = async {
        if waits {
            write.await;
        }
    };
    let mut from_tls = w.from_tls;
    // The ClientHello has to go somewhere.
    let sink = read_to_end(&mut from_tls);
    let connect = soon("connect", Connector::connect(connector, o.name.clone()));
    let outcome = match select(pin!(connect), pin!(join(rest, sink))).await {
        Either::Left((outcome, _)) => outcome?,
        Either::Right((_, connect)) => connect.await?,
    };
    match outcome {
        Err(e) => saw(format!("the write {how}; {}", e.to_debug_string())),
        Ok(()) => Err("a handshake with that succeeded".into()),
    }
}

/// Hosts may do them at once or make them wait until others would not.
async fn empty_operations(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let (writer, reader) = (&mut link.writer, &mut link.reader);
    let work = async {
        let (outcome, write) = join!(
            handshake(connector, &o.name),
            soon("an empty write before connect", writer.write(Vec::new())),
        );
        outcome?.map_err(|e| format!("handshake: {e}"))?;
        let (result, _) = write?;
        expect(result == StreamResult::Complete(0), || format!("a write before: {result:?}"))?;
        let (result, _) = soon("an empty write", writer.write(Vec::new())).await?;
        expect(result == StreamResult::Complete(0), || format!("a write after: {result:?}"))?;
        send(writer, b"echo\nempty").await
    };
    let (read, done) = join!(soon("an empty read", reader.read(Vec::new())), work);
    done?;
    let (result, _) = read?;
    expect(result == StreamResult::Complete(0), || format!("a read before: {result:?}"))?;
    let echoed = read_exactly(reader, 1).await?;
    expect(echoed == b"e", || format!("echoed {echoed:?}"))?;
    let (result, _) = soon("an empty read", reader.read(Vec::new())).await?;
    expect(result == StreamResult::Complete(0), || format!("a read after: {result:?}"))?;
    let echoed = read_exactly(reader, 4).await?;
    expect(echoed == b"mpty", || format!("echoed {echoed:?}"))?;
    ok()
}

async fn early_end(o: &Options) -> Check {
    let (connector, link) = set_up(&o.peer).await?;
    drop(link.writer);
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    let s = seen(o, link.port, SOON, "notify").await?;
    expect(s.yes("done")? && s.yes("notify")?, || format!("no close_notify: {s:?}"))?;
    told("send", link.sent).await?.map_err(|e| format!("the send future: {e}"))?;
    ok()
}

async fn cancelled(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    {
        let mut write = pin!(link.writer.write(b"nonsense".to_vec()));
        expect(pending(&mut write, SHORT).await, || "a write was taken before connect".into())?;
        let (result, left) = write.cancel();
        let left = left.into_vec().len();
        let clean = result == StreamResult::Cancelled && left == 8;
        expect(clean, || format!("the write: {result:?}, {left} of 8 bytes left"))?;
    }
    {
        let mut read = pin!(link.reader.read(Vec::with_capacity(100)));
        expect(pending(&mut read, SHORT).await, || "a read was done before connect".into())?;
        let (result, got) = read.cancel();
        let clean = result == StreamResult::Cancelled && got.is_empty();
        expect(clean, || format!("the read: {result:?}, {got:?}"))?;
    }
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, b"pause 500 30000\n").await?;
    let mut got = Vec::new();
    // Short reads, cancelled again and again while the bytes come.
    for _ in 0..50 {
        let mut read = pin!(link.reader.read(Vec::with_capacity(1000)));
        let timer = pin!(sleep(Duration::from_millis(15)));
        got.extend(match select(read.as_mut(), timer).await {
            Either::Left(((_, bytes), _)) => bytes,
            Either::Right(_) => read.cancel().1,
        });
        if !got.is_empty() {
            break;
        }
    }
    got.extend(read_to_end(&mut link.reader).await?);
    expect(got == pattern(30000), || format!("{} of 30000 bytes, or others", got.len()))?;
    ok()
}

async fn both_wake(o: &Options) -> Check {
    let (connector, link) = set_up(&o.peer).await?;
    let (mut writer, mut reader) = (link.writer, link.reader);
    let write = soon("write", writer.write_all(b"echo\nawake".to_vec()));
    let read = soon("read", reader.read(Vec::with_capacity(5)));
    let (left, read, outcome) = join!(write, read, handshake(connector, &o.name));
    outcome?.map_err(|e| format!("handshake: {e}"))?;
    expect(left?.is_empty(), || "not all was written".into())?;
    let (_, mut echoed) = read?;
    let rest = 5 - echoed.len();
    echoed.extend(read_exactly(&mut reader, rest).await?);
    expect(echoed == b"awake", || format!("echoed {echoed:?}"))?;
    ok()
}

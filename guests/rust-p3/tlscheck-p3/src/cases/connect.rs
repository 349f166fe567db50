//! connect: P3-20 to P3-29.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, join, select};
use wasi_tls_client_p3::sys::tls::client::Connector;
use wasi_tls_client_p3::sys::{self, StreamResult};
use wasi_tls_client_p3::{TlsStream, sleep, within};

use crate::check::{Case, Check, Kind::*, case, expect, ok, saw, skip};
use crate::link::{Link, fails, handshake, seen, set_up, tcp};
use crate::options::{Options, STEP};
use crate::streams::{
    at_end, failed, pending, read_exactly, read_line, refused, send, soon, went_well,
};
use crate::wires::{by_hand, drain, pumped, wires};

pub const CASES: &[Case] = &[
    case!("P3-20", Normal, "connect without send", without_send),
    case!("P3-20b", Normal, "connect without receive", without_receive),
    case!("P3-20c", Normal, "connect without either names send", without_both),
    case!("P3-22", Normal, "connect returns when the handshake is over", waits_for_handshake),
    case!("P3-22b", Normal, "a plaintext reply is connect's error", plaintext),
    case!("P3-22c", Normal, "an end during the handshake is connect's error", peer_gone),
    case!("P3-22d", Slow, "a silent server meets the host's deadline", silent_server),
    case!("P3-23", Normal, "the streams live on without connector and socket", lives_on),
    case!("P3-24", Normal, "a wrong name fails and says so", wrong_name),
    case!("P3-24b", Normal, "an untrusted certificate fails and says so", untrusted),
    case!("P3-25", Normal, "a bad server name sends nothing", bad_names),
    case!("P3-25b", Normal, "an IP address is a server name", ip_name),
    case!("P3-26", Normal, "the guest moves the bytes", guest_moves),
    case!("P3-26b", Normal, "TLS in TLS", tls_in_tls),
    case!("P3-27", Normal, "everything ends after a failed connect", all_ends),
    case!("P3-28", Normal, "receive's future needs no more bytes then", receive_settles),
    case!("P3-29", Normal, "a dropped connector settles everything", dropped_connector),
    case!("P3-29b", Normal, "a cancelled connect settles everything", cancelled_connect),
];

const SHORT: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(3);

async fn without_send(_: &Options) -> Check {
    let connector = Connector::new();
    let (_to_tls, ciphertext) = sys::bytes();
    let (mut reader, received) = connector.receive(ciphertext);
    let text = refuses(connector).await?;
    expect(text.contains("send"), || format!("the error does not speak of send: {text}"))?;
    at_end("the cleartext", &mut reader).await?;
    let same = failed("receive", received).await?;
    expect(same == text, || format!("connect says {text:?}, the receive future {same:?}"))?;
    saw(text)
}

async fn without_receive(_: &Options) -> Check {
    let connector = Connector::new();
    let (mut writer, cleartext) = sys::bytes();
    let (mut ciphertext, sent) = connector.send(cleartext);
    let text = refuses(connector).await?;
    expect(text.contains("receive"), || format!("the error does not speak of receive: {text}"))?;
    at_end("the ciphertext", &mut ciphertext).await?;
    refused("the cleartext", &mut writer).await?;
    let same = failed("send", sent).await?;
    expect(same == text, || format!("connect says {text:?}, the send future {same:?}"))?;
    saw(text)
}

async fn without_both(_: &Options) -> Check {
    let text = refuses(Connector::new()).await?;
    expect(text.contains("send"), || format!("the error does not speak of send: {text}"))?;
    saw(text)
}

async fn refuses(connector: Connector) -> Check<String> {
    match handshake(connector, "localhost").await? {
        Err(text) => Ok(text),
        Ok(()) => Err("connect succeeded".into()),
    }
}

async fn waits_for_handshake(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (connector, _link) = set_up(mute).await?;
    let mut connect = Box::pin(Connector::connect(connector, o.name.clone()));
    let waiting = pending(&mut connect, Duration::from_millis(500)).await;
    expect(waiting, || "connect returned, with a silent peer".into())?;
    ok()
}

async fn plaintext(o: &Options) -> Check {
    let Some(plain) = &o.plain else { return skip("needs --plain") };
    fails(plain, &o.name).await.and_then(|(text, _)| saw(text))
}

async fn peer_gone(o: &Options) -> Check {
    let Some(gone) = &o.drop else { return skip("needs --drop") };
    fails(gone, &o.name).await.and_then(|(text, _)| saw(text))
}

async fn silent_server(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (connector, _link) = set_up(mute).await?;
    let connect = async {
        Ok(Connector::connect(connector, o.name.clone()).await.map_err(|e| e.to_debug_string()))
    };
    match within(Some(Duration::from_secs(30)), "handshake", connect).await {
        Ok(Err(text)) => saw(text),
        Ok(Ok(())) => Err("the handshake succeeded".into()),
        Err(_) => Err("the host has no deadline, or one over 30 s".into()),
    }
}

async fn lives_on(o: &Options) -> Check {
    let (connector, link) = set_up(&o.peer).await?;
    handshake(connector, &o.name).await?.map_err(|e| format!("handshake: {e}"))?;
    let Link { mut writer, mut reader, socket, .. } = link;
    drop(socket);
    send(&mut writer, b"echo\nalive").await?;
    let echoed = read_exactly(&mut reader, 5).await?;
    expect(echoed == b"alive", || format!("echoed {echoed:?}"))?;
    ok()
}

async fn wrong_name(o: &Options) -> Check {
    bad_certificate(&o.peer, &o.wrong).await
}

async fn untrusted(o: &Options) -> Check {
    let Some(untrusted) = &o.untrusted else { return skip("needs --untrusted") };
    bad_certificate(untrusted, &o.name).await
}

async fn bad_certificate(address: &str, name: &str) -> Check {
    let (text, _) = fails(address, name).await?;
    let useful = text.contains("certificate") || text.contains("HandshakeFailure");
    expect(useful, || format!("the error does not speak of a certificate: {text}"))?;
    saw(text)
}

async fn bad_names(o: &Options) -> Check {
    let mut texts = Vec::new();
    for name in ["", " ", "foo bar", "a\0b", "localhost:443", "bücher.example"] {
        let (text, link) = fails(&o.peer, name).await?;
        let s = seen(o, link.port, SHORT, "raw=1").await?;
        expect(s.number("raw")? == 0, || format!("{name:?}: bytes were sent: {s:?}"))?;
        texts.push(text);
    }
    texts.dedup();
    saw(texts.join("; "))
}

async fn ip_name(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    handshake(connector, "127.0.0.1").await?.map_err(|e| format!("handshake: {e}"))?;
    send(&mut link.writer, b"echo\naddress").await?;
    let echoed = read_exactly(&mut link.reader, 7).await?;
    expect(echoed == b"address", || format!("echoed {echoed:?}"))?;
    let s = seen(o, link.port, SOON, "done").await?;
    let sni = s.value("sni")?;
    expect(sni == "-", || format!("an address was sent as SNI: {sni}"))?;
    ok()
}

async fn guest_moves(o: &Options) -> Check {
    let (connector, wires) = wires();
    let mut connect = Box::pin(Connector::connect(connector, o.name.clone()));
    let waiting = pending(&mut connect, SHORT).await;
    expect(waiting, || "connect returned before a byte was moved".into())?;
    let (outcome, mut held) = pumped(&o.peer, connect, wires).await?;
    outcome.map_err(|e| format!("handshake: {e}"))?;
    drop(held.hold_end);
    let moving = drain(&mut held.from_tls, &mut held.to_tcp);
    let (mut writer, mut reader) = (held.writer, held.reader);
    let talk = async {
        send(&mut writer, b"half\nby hand").await?;
        drop(writer);
        let line = read_line(&mut reader).await?;
        expect(line == "half 7", || format!("the peer says {line}"))?;
        at_end("the cleartext", &mut reader).await
    };
    let (moved, talked) = join(moving, talk).await;
    talked?;
    moved?;
    went_well("send", held.sent).await?;
    ok()
}

async fn tls_in_tls(o: &Options) -> Check {
    let (socket, _) = tcp(&o.peer).await?;
    let what = |e: std::io::Error| e.to_string();
    let mut outer = TlsStream::handshake(&socket, &o.name).await.map_err(what)?;
    outer.writer.write_all(b"tls\n".to_vec()).await.map_err(what)?;
    let inner = TlsStream::over(outer.reader, outer.writer, &o.name);
    let mut inner = within(Some(STEP), "inner handshake", inner).await.map_err(what)?;
    inner.writer.write_all(b"echo\ninside".to_vec()).await.map_err(what)?;
    let mut echoed = Vec::with_capacity(6);
    while echoed.len() < 6 {
        let reading = within(Some(STEP), "read", inner.reader.read(&mut echoed));
        expect(reading.await.map_err(what)? > 0, || "the connection ended".into())?;
    }
    expect(echoed == b"inside", || format!("echoed {echoed:?}"))?;
    ok()
}

async fn all_ends(o: &Options) -> Check {
    let (text, mut link) = fails(&o.peer, &o.wrong).await?;
    at_end("the cleartext", &mut link.reader).await?;
    refused("the cleartext to send", &mut link.writer).await?;
    drop(link.writer);
    let sent = failed("send", link.sent).await?;
    let received = failed("receive", link.received).await?;
    let same = sent == text && received == text;
    expect(same, || format!("connect: {text}; send: {sent}; receive: {received}"))?;
    let s = seen(o, link.port, SOON, "alert").await?;
    let alert = s.value("alert")?;
    expect(alert != "-", || format!("no alert: {s:?}"))?;
    // Then the ciphertext ended, so the socket has no more to send.
    let _ = soon("the socket's send", link.tcp_sent).await?;
    saw(alert)
}

async fn receive_settles(o: &Options) -> Check {
    let (outcome, held) = by_hand(&o.peer, &o.wrong).await?;
    let Err(text) = outcome else { return Err("the handshake succeeded".into()) };
    // The ciphertext from the peer has no end here and no more bytes.
    let received = failed("receive", held.received).await?;
    drop(held.hold_end);
    expect(received == text, || format!("connect: {text}; receive: {received}"))?;
    ok()
}

async fn dropped_connector(o: &Options) -> Check {
    let (connector, mut link) = set_up(&o.peer).await?;
    let mut read = Box::pin(link.reader.read(Vec::with_capacity(100)));
    expect(pending(&mut read, SHORT).await, || "a read was done before connect".into())?;
    drop(connector);
    let (result, bytes) = soon("the pending read", read).await?;
    let ended = result == StreamResult::Dropped && bytes.is_empty();
    expect(ended, || format!("the pending read: {result:?}"))?;
    settled(o, link).await
}

async fn cancelled_connect(o: &Options) -> Check {
    let Some(mute) = &o.mute else { return skip("needs --mute") };
    let (connector, mut link) = set_up(mute).await?;
    {
        let connect = pin!(Connector::connect(connector, o.name.clone()));
        match select(connect, pin!(sleep(SHORT))).await {
            Either::Left(_) => return Err("connect returned, with a silent peer".into()),
            Either::Right(_) => {}
        }
    }
    at_end("the cleartext", &mut link.reader).await?;
    settled(o, link).await
}

/// Everything that the connector left behind ends, with errors, and so does the transport. That
/// the cleartext has ended was seen before: its end may be read once.
async fn settled(o: &Options, mut link: Link) -> Check {
    refused("the cleartext to send", &mut link.writer).await?;
    let sent = failed("send", link.sent).await?;
    let received = failed("receive", link.received).await?;
    let s = seen(o, link.port, SOON, "fin").await?;
    expect(s.yes("fin")?, || format!("the transport is still open: {s:?}"))?;
    saw(format!("send: {sent}; receive: {received}"))
}

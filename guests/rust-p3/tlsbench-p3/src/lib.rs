//! `tlsbench-p3`: measures the host from inside a guest of WASI 0.3. Each mode prints one line
//! of JSON with what it moved and the nanoseconds it took.
//!
//! ```text
//! recv       HOST:PORT NAME BYTES CHUNK   read BYTES, asking for CHUNK at a time
//! send       HOST:PORT NAME BYTES CHUNK   write BYTES, CHUNK at a time
//! duplex     HOST:PORT NAME BYTES CHUNK   send BYTES and read their echo at the same time
//! echo       HOST:PORT NAME COUNT SIZE    COUNT round trips of SIZE bytes
//! handshakes HOST:PORT NAME COUNT         connect, handshake, close, one after the other
//! many       HOST:PORT NAME COUNT [SIZE]  open COUNT connections at once, print, then a round
//!                                         trip of SIZE bytes on all of them, then close all
//! idle       HOST:PORT NAME COUNT         open COUNT connections, print, wait until one speaks
//! wait       MS                           wait on a clock
//! waits      COUNT MS                     COUNT waits on a clock at once
//! hostcalls  COUNT                        ask the monotonic clock for the time
//! ```
//! The peer is that of tlscheck; see its README for the protocol.

use std::error::Error;
use std::time::Duration;

use futures::future::{join_all, select_all, try_join, try_join_all};
use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::sys::clocks::monotonic_clock;
use wasi_tls_client_p3::{Instant, Reader, TlsStream, connect, sleep, within};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// No handshake may take longer.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(30));

wasi_tls_client_p3::command!(main);

async fn main() -> std::result::Result<(), ()> {
    let words = cli::arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = Output::stdout();
    let done = match run(&words, &mut out).await {
        Ok(line) => out.line(&line).await.map_err(Box::from),
        Err(e) => Err(e),
    };
    let done = match (done, out.close().await) {
        (Ok(()), Err(e)) => Err(e.into()),
        (done, _) => done,
    };
    if let Err(e) = done {
        cli::complain(&format!("tlsbench-p3: {e}")).await;
        return Err(());
    }
    Ok(())
}

async fn run(words: &[&str], out: &mut Output) -> Result<String> {
    match *words {
        ["recv", peer, name, bytes, chunk] => {
            recv(peer, name, bytes.parse()?, chunk.parse()?).await
        }
        ["send", peer, name, bytes, chunk] => {
            send(peer, name, bytes.parse()?, chunk.parse()?).await
        }
        ["duplex", peer, name, bytes, chunk] => {
            duplex(peer, name, bytes.parse()?, chunk.parse()?).await
        }
        ["echo", peer, name, count, size] => echo(peer, name, count.parse()?, size.parse()?).await,
        ["handshakes", peer, name, count] => handshakes(peer, name, count.parse()?).await,
        ["many", peer, name, count] => many(peer, name, count.parse()?, 1, out).await,
        ["many", peer, name, count, size] => {
            many(peer, name, count.parse()?, size.parse()?, out).await
        }
        ["idle", peer, name, count] => idle(peer, name, count.parse()?, out).await,
        ["wait", ms] => waits("wait", 1, ms.parse()?).await,
        ["waits", count, ms] => waits("waits", count.parse()?, ms.parse()?).await,
        ["hostcalls", count] => hostcalls(count.parse()?),
        _ => Err("usage: see the top of tlsbench-p3's lib.rs".into()),
    }
}

async fn open(peer: &str, name: &str) -> Result<TlsStream> {
    let (host, port) = address(peer)?;
    Ok(within(TIMEOUT, "connect", TlsStream::connect_as(host, port, name)).await?)
}

fn address(peer: &str) -> Result<(&str, u16)> {
    let (host, port) = peer.rsplit_once(':').ok_or("the peer is not HOST:PORT")?;
    Ok((host, port.parse()?))
}

async fn recv(peer: &str, name: &str, bytes: u64, chunk: usize) -> Result<String> {
    let mut tls = open(peer, name).await?;
    tls.writer.write_all(format!("send {bytes}\n").into()).await?;
    let (start, mut got, mut calls) = (Instant::now(), 0, 0u64);
    let mut buf = Vec::with_capacity(chunk);
    while got < bytes {
        buf.clear();
        match tls.reader.read(&mut buf).await? {
            0 => return Err(format!("ended after {got} bytes").into()),
            n => got += n as u64,
        }
        calls += 1;
    }
    let ns = ns_since(start);
    Ok(format!(r#"{{"mode":"recv","bytes":{got},"chunk":{chunk},"calls":{calls},"ns":{ns}}}"#))
}

/// Sends until the peer has counted every byte.
async fn send(peer: &str, name: &str, bytes: usize, chunk: usize) -> Result<String> {
    let mut tls = open(peer, name).await?;
    tls.writer.write_all(format!("sink {bytes}\n").into()).await?;
    let mut buf = vec![0; chunk];
    let (start, mut left, mut calls) = (Instant::now(), bytes, 0u64);
    while left > 0 {
        let n = left.min(chunk);
        // SAFETY: the zeros that it was made of are still there. To write them again is no part
        // of what is measured.
        unsafe { buf.set_len(n) };
        tls.writer.write_buf(&mut buf).await?;
        left -= n;
        calls += 1;
    }
    let line = read_line(&mut tls.reader).await?;
    let ns = ns_since(start);
    if !line.starts_with(&format!("sunk {bytes} ")) {
        return Err(format!("the peer says {line:?}").into());
    }
    Ok(format!(r#"{{"mode":"send","bytes":{bytes},"calls":{calls},"ns":{ns}}}"#))
}

/// Both directions of one connection at the same time.
async fn duplex(peer: &str, name: &str, bytes: usize, chunk: usize) -> Result<String> {
    let mut tls = open(peer, name).await?;
    tls.writer.write_all(b"echo\n".to_vec()).await?;
    let (start, mut writer, mut reader) = (Instant::now(), tls.writer, tls.reader);
    let sending = async {
        let mut left = bytes;
        while left > 0 {
            let n = left.min(chunk);
            writer.write_all(vec![0; n]).await?;
            left -= n;
        }
        Result::Ok(())
    };
    let receiving = async {
        let (mut got, mut buf) = (0, Vec::with_capacity(chunk));
        while got < bytes {
            buf.clear();
            match reader.read(&mut buf).await? {
                0 => return Err(format!("ended after {got} bytes").into()),
                n => got += n,
            }
        }
        Ok(())
    };
    try_join(sending, receiving).await?;
    let ns = ns_since(start);
    TlsStream { reader, writer }.close().await?;
    Ok(format!(r#"{{"mode":"duplex","bytes":{bytes},"chunk":{chunk},"ns":{ns}}}"#))
}

async fn echo(peer: &str, name: &str, count: usize, size: usize) -> Result<String> {
    let mut tls = open(peer, name).await?;
    tls.writer.write_all(b"echo\n".to_vec()).await?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        round_trip(&mut tls, size).await?;
        times.push(ns_since(start));
    }
    tls.close().await?;
    Ok(format!(r#"{{"mode":"echo","count":{count},"size":{size},{}}}"#, spread(times)))
}

/// Sends so many bytes and reads as many. They must fit into the buffers on the way.
async fn round_trip(tls: &mut TlsStream, size: usize) -> Result<()> {
    tls.writer.write_all(vec![7; size]).await?;
    let mut reply = Vec::with_capacity(size);
    while reply.len() < size {
        if tls.reader.read(&mut reply).await? == 0 {
            return Err("the connection ended".into());
        }
    }
    Ok(())
}

async fn handshakes(peer: &str, name: &str, count: usize) -> Result<String> {
    let (host, port) = address(peer)?;
    let start = Instant::now();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = within(TIMEOUT, "connect", connect(host, port)).await?;
        let begin = Instant::now();
        let tls = within(TIMEOUT, "handshake", TlsStream::handshake(&socket, name)).await?;
        times.push(ns_since(begin));
        tls.writer.finish().await?;
    }
    let ns = ns_since(start);
    let each = spread(times).replace(r#""ns""#, r#""handshakes_ns""#);
    Ok(format!(r#"{{"mode":"handshakes","count":{count},"ns":{ns},{each}}}"#))
}

async fn many(
    peer: &str,
    name: &str,
    count: usize,
    size: usize,
    out: &mut Output,
) -> Result<String> {
    let start = Instant::now();
    let one = || async move {
        let mut tls = open(peer, name).await?;
        tls.writer.write_all(b"echo\n".to_vec()).await?;
        Result::Ok((tls, ns_since(start)))
    };
    let (mut all, times): (Vec<_>, Vec<_>) =
        try_join_all((0..count).map(|_| one())).await?.into_iter().unzip();
    let each = spread(times).replace(r#""ns""#, r#""sum_ns""#);
    let ns = ns_since(start);
    let line = format!(r#"{{"mode":"many","phase":"open","count":{count},"ns":{ns},{each}}}"#);
    out.line(&line).await?;
    let start = Instant::now();
    try_join_all(all.iter_mut().map(|tls| round_trip(tls, size))).await?;
    let ns = ns_since(start);
    out.line(&format!(
        r#"{{"mode":"many","phase":"echo","count":{count},"size":{size},"ns":{ns}}}"#
    ))
    .await?;
    let start = Instant::now();
    try_join_all(all.into_iter().map(TlsStream::close)).await?;
    let ns = ns_since(start);
    Ok(format!(r#"{{"mode":"many","phase":"close","count":{count},"ns":{ns}}}"#))
}

async fn idle(peer: &str, name: &str, count: usize, out: &mut Output) -> Result<String> {
    let start = Instant::now();
    let mut readers = Vec::with_capacity(count);
    let mut writers = Vec::with_capacity(count);
    for _ in 0..count {
        let tls = open(peer, name).await?;
        readers.push(tls.reader);
        writers.push(tls.writer);
    }
    let ns = ns_since(start);
    out.line(&format!(r#"{{"mode":"idle","connections":{count},"ns":{ns}}}"#)).await?;
    let reads = readers
        .iter_mut()
        .map(|reader| Box::pin(async move { reader.read(&mut Vec::with_capacity(1)).await }));
    let (_, which, _) = select_all(reads).await;
    drop(writers);
    Ok(format!(r#"{{"mode":"idle","ready":1,"first":{which},"ns":{}}}"#, ns_since(start)))
}

async fn waits(mode: &str, count: usize, ms: u64) -> Result<String> {
    let start = Instant::now();
    join_all((0..count).map(|_| sleep(Duration::from_millis(ms)))).await;
    Ok(format!(r#"{{"mode":"{mode}","count":{count},"ns":{}}}"#, ns_since(start)))
}

fn hostcalls(count: u64) -> Result<String> {
    let begin = monotonic_clock::now();
    let mut last = begin;
    for _ in 0..count {
        last = monotonic_clock::now();
    }
    Ok(format!(r#"{{"mode":"hostcalls","count":{count},"ns":{}}}"#, last - begin))
}

async fn read_line(reader: &mut Reader) -> Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = Vec::with_capacity(1);
        if reader.read(&mut byte).await? == 0 {
            return Err("the connection ended".into());
        }
        line.extend(byte);
    }
    Ok(String::from_utf8(line)?)
}

/// Sum, median, 99th percentile and the extremes, as members of a JSON object.
fn spread(mut times: Vec<u64>) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).unwrap_or(&0)
    };
    format!(
        r#""ns":{},"min_ns":{},"p50_ns":{},"p99_ns":{},"max_ns":{}"#,
        times.iter().sum::<u64>(),
        at(0),
        at(50),
        at(99),
        at(100)
    )
}

fn ns_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

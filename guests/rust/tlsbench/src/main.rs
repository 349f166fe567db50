//! `tlsbench`: measures the host from inside a guest. Each mode prints one line of JSON with
//! what it moved and the nanoseconds it took.
//!
//! ```text
//! recv       HOST:PORT NAME BYTES CHUNK   read BYTES, asking for CHUNK at a time
//! send       HOST:PORT NAME BYTES CHUNK   write BYTES by check-write and write, CHUNK at a time
//! send4k     HOST:PORT NAME BYTES         write BYTES by blocking-write-and-flush of 4096
//! echo       HOST:PORT NAME COUNT SIZE    COUNT round trips of SIZE bytes
//! handshakes HOST:PORT NAME COUNT         connect, handshake, close, one after the other
//! idle       HOST:PORT NAME COUNT         open COUNT connections, print, wait until one speaks
//! wait       MS                           wait on a clock
//! hostcalls  COUNT                        ask the monotonic clock for the time
//! ```
//! The peer is that of tlscheck; see its README for the protocol.

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use wasi_tls_client::sys::clocks::monotonic_clock;
use wasi_tls_client::sys::io::poll;
use wasi_tls_client::sys::io::streams::{InputStream, OutputStream, StreamError};
use wasi_tls_client::{TcpStream, TlsStream};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// No handshake may take longer.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(30));

/// The most that blocking-write-and-flush takes.
const BLOCKING_WRITE: usize = 4096;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("tlsbench: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<String> {
    match *words {
        ["recv", peer, name, bytes, chunk] => recv(peer, name, bytes.parse()?, chunk.parse()?),
        ["send", peer, name, bytes, chunk] => {
            let chunk = chunk.parse()?;
            send("send", peer, name, bytes.parse()?, |out, left| write_some(out, chunk, left))
        }
        ["send4k", peer, name, bytes] => send("send4k", peer, name, bytes.parse()?, |out, left| {
            let n = left.min(BLOCKING_WRITE);
            out.blocking_write_and_flush(&[0; BLOCKING_WRITE][..n]).map_err(explain)?;
            Ok(n)
        }),
        ["echo", peer, name, count, size] => echo(peer, name, count.parse()?, size.parse()?),
        ["handshakes", peer, name, count] => handshakes(peer, name, count.parse()?),
        ["idle", peer, name, count] => idle(peer, name, count.parse()?),
        ["wait", ms] => {
            let start = Instant::now();
            let ns = ms.parse::<u64>()?.saturating_mul(1_000_000);
            poll::poll(&[&monotonic_clock::subscribe_duration(ns)]);
            Ok(format!(r#"{{"mode":"wait","ns":{}}}"#, ns_since(start)))
        }
        ["hostcalls", count] => hostcalls(count.parse()?),
        _ => Err("usage: see the top of tlsbench's main.rs".into()),
    }
}

fn connect(peer: &str, name: &str) -> Result<TlsStream> {
    let (host, port) = peer.rsplit_once(':').ok_or("the peer is not HOST:PORT")?;
    let tcp = TcpStream::connect(host, port.parse()?, TIMEOUT)?;
    Ok(TlsStream::handshake(tcp, name, TIMEOUT)?)
}

fn recv(peer: &str, name: &str, bytes: u64, chunk: u64) -> Result<String> {
    let mut tls = connect(peer, name)?;
    tls.write_all(format!("send {bytes}\n").as_bytes())?;
    tls.flush()?;
    let (input, output, connection, transport) = tls.into_parts();
    let (start, mut got, mut calls) = (Instant::now(), 0, 0u64);
    while got < bytes {
        got += input.blocking_read(chunk).map_err(explain)?.len() as u64;
        calls += 1;
    }
    let ns = ns_since(start);
    drop((input, output, connection, transport));
    Ok(format!(r#"{{"mode":"recv","bytes":{got},"chunk":{chunk},"calls":{calls},"ns":{ns}}}"#))
}

/// Sends with the given way of writing, until the peer has counted every byte.
fn send(
    mode: &str,
    peer: &str,
    name: &str,
    bytes: usize,
    write: impl Fn(&OutputStream, usize) -> Result<usize>,
) -> Result<String> {
    let mut tls = connect(peer, name)?;
    tls.write_all(format!("sink {bytes}\n").as_bytes())?;
    tls.flush()?;
    let (input, output, connection, transport) = tls.into_parts();
    let (start, mut left, mut calls) = (Instant::now(), bytes, 0u64);
    while left > 0 {
        left -= write(&output, left)?;
        calls += 1;
    }
    output.flush().map_err(explain)?;
    let line = read_line(&input)?;
    let ns = ns_since(start);
    if !line.starts_with(&format!("sunk {bytes} ")) {
        return Err(format!("the peer says {line:?}").into());
    }
    drop((input, output, connection, transport));
    Ok(format!(r#"{{"mode":"{mode}","bytes":{bytes},"calls":{calls},"ns":{ns}}}"#))
}

/// Writes up to one chunk, as far as the permit goes; waits when there is none.
fn write_some(output: &OutputStream, chunk: usize, left: usize) -> Result<usize> {
    thread_local!(static ZEROS: std::cell::RefCell<Vec<u8>> = const { std::cell::RefCell::new(Vec::new()) });
    loop {
        let permit = output.check_write().map_err(explain)?;
        if permit == 0 {
            output.subscribe().block();
            continue;
        }
        let n = chunk.min(left).min(usize::try_from(permit)?);
        ZEROS
            .with_borrow_mut(|zeros| {
                zeros.resize(zeros.len().max(n), 0);
                output.write(&zeros[..n])
            })
            .map_err(explain)?;
        return Ok(n);
    }
}

fn echo(peer: &str, name: &str, count: usize, size: usize) -> Result<String> {
    let mut tls = connect(peer, name)?;
    tls.write_all(b"echo\n")?;
    let (message, mut reply) = (vec![7u8; size], vec![0u8; size]);
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        tls.write_all(&message)?;
        tls.read_exact(&mut reply)?;
        times.push(ns_since(start));
    }
    tls.close()?;
    Ok(format!(r#"{{"mode":"echo","count":{count},"size":{size},{}}}"#, spread(times)))
}

fn handshakes(peer: &str, name: &str, count: usize) -> Result<String> {
    let (host, port) = peer.rsplit_once(':').ok_or("the peer is not HOST:PORT")?;
    let (port, start) = (port.parse()?, Instant::now());
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let tcp = TcpStream::connect(host, port, TIMEOUT)?;
        let begin = Instant::now();
        let tls = TlsStream::handshake(tcp, name, TIMEOUT)?;
        times.push(ns_since(begin));
        tls.close()?;
    }
    let ns = ns_since(start);
    let each = spread(times).replace(r#""ns""#, r#""handshakes_ns""#);
    Ok(format!(r#"{{"mode":"handshakes","count":{count},"ns":{ns},{each}}}"#))
}

fn idle(peer: &str, name: &str, count: usize) -> Result<String> {
    let start = Instant::now();
    let mut inputs = Vec::with_capacity(count);
    let mut rest = Vec::with_capacity(count);
    for _ in 0..count {
        let (input, output, connection, transport) = connect(peer, name)?.into_parts();
        inputs.push(input);
        rest.push((output, connection, transport));
    }
    println!(r#"{{"mode":"idle","connections":{count},"ns":{}}}"#, ns_since(start));
    let pollables: Vec<_> = inputs.iter().map(InputStream::subscribe).collect();
    let ready = poll::poll(&pollables.iter().collect::<Vec<_>>()).len();
    drop(pollables);
    drop(inputs);
    drop(rest);
    Ok(format!(r#"{{"mode":"idle","ready":{ready},"ns":{}}}"#, ns_since(start)))
}

fn hostcalls(count: u64) -> Result<String> {
    let begin = monotonic_clock::now();
    let mut last = begin;
    for _ in 0..count {
        last = monotonic_clock::now();
    }
    Ok(format!(r#"{{"mode":"hostcalls","count":{count},"ns":{}}}"#, last - begin))
}

fn read_line(input: &InputStream) -> Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        line.extend(input.blocking_read(1).map_err(explain)?);
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

fn explain(e: StreamError) -> Box<dyn Error> {
    match e {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(e) => e.to_debug_string().into(),
    }
}

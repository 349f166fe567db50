//! Sockets of WASI 0.3, without TLS.
//!
//! ```text
//! net-p3 lookup NAME                 prints each address
//!   connect HOST PORT TEXT           sends TEXT, ends its half, prints the reply
//!   serve ADDRESS PORT COUNT         prints `listening PORT`, echoes COUNT connections, which may
//!                                    all be open at once
//!   udp HOST PORT TEXT               sends TEXT in a datagram, prints the answer
//!   abandon PORT                     gives up what waits on the listener at PORT of 127.0.0.1
//!   leave PORT                       returns while a connection to PORT of 127.0.0.1 is read
//!   later MS                         returns, and prints `later` after that time
//!   rules PORT                       prints what sockets answer in each state; PORT of 127.0.0.1
//!                                    listens
//! ```
//! Errors go to stderr, and the exit is 1.

mod rules;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures::future::{join, join_all};
use wasi_tls_client_p3::address::{self, family, from_wasi, to_wasi};
use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::sys::sockets::ip_name_lookup::resolve_addresses;
use wasi_tls_client_p3::sys::sockets::types::{ErrorCode, IpAddressFamily, TcpSocket, UdpSocket};
use wasi_tls_client_p3::{TcpStream, resolve, sleep, spawn_local, within};

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let words = cli::arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = Output::stdout();
    if let Err(e) = run(&words, &mut out).await {
        cli::complain(&format!("net-p3: {e}")).await;
        return Err(());
    }
    out.close().await.map_err(|_| ())
}

async fn run(words: &[&str], out: &mut Output) -> io::Result<()> {
    match words {
        ["lookup", name] => lookup(name, out).await,
        ["connect", host, port, text] => {
            let mut tcp = TcpStream::connect(host, number(port)?).await?;
            tcp.writer.write_all(text.as_bytes().to_vec()).await?;
            tcp.writer.finish().await?;
            let reply = tcp.reader.read_to_end().await?;
            out.line(&String::from_utf8_lossy(&reply)).await?;
            tcp.reader.finish().await
        }
        ["serve", address, port, count] => {
            let address = address.parse::<IpAddr>().map_err(io::Error::other)?;
            serve(SocketAddr::new(address, number(port)?), number(count)?, out).await
        }
        ["udp", host, port, text] => {
            let reply = exchange(host, number(port)?, text.as_bytes()).await?;
            out.line(&String::from_utf8_lossy(&reply)).await
        }
        ["abandon", port] => abandon(number(port)?, out).await,
        ["leave", port] => {
            let mut tcp = TcpStream::connect("127.0.0.1", number(port)?).await?;
            spawn_local(async move {
                let _ = tcp.reader.read_to_end().await;
            });
            Ok(())
        }
        ["later", ms] => {
            let ms = number(ms)?;
            spawn_local(async move {
                sleep(Duration::from_millis(ms)).await;
                let mut out = Output::stdout();
                if out.line("later").await.is_ok() {
                    let _ = out.close().await;
                }
            });
            Ok(())
        }
        ["rules", port] => {
            let to = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), number(port)?);
            for line in rules::all(to).await {
                out.line(&line).await?;
            }
            Ok(())
        }
        _ => Err(io::Error::other("unknown words")),
    }
}

async fn lookup(name: &str, out: &mut Output) -> io::Result<()> {
    for found in resolve_addresses(name.into()).await.map_err(io::Error::other)? {
        out.line(&address::ip(found).to_string()).await?;
    }
    Ok(())
}

async fn serve(on: SocketAddr, count: usize, out: &mut Output) -> io::Result<()> {
    let listener = TcpSocket::create(family(on)).map_err(io::Error::other)?;
    listener.bind(to_wasi(on)).map_err(io::Error::other)?;
    let mut connections = listener.listen().map_err(io::Error::other)?;
    let at = listener.get_local_address().map_err(io::Error::other)?;
    out.line(&format!("listening {}", from_wasi(at).port())).await?;
    let mut echoes = Vec::new();
    for _ in 0..count {
        let Some(socket) = connections.next().await else { break };
        echoes.push(echo(socket));
    }
    for ended in join_all(echoes).await {
        ended.map_err(io::Error::other)?;
    }
    Ok(())
}

/// Sends back what comes, without looking at it.
async fn echo(socket: TcpSocket) -> Result<(), ErrorCode> {
    let (incoming, received) = socket.receive();
    let sent = socket.send(incoming);
    drop(socket);
    let (received, sent) = join(received.into_future(), sent.into_future()).await;
    received.and(sent)
}

async fn exchange(host: &str, port: u16, data: &[u8]) -> io::Result<Vec<u8>> {
    let found = resolve(host, port).await?;
    let socket = UdpSocket::create(family(found[0])).map_err(io::Error::other)?;
    let to = to_wasi(found[0]);
    socket.send(data.to_vec(), Some(to)).await.map_err(io::Error::other)?;
    let (reply, from) = socket.receive().await.map_err(io::Error::other)?;
    if from_wasi(from) != found[0] {
        return Err(io::Error::other("answer of somebody else"));
    }
    Ok(reply)
}

/// Drops everything that waits: a connection's stream, a listener's, and a datagram's receiver.
async fn abandon(port: u16, out: &mut Output) -> io::Result<()> {
    let mut tcp = TcpStream::connect("127.0.0.1", port).await?;
    let limit = Some(Duration::from_millis(20));
    let mut buf = Vec::with_capacity(100);
    let read = within(limit, "read", tcp.reader.read(&mut buf)).await;
    out.line(&format!("read {}", timed_out(&read))).await?;

    let any = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0);
    let listener = TcpSocket::create(IpAddressFamily::Ipv4).map_err(io::Error::other)?;
    listener.bind(to_wasi(any)).map_err(io::Error::other)?;
    let mut connections = listener.listen().map_err(io::Error::other)?;
    let accept = within(limit, "accept", async { Ok(connections.next().await.is_some()) }).await;
    out.line(&format!("accept {}", timed_out(&accept))).await?;

    let udp = UdpSocket::create(IpAddressFamily::Ipv4).map_err(io::Error::other)?;
    udp.bind(to_wasi(any)).map_err(io::Error::other)?;
    let receive = within(limit, "receive", async { Ok(udp.receive().await) }).await;
    out.line(&format!("receive {}", timed_out(&receive))).await?;
    sleep(Duration::from_millis(1)).await;
    Ok(())
}

fn timed_out<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(e) if e.kind() == io::ErrorKind::TimedOut)
}

fn number<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
) -> io::Result<T> {
    text.parse().map_err(io::Error::other)
}

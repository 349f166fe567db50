//! What sockets answer in each state.

use std::fmt::Debug;
use std::net::{IpAddr, SocketAddr};

use wasi_tls_client_p3::address::to_wasi;
use wasi_tls_client_p3::sys;
use wasi_tls_client_p3::sys::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, TcpSocket, UdpSocket,
};

/// The lines, `NAME: ok` or `NAME: CODE`.
pub async fn all(peer: SocketAddr) -> Vec<String> {
    let mut lines = Vec::new();
    unconnected(&mut lines).await;
    connected(&mut lines, peer).await;
    listening(&mut lines);
    datagrams(&mut lines, peer).await;
    lines
}

fn say<T>(lines: &mut Vec<String>, name: &str, result: Result<T, ErrorCode>) {
    lines.push(match result {
        Ok(_) => format!("{name}: ok"),
        Err(e) => format!("{name}: {}", code(&e)),
    });
}

fn code(e: &impl Debug) -> String {
    let text = format!("{e:?}");
    text.rsplit("::").next().unwrap_or_default().to_string()
}

fn v4(port: u16) -> IpSocketAddress {
    to_wasi(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port))
}

fn v6(port: u16) -> IpSocketAddress {
    to_wasi(SocketAddr::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), port))
}

fn any(port: u16) -> IpSocketAddress {
    to_wasi(SocketAddr::new(IpAddr::from([0, 0, 0, 0]), port))
}

fn tcp() -> TcpSocket {
    TcpSocket::create(IpAddressFamily::Ipv4).unwrap()
}

async fn unconnected(lines: &mut Vec<String>) {
    let s = tcp();
    say(lines, "local address of an unbound socket", s.get_local_address());
    say(lines, "remote address of an unbound socket", s.get_remote_address());
    say(lines, "bind to another family", s.bind(v6(0)));
    say(lines, "bind", s.bind(v4(0)));
    say(lines, "bind twice", s.bind(v4(0)));
    say(lines, "local address", s.get_local_address());
    let (mut incoming, received) = s.receive();
    lines.push(format!("stream before connect: {}", incoming.next().await.is_none()));
    say(lines, "receive before connect", received.await);
    let (writer, outgoing) = sys::bytes();
    say(lines, "send before connect", s.send(outgoing).await);
    drop(writer);
    say(lines, "connect to another family", s.connect(v6(1)).await);
    say(lines, "connect to port 0", s.connect(v4(0)).await);
    say(lines, "connect to any", s.connect(any(1)).await);
    say(lines, "backlog of 0", s.set_listen_backlog_size(0));
    say(lines, "hop limit of 0", s.set_hop_limit(0));
    say(lines, "hop limit", s.set_hop_limit(42));
    lines.push(format!("hop limit is {:?}", s.get_hop_limit().ok()));
    say(lines, "keep alive", s.set_keep_alive_enabled(true));
    lines.push(format!("keep alive is {:?}", s.get_keep_alive_enabled().ok()));
    lines.push(format!("family is {}", code(&s.get_address_family())));
}

async fn connected(lines: &mut Vec<String>, peer: SocketAddr) {
    let s = tcp();
    say(lines, "connect", s.connect(to_wasi(peer)).await);
    say(lines, "connect twice", s.connect(to_wasi(peer)).await);
    say(lines, "listen when connected", s.listen());
    say(lines, "remote address", s.get_remote_address());
    let (writer, outgoing) = sys::bytes();
    let sent = s.send(outgoing);
    let (_, again) = sys::bytes();
    say(lines, "send twice", s.send(again).await);
    let (incoming, received) = s.receive();
    let (_, twice) = s.receive();
    say(lines, "receive twice", twice.await);
    drop(incoming);
    say(lines, "receive given up", received.await);
    drop(writer);
    say(lines, "send nothing", sent.await);
    let refused = tcp();
    say(lines, "connect to nobody", refused.connect(v4(1)).await);
    say(lines, "connect after a failure", refused.connect(to_wasi(peer)).await);
}

fn listening(lines: &mut Vec<String>) {
    let s = tcp();
    lines.push(format!("is listening: {}", s.get_is_listening()));
    let connections = s.listen();
    lines.push(format!("listen unbound: {}", connections.is_ok()));
    lines.push(format!("is listening: {}", s.get_is_listening()));
    say(lines, "listen twice", s.listen());
}

async fn datagrams(lines: &mut Vec<String>, peer: SocketAddr) {
    let s = UdpSocket::create(IpAddressFamily::Ipv4).unwrap();
    say(lines, "udp receive unbound", s.receive().await);
    say(lines, "udp disconnect unconnected", s.disconnect());
    say(lines, "udp send to nobody", s.send(vec![1], None).await);
    say(lines, "udp send to another family", s.send(vec![1], Some(v6(1))).await);
    say(lines, "udp connect", s.connect(to_wasi(peer)));
    say(lines, "udp remote address", s.get_remote_address());
    say(lines, "udp local address", s.get_local_address());
    say(lines, "udp send elsewhere", s.send(vec![1], Some(v4(1))).await);
    say(lines, "udp send too much", s.send(vec![1; 70_000], None).await);
    say(lines, "udp disconnect", s.disconnect());
    say(lines, "udp remote address", s.get_remote_address());
    say(lines, "udp bind when bound", s.bind(v4(0)));
}

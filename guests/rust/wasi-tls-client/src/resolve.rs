use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use crate::error::{failure, from_code};
use crate::sys::sockets::instance_network::instance_network;
use crate::sys::sockets::ip_name_lookup::resolve_addresses;
use crate::sys::sockets::network::{self, ErrorCode};
use crate::wait::Deadline;

/// The addresses of a host name or of a literal address, with or without the brackets of a URL,
/// in the host's order of preference. Never empty.
pub fn resolve(host: &str, port: u16, timeout: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
    resolve_until(host, port, Deadline::after(timeout))
}

pub(crate) fn resolve_until(
    host: &str,
    port: u16,
    deadline: Deadline,
) -> io::Result<Vec<SocketAddr>> {
    let host = unbracketed(host);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let failed = |code| from_code("name lookup", code);
    let names = resolve_addresses(&instance_network(), host).map_err(failed)?;
    let mut found = Vec::new();
    loop {
        match names.resolve_next_address() {
            Ok(Some(ip)) => found.push(SocketAddr::new(to_std(ip), port)),
            Ok(None) if found.is_empty() => {
                return Err(failure(io::ErrorKind::NotFound, "name lookup", "no address"));
            }
            Ok(None) => return Ok(found),
            Err(ErrorCode::WouldBlock) => deadline.wait(&names.subscribe(), "name lookup")?,
            Err(code) => return Err(failed(code)),
        }
    }
}

/// A host as a name: without the brackets that a URL puts around an IPv6 address.
pub(crate) fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

fn to_std(ip: network::IpAddress) -> IpAddr {
    match ip {
        network::IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        network::IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
            Ipv6Addr::new(a, b, c, d, e, f, g, h).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_addresses_need_no_lookup() {
        for (host, want) in [("127.0.0.1", "127.0.0.1:9"), ("::1", "[::1]:9"), ("[::1]", "[::1]:9")]
        {
            let found = resolve(host, 9, None).unwrap();
            assert_eq!(found, [want.parse().unwrap()], "{host}");
        }
    }

    #[test]
    fn only_a_pair_of_brackets_goes() {
        for (host, want) in [("[::1]", "::1"), ("[::1", "[::1"), ("a]", "a]"), ("a", "a")] {
            assert_eq!(unbracketed(host), want);
        }
    }
}

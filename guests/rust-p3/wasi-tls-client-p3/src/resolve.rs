use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::address;
use crate::error::{failure, from_lookup};
use crate::sys::sockets::ip_name_lookup::resolve_addresses;

/// The addresses of a host name or of a literal address, with or without the brackets of a URL,
/// in the host's order of preference. Never empty.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let host = unbracketed(host);
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let found = resolve_addresses(host.into()).await.map_err(from_lookup)?;
    if found.is_empty() {
        return Err(failure(io::ErrorKind::NotFound, "name lookup", "no address"));
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(address::ip(ip), port)).collect())
}

/// A host as a name: without the brackets that a URL puts around an IPv6 address.
pub(crate) fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_pair_of_brackets_goes() {
        for (host, want) in [("[::1]", "::1"), ("[::1", "[::1"), ("a]", "a]"), ("a", "a")] {
            assert_eq!(unbracketed(host), want);
        }
    }
}

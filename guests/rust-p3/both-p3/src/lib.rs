//! A guest of WASI 0.3 that imports WASI 0.2 as well: what one version gives, the other has.
//!
//! ```text
//! both-p3 HOST PORT    looks HOST up in 0.2, prints that in 0.2, and connects to what was found in
//!                      0.3; prints that in 0.3
//! ```

use std::net::{IpAddr, SocketAddr};

use wasi_tls_client_p3::cli::Output;
use wasi_tls_client_p3::{TcpStream, cli};

mod p2 {
    wit_bindgen::generate!({
        path: [
            "../../../wit/wasi-io@0.2.12",
            "../../../wit/wasi-clocks@0.2.12",
            "../../../wit/wasi-random@0.2.12",
            "../../../wit/wasi-filesystem@0.2.12",
            "../../../wit/wasi-sockets@0.2.12",
            "../../../wit/wasi-cli@0.2.12",
        ],
        inline: "
            package wasitls:both;
            world both {
                import wasi:cli/environment@0.2.12;
                import wasi:cli/stdout@0.2.12;
                import wasi:sockets/instance-network@0.2.12;
                import wasi:sockets/ip-name-lookup@0.2.12;
            }
        ",
        world: "wasitls:both/both",
        generate_all,
    });
}

use p2::wasi::cli::{environment, stdout};
use p2::wasi::sockets::network::IpAddress;
use p2::wasi::sockets::{instance_network, ip_name_lookup};

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let words = environment::get_arguments();
    if words.len() != 3 || words[1..] != cli::arguments()[..] {
        return Err(());
    }
    let port = words[2].parse().map_err(|_| ())?;
    let at = lookup(&words[1])?;
    stdout::get_stdout()
        .blocking_write_and_flush(format!("0.2 found {at}\n").as_bytes())
        .map_err(|_| ())?;
    let mut out = Output::stdout();
    let line = match TcpStream::connect_addr(SocketAddr::new(at, port)).await {
        Ok(_) => "0.3 connected".to_string(),
        Err(e) => format!("0.3: {e}"),
    };
    out.line(&line).await.map_err(|_| ())?;
    out.close().await.map_err(|_| ())
}

/// The first IPv4 address of a name.
fn lookup(name: &str) -> Result<IpAddr, ()> {
    let network = instance_network::instance_network();
    let found = ip_name_lookup::resolve_addresses(&network, name).map_err(|_| ())?;
    found.subscribe().block();
    while let Some(address) = found.resolve_next_address().map_err(|_| ())? {
        if let IpAddress::Ipv4((a, b, c, d)) = address {
            return Ok(IpAddr::from([a, b, c, d]));
        }
    }
    Err(())
}

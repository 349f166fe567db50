//! `with_ureq URL`: a request with ureq, through the host's TLS.

use std::time::Duration;

fn main() -> Result<(), ureq::Error> {
    let url = std::env::args().nth(1).ok_or(ureq::Error::HostNotFound)?;
    let config =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(20))).build();
    let agent = wasi_tls_client::ureq::agent(config);
    println!("{}", agent.get(&url).call()?.body_mut().read_to_string()?);
    Ok(())
}

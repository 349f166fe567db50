//! `tlspump-p3 HOST:PORT SERVERNAME [--bytes N] [--chunk N]`: TLS of which every byte, on either
//! side of it, passes through the guest.
//!
//! It makes some exchanges with the peer of tlscheck-p3, all at the same time, and prints a line
//! `NAME ok|FAIL DETAIL` for each. The exit is 0 if all went well and 1 if not.

mod exchange;
mod options;
mod pump;
mod tunnel;

use std::time::Duration;

use futures::future::join_all;
use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::within;

use options::Options;

/// No exchange may take longer.
const EXCHANGE: Option<Duration> = Some(Duration::from_secs(45));

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let options = match Options::parse(cli::arguments().into_iter()) {
        Ok(options) => options,
        Err(e) => {
            cli::complain(&format!("tlspump-p3: {e}")).await;
            return Err(());
        }
    };
    let runs = exchange::all(&options).into_iter().map(|(name, work)| async move {
        let done = within(EXCHANGE, "exchange", async { Ok(work.await) }).await;
        (name, done.unwrap_or_else(|_| Err(format!("not done after {EXCHANGE:?}"))))
    });
    let mut out = Output::stdout();
    let mut failed = 0;
    for (name, verdict) in join_all(runs).await {
        failed += u8::from(verdict.is_err());
        let line = match verdict {
            Ok(detail) => format!("{name} ok {detail}"),
            Err(why) => format!("{name} FAIL {why}"),
        };
        out.line(&line).await.map_err(|_| ())?;
    }
    out.close().await.map_err(|_| ())?;
    // Not by returning: what a failed exchange left behind may be waiting still.
    let _ = cli::exit(u8::from(failed > 0));
    Err(())
}

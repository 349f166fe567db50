//! `pg-query-p3 HOST:PORT SERVERNAME USER DATABASE QUERY`: as pg-query, in WASI 0.3.

#[path = "../../../rust/pg-query/src/options.rs"]
mod options;
#[path = "../../../rust/pg-query/src/protocol.rs"]
mod protocol;
mod random;

use std::io;
use std::time::Duration;

use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::sys::cli::environment::get_environment;
use wasi_tls_client_p3::{TcpStream, TlsStream, within};

use options::Options;
use protocol::Conversation;

wasi_tls_client_p3::command!(main);

/// How long all of it may take.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(30));

/// What is asked for at a time.
const READ: usize = 16 << 10;

async fn main() -> Result<(), ()> {
    let mut out = Output::stdout();
    let password = get_environment().into_iter().find(|(k, _)| k == "PGPASSWORD").map(|(_, v)| v);
    let outcome = match Options::parse(cli::arguments().into_iter(), password) {
        Ok(o) => within(TIMEOUT, "query", run(&o, &mut out))
            .await
            .map_err(|e| format!("{}:{}: {e}", o.host, o.port)),
        Err(e) => Err(e),
    };
    let closed = out.close().await.map_err(|e| e.to_string());
    if let Err(e) = outcome.and(closed) {
        cli::complain(&format!("pg-query-p3: {e}")).await;
        return Err(());
    }
    Ok(())
}

async fn run(options: &Options, out: &mut Output) -> io::Result<()> {
    let mut tls = connect(options).await?;
    let mut talk = Conversation::new(options)?;
    loop {
        let bytes = talk.to_send();
        if !bytes.is_empty() {
            tls.writer.write_all(bytes).await?;
        }
        for row in talk.rows() {
            out.line(&row).await?;
        }
        if let Some(outcome) = talk.outcome() {
            return tls.close().await.and(outcome);
        }
        let mut received = Vec::with_capacity(READ);
        if tls.reader.read(&mut received).await? == 0 {
            // Why a stream has ended is told apart from it, here by `close`.
            tls.close().await?;
            return talk.receive(&[]);
        }
        talk.receive(&received)?;
    }
}

async fn connect(options: &Options) -> io::Result<TlsStream> {
    let mut tcp = TcpStream::connect(&options.host, options.port).await?;
    tcp.writer.write_all(protocol::tls_request()).await?;
    let mut answer = Vec::with_capacity(1);
    tcp.reader.read(&mut answer).await?;
    protocol::agreed(&answer)?;
    TlsStream::over(tcp.reader, tcp.writer, &options.name).await
}

//! `pg-query HOST:PORT SERVERNAME USER DATABASE QUERY`: a query to PostgreSQL over the host's TLS.
//!
//! It asks for TLS in the clear, as PostgreSQL wants it, and hands the same connection over to
//! the host. Rows are printed as `COPY` writes them: a tab between columns, `\N` for NULL. An
//! error of the server goes to stderr with its SQLSTATE, and the exit is 1. The password, if
//! the server asks for one, is the environment's PGPASSWORD.

mod options;
mod protocol;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use options::Options;
use protocol::Conversation;
use wasi_tls_client::{TcpStream, TlsStream};

/// How long each step may take.
const TIMEOUT: Option<Duration> = Some(Duration::from_secs(30));

/// What is asked for at a time.
const READ: usize = 16 << 10;

fn main() -> ExitCode {
    let password = std::env::var("PGPASSWORD").ok();
    let outcome = Options::parse(std::env::args().skip(1), password)
        .and_then(|o| run(&o).map_err(|e| format!("{}:{}: {e}", o.host, o.port)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("pg-query: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut tls = connect(options)?;
    let mut talk = Conversation::new(options)?;
    let mut out = io::stdout().lock();
    let mut buffer = vec![0; READ];
    loop {
        tls.write_all(&talk.to_send())?;
        for row in talk.rows() {
            writeln!(out, "{row}")?;
        }
        if let Some(outcome) = talk.outcome() {
            out.flush()?;
            return tls.close().and(outcome);
        }
        let n = tls.read(&mut buffer)?;
        talk.receive(&buffer[..n])?;
    }
}

fn connect(options: &Options) -> io::Result<TlsStream> {
    let mut tcp = TcpStream::connect(&options.host, options.port, TIMEOUT)?;
    tcp.set_read_timeout(TIMEOUT);
    tcp.set_write_timeout(TIMEOUT);
    tcp.write_all(&protocol::tls_request())?;
    let mut answer = [0];
    let n = tcp.read(&mut answer)?;
    protocol::agreed(&answer[..n])?;
    TlsStream::handshake(tcp, &options.name, TIMEOUT)
}

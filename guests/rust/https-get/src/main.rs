//! `https-get URL [URL...] [OPTION...]`: requests over the host's TLS, with ureq.
//!
//! For each URL it prints `HTTP STATUS` on a line, then the body. Connections are kept alive
//! from one URL to the next. On failure the chain of errors goes to stderr and the exit is 1.

mod options;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use options::Options;
use ureq::Agent;
use ureq::http::Request;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)).and_then(|o| fetch_all(&o)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("https-get: {}", chain(e.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn fetch_all(options: &Options) -> Result<(), Box<dyn Error>> {
    let config = Agent::config_builder()
        .timeout_global(Some(options.timeout))
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .user_agent("https-get")
        .build();
    let agent = wasi_tls_client::ureq::agent(config);
    let mut out = Newlines { inner: io::stdout().lock(), at_start: true };
    for url in &options.urls {
        fetch(&agent, options, url, &mut out).map_err(|e| format!("{url}: {}", chain(&e)))?;
    }
    Ok(out.flush()?)
}

fn fetch(
    agent: &Agent,
    options: &Options,
    url: &str,
    out: &mut Newlines<impl Write>,
) -> Result<(), ureq::Error> {
    let mut request = Request::builder().method(options.method.as_str()).uri(url);
    for (name, value) in &options.headers {
        request = request.header(name, value);
    }
    let reply = match &options.data {
        Some(data) => agent.run(request.body(data.as_str())?)?,
        None => agent.run(request.body(())?)?,
    };
    out.start_line()?;
    writeln!(out, "HTTP {}", reply.status().as_u16())?;
    // The body in full, so that the connection can be used again.
    io::copy(&mut reply.into_body().into_reader(), out)?;
    Ok(())
}

/// The error and its causes, without the repetitions that come of wrapping.
fn chain(e: &dyn Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(c) = cause {
        let part = c.to_string();
        if !text.ends_with(&part) {
            text = format!("{text}: {part}");
        }
        cause = c.source();
    }
    text
}

/// Remembers whether a line has been begun, so that each status starts one.
struct Newlines<W> {
    inner: W,
    at_start: bool,
}

impl<W: Write> Newlines<W> {
    fn start_line(&mut self) -> io::Result<()> {
        if self.at_start { Ok(()) } else { self.write_all(b"\n") }
    }
}

impl<W: Write> Write for Newlines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        if n > 0 {
            self.at_start = bytes[n - 1] == b'\n';
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

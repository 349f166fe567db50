//! `tlscheck-p3`: the checklist for hosts of `wasi:tls@0.3.0-draft`, from inside a guest.
//!
//! ```text
//! tlscheck-p3 HOST:PORT SERVERNAME [OPTION...] [CASE...]
//! tlscheck-p3 --list
//! ```
//! Each case prints a line `NAME ok|FAIL|skip DETAIL`. The exit is 0 if none failed, 1 if one
//! did, 2 for bad usage, 127 for an unknown case. The README tells what peer it needs.

mod cases;
mod check;
mod link;
#[path = "../../../rust/tlscheck/src/options.rs"]
mod options;
mod streams;
mod wires;

use std::io;
use std::time::Duration;

use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::within;

use check::{Case, Check, Kind, Verdict};
use options::Options;

const USAGE: u8 = 2;
const UNKNOWN_CASE: u8 = 127;

/// No case may take longer.
const CASE: Option<Duration> = Some(Duration::from_secs(45));

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let mut out = Output::stdout();
    let code = match run(&mut out).await {
        Ok(code) => code,
        Err(Stop(code, text)) => {
            cli::complain(&format!("tlscheck-p3: {text}")).await;
            code
        }
    };
    let _ = out.close().await;
    // Not by returning: what cases left behind may be waiting still.
    let _ = cli::exit(code);
    Err(())
}

/// Ends the run with a code and a text.
struct Stop(u8, String);

impl From<io::Error> for Stop {
    fn from(e: io::Error) -> Stop {
        Stop(1, e.to_string())
    }
}

async fn run(out: &mut Output) -> Result<u8, Stop> {
    let options = Options::parse(cli::arguments().into_iter()).map_err(|e| Stop(USAGE, e))?;
    if options.list {
        for c in cases::all() {
            out.line(&format!("{} {} {}", c.name, c.kind.word(), c.about)).await?;
        }
        return Ok(0);
    }
    if let Some(name) = &options.trap {
        return must_trap(&options, name, out).await;
    }
    let failed = match options.cases.is_empty() {
        true => run_all(&options, out).await?,
        false => run_named(&options, out).await?,
    };
    Ok(u8::from(failed > 0))
}

async fn run_all(options: &Options, out: &mut Output) -> io::Result<usize> {
    let mut failed = 0;
    for case in cases::all() {
        let reason = match case.kind {
            Kind::Normal => None,
            Kind::Slow if options.slow => None,
            Kind::Slow => Some("slow: name it, or give --slow"),
            Kind::Trap => continue,
        };
        let verdict = match reason {
            Some(reason) => Ok(Verdict::Skip(reason.into())),
            None => verdict(case, options).await,
        };
        failed += usize::from(report(case, verdict, out).await?);
    }
    Ok(failed)
}

async fn run_named(options: &Options, out: &mut Output) -> Result<usize, Stop> {
    // All names first: a typing error should not show after minutes.
    let cases = options.cases.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
    let mut failed = 0;
    for case in cases {
        failed += usize::from(report(case, verdict(case, options).await, out).await?);
    }
    Ok(failed)
}

async fn verdict(case: &Case, options: &Options) -> Check {
    let work = async { Ok((case.run)(options).await) };
    match within(CASE, "case", work).await {
        Ok(verdict) => verdict,
        Err(_) => Err(format!("not done after {CASE:?}")),
    }
}

/// Runs a case in which the host is to trap; coming back is the failure.
async fn must_trap(options: &Options, name: &str, out: &mut Output) -> Result<u8, Stop> {
    let case = find(name)?;
    if !matches!(case.kind, Kind::Trap) {
        return Err(Stop(USAGE, format!("{name} is no case for --trap")));
    }
    let detail = match verdict(case, options).await {
        Ok(Verdict::Skip(reason)) => {
            out.line(&format!("{} skip {reason}", case.name)).await?;
            return Ok(0);
        }
        Ok(Verdict::Ok(_)) => "no trap".to_string(),
        Err(e) => e,
    };
    out.line(&format!("{} FAIL {detail}", case.name)).await?;
    Ok(1)
}

fn find(name: &str) -> Result<&'static Case, Stop> {
    let unknown = || Stop(UNKNOWN_CASE, format!("no case {name}; see --list"));
    cases::all().find(|c| c.name == name).ok_or_else(unknown)
}

/// Prints the verdict and tells whether it is a failure.
async fn report(case: &Case, verdict: Check, out: &mut Output) -> io::Result<bool> {
    let (word, detail) = match &verdict {
        Ok(Verdict::Ok(detail)) => ("ok", detail),
        Ok(Verdict::Skip(reason)) => ("skip", reason),
        Err(reason) => ("FAIL", reason),
    };
    let detail = if detail.is_empty() { case.about } else { detail };
    out.line(&format!("{} {word} {}", case.name, detail.replace('\n', " "))).await?;
    Ok(verdict.is_err())
}

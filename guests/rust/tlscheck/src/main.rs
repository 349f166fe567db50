//! `tlscheck`: the checklist for hosts of `wasi:tls@0.2.0-draft`, from inside a guest.
//!
//! ```text
//! tlscheck HOST:PORT SERVERNAME [OPTION...] [CASE...]
//! tlscheck --list
//! ```
//! Each case prints a line `NAME ok|FAIL|skip DETAIL`. The exit is 0 if none failed, 1 if one
//! did, 2 for bad usage, 127 for an unknown case. The README tells what peer it needs.

mod cases;
mod check;
mod options;
mod peer;
mod streams;

use std::io::Write;

use wasi_tls_client::sys::cli::exit::exit_with_code;

use check::{Case, Kind, Verdict};
use options::Options;

const USAGE: u8 = 2;
const UNKNOWN_CASE: u8 = 127;

fn main() {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(e) => {
            eprintln!("tlscheck: {e}");
            exit(USAGE)
        }
    };
    if options.list {
        cases::all().for_each(|c| println!("{} {} {}", c.name, c.kind.word(), c.about));
        cases::ALIASES.iter().for_each(|(alias, name)| println!("{alias} alias {name}"));
        return;
    }
    if let Some(name) = &options.trap {
        exit(must_trap(&options, name))
    }
    let failed = match options.cases.is_empty() {
        true => run_all(&options),
        false => run_named(&options),
    };
    exit(u8::from(failed > 0))
}

fn run_all(options: &Options) -> usize {
    let mut failed = 0;
    for case in cases::all() {
        let reason = match case.kind {
            Kind::Normal => None,
            Kind::Slow if options.slow => None,
            Kind::Slow => Some("slow: name it, or give --slow"),
            Kind::Alone => Some("a host may trap here: name it in a run of its own"),
            Kind::Trap => continue,
        };
        let verdict = match reason {
            Some(reason) => Ok(Verdict::Skip(reason.into())),
            None => (case.run)(options),
        };
        failed += usize::from(report(case, verdict));
    }
    failed
}

fn run_named(options: &Options) -> usize {
    // All names first: a typing error should not show after minutes.
    let cases: Vec<_> = options.cases.iter().map(|name| find(name)).collect();
    cases.into_iter().filter(|case| report(case, (case.run)(options))).count()
}

/// Runs a case in which the host is to trap; coming back is the failure.
fn must_trap(options: &Options, name: &str) -> u8 {
    let case = find(name);
    if !matches!(case.kind, Kind::Trap | Kind::Alone) {
        eprintln!("tlscheck: {name} is no case for --trap");
        return USAGE;
    }
    let detail = match (case.run)(options) {
        Ok(Verdict::Skip(reason)) => {
            println!("{} skip {reason}", case.name);
            return 0;
        }
        Ok(Verdict::Ok(_)) => "no trap".to_string(),
        Err(e) => e,
    };
    println!("{} FAIL {detail}", case.name);
    1
}

fn find(name: &str) -> &'static Case {
    let name = cases::ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, n)| n);
    cases::all().find(|c| c.name == name).unwrap_or_else(|| {
        eprintln!("tlscheck: no case {name}; see --list");
        exit(UNKNOWN_CASE)
    })
}

/// Prints the verdict and tells whether it is a failure.
fn report(case: &Case, verdict: Result<Verdict, String>) -> bool {
    let (word, detail) = match &verdict {
        Ok(Verdict::Ok(detail)) => ("ok", detail),
        Ok(Verdict::Skip(reason)) => ("skip", reason),
        Err(reason) => ("FAIL", reason),
    };
    let detail = if detail.is_empty() { case.about } else { detail };
    println!("{} {word} {}", case.name, detail.replace('\n', " "));
    verdict.is_err()
}

fn exit(code: u8) -> ! {
    let _ = std::io::stdout().flush();
    exit_with_code(code);
    unreachable!("exit returns")
}

//! The first guest: prints its arguments and environment, echoes stdin, reads and writes
//! files of a preopened directory and ends as told. It touches most of `wasi:cli`,
//! `wasi:clocks`, `wasi:random` and `wasi:filesystem`, nearly all through the standard library.
//!
//! ```text
//! hello [WORD...]           prints `hello` and each argument
//!   args  env  stdin        prints every argument, every variable, a copy of stdin
//!   read=PATH write=PATH list=PATH remove=PATH
//!   clock  random  sleep=MS  err=TEXT
//!   exit=N                  returns N from main; a host sees 0 or 1
//!   code=N                  exits with N through exit-with-code
//!   panic  spin             traps; never ends
//!   grow=MIB                takes that much memory, and traps if it cannot
//! ```
//! Words are done from left to right; an unknown word is greeted.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, io, thread};

use wasi_tls_client::sys::cli::exit::exit_with_code;

fn main() -> ExitCode {
    for word in env::args().skip(1) {
        match run(&word) {
            Ok(None) => {}
            Ok(Some(code)) => return code,
            Err(e) => {
                eprintln!("hello: {word}: {e}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("hello");
    ExitCode::SUCCESS
}

fn run(word: &str) -> io::Result<Option<ExitCode>> {
    let (verb, value) = word.split_once('=').unwrap_or((word, ""));
    match verb {
        "args" => env::args().enumerate().for_each(|(i, a)| println!("arg {i} {a}")),
        "env" => {
            let mut all: Vec<_> = env::vars().collect();
            all.sort();
            all.iter().for_each(|(k, v)| println!("env {k}={v}"));
        }
        "stdin" => {
            let mut all = Vec::new();
            let n = io::stdin().read_to_end(&mut all)?;
            println!("stdin {n}");
            io::stdout().write_all(&all)?;
        }
        "read" => println!("read {}", fs::read_to_string(value)?),
        "write" => {
            fs::write(value, "written by hello\n")?;
            println!("wrote {} bytes", fs::metadata(value)?.len());
        }
        "list" => {
            let mut names = fs::read_dir(value)?
                .map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned()))
                .collect::<io::Result<Vec<_>>>()?;
            names.sort();
            println!("list {}", names.join(" "));
        }
        "remove" => fs::remove_file(value)?,
        "clock" => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
            println!("clock {}", since.as_secs());
        }
        "random" => {
            use std::hash::{BuildHasher, RandomState};
            println!("random {:016x}", RandomState::new().hash_one(0));
        }
        "sleep" => {
            let asked = Duration::from_millis(value.parse().map_err(io::Error::other)?);
            let start = Instant::now();
            thread::sleep(asked);
            println!("slept {}", start.elapsed() >= asked);
        }
        "err" => eprintln!("{value}"),
        "exit" => return Ok(Some(ExitCode::from(value.parse::<u8>().map_err(io::Error::other)?))),
        "code" => exit_with_code(value.parse().map_err(io::Error::other)?),
        "panic" => panic!("told to panic"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "grow" => {
            let mib: usize = value.parse().map_err(io::Error::other)?;
            let bytes = vec![1u8; mib << 20];
            println!("grew {}", std::hint::black_box(bytes).len());
        }
        _ => println!("hello {word}"),
    }
    Ok(None)
}

//! The first guest of WASI 0.3: prints its arguments and environment, echoes stdin, reads and
//! writes files of a preopened directory, waits and ends as told.
//!
//! ```text
//! hello-p3 [WORD...]        prints `hello` and each argument
//!   args  env  cwd          prints every argument, every variable, the initial directory
//!   stdin                   prints the number of bytes and a copy of them
//!   read=PATH write=PATH append=PATH list=PATH stat=PATH remove=PATH mkdir=PATH
//!   clock  random  sleep=MS err=TEXT
//!   many=N                  N waits of 50 ms at once
//!   race=MS                 drops a wait of MS when one of 20 ms is over
//!   exit=N                  returns ok for 0 and err for anything else
//!   code=N                  exits with N through exit-with-code
//!   panic  spin             traps; never ends
//!   grow=MIB                takes that much memory, and traps if it cannot
//! ```
//! Words are done from left to right; an unknown word is greeted.

mod files;

use std::io;
use std::time::Duration;

use futures::future::join_all;
use wasi_tls_client_p3::cli::{self, Output};
use wasi_tls_client_p3::sys::cli::environment::{get_arguments, get_environment, get_initial_cwd};
use wasi_tls_client_p3::sys::clocks::system_clock;
use wasi_tls_client_p3::sys::random::random::{get_random_bytes, get_random_u64};
use wasi_tls_client_p3::{Instant, sleep, within};

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    let mut out = Output::stdout();
    let mut good = true;
    for word in cli::arguments() {
        match run(&word, &mut out).await {
            Ok(None) => {}
            Ok(Some(code)) => return end(out, code == 0).await,
            Err(e) => {
                cli::complain(&format!("hello-p3: {word}: {e}")).await;
                good = false;
                break;
            }
        }
    }
    if good {
        good = out.line("hello").await.is_ok();
    }
    end(out, good).await
}

async fn end(out: Output, good: bool) -> Result<(), ()> {
    out.close().await.map_err(|_| ())?;
    if good { Ok(()) } else { Err(()) }
}

/// Does one word. A number is the end.
async fn run(word: &str, out: &mut Output) -> io::Result<Option<u8>> {
    let (verb, value) = word.split_once('=').unwrap_or((word, ""));
    let line = match verb {
        "args" => {
            let all = get_arguments();
            let lines = all.iter().enumerate().map(|(i, a)| format!("arg {i} {a}"));
            lines.collect::<Vec<_>>().join("\n")
        }
        "env" => {
            let mut all = get_environment();
            all.sort();
            all.iter().map(|(k, v)| format!("env {k}={v}")).collect::<Vec<_>>().join("\n")
        }
        "cwd" => format!("cwd {}", get_initial_cwd().unwrap_or_default()),
        "stdin" => {
            let mut input = cli::input();
            let all = input.read_to_end().await?;
            input.finish().await?;
            out.line(&format!("stdin {}", all.len())).await?;
            out.write(all).await?;
            return Ok(None);
        }
        "read" => format!("read {}", String::from_utf8_lossy(&files::read(value).await?)),
        "write" => format!("wrote {} bytes", files::write(value, b"written by hello\n").await?),
        "append" => format!("has {} bytes", files::append(value, b"and more\n").await?),
        "list" => format!("list {}", files::list(value).await?.join(" ")),
        "stat" => files::stat(value).await?,
        "mkdir" => files::make_directory(value).await.map(|()| format!("made {value}"))?,
        "remove" => return files::remove(value).await.map(|()| None),
        "clock" => format!("clock {}", system_clock::now().seconds),
        "random" => {
            let n = get_random_bytes(16).len();
            format!("random {:016x} and {} more bytes", get_random_u64(), n)
        }
        "sleep" => {
            let asked = Duration::from_millis(number(value)?);
            let start = Instant::now();
            sleep(asked).await;
            format!("slept {}", start.elapsed() >= asked)
        }
        "many" => many(number(value)?).await,
        "race" => race(number(value)?).await,
        "err" => {
            cli::complain(value).await;
            return Ok(None);
        }
        "exit" => return Ok(Some(number(value)?)),
        "code" => return Err(cli::exit(number(value)?)),
        "panic" => panic!("told to panic"),
        "spin" => loop {
            std::hint::spin_loop();
        },
        "grow" => {
            let bytes = vec![1u8; number::<usize>(value)? << 20];
            format!("grew {}", std::hint::black_box(bytes).len())
        }
        _ => format!("hello {word}"),
    };
    out.line(&line).await.map(|()| None)
}

/// Waits that begin together end together, however many they are.
async fn many(n: usize) -> String {
    let (one, start) = (Duration::from_millis(50), Instant::now());
    join_all((0..n).map(|_| sleep(one))).await;
    let took = start.elapsed();
    format!("waited {n} at once {}", took >= one && took < one * 20)
}

async fn race(ms: u64) -> String {
    let long = async {
        sleep(Duration::from_millis(ms)).await;
        Ok(())
    };
    match within(Some(Duration::from_millis(20)), "race", long).await {
        Ok(()) => "the wait won".into(),
        Err(_) => "the wait was cancelled".into(),
    }
}

fn number<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
) -> io::Result<T> {
    text.parse().map_err(io::Error::other)
}

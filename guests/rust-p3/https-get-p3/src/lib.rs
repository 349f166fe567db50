//! `https-get-p3 URL [URL...] [OPTION...]`: requests over the host's TLS, in WASI 0.3.
//!
//! For each URL, in their order, it prints `HTTP STATUS` on a line, then the body. URLs of
//! different servers are fetched at the same time, those of one server one after the other on a
//! connection that is kept alive. On failure the chain of errors goes to stderr and the exit
//! is 1.

mod connection;
mod fetch;
#[path = "../../../rust/https-get/src/options.rs"]
mod options;

use std::error::Error;

use futures::future::join_all;
use wasi_tls_client_p3::cli::{self, Output};

use fetch::{Numbered, Reply, Target, fetch_all};
use options::Options;

wasi_tls_client_p3::command!(main);

async fn main() -> Result<(), ()> {
    match Options::parse(cli::arguments().into_iter()) {
        Ok(options) => run(&options).await,
        Err(e) => {
            cli::complain(&format!("https-get-p3: {e}")).await;
            Err(())
        }
    }
}

async fn run(options: &Options) -> Result<(), ()> {
    let groups = join_all(by_server(options).into_iter().map(|g| fetch_all(options, g))).await;
    let mut replies: Vec<_> = groups.into_iter().flatten().collect();
    replies.sort_by_key(|(index, _)| *index);
    let mut out = Output::stdout();
    let mut at_start = true;
    for (index, reply) in replies {
        let failed = match reply {
            Ok(reply) => print(&mut out, &mut at_start, reply).await.err().map(|e| e.to_string()),
            Err(e) => Some(format!("{}: {}", options.urls[index], chain(e.as_ref()))),
        };
        if let Some(text) = failed {
            let _ = out.close().await;
            cli::complain(&format!("https-get-p3: {text}")).await;
            return Err(());
        }
    }
    out.close().await.map_err(|_| ())
}

/// The URLs, each with its place, by the server that they name.
fn by_server(options: &Options) -> Vec<Vec<Numbered<'_>>> {
    let mut groups: Vec<(Option<Target>, Vec<Numbered>)> = Vec::new();
    for (index, url) in options.urls.iter().enumerate() {
        // What is no URL is told when its turn comes.
        let server = Target::parse(url).ok();
        let known = server.as_ref().and_then(|s| {
            groups.iter_mut().find(|(other, _)| other.as_ref().is_some_and(|o| o.same_server(s)))
        });
        match known {
            Some((_, urls)) => urls.push((index, url)),
            None => groups.push((server, vec![(index, url)])),
        }
    }
    groups.into_iter().map(|(_, urls)| urls).collect()
}

/// Prints a reply on lines of its own.
async fn print(out: &mut Output, at_start: &mut bool, reply: Reply) -> std::io::Result<()> {
    if !*at_start {
        out.write("\n").await?;
    }
    out.line(&format!("HTTP {}", reply.status)).await?;
    *at_start = reply.body.last().is_none_or(|b| *b == b'\n');
    out.write(reply.body).await
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

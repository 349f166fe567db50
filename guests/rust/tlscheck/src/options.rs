//! The command line, of tlscheck-p3 too.

use std::time::Duration;

const USAGE: &str = concat!(
    "usage: ",
    env!("CARGO_PKG_NAME"),
    " HOST:PORT SERVERNAME [--mute HOST:PORT] [--plain HOST:PORT] [--drop HOST:PORT] \
     [--untrusted HOST:PORT] [--wrong NAME] [--slow] [--trap CASE | CASE...], or ",
    env!("CARGO_PKG_NAME"),
    " --list"
);

/// No single step of a case may take longer.
pub const STEP: Duration = Duration::from_secs(10);

#[derive(Default)]
pub struct Options {
    pub list: bool,
    pub slow: bool,
    pub trap: Option<String>,
    pub cases: Vec<String>,
    /// The peer and the name in its certificate.
    pub peer: String,
    pub name: String,
    /// A name that is not in it.
    pub wrong: String,
    /// Peers that are no good TLS servers; see the README.
    pub mute: Option<String>,
    pub plain: Option<String>,
    pub drop: Option<String>,
    pub untrusted: Option<String>,
}

impl Options {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut o = Options { wrong: "wrong.example".into(), ..Options::default() };
        let mut plain = Vec::new();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--list" => o.list = true,
                "--slow" => o.slow = true,
                "--trap" => o.trap = Some(value()?),
                "--wrong" => o.wrong = value()?,
                "--mute" => o.mute = Some(value()?),
                "--plain" => o.plain = Some(value()?),
                "--drop" => o.drop = Some(value()?),
                "--untrusted" => o.untrusted = Some(value()?),
                w if w.starts_with("--") => return Err(format!("unknown option {w}; {USAGE}")),
                _ => plain.push(word),
            }
        }
        if o.list {
            return Ok(o);
        }
        let mut plain = plain.into_iter();
        (o.peer, o.name) = plain.next().zip(plain.next()).ok_or(USAGE)?;
        o.cases = plain.collect();
        Ok(o)
    }
}

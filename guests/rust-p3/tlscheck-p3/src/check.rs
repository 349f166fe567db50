//! What a case is, and the small words that cases are written in.

use futures::future::LocalBoxFuture;

use crate::options::Options;

/// What a case does.
pub type Run = for<'a> fn(&'a Options) -> LocalBoxFuture<'a, Check>;

/// An error is the failed expectation in words.
pub type Check<T = Verdict> = Result<T, String>;

pub enum Verdict {
    /// With what was seen, or nothing to say.
    Ok(String),
    /// With the reason.
    Skip(String),
}

#[derive(Clone, Copy)]
pub enum Kind {
    Normal,
    /// Takes seconds by its nature.
    Slow,
    /// The host must trap: only run by `--trap`.
    Trap,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Normal => "run",
            Kind::Slow => "slow",
            Kind::Trap => "trap",
        }
    }
}

pub struct Case {
    pub name: &'static str,
    pub kind: Kind,
    pub about: &'static str,
    pub run: Run,
}

/// A case from an async function of the options.
macro_rules! case {
    ($name:literal, $kind:expr, $about:literal, $run:path) => {
        $crate::check::Case {
            name: $name,
            kind: $kind,
            about: $about,
            run: |options| Box::pin($run(options)),
        }
    };
}
pub(crate) use case;

pub fn ok() -> Check {
    Ok(Verdict::Ok(String::new()))
}

pub fn saw(what: impl Into<String>) -> Check {
    Ok(Verdict::Ok(what.into()))
}

pub fn skip(reason: impl Into<String>) -> Check {
    Ok(Verdict::Skip(reason.into()))
}

/// Fails with the text unless the condition holds.
pub fn expect(condition: bool, otherwise: impl FnOnce() -> String) -> Check<()> {
    if condition { Ok(()) } else { Err(otherwise()) }
}

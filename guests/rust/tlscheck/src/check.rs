//! What a case is, and the small words that cases are written in.

use crate::options::Options;

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
    /// Well-behaved hosts differ, and some trap: only run when named.
    Alone,
    /// The host must trap: only run by `--trap`.
    Trap,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Normal => "run",
            Kind::Slow => "slow",
            Kind::Alone => "alone",
            Kind::Trap => "trap",
        }
    }
}

pub struct Case {
    pub name: &'static str,
    pub kind: Kind,
    pub about: &'static str,
    pub run: fn(&Options) -> Check,
}

pub const fn case(
    name: &'static str,
    kind: Kind,
    about: &'static str,
    run: fn(&Options) -> Check,
) -> Case {
    Case { name, kind, about, run }
}

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

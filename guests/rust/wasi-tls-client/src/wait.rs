use std::io;
use std::time::Duration;

use crate::error::timed_out;
use crate::sys::clocks::monotonic_clock::{self, Instant};
use crate::sys::io::poll::{self, Pollable};

/// The moment at which an operation gives up; none means never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    pub(crate) fn after(timeout: Option<Duration>) -> Deadline {
        Deadline(timeout.map(|t| {
            let t = u64::try_from(t.as_nanos()).unwrap_or(u64::MAX);
            monotonic_clock::now().saturating_add(t)
        }))
    }

    /// Waits until `p` is ready.
    pub(crate) fn wait(self, p: &Pollable, operation: &'static str) -> io::Result<()> {
        let Some(when) = self.0 else {
            p.block();
            return Ok(());
        };
        let clock = monotonic_clock::subscribe_instant(when);
        if poll::poll(&[p, &clock]).contains(&0) {
            return Ok(());
        }
        Err(timed_out(operation))
    }

    /// The time left, for interfaces that want a duration.
    #[cfg(feature = "ureq")]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|when| Duration::from_nanos(when.saturating_sub(monotonic_clock::now())))
    }
}

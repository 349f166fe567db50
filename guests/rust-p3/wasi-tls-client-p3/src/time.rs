use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};

use crate::error::timed_out;
use crate::sys::clocks::monotonic_clock::{now, wait_for};

/// Waits for that long.
pub async fn sleep(time: Duration) {
    wait_for(nanoseconds(time)).await
}

/// Does the work, or gives it up when the time is over; none waits for ever. The error of kind
/// `TimedOut` names the operation.
pub async fn within<T>(
    limit: Option<Duration>,
    operation: &'static str,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let Some(limit) = limit else { return work.await };
    match select(pin!(work), pin!(sleep(limit))).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(timed_out(operation)),
    }
}

/// A moment on the host's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    pub fn now() -> Instant {
        Instant(now())
    }

    pub fn elapsed(self) -> Duration {
        Duration::from_nanos(now().saturating_sub(self.0))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

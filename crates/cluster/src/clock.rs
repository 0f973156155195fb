//! The time of day: what is told and what is kept across restarts. Intervals are measured by tokio's clock.

use std::time::SystemTime;

use euca_wire::DateTime;

/// Something that knows the time of day.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> DateTime;
}

/// The clock of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        DateTime::from_unix(i64::try_from(now).unwrap_or(i64::MAX))
    }
}

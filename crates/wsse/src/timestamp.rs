//! wsu:Timestamp: never sent, because originals refuse it, but accepted and checked (S7).
//!
//! It is checked whether it is signed or not. A message without any Timestamp is as good as one with a valid
//! one, so an unsigned Timestamp can only make a message refused, never accepted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ns;
use crate::refusal::Refusal;
use crate::xml::{Binding, Tokens};

/// A Timestamp as its sender wrote it.
#[derive(Debug)]
pub(crate) struct Timestamp<'a> {
    pub xml: &'a str,
    pub id: Option<&'a str>,
    /// What it inherits.
    pub scope: Vec<Binding<'a>>,
    /// Seconds since the epoch.
    created: Option<i64>,
    expires: Option<i64>,
}

impl Timestamp<'_> {
    /// Whether now is between creation and expiry, give or take `skew`.
    pub fn check(&self, now: SystemTime, skew: Duration) -> Result<(), Refusal> {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let now = now.duration_since(UNIX_EPOCH).map_or(0, seconds);
        let skew = seconds(skew);
        if self.created.is_some_and(|created| created > now.saturating_add(skew)) {
            return Err(Refusal::NotYetValid);
        }
        if self.expires.is_some_and(|expires| expires.saturating_add(skew) <= now) {
            return Err(Refusal::Expired);
        }
        Ok(())
    }
}

/// Reads the Timestamp that `tokens`, which run over `document`, have just entered.
pub(crate) fn parse<'a>(tokens: &mut Tokens<'a>, document: &'a str) -> Result<Timestamp<'a>, Refusal> {
    let refused = |_| Refusal::MalformedTimestamp;
    let start = tokens.start();
    let scope = tokens.outer_scope().to_vec();
    let mut timestamp = Timestamp { xml: "", id: tokens.id(), scope, created: None, expires: None };
    while let Some(name) = tokens.child().map_err(refused)? {
        let field = match (tokens.resolve(name.prefix), name.local) {
            (Some(ns::WSU), "Created") => &mut timestamp.created,
            (Some(ns::WSU), "Expires") => &mut timestamp.expires,
            _ => return Err(Refusal::MalformedTimestamp),
        };
        let seconds = date_time(&tokens.text().map_err(refused)?).ok_or(Refusal::MalformedTimestamp)?;
        if field.replace(seconds).is_some() {
            return Err(Refusal::MalformedTimestamp);
        }
    }
    timestamp.xml = document.get(start..tokens.end()).unwrap_or_default();
    Ok(timestamp)
}

/// Seconds since the epoch of `YYYY-MM-DDThh:mm:ss[.f](Z|±hh:mm)?`; no zone is UTC, a fraction is dropped.
fn date_time(text: &str) -> Option<i64> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let (time, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            if zone.len() == fraction.len() {
                return None;
            }
            zone
        }
    };
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let offset = match zone.split_at_checked(1) {
        None | Some(("Z", "")) => 0,
        Some((sign @ ("+" | "-"), zone)) => {
            let [hours, minutes] = numbers(zone, ':', [2, 2])?;
            let offset = (hours <= 14 && minutes < 60).then_some(hours * 3_600 + minutes * 60)?;
            if sign == "+" { offset } else { -offset }
        }
        _ => return None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let valid = year >= 1 && (1..=length).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    // Days of the proleptic Gregorian calendar, the year beginning in March so that the leap day is its last.
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = shifted_year * 365 + shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = days + (shifted_month * 153 + 2) / 5 + day - 1 - 719_468;
    valid.then_some(days * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// `N` runs of digits of the given widths, and nothing else.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut values = [0; N];
    for (value, width) in values.iter_mut().zip(widths) {
        let part = parts.next().filter(|p| p.len() == width && p.bytes().all(|b| b.is_ascii_digit()))?;
        *value = part.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_the_calendar_says() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600)),
            ("2026-11-22T12:00:00.000Z", Some(1_795_348_800)),
            ("2026-11-22T14:00:00+02:00", Some(1_795_348_800)),
            ("2026-11-22T04:30:00-07:30", Some(1_795_348_800)),
            (" 2026-11-22T12:00:00\n", Some(1_795_348_800)),
            ("2100-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-22T24:00:00Z", None),
            ("2026-11-22T12:00:00.Z", None),
            ("2026-11-22T12:00:00z", None),
            ("2026-11-22 12:00:00Z", None),
            ("2026-11-22T12:00Z", None),
            ("+026-11-22T12:00:00Z", None),
            ("2026-11-22T12:00:00+15:00", None),
            ("2026-11-22", None),
            ("", None),
        ] {
            assert_eq!(date_time(text), seconds, "{text:?}");
        }
    }
}

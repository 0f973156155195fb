//! `xs:dateTime` as instants of whole seconds. The original's milliseconds are noise (W28), its offsets are
//! ignored and its leap-year rule is wrong (W13); here offsets count and the calendar is the real one.

use std::fmt;

/// Seconds since 1970-01-01T00:00:00Z, written as `YYYY-MM-DDThh:mm:ss.000Z` (wire.md §3.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(i64);

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what four digits of year can say.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl DateTime {
    /// The instant `seconds` after the Unix epoch, clamped to the years 1 to 9999 that the wire can carry.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(*RANGE.start(), *RANGE.end()))
    }

    /// Seconds since the Unix epoch.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads the lexical space of `xs:dateTime`, and the zone form `+hhmm` that some peers accept. A fraction
    /// is dropped; no zone means UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.trim_matches([' ', '\t', '\r', '\n']).split_once('T')?;
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if year.len() != 4 {
            return None;
        }
        let (year, month, day) = (number(year)?, digits2(month)?, digits2(day)?);
        let clock_end = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(clock_end)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut parts = clock.splitn(3, ':');
        let (hour, minute, second) =
            (digits2(parts.next()?)?, digits2(parts.next()?)?, digits2(parts.next()?)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let month_length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let end_of_day = hour == 24 && minute == 0 && second == 0;
        let valid = (1..=9999).contains(&year)
            && (1..=month_length).contains(&day)
            && (hour < 24 || end_of_day)
            && minute < 60
            && second <= 60;
        if !valid {
            return None;
        }
        let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        let seconds = seconds - zone_offset(zone)?;
        RANGE.contains(&seconds).then_some(Self(seconds))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0.div_euclid(86_400), self.0.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
    }
}

/// Seconds east of UTC; `None` for anything but `Z`, `±hh:mm`, `±hhmm` or nothing.
fn zone_offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1) {
        None => return Some(0),
        Some(("Z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hour, minute) = match rest.split_once(':') {
        Some(parts) => parts,
        None => rest.split_at_checked(2)?,
    };
    let (hour, minute) = (digits2(hour)?, digits2(minute)?);
    (hour <= 14 && minute < 60).then_some(sign * (hour * 3_600 + minute * 60))
}

fn digits2(text: &str) -> Option<i64> {
    if text.len() == 2 { number(text) } else { None }
}

fn number(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-compatible algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = (shifted + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// yaserde takes instants as text of their own element.
#[cfg(feature = "yaserde")]
mod second_codec {
    use std::io::{Read, Write};

    use yaserde::__xml::{attribute::OwnedAttribute, namespace::Namespace};
    use yaserde::primitives::{deserialize_primitives, serialize_primitives};
    use yaserde::{Error, Result, YaDeserialize, YaSerialize, de, ser};

    use super::DateTime;

    impl YaSerialize for DateTime {
        fn serialize<W: Write>(&self, writer: &mut ser::Serializer<W>) -> Result<()> {
            serialize_primitives(self, "dateTime", writer, DateTime::to_string)
        }

        fn serialize_attributes(
            &self,
            attributes: Vec<OwnedAttribute>,
            namespace: Namespace,
        ) -> Result<(Vec<OwnedAttribute>, Namespace)> {
            Ok((attributes, namespace))
        }
    }

    impl YaDeserialize for DateTime {
        fn deserialize<R: Read>(reader: &mut de::Deserializer<R>) -> Result<Self> {
            deserialize_primitives(reader, |text| {
                DateTime::parse(text).ok_or_else(|| Error::custom(format!("{text:?} is not a date and time")))
            })
        }
    }
}

/// Serde takes instants as the text of the wire.
#[cfg(feature = "serde")]
mod serde_text {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    use super::DateTime;

    impl Serialize for DateTime {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for DateTime {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is not a date and time")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_lexical_form_peers_send() {
        for (text, unix) in [
            ("2011-01-06T10:11:12.000Z", 1_294_308_672),
            ("2011-01-06T10:11:12Z", 1_294_308_672),
            ("2011-01-06T10:11:12", 1_294_308_672),
            ("2011-01-06T10:11:12.123456Z", 1_294_308_672),
            ("2011-01-06T10:11:12+02:00", 1_294_308_672 - 7_200),
            ("2011-01-06T10:11:12+0200", 1_294_308_672 - 7_200),
            ("2011-01-06T10:11:12.5-08:00", 1_294_308_672 + 28_800),
            ("2011-01-06T24:00:00Z", 1_294_358_400),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2012-02-29T00:00:00Z", 1_330_473_600),
            ("1969-12-31T23:59:59Z", -1),
            (" 2038-01-19T03:14:08Z\n", 2_147_483_648),
        ] {
            assert_eq!(DateTime::parse(text).map(DateTime::unix), Some(unix), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in [
            "",
            "0",
            "1294308672",
            "2011-01-06",
            "2011-01-06 10:11:12",
            "2011-13-01T00:00:00Z",
            "2011-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2011-01-06T10:11Z",
            "2011-01-06T10:11:12.Z",
            "2011-1-6T1:1:1Z",
            "2011-01-06T25:00:00Z",
            "2011-01-06T10:60:00Z",
            "0000-01-01T00:00:00Z",
            "2011-01-06t10:11:12z",
            "2011-01-06T10:11:12+15:00",
            "2011-01-06T10:11:12ZZ",
            "+011-01-06T10:11:12",
            "9999-12-31T23:59:60-14:00",
        ] {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn writing_then_reading_is_the_identity(seconds in RANGE) {
            let instant = DateTime::from_unix(seconds);
            proptest::prop_assert_eq!(DateTime::parse(&instant.to_string()), Some(instant));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,40}") {
            let _ = DateTime::parse(&text);
        }
    }
}

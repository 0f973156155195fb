//! Typed access to the files. Each variable is asked for once; every answer is recorded for the report.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::error::Error;
use crate::files::{Files, Lookup};
use crate::report::{Notice, Origin, Place, Report, Setting, Severity};

/// Shipped in place of a value the operator has to choose.
pub(crate) const NOT_CONFIGURED: &str = "not_configured";

/// One pass over the files, for one daemon.
pub(crate) struct Reading<'a> {
    files: &'a Files,
    pub report: Report,
    pub notices: Vec<Notice>,
}

/// A value with its line.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub value: String,
    pub place: Place,
}

/// A number with its unit, its range and the value it has when nobody sets it.
pub(crate) struct Number<T> {
    pub key: &'static str,
    pub unit: &'static str,
    pub range: RangeInclusive<T>,
    pub default: T,
}

impl<'a> Reading<'a> {
    /// # Errors
    /// The file still says `EUCALYPTUS="not_configured"`. Any other value there is for the scripts.
    pub fn start(files: &'a Files) -> Result<Self, Error> {
        let notices = files.notices().cloned().collect();
        let mut reading = Self { files, report: Report::default(), notices };
        if let Some(found) = reading.find("EUCALYPTUS")?
            && found.value == NOT_CONFIGURED
        {
            return Err(found.invalid("EUCALYPTUS", "not configured: set the directory of the installation"));
        }
        let home = files.home();
        reading.record("EUCALYPTUS", Some(home.path().display().to_string()), "", home.origin().clone());
        Ok(reading)
    }

    pub fn warn(&mut self, place: Option<Place>, text: String) {
        self.notices.push(Notice { severity: Severity::Warning, place, text });
    }

    pub fn record(&mut self, key: &'static str, value: Option<String>, unit: &'static str, origin: Origin) {
        self.report.settings.push(Setting { key, value, unit, origin });
    }

    pub fn record_found(&mut self, key: &'static str, found: &Found) {
        self.record(key, Some(found.value.clone()), "", Origin::File(found.place.clone()));
    }

    /// The value in the files, if any; a missing closing quote reads as absent, with a warning.
    pub fn find(&mut self, key: &'static str) -> Result<Option<Found>, Error> {
        let found = self.find_or_place(key)?;
        Ok(found.unwrap_or_else(|place| {
            self.warn(Some(place), format!("{key} has no closing quote and counts as not set"));
            None
        }))
    }

    /// As [`Self::find`], but a missing closing quote is told apart.
    pub fn find_or_place(&mut self, key: &'static str) -> Result<Result<Option<Found>, Place>, Error> {
        let (value, place) = match self.files.look_up(key) {
            Lookup::Found { value, place } => (value, place),
            Lookup::Absent => return Ok(Ok(None)),
            Lookup::Unterminated(place) => return Ok(Err(place)),
        };
        let invalid = |problem: &str| Error::Invalid { place: place.clone(), key, problem: problem.into() };
        let value = std::str::from_utf8(value).map_err(|_| invalid("the value is not UTF-8"))?;
        if value.chars().any(|character| character.is_control() && character != '\t') {
            return Err(invalid("the value holds a control character"));
        }
        Ok(Ok(Some(Found { value: value.into(), place })))
    }

    pub fn missing(&self, key: &'static str) -> Error {
        let home = self.files.home();
        Error::Missing { key, needed: &[], local: home.local_conf(), main: home.main_conf() }
    }

    /// A value that must be there; `not_configured` and the empty string are not values.
    pub fn required(&mut self, key: &'static str) -> Result<Found, Error> {
        let found = self.find(key)?.ok_or_else(|| self.missing(key))?;
        match found.value.as_str() {
            "" | NOT_CONFIGURED => Err(found.invalid(key, "not configured")),
            _ => {
                self.record_found(key, &found);
                Ok(found)
            }
        }
    }

    /// A value that may be missing; an empty one is as good as none.
    pub fn optional(&mut self, key: &'static str) -> Result<Option<Found>, Error> {
        let found = self.find(key)?.filter(|found| !found.value.is_empty());
        match &found {
            Some(found) => self.record_found(key, found),
            None => self.record(key, None, "", Origin::Default),
        }
        Ok(found)
    }

    /// Text with a default. Shipped files hold `not_configured` for some of these.
    pub fn text(&mut self, key: &'static str, default: &str) -> Result<String, Error> {
        match self.find(key)?.filter(|found| !found.value.is_empty() && found.value != NOT_CONFIGURED) {
            Some(found) => {
                self.record_found(key, &found);
                Ok(found.value)
            }
            None => {
                self.record(key, Some(default.into()), "", Origin::Default);
                Ok(default.into())
            }
        }
    }

    /// A number as the original read it: decimal digits up to the first other character, no digits are 0. What
    /// is out of range moves to the nearest end of it, with a warning.
    pub fn lenient(&mut self, number: Number<u64>) -> Result<u64, Error> {
        let Number { key, unit, range, default } = number;
        let (value, origin) = match self.find(key)? {
            None => (default, Origin::Default),
            Some(found) => {
                let (read, whole) = decimal_prefix(&found.value);
                let value = read.clamp(*range.start(), *range.end());
                if !whole || value != read || found.value.trim_start().starts_with('-') {
                    let text = format!("{key}={:?} is not usable as it is, {value} is used", found.value);
                    self.warn(Some(found.place.clone()), text);
                }
                (value, Origin::File(found.place))
            }
        };
        self.record(key, Some(value.to_string()), unit, origin);
        Ok(value)
    }

    /// A number that is right or an error.
    pub fn strict<T>(&mut self, number: Number<T>) -> Result<T, Error>
    where
        T: FromStr + Copy + PartialOrd + Display,
    {
        let Number { key, unit, range, default } = number;
        let (value, origin) = match self.find(key)? {
            None => (default, Origin::Default),
            Some(found) => match found.value.parse() {
                Ok(value) if range.contains(&value) => (value, Origin::File(found.place)),
                _ => {
                    let (low, high) = (range.start(), range.end());
                    return Err(found.invalid(key, &format!("{:?} is not {low} to {high}", found.value)));
                }
            },
        };
        self.record(key, Some(value.to_string()), unit, origin);
        Ok(value)
    }

    /// One of a few words, or an error.
    pub fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        default: T,
    ) -> Result<T, Error> {
        let (value, origin) = match self.find(key)? {
            None => (default, Origin::Default),
            Some(found) => match words.iter().find(|(word, _)| *word == found.value) {
                Some((_, value)) => (*value, Origin::File(found.place)),
                None => return Err(found.not_one_of(key, words)),
            },
        };
        let word =
            words.iter().find(|(_, candidate)| *candidate == value).map(|(word, _)| (*word).to_owned());
        self.record(key, word, "", origin);
        Ok(value)
    }
}

impl Found {
    pub fn invalid(&self, key: &'static str, problem: &str) -> Error {
        Error::Invalid { place: self.place.clone(), key, problem: problem.into() }
    }

    pub fn not_one_of<T>(&self, key: &'static str, words: &[(&'static str, T)]) -> Error {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        self.invalid(key, &format!("{:?} is not one of {}", self.value, words.join(", ")))
    }

    /// The value as another type, strictly.
    pub fn parse<T: FromStr>(&self, key: &'static str, what: &str) -> Result<T, Error> {
        self.value.parse().map_err(|_| self.invalid(key, &format!("{:?} is not {what}", self.value)))
    }
}

/// The number at the beginning, and whether it was all there is. Negative numbers read as 0, huge ones saturate.
fn decimal_prefix(text: &str) -> (u64, bool) {
    let text = text.trim_start();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let value = digits
        .bytes()
        .take(end)
        .fold(0_u64, |value, digit| value.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    (value, end == digits.len() && end > 0)
}

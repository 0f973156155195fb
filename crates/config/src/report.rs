//! What is said about a configuration: where a value stood, what the operator should hear, and the whole table.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A line of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: Arc<Path>,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.path.display(), self.line)
    }
}

/// Where a setting came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The environment.
    Environment,
    /// An option of the command line.
    CommandLine,
    /// A line of a configuration file.
    File(Place),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::Environment => out.write_str("environment"),
            Self::CommandLine => out.write_str("command line"),
            Self::File(place) => place.fmt(out),
        }
    }
}

/// How much a [`Notice`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Worth a line in the log.
    Info,
    /// The daemon runs, but perhaps not as the operator meant.
    Warning,
}

/// Something the operator should hear about a configuration that is used nevertheless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How much it matters.
    pub severity: Severity,
    /// The line it is about, if it is about one.
    pub place: Option<Place>,
    /// One sentence without a full stop; begins with the variable's name.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(out, "{place}: {}", self.text),
            None => out.write_str(&self.text),
        }
    }
}

/// One setting as the daemon uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name of the variable.
    pub key: &'static str,
    /// The value in use, after defaults and limits; nothing when there is none.
    pub value: Option<String>,
    /// Unit of the value; empty for text.
    pub unit: &'static str,
    /// Where the value came from.
    pub origin: Origin,
}

/// Every setting of a daemon, in the order of the documentation.
///
/// Its text form is itself a valid `eucalyptus.conf` that yields the same settings (the home prefix excepted,
/// which no file can set).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The settings.
    pub settings: Vec<Setting>,
}

impl Report {
    /// The setting of that name.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.settings.iter().map(|setting| (assignment(setting), setting)).collect();
        // A node list may be thousands of columns wide; the rest of the table should not follow it.
        let width = lines.iter().map(|(text, _)| text.len()).filter(|width| *width <= 60).max().unwrap_or(0);
        for (text, Setting { unit, origin, .. }) in &lines {
            let unit = if unit.is_empty() { String::new() } else { format!("{unit}, ") };
            writeln!(out, "{text:width$}  # {unit}{origin}")?;
        }
        Ok(())
    }
}

fn assignment(Setting { key, value, .. }: &Setting) -> String {
    match value {
        None => format!("#{key}="),
        // A bare word may hold a quote, a quoted one may not.
        Some(value) if value.contains('"') => format!("{key}={value}"),
        Some(value) => format!("{key}=\"{value}\""),
    }
}

//! Settings both daemons have: the listener and its limits, message security, the log.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::error::Error;
use crate::reading::{Number, Reading};
use crate::report::Origin;

/// The SOAP port and what one peer, or all peers together, may ask of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// `DAEMON_LISTEN` (an IP address, default all IPv4 addresses) with `CC_PORT` (8774) or `NC_PORT` (8775).
    pub address: SocketAddr,
    /// `DAEMON_MAX_HEADER_BYTES`: request line and headers; 8192…1048576, default 16384.
    pub max_header_bytes: usize,
    /// `DAEMON_MAX_BODY_BYTES`: request body; 65536…67108864, default 4 MiB. The original took 3 MB.
    pub max_body_bytes: usize,
    /// `DAEMON_MAX_ALL_BODIES_BYTES`: large bodies of all requests together; 1 MiB…1 GiB, default 64 MiB.
    pub max_all_bodies_bytes: usize,
    /// `DAEMON_MAX_XML_DEPTH`: nesting of elements; 16…256, default 64.
    pub max_xml_depth: usize,
    /// `DAEMON_HEADER_TIMEOUT`: until the header section is complete, and without a request on a kept
    /// connection; 1…300 s, default 10 s.
    pub header_timeout: Duration,
    /// `DAEMON_BODY_TIMEOUT`: from there until the body is complete; 1…300 s, default 30 s.
    pub body_timeout: Duration,
    /// `DAEMON_WRITE_TIMEOUT`: a pause of the peer in taking the reply; 1…300 s, default 20 s.
    pub write_timeout: Duration,
    /// `DAEMON_MAX_CONNECTIONS`: open connections in all; 1…65535, default 512.
    pub max_connections: usize,
    /// `DAEMON_PEER_CONNECTIONS`: open connections of one address; 1…65535, default 128. A CLC opens up to 13.
    pub peer_connections: usize,
    /// `DAEMON_MAX_REQUESTS`: requests being worked on; 1…65535, default 256. Further ones are shed at once.
    pub max_requests: usize,
    /// `DAEMON_SHUTDOWN_GRACE`: for requests in flight when the daemon is told to stop; 0…300 s, default 5 s.
    pub shutdown_grace: Duration,
    /// `DAEMON_ADMIN_PORT`, default 9774: port on 127.0.0.1 for metrics and health of the CC. An NC, which may share
    /// the host and this file with it, has the port behind it. `None`, written 0: no such port.
    pub admin_port: Option<u16>,
}

/// WS-Security beyond what is fixed by the protocol (wire.md §5.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// `DAEMON_WSS_PROFILE`: `legacy` (default) or `strict`; between CC and NC only, a CLC is always legacy.
    pub profile: Profile,
    /// `DAEMON_WSS_SHA256=Y`: rsa-sha256 and sha256 are accepted as well (S1). Default `N`.
    pub sha256: bool,
    /// `DAEMON_REPLAY_CACHE`: message ids remembered to refuse repetitions (S8); 0…1048576, default 65536,
    /// 0 accepts repetitions as the original did.
    pub replay_cache: usize,
    /// `DAEMON_REPLAY_WINDOW`: how long an id is remembered; 1…86400 s, default 3600 s.
    pub replay_window: Duration,
}

/// What a signature must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The addressing headers: what 2.0.1 peers send and accept.
    Legacy,
    /// The body too (S12): only when CC and all its nodes are of this implementation.
    Strict,
}

/// `LOGLEVEL`: the least severe messages written. Anything else reads as DEBUG, the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// `DEBUG`
    Debug,
    /// `INFO`
    Info,
    /// `WARN`
    Warn,
    /// `ERROR`
    Error,
    /// `FATAL`
    Fatal,
}

/// `DAEMON_LOG`: where the log goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogTarget {
    /// `file`: `cc.log` or `nc.log`, which GetLogs returns.
    File,
    /// `stderr`: for a service manager that keeps it. GetLogs then has nothing to return.
    Stderr,
    /// `both`, the default.
    Both,
}

impl Listener {
    pub(crate) fn read(reading: &mut Reading<'_>, key: &'static str, default: u16) -> Result<Self, Error> {
        let port = reading.strict(Number { key, unit: "", range: 1..=u16::MAX, default })?;
        let address = match reading.find("DAEMON_LISTEN")? {
            Some(found) => {
                reading.record_found("DAEMON_LISTEN", &found);
                found.parse("DAEMON_LISTEN", "an IP address")?
            }
            None => {
                let all = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
                reading.record("DAEMON_LISTEN", Some(all.to_string()), "", Origin::Default);
                all
            }
        };
        let admin = Number { key: "DAEMON_ADMIN_PORT", unit: "", range: 0..=u16::MAX - 1, default: 9774 };
        let admin_port = match reading.strict::<u16>(admin)? {
            0 => None,
            of_cluster => Some(of_cluster + u16::from(key == "NC_PORT")),
        };
        let mut number =
            |key, unit, range, default| reading.strict::<usize>(Number { key, unit, range, default });
        let max_header_bytes = number("DAEMON_MAX_HEADER_BYTES", "bytes", 8192..=1 << 20, 16384)?;
        let max_body_bytes = number("DAEMON_MAX_BODY_BYTES", "bytes", 1 << 16..=1 << 26, 4 << 20)?;
        let max_all_bodies_bytes =
            number("DAEMON_MAX_ALL_BODIES_BYTES", "bytes", 1 << 20..=1 << 30, 64 << 20)?;
        let max_xml_depth = number("DAEMON_MAX_XML_DEPTH", "elements", 16..=256, 64)?;
        let max_connections = number("DAEMON_MAX_CONNECTIONS", "connections", 1..=65535, 512)?;
        let peer_connections = number("DAEMON_PEER_CONNECTIONS", "connections", 1..=65535, 128)?;
        let max_requests = number("DAEMON_MAX_REQUESTS", "requests", 1..=65535, 256)?;
        Ok(Self {
            address: SocketAddr::new(address, port),
            max_header_bytes,
            max_body_bytes,
            max_all_bodies_bytes,
            max_xml_depth,
            max_connections,
            peer_connections,
            max_requests,
            header_timeout: seconds(reading, "DAEMON_HEADER_TIMEOUT", 1..=300, 10)?,
            body_timeout: seconds(reading, "DAEMON_BODY_TIMEOUT", 1..=300, 30)?,
            write_timeout: seconds(reading, "DAEMON_WRITE_TIMEOUT", 1..=300, 20)?,
            shutdown_grace: seconds(reading, "DAEMON_SHUTDOWN_GRACE", 0..=300, 5)?,
            admin_port,
        })
    }
}

impl Security {
    pub(crate) fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let profiles = [("legacy", Profile::Legacy), ("strict", Profile::Strict)];
        let cache =
            Number { key: "DAEMON_REPLAY_CACHE", unit: "messages", range: 0..=1 << 20, default: 65536 };
        Ok(Self {
            profile: reading.choice("DAEMON_WSS_PROFILE", &profiles, Profile::Legacy)?,
            sha256: reading.choice("DAEMON_WSS_SHA256", &SWITCH, false)?,
            replay_cache: reading.strict(cache)?,
            replay_window: seconds(reading, "DAEMON_REPLAY_WINDOW", 1..=86400, 3600)?,
        })
    }
}

impl LogLevel {
    pub(crate) fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let words = [
            ("DEBUG", Self::Debug),
            ("INFO", Self::Info),
            ("WARN", Self::Warn),
            ("ERROR", Self::Error),
            ("FATAL", Self::Fatal),
        ];
        original_word(reading, "LOGLEVEL", &words, "DEBUG", Self::Debug)
    }
}

impl LogTarget {
    pub(crate) fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let words = [("file", Self::File), ("stderr", Self::Stderr), ("both", Self::Both)];
        reading.choice("DAEMON_LOG", &words, Self::Both)
    }
}

/// Words of a switch of ours. The switches of the original know one word and take all others for the opposite.
pub(crate) const SWITCH: [(&str, bool); 2] = [("Y", true), ("N", false)];

/// A word that the original replaces by its default when it does not know it.
pub(crate) fn original_word<T: Copy>(
    reading: &mut Reading<'_>,
    key: &'static str,
    words: &[(&'static str, T)],
    default_word: &'static str,
    default: T,
) -> Result<T, Error> {
    let Some(found) = reading.find(key)? else {
        reading.record(key, Some(default_word.into()), "", Origin::Default);
        return Ok(default);
    };
    let (word, value) = match words.iter().find(|(word, _)| *word == found.value) {
        Some((word, value)) => (*word, *value),
        None => {
            let text = format!("{key}={:?} is unknown, {default_word} is used", found.value);
            reading.warn(Some(found.place.clone()), text);
            (default_word, default)
        }
    };
    reading.record(key, Some(word.into()), "", Origin::File(found.place));
    Ok(value)
}

/// A time of ours, in whole seconds.
pub(crate) fn seconds(
    reading: &mut Reading<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u64>,
    default: u64,
) -> Result<Duration, Error> {
    reading.strict(Number { key, unit: "seconds", range, default }).map(Duration::from_secs)
}

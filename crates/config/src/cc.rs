//! Settings of the cluster controller (cluster-controller.md §10.1).

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;
use crate::files::Files;
use crate::home::Home;
use crate::network::CcNetwork;
use crate::reading::{Found, Number, Reading};
use crate::report::{Notice, Origin, Report};
use crate::service::{Listener, LogLevel, LogTarget, Profile, SWITCH, Security, original_word};

/// A year: longer waits would overflow clocks, and mean "never" anyway.
const LONGEST_SECONDS: u64 = 365 * 24 * 3600;

/// Everything the cluster controller is told at its start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcSettings {
    /// The installation prefix.
    pub home: Home,
    /// The SOAP port (`CC_PORT`, default 8774) and its limits.
    pub listener: Listener,
    /// Message security.
    pub security: Security,
    /// `ENABLE_WS_SECURITY` is `Y`: calls to nodes are signed. Required. What the CC itself accepts is always
    /// verified.
    pub sign_node_calls: bool,
    /// `DAEMON_VERIFY_NODES`: what becomes of a node's answer that is not signed by `node-cert.pem` (S11). By default
    /// `log`, and `enforce` with the strict profile.
    pub verify_nodes: NodeVerification,
    /// `DAEMON_MAX_REPLY_BYTES`: a node's answer; 65536…268435456, default 16 MiB.
    pub max_reply_bytes: usize,
    /// `DAEMON_TIMEOUT_IS_SUCCESS`, default `Y`: a call that changes something and gets no answer in time counts
    /// as done, as in the original. `N` reports a failure.
    pub timeout_is_success: bool,
    /// `DAEMON_GL_RELAY`, default `Y`: GetLogs and GetKeys are relayed to configured nodes.
    pub gl_relay: bool,
    /// `DAEMON_MAX_INSTANCES`: instances known at a time, further ones are refused; 1…1048576, default 2048, which is
    /// as many as fit into an answer that a CLC accepts.
    pub max_instances: usize,
    /// `DAEMON_POWERWAKE`, default `powerwake`: the program that wakes a node; a path, or a name to be found in the
    /// system's folders.
    pub powerwake: PathBuf,
    /// What may change while the CC runs.
    pub hot: Hot,
    /// `SCHEDPOLICY`
    pub sched_policy: SchedPolicy,
    /// `POWER_IDLETHRESH`: idle time before a node is powered down; at least and by default 300 s.
    pub power_idle_threshold: Duration,
    /// `POWER_WAKETHRESH`: grace for a waking node, and the window for launch retries; at least and by default
    /// 300 s.
    pub power_wake_threshold: Duration,
    /// `INSTANCE_TIMEOUT`: an instance no node reports is forgotten; at least 30 s, default 300 s.
    pub instance_timeout: Duration,
    /// `VNET_*`
    pub network: CcNetwork,
    /// `DAEMON_LOG`
    pub log_target: LogTarget,
    /// All settings with their origins.
    pub report: Report,
    /// What the operator should hear.
    pub notices: Vec<Notice>,
}

/// The settings that follow the files while the CC runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hot {
    /// `NODES`, with `NC_PORT` and `NC_SERVICE`, which are required: unique names in order, at most
    /// `DAEMON_MAX_NODES` (1…65536, default 1024).
    pub nodes: Vec<NodeAddress>,
    /// `NC_POLLING_FREQUENCY`: pause between two monitor cycles; at least and by default 6 s.
    pub polling_frequency: Duration,
    /// `LOGLEVEL`
    pub log_level: LogLevel,
}

/// A node controller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    /// The word in `NODES`: a host name or an address.
    pub name: String,
    /// `http://<name>:<NC_PORT>/<NC_SERVICE>`, which the CLC sees as serviceTag.
    pub url: String,
}

/// `SCHEDPOLICY`; anything else is GREEDY, the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchedPolicy {
    /// `GREEDY`: the first node with room.
    Greedy,
    /// `ROUNDROBIN`: the next node with room.
    RoundRobin,
    /// `POWERSAVE`: idle nodes sleep, awake ones are preferred.
    PowerSave,
}

/// `DAEMON_VERIFY_NODES`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeVerification {
    /// `off`: signatures are not looked at.
    Off,
    /// `log`: a bad answer is used and a warning logged; the original did the same.
    Log,
    /// `enforce`: a bad answer is no answer.
    Enforce,
}

impl CcSettings {
    /// Reads the files under `home`. Blocks on the disk.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn load(home: &Home) -> Result<Self, Error> {
        Self::from_files(&Files::read(home)?)
    }

    /// The settings these files describe.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_files(files: &Files) -> Result<Self, Error> {
        let mut reading = Reading::start(files)?;
        let listener = Listener::read(&mut reading, "CC_PORT", 8774)?;
        let security = Security::read(&mut reading)?;
        let strict = security.profile == Profile::Strict;
        let sign_node_calls = sign_node_calls(&mut reading, strict)?;
        let verification = [
            ("off", NodeVerification::Off),
            ("log", NodeVerification::Log),
            ("enforce", NodeVerification::Enforce),
        ];
        // Strict means both directions.
        let default = if strict { NodeVerification::Enforce } else { NodeVerification::Log };
        let verify_nodes = reading.choice("DAEMON_VERIFY_NODES", &verification, default)?;
        if strict && verify_nodes != NodeVerification::Enforce {
            let text = "DAEMON_VERIFY_NODES is not enforce: answers of nodes are used unsigned in spite of the strict profile";
            reading.warn(None, text.into());
        }
        let max_reply_bytes = reading.strict(Number {
            key: "DAEMON_MAX_REPLY_BYTES",
            unit: "bytes",
            range: 1 << 16..=1 << 28,
            default: 16 << 20,
        })?;
        let timeout_is_success = reading.choice("DAEMON_TIMEOUT_IS_SUCCESS", &SWITCH, true)?;
        let gl_relay = reading.choice("DAEMON_GL_RELAY", &SWITCH, true)?;
        let max_instances = reading.strict(Number {
            key: "DAEMON_MAX_INSTANCES",
            unit: "instances",
            range: 1..=1 << 20,
            default: 2048,
        })?;
        let powerwake = powerwake(&mut reading)?;
        let hot = Hot::read(&mut reading)?;
        let sched_policy = sched_policy(&mut reading)?;
        let power_idle_threshold = threshold(&mut reading, "POWER_IDLETHRESH", 300, 300)?;
        let power_wake_threshold = threshold(&mut reading, "POWER_WAKETHRESH", 300, 300)?;
        let instance_timeout = threshold(&mut reading, "INSTANCE_TIMEOUT", 30, 300)?;
        let network = CcNetwork::read(&mut reading)?;
        let log_target = LogTarget::read(&mut reading)?;
        Ok(Self {
            home: files.home().clone(),
            listener,
            security,
            sign_node_calls,
            verify_nodes,
            max_reply_bytes,
            timeout_is_success,
            gl_relay,
            max_instances,
            powerwake,
            hot,
            sched_policy,
            power_idle_threshold,
            power_wake_threshold,
            instance_timeout,
            network,
            log_target,
            report: reading.report,
            notices: reading.notices,
        })
    }
}

impl Hot {
    pub(crate) fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        Ok(Self {
            nodes: nodes(reading)?,
            polling_frequency: threshold(reading, "NC_POLLING_FREQUENCY", 6, 6)?,
            log_level: LogLevel::read(reading)?,
        })
    }
}

/// Only exactly `Y` signs; the original stops working without the variable.
fn sign_node_calls(reading: &mut Reading<'_>, strict: bool) -> Result<bool, Error> {
    let key = "ENABLE_WS_SECURITY";
    let found = reading.find(key)?.ok_or_else(|| reading.missing(key))?;
    reading.record_found(key, &found);
    let sign = found.value == "Y";
    if !sign && strict {
        return Err(found.invalid(key, "DAEMON_WSS_PROFILE is strict, which needs \"Y\" here"));
    }
    if !sign {
        let text = format!("{key} is {:?}, not \"Y\": calls to nodes are not signed", found.value);
        reading.warn(Some(found.place), text);
    }
    Ok(sign)
}

fn sched_policy(reading: &mut Reading<'_>) -> Result<SchedPolicy, Error> {
    let key = "SCHEDPOLICY";
    let words = [
        ("GREEDY", SchedPolicy::Greedy),
        ("ROUNDROBIN", SchedPolicy::RoundRobin),
        ("POWERSAVE", SchedPolicy::PowerSave),
    ];
    let policy = original_word(reading, key, &words, "GREEDY", SchedPolicy::Greedy)?;
    if reading.report.get(key).is_some_and(|setting| setting.origin == Origin::Default) {
        reading.warn(None, format!("{key} is not set, GREEDY is used"));
    }
    Ok(policy)
}

fn threshold(
    reading: &mut Reading<'_>,
    key: &'static str,
    minimum: u64,
    default: u64,
) -> Result<Duration, Error> {
    let number = Number { key, unit: "seconds", range: minimum..=LONGEST_SECONDS, default };
    reading.lenient(number).map(Duration::from_secs)
}

/// A relative path would depend on where the daemon was started.
fn powerwake(reading: &mut Reading<'_>) -> Result<PathBuf, Error> {
    let (key, default) = ("DAEMON_POWERWAKE", "powerwake");
    let Some(found) = reading.find(key)? else {
        reading.record(key, Some(default.into()), "", Origin::Default);
        return Ok(default.into());
    };
    if found.value.is_empty() || (found.value.contains('/') && !found.value.starts_with('/')) {
        return Err(found.invalid(key, "neither a name nor an absolute path"));
    }
    reading.record_found(key, &found);
    Ok(found.value.into())
}

/// The node list (cluster-controller.md §3.4). Port and path must be there even without a node, and a list
/// without its closing quote is an unreadable one, not an empty one.
fn nodes(reading: &mut Reading<'_>) -> Result<Vec<NodeAddress>, Error> {
    let port_found = reading.required("NC_PORT")?;
    let port: u16 = port_found.parse("NC_PORT", "a port")?;
    if port == 0 {
        return Err(port_found.invalid("NC_PORT", "0 is not a port"));
    }
    let service_found = reading.required("NC_SERVICE")?;
    let service = service_found.value.trim_start_matches('/');
    if !service.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>?\\^`{|}".contains(&byte)) {
        return Err(service_found.invalid("NC_SERVICE", &format!("{service:?} is not the path of a URL")));
    }
    let found = match reading.find_or_place("NODES")? {
        Ok(found) => found,
        Err(place) => {
            let problem = "the closing quote is missing".into();
            return Err(Error::Invalid { place, key: "NODES", problem });
        }
    };
    let maximum = reading.strict(Number {
        key: "DAEMON_MAX_NODES",
        unit: "nodes",
        range: 1..=1 << 16,
        default: 1024,
    })?;
    let names = match &found {
        Some(found) => node_names(reading, found, maximum),
        None => Vec::new(),
    };
    let origin = found.as_ref().map_or(Origin::Default, |found| Origin::File(found.place.clone()));
    if names.is_empty() {
        reading.warn(found.map(|found| found.place), "NODES names no node".into());
    }
    reading.record("NODES", Some(names.join(" ")), "", origin);
    let address = |name| NodeAddress { url: format!("http://{name}:{port}/{service}"), name };
    Ok(names.into_iter().map(address).collect())
}

fn node_names(reading: &mut Reading<'_>, found: &Found, maximum: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    let (mut bad, mut repeated, mut surplus) = (Vec::new(), Vec::new(), 0_usize);
    for word in found.value.split_whitespace() {
        if !is_host(word) {
            bad.push(word);
        } else if !seen.insert(word) {
            repeated.push(word);
        } else if names.len() == maximum {
            surplus += 1;
        } else {
            names.push(word.to_owned());
        }
    }
    let place = || Some(found.place.clone());
    if let Some(first) = bad.first() {
        let count = bad.len();
        reading.warn(place(), format!("NODES: {first:?} is not a host, ignored ({count} such words)"));
    }
    if let Some(first) = repeated.first() {
        let count = repeated.len();
        reading.warn(place(), format!("NODES: {first:?} is named again, ignored ({count} such words)"));
    }
    if surplus > 0 {
        reading.warn(place(), format!("NODES: only the first {maximum} are used, {surplus} are not"));
    }
    names
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
fn is_host(word: &str) -> bool {
    if let Some(address) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    word.len() <= 253 && word.bytes().all(plain)
}

//! After a restart: domains that run are adopted, what is left of those that do not is deleted.
//!
//! Nothing is deleted before the hypervisor has listed its domains, and never a directory that carries the name of
//! an active one, adopted or not. Deleting also needs a marker file that an earlier start of this program
//! put into `INSTANCE_PATH`, so that a mistyped path costs nobody his files (storage.md Q25).

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use euca_hypervisor::DomainState;
use euca_observe::chain;

use crate::files::{Survives, read_record, remove_tree, write_whole};
use crate::instance::{Bundling, Record, State};

/// Name of the marker file.
const MARKER: &str = ".eucalyptus-instances";
const MARKER_TEXT: &[u8] = b"Directories of instances that are gone are deleted from here.\n";
/// Name of our image cache in the directory that was 2.0.1's.
const CACHE: &str = "v2";
/// The administrator's directory holds the image cache and the bundling work space, not instances' files only.
const ADMINISTRATOR: &str = "eucalyptus";

/// The records of instances whose domains live, of those that were being rebooted, and of those that ended by being
/// bundled and did not live to tell: the CC is to see how that went. Blocks.
pub(crate) fn adoptable(instance_path: &Path, domains: &HashMap<String, DomainState>) -> Vec<Record> {
    let directories = directories(instance_path);
    let mut records = Vec::new();
    for (name, state) in domains {
        let living = matches!(state, DomainState::Running | DomainState::Blocked | DomainState::Paused);
        if !living {
            tracing::info!(domain = name, ?state, "domain not adopted: it does not live");
            continue;
        }
        match directories.iter().find(|(entry, _)| entry == name) {
            None => tracing::warn!(domain = name, "domain not adopted: it has no directory"),
            Some((_, directory)) => match read_record(directory) {
                // Rebooted already, or not at all.
                Ok(record) => records.push(Record { rebooting: false, ..record }),
                Err(error) => tracing::warn!(domain = name, error = %chain(&error), "domain not adopted"),
            },
        }
    }
    for (name, directory) in &directories {
        let Some(record) = read_record(directory).ok().filter(|_| !is_active(domains, name)) else {
            continue;
        };
        if record.awaits_domain() {
            records.push(record);
        } else if record.bundling != Bundling::None && record.state != State::Teardown {
            records.push(Record { state: State::Shutoff, ..record });
        }
    }
    // In the order in which they were started, as they were listed before.
    records.sort_by_key(|record| (record.launch_time, record.instance_id.clone()));
    records
}

/// The directories of instances that have no domain any more and are not to have one, as far as they may be deleted.
/// Blocks.
pub(crate) fn dead(instance_path: &Path, domains: &HashMap<String, DomainState>) -> Vec<PathBuf> {
    if !instance_path.join(MARKER).exists() {
        return Vec::new();
    }
    let lives = |name: &str, directory: &Path| {
        is_active(domains, name) || read_record(directory).is_ok_and(|record| record.awaits_domain())
    };
    let directories = directories(instance_path).into_iter();
    let dead = directories.filter(|(name, directory)| is_instance_id(name) && !lives(name, directory));
    dead.map(|(_, directory)| directory).collect()
}

fn is_active(domains: &HashMap<String, DomainState>, name: &str) -> bool {
    domains.get(name).is_some_and(|state| state.is_active())
}

/// The records of those of the directories whose instances had volumes. Blocks.
pub(crate) fn with_volumes(dead: &[PathBuf]) -> Vec<Record> {
    let records = dead.iter().filter_map(|directory| read_record(directory).ok());
    records.filter(|record| !record.volumes.is_empty()).collect()
}

/// Deletes these directories of [`dead`] instances, and what else nobody will use again. Blocks.
pub(crate) fn purge(instance_path: &Path, dead: &[PathBuf]) {
    let marker = instance_path.join(MARKER);
    if !marker.exists() {
        tracing::info!(?instance_path, "first start here: nothing is deleted");
        if let Err(error) = write_whole(&marker, MARKER_TEXT, 0o644, Survives::PowerLoss) {
            tracing::warn!(error = %chain(&error), "files of dead instances will not be deleted");
        }
        return;
    }
    let delete = |directory: &Path| match remove_tree(directory) {
        Ok(()) => tracing::info!(?directory, "deleted"),
        Err(error) => tracing::warn!(error = %chain(&error), "not deleted"),
    };
    let administrator = instance_path.join(ADMINISTRATOR);
    delete(&administrator.join("work"));
    // Images that 2.0.1 has cached: nobody would ever use them again.
    for (name, path) in subdirectories(&administrator.join("cache")) {
        if name != CACHE {
            delete(&path);
        }
    }
    dead.iter().for_each(|directory| delete(directory));
}

/// `i-` and what the CLC (8 hexadecimal digits) or NCclient (5 letters) puts behind it.
fn is_instance_id(name: &str) -> bool {
    let digits = name.strip_prefix("i-").unwrap_or_default();
    (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Name and path of every directory two levels below.
fn directories(instance_path: &Path) -> Vec<(String, PathBuf)> {
    subdirectories(instance_path).iter().flat_map(|(_, user)| subdirectories(user)).collect()
}

/// Name and path of every directory in this one.
fn subdirectories(path: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(path).inspect_err(|error| tracing::warn!(?path, %error, "not listed"));
    // Not through symbolic links: they lead out of here.
    let real = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    real.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect()
}

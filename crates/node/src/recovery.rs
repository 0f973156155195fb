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
use crate::volume::Volume;

/// Name of the marker file.
const MARKER: &str = ".eucalyptus-instances";
const MARKER_TEXT: &[u8] = b"Directories of instances that are gone are deleted from here.\n";
/// Name of our image cache in the directory that was 2.0.1's.
const CACHE: &str = "v2";
/// The administrator's directory holds the image cache and the bundling work space, not instances' files only.
const ADMINISTRATOR: &str = "eucalyptus";

/// The records of instances whose domains live, and of those that ended by being bundled and did not live to tell: the
/// CC is to see how that went. Blocks.
pub(crate) fn adoptable(instance_path: &Path, domains: &HashMap<String, DomainState>) -> Vec<Record> {
    let mut records = Vec::new();
    for (name, state) in domains {
        let living = matches!(state, DomainState::Running | DomainState::Blocked | DomainState::Paused);
        if !living {
            tracing::info!(domain = name, ?state, "domain not adopted: it does not live");
            continue;
        }
        match directories(instance_path).into_iter().find(|(_, entry, _)| entry == name) {
            None => tracing::warn!(domain = name, "domain not adopted: it has no directory"),
            Some((_, _, directory)) => match read_record(&directory) {
                Ok(record) => records.push(record),
                Err(error) => tracing::warn!(domain = name, error = %chain(&error), "domain not adopted"),
            },
        }
    }
    for (_, name, directory) in directories(instance_path) {
        let active = domains.get(&name).is_some_and(|state| state.is_active());
        if let Ok(record) = read_record(&directory)
            && !active
            && record.bundling != Bundling::None
            && record.state != State::Teardown
        {
            records.push(Record { state: State::Shutoff, ..record });
        }
    }
    // In the order in which they were started, as they were listed before.
    records.sort_by_key(|record| (record.launch_time, record.instance_id.clone()));
    records
}

/// The directories of instances that have no domain any more, as far as they may be deleted. Blocks.
pub(crate) fn dead(instance_path: &Path, domains: &HashMap<String, DomainState>) -> Vec<PathBuf> {
    if !instance_path.join(MARKER).exists() {
        return Vec::new();
    }
    let directories = directories(instance_path).into_iter().filter(|(_, name, _)| {
        is_instance_id(name) && !domains.get(name).is_some_and(|state| state.is_active())
    });
    directories.map(|(_, _, directory)| directory).collect()
}

/// Those of the directories whose instances had volumes, with the volumes. Blocks.
pub(crate) fn volumes(dead: &[PathBuf]) -> Vec<(PathBuf, Vec<Volume>)> {
    let volumes = dead.iter().filter_map(|directory| {
        let volumes = read_record(directory).ok()?.volumes;
        (!volumes.is_empty()).then(|| (directory.clone(), volumes))
    });
    volumes.collect()
}

/// Deletes what instances left that have no domain any more, but for the directories to `spare`. Blocks.
pub(crate) fn purge(
    instance_path: &Path,
    domains: &HashMap<String, DomainState>,
    keep: bool,
    spare: &[PathBuf],
) {
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
    if !keep {
        let dead = dead(instance_path, domains).into_iter().filter(|directory| !spare.contains(directory));
        dead.for_each(|directory| delete(&directory));
    }
}

/// `i-` and what the CLC (8 hexadecimal digits) or NCclient (5 letters) puts behind it.
fn is_instance_id(name: &str) -> bool {
    let digits = name.strip_prefix("i-").unwrap_or_default();
    (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// User, name and path of every directory two levels below.
fn directories(instance_path: &Path) -> Vec<(String, String, PathBuf)> {
    let users = subdirectories(instance_path).into_iter();
    users
        .flat_map(|(user, path)| {
            subdirectories(&path).into_iter().map(move |(name, path)| (user.clone(), name, path))
        })
        .collect()
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

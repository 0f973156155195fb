//! The files of a DHCP server in its directory (network.md §9.2), where with `VNET_DHCPUSER` others may write, and the
//! process its pid file names.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::{Group, fchown};

use super::Kind;
use crate::files::{options, read, remove, write};

/// Mode of the files that `VNET_DHCPUSER` shares (network.md §6, C35).
const SHARED: u32 = 0o775;

/// Where they are.
#[derive(Debug, Clone)]
pub struct Files {
    directory: PathBuf,
    /// Whose they are.
    group: Option<String>,
    pub configuration: PathBuf,
    /// The next configuration, to be checked.
    pub next: PathBuf,
    pub hosts: PathBuf,
    pub leases: PathBuf,
    pub pid: PathBuf,
    trace: PathBuf,
}

impl Files {
    /// Those of this kind of server.
    pub fn new(directory: &Path, kind: Kind, group: Option<String>) -> Self {
        let name = match kind {
            Kind::Isc => "euca-dhcp",
            Kind::Dnsmasq => "euca-dnsmasq",
        };
        let file = |end: &str| directory.join(format!("{name}.{end}"));
        Self {
            directory: directory.to_owned(),
            group,
            configuration: file("conf"),
            next: file("conf.next"),
            hosts: file("hosts"),
            leases: file("leases"),
            // One name, so that a server of the other kind is found.
            pid: directory.join("euca-dhcp.pid"),
            trace: directory.join("euca-dhcp.trace"),
        }
    }

    /// Makes ready what a check and a start need: the directory, the leases, the next configuration.
    pub fn prepare(&self, configuration: &str) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        remove(&self.trace)?;
        let leases = options().append(true).create(true).mode(0o644).open(&self.leases)?;
        let shared = options().read(true).open(&self.directory).and_then(|directory| {
            self.share(&directory)?;
            self.share(&leases)
        });
        if let Err(error) = shared {
            tracing::warn!(group = self.group, %error, "the DHCP server's files are not its group's");
        }
        self.replace(&self.next, configuration)
    }

    /// Puts the next configuration in the place of the last one.
    pub fn accept(&self) -> io::Result<()> {
        fs::rename(&self.next, &self.configuration)
    }

    /// Writes a file of ours, whole or not at all.
    pub fn replace(&self, path: &Path, text: &str) -> io::Result<()> {
        // That it is not shared is reported with the directory.
        write(path, text, 0o644, |file| drop(self.share(file)))
    }

    fn share(&self, file: &File) -> io::Result<()> {
        let Some(name) = &self.group else { return Ok(()) };
        let group = Group::from_name(name)?.ok_or_else(|| io::Error::other("there is no such group"))?;
        fchown(file, None, Some(group.gid))?;
        file.set_permissions(fs::Permissions::from_mode(SHARED))
    }

    /// The process that the pid file names, if it is a server that was told to use that file.
    pub fn server(&self) -> Option<i32> {
        let pid = read(&self.pid).ok()?.trim().parse().ok()?;
        (pid > 1 && self.is_server(pid)).then_some(pid)
    }

    /// Removes the guests' file.
    pub fn forget_hosts(&self) -> io::Result<()> {
        remove(&self.hosts)
    }

    /// Removes the pid file.
    pub fn forget_pid(&self) -> io::Result<()> {
        remove(&self.pid)
    }

    /// Whether a process is a server with our pid file.
    fn is_server(&self, pid: i32) -> bool {
        let line = read(Path::new(&format!("/proc/{pid}/cmdline"))).unwrap_or_default();
        let words: Vec<&str> = line.split('\0').collect();
        // Compared as paths: the original writes a home of `/` as an empty first part.
        let is_ours = |path: &str| Path::new(path) == self.pid;
        words.windows(2).any(|pair| pair[0] == "-pf" && is_ours(pair[1]))
            || words.iter().filter_map(|word| word.strip_prefix("--pid-file=")).any(is_ours)
    }
}

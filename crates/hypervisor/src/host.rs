//! Size of the host, from `/proc`: libvirt would say the same, but only while it answers.

use std::io;

use crate::error::Error;

/// What the host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostResources {
    /// `MemTotal`, kibibytes.
    pub memory_kib: u64,
    /// Processors the kernel lists.
    pub cores: u32,
}

impl HostResources {
    /// Asks the running kernel.
    ///
    /// # Errors
    /// [`Error::Host`] when a file is unreadable or does not hold the number.
    pub fn read() -> Result<Self, Error> {
        let memory_kib = read("/proc/meminfo", mem_total)?;
        let cores = read("/proc/cpuinfo", processors)?;
        Ok(Self { memory_kib, cores })
    }
}

fn read<T>(file: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    let error = |source| Error::Host { file, source };
    let text = std::fs::read_to_string(file).map_err(error)?;
    parse(&text).ok_or_else(|| error(io::Error::new(io::ErrorKind::InvalidData, "number missing")))
}

fn mem_total(meminfo: &str) -> Option<u64> {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// `None` when the list is empty: a host without processors is a host that did not tell.
fn processors(cpuinfo: &str) -> Option<u32> {
    let lines =
        cpuinfo.lines().filter(|line| line.split(':').next().is_some_and(|key| key.trim() == "processor"));
    u32::try_from(lines.count()).ok().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_processors_are_read_as_the_kernel_writes_them() {
        assert_eq!(mem_total("MemTotal:       16384000 kB\nMemFree:  1 kB\n"), Some(16_384_000));
        assert_eq!(processors("processor\t: 0\nmodel name\t: x\nprocessor\t: 1\nprocessors: 9\n"), Some(2));
        assert!(HostResources::read().unwrap().memory_kib > 0);
    }

    #[test]
    fn nc_005_a_host_that_lists_no_processor_is_an_error() {
        assert_eq!(processors("model name: x\n"), None);
        assert_eq!(mem_total("MemFree: 1 kB\n"), None);
    }
}

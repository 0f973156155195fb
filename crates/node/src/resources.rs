//! How much of this host instances may use, and how much they do (node-controller.md §3.4, §5.1). Pure.

use euca_hypervisor::HostResources;

use crate::error::Error;
use crate::instance::{Record, State};
use crate::settings::{DiskUnit, NodeSettings};

/// What the node keeps for itself, MB.
const RESERVED_MEMORY: u64 = 256;
/// What each instance costs on top of its disk in legacy arithmetic.
const LEGACY_SWAP: u64 = 512;

/// Amounts of the three things that instances use; disk in the unit of the settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    pub memory: u64,
    pub disk: u64,
    pub cores: u64,
}

impl Amounts {
    /// All that instances may use. `disk_bytes` is what the file system has free, plus what instances that exist
    /// already use of it.
    pub fn offered(host: HostResources, disk_bytes: u64, settings: &NodeSettings) -> Self {
        // kB divided by 1000 is called MB, and is 2.4 % too much.
        let memory = (host.memory_kib / 1000).saturating_sub(RESERVED_MEMORY);
        let disk = match settings.disk_unit {
            DiskUnit::Legacy => disk_bytes >> 20,
            DiskUnit::Gib => disk_bytes >> 30,
        };
        let lowered = |found: u64, limit: u64| if limit == 0 { found } else { found.min(limit) };
        let cores = if settings.max_cores == 0 { host.cores } else { settings.max_cores };
        Self {
            memory: lowered(memory, settings.max_memory),
            disk: lowered(disk, settings.max_disk),
            cores: u64::from(cores),
        }
    }

    /// All that instances use: every one that is not torn down, whether its domain exists or not.
    pub fn used<'a>(records: impl IntoIterator<Item = &'a Record>, unit: DiskUnit) -> Self {
        let per_instance = if unit == DiskUnit::Legacy { LEGACY_SWAP } else { 0 };
        let living = records.into_iter().filter(|record| record.state != State::Teardown);
        living.fold(Self::default(), |sum, record| sum.with(record, per_instance))
    }

    /// This and one more instance. What cannot be negative counts as nothing when it is.
    pub fn with(self, record: &Record, extra_disk: u64) -> Self {
        let count = |number: i32| u64::try_from(number).unwrap_or(0);
        Self {
            memory: self.memory + count(record.vm.memory_mib),
            disk: self.disk + count(record.vm.disk_gib) + extra_disk,
            cores: self.cores + count(record.vm.cores),
        }
    }

    /// What is left of this when `used` is taken away, never below nothing.
    pub fn without(self, used: Self) -> Self {
        Self {
            memory: self.memory.saturating_sub(used.memory),
            disk: self.disk.saturating_sub(used.disk),
            cores: self.cores.saturating_sub(used.cores),
        }
    }

    /// Memory, disk and cores as the wire carries them.
    pub fn to_wire(self) -> Result<[i32; 3], Error> {
        let number = |value: u64, what| i32::try_from(value).map_err(|_| Error::Overflow(what));
        Ok([number(self.memory, "memory")?, number(self.disk, "disk")?, number(self.cores, "cores")?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::record::tests::record;
    use crate::testing::settings;

    const HOST: HostResources = HostResources { memory_kib: 16_384_000, cores: 4 };
    const GIB: u64 = 1 << 30;

    #[test]
    fn what_is_offered_follows_the_settings() {
        let root = tempfile::tempdir().unwrap();
        let base = || settings(root.path());
        let rows = [
            // name, memory limit, cores limit, disk limit, unit, offered memory, disk, cores
            ("nc_006", 0, 0, 0, DiskUnit::Legacy, (16128, 204_800, 4)),
            ("nc_007", 2048, 0, 0, DiskUnit::Legacy, (2048, 204_800, 4)),
            ("nc_008", 99_999, 0, 0, DiskUnit::Legacy, (16128, 204_800, 4)),
            ("nc_009", 0, 64, 0, DiskUnit::Legacy, (16128, 204_800, 64)),
            ("nc_010", 0, 1, 0, DiskUnit::Legacy, (16128, 204_800, 1)),
            ("nc_011", 0, 0, 0, DiskUnit::Legacy, (16128, 204_800, 4)),
            ("nc_012", 0, 0, 100, DiskUnit::Legacy, (16128, 100, 4)),
            ("gib", 0, 0, 0, DiskUnit::Gib, (16128, 200, 4)),
            ("gib, limited", 0, 0, 100, DiskUnit::Gib, (16128, 100, 4)),
        ];
        for (name, max_memory, max_cores, max_disk, disk_unit, (memory, disk, cores)) in rows {
            let settings = NodeSettings { max_memory, max_cores, max_disk, disk_unit, ..base() };
            let offered = Amounts::offered(HOST, 200 * GIB, &settings);
            assert_eq!(offered, Amounts { memory, disk, cores }, "{name}");
        }
        let tiny = HostResources { memory_kib: 1000, cores: 1 };
        assert_eq!(Amounts::offered(tiny, 0, &base()).memory, 0);
    }

    #[test]
    fn what_is_used_is_what_every_instance_not_torn_down_was_promised() {
        let of = |state| Record { state, ..record("i-1", "A") };
        let all = Amounts { memory: 4096, disk: 10_000, cores: 4 };
        let rows = [
            ("nc_025", vec![], all),
            ("nc_026", vec![of(State::Running)], Amounts { memory: 3584, disk: 9483, cores: 3 }),
            ("nc_027", vec![of(State::Teardown)], all),
            (
                "nc_028",
                vec![of(State::Canceled), of(State::Staging)],
                Amounts { memory: 3072, disk: 8966, cores: 2 },
            ),
            ("nc_029", vec![of(State::Running); 50], Amounts::default()),
        ];
        for (name, records, left) in rows {
            assert_eq!(all.without(Amounts::used(&records, DiskUnit::Legacy)), left, "{name}");
        }
        assert_eq!(Amounts::used(&[of(State::Running)], DiskUnit::Gib).disk, 5);
    }

    #[test]
    fn disks_are_counted_in_the_unit_that_is_configured() {
        let root = tempfile::tempdir().unwrap();
        let rows = [
            // 100 GiB free and 20 GiB filled: name, disk limit, instances of 10 GiB, unit, offered, left
            ("st_t133 legacy", 0, 3, DiskUnit::Legacy, (122_880, 121_314)),
            ("st_t133 gib", 0, 3, DiskUnit::Gib, (120, 90)),
            ("st_t134 legacy", 100, 1, DiskUnit::Legacy, (100, 0)),
            ("st_t134 gib", 100, 1, DiskUnit::Gib, (100, 90)),
        ];
        for (name, max_disk, instances, disk_unit, expected) in rows {
            let settings = NodeSettings { max_disk, disk_unit, ..settings(root.path()) };
            let offered = Amounts::offered(HOST, 120 * GIB, &settings);
            let mut instance = record("i-1", "A");
            instance.vm.disk_gib = 10;
            let left = offered.without(Amounts::used(&vec![instance; instances], disk_unit));
            assert_eq!((offered.disk, left.disk), expected, "{name}");
        }
    }

    #[test]
    fn negative_sizes_make_no_room() {
        let mut record = record("i-1", "A");
        record.vm.memory_mib = -100_000;
        record.vm.cores = i32::MIN;
        assert_eq!(Amounts::used([&record], DiskUnit::Gib), Amounts { memory: 0, disk: 5, cores: 0 });
    }

    #[test]
    fn nc_030_figures_that_the_wire_cannot_carry_are_refused() {
        let all = Amounts { memory: 1, disk: 1 << 31, cores: 1 };
        assert!(matches!(all.to_wire(), Err(Error::Overflow("disk"))));
        let most = Amounts { disk: (1 << 31) - 1, ..all };
        assert_eq!(most.to_wire().unwrap(), [1, i32::MAX, 1]);
    }
}

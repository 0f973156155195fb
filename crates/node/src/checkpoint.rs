//! The original's `instance-checkpoint`: a picture of its memory, read once to adopt what it left running
//! (node-controller.md §3.6, storage.md §3.2). The layout is that of x86-64; there is no magic and no version, so
//! everything that can be wrong is checked.

use euca_hypervisor::DomainName;
use euca_observe::chain;

use crate::instance::record::{DeviceMapping, MAX_GROUPS, NetParams, Source, VmType};
use crate::instance::timeline::Timeline;
use crate::instance::{Bundling, NO_ADDRESS, Record, State};
use crate::volume::{MAX_VOLUMES, Phase, REQUESTED, Volume};

/// Bytes of a checkpoint.
pub(crate) const SIZE: usize = 715_736;

/// Bytes of most texts.
const TEXT: usize = 512;

const VM: usize = 8_748;
const VM_NAME: usize = 64;
const MAPPINGS: usize = VM + 76;
const MAPPING: usize = 196;
const MAX_MAPPINGS: usize = 64;

const NET: usize = 21_368;
const NET_TEXT: usize = 24;

const GROUPS: usize = 27_600;
const GROUP_COUNT: usize = 60_368;

const VOLUMES: usize = 60_372;
const VOLUME: usize = 5 * TEXT;
const VOLUME_COUNT: usize = 715_732;

/// Why a file is not a checkpoint that an instance can be adopted from.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("it has {0} bytes and not {SIZE}")]
    Size(usize),
    #[error("the text at byte {0} has no end")]
    Endless(usize),
    #[error("it counts {count} {what}")]
    Count { what: &'static str, count: i32 },
    #[error(transparent)]
    Name(#[from] euca_hypervisor::Error),
}

/// Reads a checkpoint. Whether it lies where it belongs is for the caller to check.
pub(crate) fn read(bytes: &[u8]) -> Result<Record, Unreadable> {
    let image = Image(bytes.try_into().map_err(|_| Unreadable::Size(bytes.len()))?);
    let source = |id, url| Ok::<_, Unreadable>(Source { id: image.text(id)?, url: image.text(url)? });
    let some = |source: Source| Some(source).filter(|source| !source.id.is_empty());
    let address = |offset| {
        let text = image.bounded(offset, NET_TEXT)?;
        Ok::<_, Unreadable>(if text.is_empty() { NO_ADDRESS.to_owned() } else { text })
    };
    let groups = image.count("security groups", GROUP_COUNT, MAX_GROUPS)?;
    Ok(Record {
        instance_id: DomainName::new(image.text(0)?)?,
        image: source(512, 1_024)?,
        kernel: some(source(1_536, 2_048)?),
        ramdisk: some(source(2_560, 3_072)?),
        reservation_id: image.text(3_584)?,
        user_id: image.text(4_096)?,
        key_name: image.bounded(5_660, 2_048)?,
        launch_time: image.int(8_732).into(),
        vm: image.vm()?,
        net: NetParams {
            vlan: image.int(NET),
            index: image.int(NET + 4),
            mac: image.bounded(NET + 8, NET_TEXT)?,
            public_ip: address(NET + 32)?,
            private_ip: address(NET + 56)?,
        },
        user_data: image.bounded(21_456, 5_120)?,
        launch_index: image.text(26_576)?,
        platform: image.text(27_088)?,
        group_names: (0..groups).map(|group| image.text(GROUPS + group * TEXT)).collect::<Result<_, _>>()?,
        volumes: image.volumes()?,
        // It was written before the domain was created; whoever reads it has seen the domain alive.
        state: State::Running,
        rebooting: false,
        timeline: Timeline::default(),
        bundling: match image.int(5_644) {
            1 => Bundling::InProgress,
            2 => Bundling::Succeeded,
            3 => Bundling::Failed,
            4 => Bundling::Cancelled,
            _ => Bundling::None,
        },
    })
}

/// The structure `ncInstance`. Offsets are those of the tables in the specification and lie inside by construction.
struct Image<'a>(&'a [u8; SIZE]);

impl Image<'_> {
    fn text(&self, offset: usize) -> Result<String, Unreadable> {
        self.bounded(offset, TEXT)
    }

    /// The text in a field of so many bytes. What is not UTF-8 in it becomes U+FFFD.
    fn bounded(&self, offset: usize, capacity: usize) -> Result<String, Unreadable> {
        let field = self.0.get(offset..offset + capacity).unwrap_or_default();
        let end = field.iter().position(|byte| *byte == 0).ok_or(Unreadable::Endless(offset))?;
        Ok(String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned())
    }

    fn int(&self, offset: usize) -> i32 {
        let bytes = self.0.get(offset..).and_then(|rest| rest.first_chunk());
        bytes.map_or(0, |bytes| i32::from_le_bytes(*bytes))
    }

    fn count(&self, what: &'static str, offset: usize, most: usize) -> Result<usize, Unreadable> {
        let count = self.int(offset);
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or(Unreadable::Count { what, count })
    }

    /// All were attached: the original knows no other state. One that makes no sense is left where it is, and does not
    /// cost the instance its record.
    fn volumes(&self) -> Result<Vec<Volume>, Unreadable> {
        let count = self.count("volumes", VOLUME_COUNT, MAX_VOLUMES)?;
        let mut volumes = Vec::new();
        for at in (0..count).map(|index| VOLUMES + index * VOLUME) {
            let (id, remote_dev, local_dev) =
                (self.text(at)?, self.text(at + TEXT)?, self.text(at + 2 * TEXT)?);
            let requested = local_dev.strip_prefix(REQUESTED).unwrap_or(&local_dev);
            match Volume::requested(&id, &remote_dev, requested, false) {
                Ok(volume) => volumes.push(Volume { phase: Phase::Attached, ..volume }),
                Err(error) => tracing::warn!(volume = id, error = %chain(&error), "volume not adopted"),
            }
        }
        Ok(volumes)
    }

    fn vm(&self) -> Result<VmType, Unreadable> {
        let mapping = |index: usize| {
            let at = MAPPINGS + index * MAPPING;
            Ok::<_, Unreadable>(DeviceMapping {
                device_name: self.bounded(at, 64)?,
                virtual_name: self.bounded(at + 64, 64)?,
                size: self.int(at + 128),
                format: self.bounded(at + 132, 64)?,
            })
        };
        let mappings: Vec<_> = (0..MAX_MAPPINGS).map(mapping).collect::<Result<_, _>>()?;
        Ok(VmType {
            memory_mib: self.int(VM),
            cores: self.int(VM + 4),
            disk_gib: self.int(VM + 8),
            name: self.bounded(VM + 12, VM_NAME)?,
            device_mappings: mappings.into_iter().filter(|mapping| !mapping.device_name.is_empty()).collect(),
        })
    }
}

#[cfg(test)]
#[path = "../tests/node/checkpoint.rs"]
mod written;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::written::{checkpoint, poke, poke_int};
    use super::*;

    #[test]
    fn st_t062_every_field_is_found_where_the_original_put_it() {
        let record = read(&checkpoint("i-41AA0001", "admin")).unwrap();
        assert_eq!((record.instance_id.as_str(), record.user_id.as_str()), ("i-41AA0001", "admin"));
        assert_eq!((record.image.id.as_str(), record.image.url.as_str()), ("emi-1", "http://w:8773/i"));
        assert_eq!(record.kernel, Some(Source { id: "eki-1".to_owned(), url: "http://w:8773/k".to_owned() }));
        assert_eq!(record.ramdisk, None);
        assert_eq!((record.reservation_id.as_str(), record.launch_time), ("r-1", 1_300_000_000));
        let vm = &record.vm;
        assert_eq!((vm.name.as_str(), vm.memory_mib, vm.cores, vm.disk_gib), ("m1.small", 128, 1, 10));
        let [first, last] = vm.device_mappings.as_slice() else { panic!("{:?}", vm.device_mappings) };
        assert_eq!((first.device_name.as_str(), first.virtual_name.as_str()), ("sda1", "emi"));
        assert_eq!((first.size, first.format.as_str(), last.device_name.as_str()), (7, "ext3", "sda3"));
        let net = &record.net;
        assert_eq!((net.vlan, net.index, net.mac.as_str()), (10, -1, "d0:0d:41:AA:00:01"));
        assert_eq!((net.public_ip.as_str(), net.private_ip.as_str()), ("192.168.1.7", NO_ADDRESS));
        assert_eq!((record.user_data.as_str(), record.launch_index.as_str()), ("data", "0"));
        assert_eq!((record.platform.as_str(), record.key_name.as_str()), ("linux", "ssh-rsa AAAA k"));
        assert_eq!(record.group_names, ["default", "web"]);
        assert_eq!(record.state, State::Running);
        let [volume] = record.volumes.as_slice() else { panic!("{:?}", record.volumes) };
        assert_eq!((volume.id.as_str(), volume.phase), ("vol-1", Phase::Attached));
        assert_eq!(volume.requested, "/dev/sdb");
    }

    #[test]
    fn st_t063_anything_else_is_refused() {
        let whole = checkpoint("i-41AA0001", "admin");
        assert!(matches!(read(&whole[..SIZE - 1]), Err(Unreadable::Size(715_735))));
        assert!(matches!(read(&[]), Err(Unreadable::Size(0))));
        let mut longer = whole.clone();
        longer.push(0);
        assert!(matches!(read(&longer), Err(Unreadable::Size(_))));
        for (offset, size) in
            [(512, 512), (5_660, 2_048), (21_456, 5_120), (NET + 8, 24), (GROUPS + 512, 512)]
        {
            let mut full = whole.clone();
            poke(&mut full, offset, &"x".repeat(size));
            assert!(matches!(read(&full), Err(Unreadable::Endless(at)) if at == offset), "{offset}");
        }
        for count in [-1, 65, i32::MAX] {
            let mut groups = whole.clone();
            poke_int(&mut groups, GROUP_COUNT, count);
            assert!(matches!(read(&groups), Err(Unreadable::Count { .. })), "{count}");
            let mut volumes = whole.clone();
            poke_int(&mut volumes, VOLUME_COUNT, count.saturating_mul(4));
            assert!(matches!(read(&volumes), Err(Unreadable::Count { .. })), "{count}");
        }
        for id in ["", "../x", "i 1"] {
            assert!(matches!(read(&checkpoint(id, "admin")), Err(Unreadable::Name(_))), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn damage_is_refused_or_read_and_never_worse(
            damage in prop::collection::vec((0..SIZE, any::<u8>()), 1..64),
        ) {
            let mut bytes = checkpoint("i-41AA0001", "admin");
            for (offset, byte) in damage {
                bytes[offset] = byte;
            }
            if let Ok(record) = read(&bytes) {
                prop_assert!(record.group_names.len() <= MAX_GROUPS);
                prop_assert!(record.vm.device_mappings.len() <= MAX_MAPPINGS);
            }
        }
    }
}

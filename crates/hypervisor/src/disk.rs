//! Disks that are plugged into a running domain, and what a domain's document says about the disks it has
//! (node-controller.md §8.4).

use std::path::PathBuf;

use yaserde::{YaDeserialize, YaSerialize};

use crate::domain::fits_xml;
use crate::error::Error;

/// A block device of this host as a disk of a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockDisk {
    /// The device, an absolute path.
    pub source: PathBuf,
    /// Its name in the guest, without `/dev/`: `sdb`. With virtio it is `vdb`.
    pub target: TargetDev,
    /// Whether it is paravirtual (`USE_VIRTIO_DISK`); else libvirt takes the bus from the name.
    pub virtio: bool,
    /// What the guest reads as its serial number. Longer than 36 bytes, which no SCSI disk takes, it is left out.
    pub serial: Option<String>,
}

/// The name of a guest's disk, `[a-z0-9]{1,31}` (node-controller.md §8.1).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetDev(String);

impl TargetDev {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Error::Name`].
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if (1..=31).contains(&name.len()) && name.bytes().all(fit) {
            Ok(Self(name))
        } else {
            Err(Error::Name { what: "disk name", name })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same place in the row of paravirtual disks: `vdb` for `sdb` and `hdb`.
    #[must_use]
    pub fn virtio(&self) -> Self {
        match self.0.strip_prefix(['s', 'h']) {
            Some(rest) if rest.starts_with('d') => Self(format!("v{rest}")),
            _ => self.clone(),
        }
    }
}

impl TryFrom<String> for TargetDev {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl From<TargetDev> for String {
    fn from(name: TargetDev) -> Self {
        name.0
    }
}

impl BlockDisk {
    /// The name that the hypervisor knows it by.
    pub fn name(&self) -> TargetDev {
        if self.virtio { self.target.virtio() } else { self.target.clone() }
    }

    /// Writes the device's document.
    ///
    /// # Errors
    /// [`Error::Document`] when a text is not UTF-8, or holds a character that XML cannot carry.
    pub fn to_xml(&self) -> Result<String, Error> {
        let document = |reason: String| Error::Document { name: self.target.0.clone(), reason };
        let source = self.source.to_str().filter(|text| fits_xml(text));
        let source =
            source.ok_or_else(|| document(format!("path {:?} cannot be written as XML", self.source)))?;
        let disk = Disk {
            kind: "block".to_owned(),
            device: Some("disk".to_owned()),
            driver: Some(Driver {
                name: Some("qemu".to_owned()),
                kind: Some("raw".to_owned()),
                // What the guest has written is on the volume, whatever becomes of this host.
                cache: Some("none".to_owned()),
            }),
            source: Some(Source { dev: Some(source.to_owned()), ..Source::default() }),
            backing: None,
            target: Target { dev: self.name().0, bus: self.virtio.then(|| "virtio".to_owned()) },
            serial: self.serial.clone().filter(|serial| serial.len() <= 36 && fits_xml(serial)),
        };
        yaserde::ser::to_string(&disk).map_err(|error| document(error.to_string()))
    }
}

/// A disk that a domain has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedDisk {
    /// Its name, without `/dev/`.
    pub target: String,
    /// The device or file of the host behind it; a CD drive may be empty.
    pub source: Option<PathBuf>,
}

/// The disks in a domain's document.
///
/// # Errors
/// [`Error::Document`] when the text is not a domain document.
pub fn disks_in(xml: &str) -> Result<Vec<AttachedDisk>, Error> {
    let domain: Domain = yaserde::de::from_str(xml)
        .map_err(|error| Error::Document { name: "(live)".to_owned(), reason: error.to_string() })?;
    let disks = domain.devices.disks.into_iter().map(|disk| {
        let source = disk.source.and_then(|source| source.dev.or(source.file));
        AttachedDisk { target: disk.target.dev, source: source.map(PathBuf::from) }
    });
    Ok(disks.collect())
}

#[derive(Debug, Default, YaDeserialize)]
#[yaserde(rename = "domain")]
struct Domain {
    devices: Devices,
}

#[derive(Debug, Default, YaDeserialize)]
struct Devices {
    #[yaserde(rename = "disk")]
    disks: Vec<Disk>,
}

/// The element `disk` of a domain's document.
#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
#[yaserde(rename = "disk")]
pub(crate) struct Disk {
    #[yaserde(attribute = true, rename = "type")]
    pub kind: String,
    #[yaserde(attribute = true)]
    pub device: Option<String>,
    pub driver: Option<Driver>,
    pub source: Option<Source>,
    #[yaserde(rename = "backingStore")]
    pub backing: Option<Backing>,
    pub target: Target,
    pub serial: Option<String>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct Driver {
    #[yaserde(attribute = true)]
    pub name: Option<String>,
    #[yaserde(attribute = true, rename = "type")]
    pub kind: Option<String>,
    #[yaserde(attribute = true)]
    pub cache: Option<String>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct Source {
    #[yaserde(attribute = true)]
    pub dev: Option<String>,
    #[yaserde(attribute = true)]
    pub file: Option<String>,
    pub seclabel: Option<SecurityLabel>,
}

/// What an image lies over. Empty, it is nothing, and libvirt does not look into the image for it.
#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
#[yaserde(rename = "backingStore")]
pub(crate) struct Backing {
    #[yaserde(attribute = true, rename = "type")]
    pub kind: Option<String>,
    pub format: Option<Format>,
    pub source: Option<Source>,
    #[yaserde(rename = "backingStore")]
    pub nothing: Option<Nothing>,
}

impl Backing {
    /// A raw image whose owner libvirt leaves as it is: it would not give it back.
    pub fn shared(file: String) -> Self {
        let kept = SecurityLabel { model: "dac".to_owned(), relabel: "no".to_owned() };
        Self {
            kind: Some("file".to_owned()),
            format: Some(Format { kind: "raw".to_owned() }),
            source: Some(Source { file: Some(file), seclabel: Some(kept), ..Source::default() }),
            nothing: Some(Nothing {}),
        }
    }
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct Nothing {}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct Format {
    #[yaserde(attribute = true, rename = "type")]
    pub kind: String,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct SecurityLabel {
    #[yaserde(attribute = true)]
    pub model: String,
    #[yaserde(attribute = true)]
    pub relabel: String,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
pub(crate) struct Target {
    #[yaserde(attribute = true)]
    pub dev: String,
    #[yaserde(attribute = true)]
    pub bus: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk() -> BlockDisk {
        BlockDisk {
            source: "/dev/etherd/e0.1".into(),
            target: TargetDev::new("sdb").unwrap(),
            virtio: false,
            serial: Some("vol-5FCC05E4-dev-sdb".to_owned()),
        }
    }

    #[test]
    fn nc_093_a_volume_is_a_raw_block_device_under_the_name_that_was_asked_for() {
        assert_eq!(
            disk().to_xml().unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><disk type=\"block\" device=\"disk\">\
             <driver name=\"qemu\" type=\"raw\" cache=\"none\" /><source dev=\"/dev/etherd/e0.1\" />\
             <target dev=\"sdb\" /><serial>vol-5FCC05E4-dev-sdb</serial></disk>"
        );
    }

    #[test]
    fn with_virtio_it_has_its_place_among_the_paravirtual_disks() {
        for (asked, given) in [("sdb", "vdb"), ("hdc", "vdc"), ("vdd", "vdd"), ("s", "s"), ("sxb", "sxb")] {
            let disk = BlockDisk { virtio: true, target: TargetDev::new(asked).unwrap(), ..disk() };
            let xml = disk.to_xml().unwrap();
            assert!(xml.contains(&format!("<target dev=\"{given}\" bus=\"virtio\" />")), "{xml}");
        }
    }

    #[test]
    fn names_and_texts_that_do_not_fit_are_refused_or_left_out() {
        for bad in ["", "SDB", "sd b", "../sdb", "sdb'/>", &"s".repeat(32)] {
            assert!(TargetDev::new(bad).is_err(), "{bad:?}");
        }
        for hostile in ["/dev/\u{1}", "/dev/\u{ffff}"] {
            let hostile = BlockDisk { source: hostile.into(), ..disk() };
            assert!(matches!(hostile.to_xml(), Err(Error::Document { .. })));
        }
        let escaped = BlockDisk { source: "/dev/a'\"<&>".into(), ..disk() }.to_xml().unwrap();
        assert_eq!(
            yaserde::de::from_str::<Disk>(&escaped).unwrap().source.unwrap().dev.unwrap(),
            "/dev/a'\"<&>"
        );
        let long = BlockDisk { serial: Some("x".repeat(37)), ..disk() };
        assert!(!long.to_xml().unwrap().contains("serial"));
    }

    #[test]
    fn what_a_domain_has_is_read_whatever_else_its_document_says() {
        let xml = "<domain type='qemu' id='3'><name>i-1</name><os><type arch='x86_64'>hvm</type></os><devices>\
                   <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/i/disk' index='1'/>\
                   <backingStore/><target dev='vda' bus='virtio'/><alias name='virtio-disk0'/></disk>\
                   <disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>\
                   <disk type='block' device='disk'><source dev='/dev/sdc' index='2'/><target dev='sdb' bus='scsi'/>\
                   <serial>vol-1</serial><address type='drive' controller='0'/></disk>\
                   <controller type='usb' index='0'/></devices></domain>";
        let attached = |target: &str, source: Option<&str>| AttachedDisk {
            target: target.to_owned(),
            source: source.map(Into::into),
        };
        let expected =
            [attached("vda", Some("/i/disk")), attached("hdc", None), attached("sdb", Some("/dev/sdc"))];
        assert_eq!(disks_in(xml).unwrap(), expected);
        assert!(disks_in("<network/>").is_err() || disks_in("<network/>").unwrap().is_empty());
        assert!(disks_in("no XML").is_err());
    }
}

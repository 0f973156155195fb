//! The domain document: what a guest of 2.0.1 sees, written for a current libvirt (node-controller.md §6.4).
//!
//! One set of types both writes the document and reads what libvirt holds. Values are escaped by the writer; what
//! cannot be escaped (a NUL, a control character) is refused.

use std::fmt;
use std::path::PathBuf;

use yaserde::{YaDeserialize, YaSerialize};

use crate::disk::{Backing, Disk, Driver, Source, Target};
use crate::error::Error;
use crate::name::{BridgeName, DomainName};

/// What executes the guest: hardware virtualisation, or QEMU's translator. Guests see no difference but speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainKind {
    /// `<domain type='kvm'>`.
    Kvm,
    /// `<domain type='qemu'>`.
    Qemu,
}

impl DomainKind {
    /// The value of the domain's `type` attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Qemu => "qemu",
        }
    }
}

impl fmt::Display for DomainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A 48-bit hardware address, written as it was given: `d0:0d:41:AA:00:01`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacAddress(String);

impl MacAddress {
    /// Checks and takes an address of six hexadecimal pairs separated by colons.
    ///
    /// # Errors
    /// [`Error::Name`] for anything else.
    pub fn new(address: impl Into<String>) -> Result<Self, Error> {
        let address = address.into();
        let mut pairs = address.split(':');
        let valid = pairs
            .by_ref()
            .take(6)
            .filter(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if valid.count() == 6 && pairs.next().is_none() {
            Ok(Self(address))
        } else {
            Err(Error::Name { what: "hardware address", name: address })
        }
    }
}

/// How a guest boots: which of the two variants of node-controller.md §6.3 it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// Variant K: kernel and initial ramdisk come from files of the host, the root file system is partition 1.
    Kernel {
        /// Kernel image; absent when only a ramdisk was given, which boots nothing but is what was asked for.
        kernel: Option<PathBuf>,
        /// Initial ramdisk.
        ramdisk: Option<PathBuf>,
    },
    /// Variant P: the disk carries its own boot loader.
    Disk {
        /// Floppy image, for the Windows password; only when the file exists (Q-12).
        floppy: Option<PathBuf>,
    },
}

/// The guest's only network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nic {
    /// Bridge of the host it hangs on.
    pub bridge: BridgeName,
    /// Its hardware address.
    pub mac: MacAddress,
}

/// Which devices are paravirtual. All off is what 2.0.1 guests see: SCSI or IDE disks and an emulated NIC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Virtio {
    /// `USE_VIRTIO_ROOT`: the root disk, as `vda`.
    pub root: bool,
    /// `USE_VIRTIO_NET`: the network interface.
    pub net: bool,
    /// `USE_VIRTIO_DISK`: volumes, as `vdb` and so on.
    pub disk: bool,
}

/// How a disk image is stored. It is stated: left to probing, a guest could make its raw disk look like an image that
/// refers to files of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DiskFormat {
    /// Byte for byte.
    #[default]
    Raw,
    /// As an overlay on another image.
    Qcow2 {
        /// What it lies over: a raw image that other guests use too, so that it is given to no QEMU, which only reads
        /// it.
        base: PathBuf,
    },
}

/// Everything a domain document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSpec {
    /// Name of the domain, equal to the instance id.
    pub name: DomainName,
    /// What executes it.
    pub kind: DomainKind,
    /// Memory, MiB.
    pub memory_mib: u32,
    /// Virtual processors.
    pub cores: u32,
    /// How it boots.
    pub boot: Boot,
    /// The disk: root, ephemeral and swap are partitions 1, 2 and 3 of this image.
    pub disk: PathBuf,
    /// How the disk is stored.
    pub format: DiskFormat,
    /// File that collects the output of the first serial port.
    pub console: PathBuf,
    /// Network interface. Only a guest that proves a point has none.
    pub nic: Option<Nic>,
    /// Paravirtual devices.
    pub virtio: Virtio,
    /// Emulator program; `None` lets libvirt choose.
    pub emulator: Option<PathBuf>,
}

impl DomainSpec {
    /// Writes the document.
    ///
    /// # Errors
    /// [`Error::Document`] when a path is not UTF-8, or holds a character that XML cannot carry.
    pub fn to_xml(&self) -> Result<String, Error> {
        let document = |reason: String| Error::Document { name: self.name.to_string(), reason };
        let text = |path: &PathBuf| match path.to_str() {
            Some(text) if fits_xml(text) => Ok(text.to_owned()),
            _ => Err(document(format!("path {path:?} cannot be written as XML"))),
        };
        let from_kernel = matches!(self.boot, Boot::Kernel { .. });
        let (root, bus) = match (self.virtio.root, from_kernel) {
            (true, _) => ("vda", Some("virtio".to_owned())),
            (false, true) => ("sda", None),
            (false, false) => ("hda", None),
        };
        let mut os = Os { kind: "hvm".to_owned(), ..Os::default() };
        let base = match &self.format {
            DiskFormat::Raw => None,
            DiskFormat::Qcow2 { base } => Some(text(base)?),
        };
        let mut disks = vec![Disk::file("disk", text(&self.disk)?, base, root, bus)];
        match &self.boot {
            Boot::Kernel { kernel, ramdisk } => {
                os.kernel = kernel.as_ref().map(text).transpose()?;
                os.initrd = ramdisk.as_ref().map(text).transpose()?;
                os.cmdline = Some(format!("root=/dev/{root}1 console=ttyS0"));
            }
            Boot::Disk { floppy: Some(floppy) } => {
                disks.push(Disk::file("floppy", text(floppy)?, None, "fda", None));
            }
            Boot::Disk { floppy: None } => {}
        }
        let model = match (self.virtio.net, from_kernel) {
            (true, _) => "virtio",
            (false, true) => "e1000",
            (false, false) => "rtl8139",
        };
        let interfaces = self.nic.iter().map(|nic| Interface {
            kind: "bridge".to_owned(),
            mac: Mac { address: nic.mac.0.clone() },
            source: Some(BridgeSource { bridge: Some(nic.bridge.to_string()) }),
            model: Model { kind: model.to_owned() },
        });
        let domain = Domain {
            kind: self.kind.as_str().to_owned(),
            name: self.name.to_string(),
            memory: u64::from(self.memory_mib) * 1024,
            vcpu: self.cores,
            os,
            features: Features { acpi: Some(Empty {}) },
            devices: Devices {
                emulator: self.emulator.as_ref().map(text).transpose()?,
                disks,
                interfaces: interfaces.collect(),
                serials: vec![Serial {
                    kind: "file".to_owned(),
                    source: Some(FileSource {
                        path: Some(text(&self.console)?),
                        append: Some("on".to_owned()),
                    }),
                    target: Port { port: Some(0) },
                }],
            },
        };
        yaserde::ser::to_string(&domain).map_err(|error| document(error.to_string()))
    }
}

/// Whether XML can carry the text and give it back as it is.
pub(crate) fn fits_xml(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The name that a domain document carries: what the hypervisor would create from it.
///
/// # Errors
/// [`Error::Document`] when the text is not a domain document or holds a NUL, at which libvirt would cut it.
pub fn name_in(xml: &str) -> Result<String, Error> {
    let document = |reason: String| Error::Document { name: "(unread)".to_owned(), reason };
    if xml.contains('\0') {
        return Err(document("it holds a NUL".to_owned()));
    }
    yaserde::de::from_str::<Named>(xml).map(|domain| domain.name).map_err(|error| document(error.to_string()))
}

#[derive(Debug, Default, YaDeserialize)]
#[yaserde(rename = "domain")]
struct Named {
    name: String,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
#[yaserde(rename = "domain")]
struct Domain {
    #[yaserde(attribute = true, rename = "type")]
    kind: String,
    name: String,
    memory: u64,
    vcpu: u32,
    os: Os,
    features: Features,
    devices: Devices,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Os {
    #[yaserde(rename = "type")]
    kind: String,
    kernel: Option<String>,
    initrd: Option<String>,
    cmdline: Option<String>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Features {
    acpi: Option<Empty>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Empty {}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Devices {
    emulator: Option<String>,
    #[yaserde(rename = "disk")]
    disks: Vec<Disk>,
    #[yaserde(rename = "interface")]
    interfaces: Vec<Interface>,
    #[yaserde(rename = "serial")]
    serials: Vec<Serial>,
}

impl Disk {
    /// An image file, raw, or qcow2 over a `base`.
    fn file(device: &str, file: String, base: Option<String>, target: &str, bus: Option<String>) -> Self {
        let format = if base.is_some() { "qcow2" } else { "raw" };
        Self {
            kind: "file".to_owned(),
            device: Some(device.to_owned()),
            driver: Some(Driver {
                name: Some("qemu".to_owned()),
                kind: Some(format.to_owned()),
                cache: None,
            }),
            source: Some(Source { file: Some(file), ..Source::default() }),
            backing: base.map(Backing::shared),
            target: Target { dev: target.to_owned(), bus },
            serial: None,
        }
    }
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Interface {
    #[yaserde(attribute = true, rename = "type")]
    kind: String,
    mac: Mac,
    source: Option<BridgeSource>,
    model: Model,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Mac {
    #[yaserde(attribute = true)]
    address: String,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct BridgeSource {
    #[yaserde(attribute = true)]
    bridge: Option<String>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Model {
    #[yaserde(attribute = true, rename = "type")]
    kind: String,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Serial {
    #[yaserde(attribute = true, rename = "type")]
    kind: String,
    source: Option<FileSource>,
    target: Port,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct FileSource {
    #[yaserde(attribute = true)]
    path: Option<String>,
    /// `on` has virtlogd write the file that is there. Else it puts one of root's in its place, which we cannot read.
    #[yaserde(attribute = true)]
    append: Option<String>,
}

#[derive(Debug, Default, PartialEq, YaSerialize, YaDeserialize)]
struct Port {
    #[yaserde(attribute = true)]
    port: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(boot: Boot) -> DomainSpec {
        DomainSpec {
            name: DomainName::new("i-41AA0001").unwrap(),
            kind: DomainKind::Kvm,
            memory_mib: 512,
            cores: 2,
            boot,
            disk: "/i/admin/i-41AA0001/disk".into(),
            format: DiskFormat::Raw,
            console: "/i/admin/i-41AA0001/console.log".into(),
            nic: Some(Nic {
                bridge: BridgeName::new("eucabr10").unwrap(),
                mac: MacAddress::new("d0:0d:41:AA:00:01").unwrap(),
            }),
            virtio: Virtio::default(),
            emulator: None,
        }
    }

    fn kernel(ramdisk: bool) -> Boot {
        Boot::Kernel { kernel: Some("/k".into()), ramdisk: ramdisk.then(|| "/r".into()) }
    }

    #[test]
    fn nc_058_the_kernel_variant_is_exactly_the_document_of_the_specification() {
        let xml = spec(kernel(true)).to_xml().unwrap();
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <domain type=\"kvm\"><name>i-41AA0001</name><memory>524288</memory><vcpu>2</vcpu>\
             <os><type>hvm</type><kernel>/k</kernel><initrd>/r</initrd>\
             <cmdline>root=/dev/sda1 console=ttyS0</cmdline></os>\
             <features><acpi /></features>\
             <devices><disk type=\"file\" device=\"disk\"><driver name=\"qemu\" type=\"raw\" />\
             <source file=\"/i/admin/i-41AA0001/disk\" /><target dev=\"sda\" /></disk>\
             <interface type=\"bridge\"><mac address=\"d0:0d:41:AA:00:01\" />\
             <source bridge=\"eucabr10\" /><model type=\"e1000\" /></interface>\
             <serial type=\"file\"><source path=\"/i/admin/i-41AA0001/console.log\" append=\"on\" />\
             <target port=\"0\" /></serial>\
             </devices></domain>"
        );
    }

    #[test]
    fn variants_differ_where_the_specification_says() {
        struct Row {
            boot: Boot,
            virtio: Virtio,
            has: &'static [&'static str],
            lacks: &'static [&'static str],
        }
        let plain = |floppy: bool| Boot::Disk { floppy: floppy.then(|| "/f".into()) };
        let rows = [
            // nc_043: kernel without ramdisk.
            Row {
                boot: kernel(false),
                virtio: Virtio::default(),
                has: &["<kernel>/k</kernel>", "<cmdline>root=/dev/sda1 console=ttyS0</cmdline>", "e1000"],
                lacks: &["initrd"],
            },
            // nc_044: neither; no floppy when the file is absent.
            Row {
                boot: plain(false),
                virtio: Virtio::default(),
                has: &["<target dev=\"hda\" />", "rtl8139"],
                lacks: &["kernel", "initrd", "cmdline", "floppy", "fda"],
            },
            Row {
                boot: plain(true),
                virtio: Virtio::default(),
                has: &["device=\"floppy\"", "<source file=\"/f\" /><target dev=\"fda\" />"],
                lacks: &["kernel"],
            },
            Row {
                boot: kernel(false),
                virtio: Virtio { root: true, net: true, disk: false },
                has: &[
                    "<target dev=\"vda\" bus=\"virtio\" />",
                    "root=/dev/vda1 console=ttyS0",
                    "<model type=\"virtio\" />",
                ],
                lacks: &["sda", "e1000"],
            },
        ];
        for Row { boot, virtio, has, lacks } in rows {
            let xml = DomainSpec { virtio, ..spec(boot) }.to_xml().unwrap();
            for part in has {
                assert!(xml.contains(part), "{part} missing in {xml}");
            }
            for part in lacks {
                assert!(!xml.contains(part), "{part} present in {xml}");
            }
        }
    }

    #[test]
    fn what_needs_escaping_is_escaped_and_what_cannot_be_is_refused() {
        let over =
            |base: &str| DomainSpec { format: DiskFormat::Qcow2 { base: base.into() }, ..spec(kernel(true)) };
        let xml = over("/b").to_xml().unwrap();
        let disk = "<driver name=\"qemu\" type=\"qcow2\" /><source file=\"/i/admin/i-41AA0001/disk\" />\
                    <backingStore type=\"file\"><format type=\"raw\" /><source file=\"/b\">\
                    <seclabel model=\"dac\" relabel=\"no\" /></source><backingStore /></backingStore>";
        assert!(xml.contains(disk), "{xml}");
        assert!(over("/b\n").to_xml().is_err());
        let hostile = "/a'\"<&>/b";
        let xml = DomainSpec { disk: hostile.into(), ..spec(kernel(true)) }.to_xml().unwrap();
        let read: Domain = yaserde::de::from_str(&xml).unwrap();
        assert_eq!(
            read.devices.disks[0].source,
            Some(Source { file: Some(hostile.to_owned()), ..Source::default() })
        );
        for bad in ["/a\0b", "/a\nb", "/a\u{1}b"] {
            assert!(DomainSpec { console: bad.into(), ..spec(kernel(true)) }.to_xml().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_document_tells_its_name_with_or_without_what_libvirt_adds() {
        assert_eq!(name_in(&spec(kernel(true)).to_xml().unwrap()).unwrap(), "i-41AA0001");
        let live = "<domain type='qemu' id='1' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\
                    <uuid>x</uuid><name>a&amp;b</name><memory unit='KiB'>1</memory></domain>";
        assert_eq!(name_in(live).unwrap(), "a&b");
        for bad in ["", "<domain/", "<domain><name>x</name>", "<domain><name>x\0</name></domain>"] {
            assert!(name_in(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hardware_addresses_are_six_pairs() {
        for good in ["d0:0d:41:AA:00:01", "00:00:00:00:00:00"] {
            assert!(MacAddress::new(good).is_ok(), "{good}");
        }
        for bad in
            ["", "d0:0d:41:AA:00", "d0:0d:41:AA:00:01:02", "d0-0d-41-AA-00-01", "d0:0d:41:AA:00:0g", "(null)"]
        {
            assert!(MacAddress::new(bad).is_err(), "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_without_control_characters_survives_the_document(name in "/[^\\p{Cc}]{0,40}") {
            let xml = DomainSpec { disk: name.clone().into(), ..spec(kernel(true)) }.to_xml().unwrap();
            let read: Domain = yaserde::de::from_str(&xml).unwrap();
            let source = read.devices.disks[0].source.as_ref().and_then(|source| source.file.clone());
            proptest::prop_assert_eq!(source, Some(name));
        }
    }
}

//! Any text as a domain's document: understood or refused. And any text as a volume's device: what is written of it says
//! the same when it is read.

#![no_main]

use euca_hypervisor::{BlockDisk, TargetDev, disks_in, name_in};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = name_in(text);
    if let Ok(disks) = disks_in(text) {
        assert!(disks.len() <= text.len());
    }
    let disk = BlockDisk {
        source: text.into(),
        target: TargetDev::new("sdb").expect("a name"),
        virtio: data.len() % 2 == 1,
        serial: Some(text.to_owned()),
    };
    if let Ok(xml) = disk.to_xml() {
        let device = xml.split_once("?>").map_or(xml.as_str(), |(_, device)| device);
        let disks = disks_in(&format!("<domain><devices>{device}</devices></domain>")).expect("readable");
        assert_eq!(disks.len(), 1);
        assert_eq!(disks[0].target, disk.name().as_str());
        assert_eq!(disks[0].source.as_deref().map(|source| source.to_string_lossy()), Some(text.into()));
    }
});

//! The first sector and the size of any image: refused, or planned as a disk whose partitions lie inside it one after
//! the other, within its limit, and whose table is read as it was written.

#![no_main]

use euca_image::MIB;
use euca_image::layout::{Image, Layout, Platform, Rules, SECTOR, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((size, first)) = data.split_first_chunk() else { return };
    let size = u64::from_le_bytes(*size);
    let Ok(image) = Image::recognise(&first[..first.len().min(512)], size) else { return };
    let limit = size / MIB + u64::from(first.first().copied().unwrap_or_default());
    for layout in [Layout::Exact, Layout::Aligned, Layout::Legacy] {
        for platform in [Platform::Linux, Platform::Windows] {
            let rules = Rules { layout, swap: 16, platform, limit };
            let Ok(plan) = rules.plan(&image, size) else {
                rules.check(size).expect_err("a plan for what is allowed");
                continue;
            };
            assert!(plan.length >= size);
            if layout != Layout::Legacy {
                assert!(plan.length <= limit * MIB);
            }
            for extent in [Some(plan.image), plan.root, plan.ephemeral, plan.swap].into_iter().flatten() {
                assert!(extent.offset + extent.length <= plan.length);
            }
            if let (Some(ephemeral), Some(swap)) = (plan.ephemeral, plan.swap) {
                assert!(ephemeral.offset + ephemeral.length <= swap.offset);
                assert!(plan.table.partitions().all(|(_, entry)| entry.end() <= plan.length / SECTOR));
            }
            let mut sector = [0; 512];
            plan.table.render(&mut sector);
            assert_eq!(Table::parse(&sector), Some(plan.table));
        }
    }
});

//! Any bytes as a manifest, and as Walrus's answer with an image: refused with a reason, or taken for an image of
//! exactly the length it should have.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use euca_image::{MAX_MANIFEST, image_size, testing};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

static RUNTIME: OnceLock<Runtime> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    if let Ok(size) = image_size("fuzz", data) {
        assert!(size > 0 && size <= i64::MAX as u64 && data.len() <= MAX_MANIFEST);
    }
    // How it is compressed, how long the image is, and the answer.
    let Some(([flags, low, high], answer)) = data.split_first_chunk() else { return };
    let size = u64::from(u16::from_le_bytes([*low, *high]));
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
    });
    let path = format!("/dev/shm/euca-fuzz-{}", std::process::id());
    match testing::receive(runtime, answer, flags & 1 != 0, size, Path::new(&path)) {
        Ok(offset) => {
            let length = std::fs::metadata(&path).expect("a file").len();
            assert_eq!(length, offset + size);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = std::fs::remove_file(path);
});

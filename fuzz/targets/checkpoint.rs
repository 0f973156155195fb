//! A checkpoint of the original with anything in it: adopted from, or refused. The input is a list of changes to an
//! image of zeros that has the right size: three bytes of offset, one of length, then the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;

const SIZE: usize = 715_736;

fuzz_target!(|data: &[u8]| {
    // The bytes themselves are a file of a wrong size.
    assert!(data.len() == SIZE || !euca_node::read_checkpoint(data));
    let mut image = vec![0; SIZE];
    let mut rest = data;
    while let [a, b, c, length, more @ ..] = rest {
        let offset = u32::from_le_bytes([*a, *b, *c, 0]) as usize % (SIZE - 256);
        let (bytes, more) = more.split_at(usize::from(*length).min(more.len()));
        image[offset..][..bytes.len()].copy_from_slice(bytes);
        rest = more;
    }
    euca_node::read_checkpoint(&image);
});

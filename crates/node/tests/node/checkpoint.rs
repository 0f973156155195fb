//! Checkpoints as the original wrote them, field by field after the tables of node-controller.md §2.

/// Puts a text into a field and ends it with a NUL.
pub fn poke(image: &mut [u8], offset: usize, text: &str) {
    image[offset..][..text.len()].copy_from_slice(text.as_bytes());
}

/// Puts a number into a field.
pub fn poke_int(image: &mut [u8], offset: usize, number: i32) {
    image[offset..][..4].copy_from_slice(&number.to_le_bytes());
}

/// The checkpoint of a running instance.
pub fn checkpoint(id: &str, user: &str) -> Vec<u8> {
    let mut image = vec![0; 715_736];
    for (offset, text) in [
        (0, id),
        (512, "emi-1"),
        (1_024, "http://w:8773/i"),
        (1_536, "eki-1"),
        (2_048, "http://w:8773/k"),
        (3_584, "r-1"),
        (4_096, user),
        (4_612, "Pending"),
        (5_124, "none"),
        (5_660, "ssh-rsa AAAA k"),
        (8_748 + 12, "m1.small"),
        (8_748 + 76, "sda1"),
        (8_748 + 76 + 64, "emi"),
        (8_748 + 76 + 132, "ext3"),
        (8_748 + 76 + 2 * 196, "sda3"),
        (21_368 + 8, "d0:0d:41:AA:00:01"),
        (21_368 + 32, "192.168.1.7"),
        (21_456, "data"),
        (26_576, "0"),
        (27_088, "linux"),
        (27_600, "default"),
        (27_600 + 512, "web"),
        (60_372, "vol-1"),
        (60_372 + 512, "/dev/etherd/e0.1"),
        (60_372 + 1_024, "unknown,requested:/dev/sdb"),
        (60_372 + 1_536, "sdb"),
        (60_372 + 2_048, "attached"),
    ] {
        poke(&mut image, offset, text);
    }
    for (offset, number) in [
        (5_636, 12),
        (5_640, 7),
        (8_732, 1_300_000_000),
        (8_748, 128),
        (8_748 + 4, 1),
        (8_748 + 8, 10),
        (8_748 + 76 + 128, 7),
        (21_368, 10),
        (21_368 + 4, -1),
        (60_368, 2),
        (715_732, 1),
    ] {
        poke_int(&mut image, offset, number);
    }
    image
}

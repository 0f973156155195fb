//! What ncGetConsoleOutput returns: a prefix written by this node, then the end of the guest's output
//! (node-controller.md §9).

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes of the prefix that count.
const PREFIX: u64 = 4095;
/// Bytes from the end of the output that count.
const TAIL: u64 = 65_536;

/// Reads both. A file that cannot be read is as good as empty, which the log says; NULs become spaces, because the
/// text ends at the first NUL for whoever reads it in C. Blocks.
pub(crate) fn read(prefix: &Path, output: &Path) -> Vec<u8> {
    let mut text = or_nothing(prefix, head(prefix, PREFIX));
    text.extend(or_nothing(output, tail(output, TAIL)));
    for byte in &mut text {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    text
}

fn or_nothing(path: &Path, read: io::Result<Vec<u8>>) -> Vec<u8> {
    read.unwrap_or_else(|error| {
        if error.kind() != io::ErrorKind::NotFound {
            tracing::warn!(?path, %error, "what a guest has said cannot be read");
        }
        Vec::new()
    })
}

fn head(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(length).read_to_end(&mut text)?;
    Ok(text)
}

fn tail(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(length)))?;
    let mut text = Vec::new();
    file.take(length).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_prefix_then_the_end_of_the_output() {
        let long: Vec<u8> = (0..200_000u32).map(|index| b'a' + (index % 26) as u8).collect();
        let suffix = long[long.len() - 65_536..].to_vec();
        type Content<'a> = Option<&'a [u8]>;
        let rows: [(&str, Content, Content, Vec<u8>); 7] = [
            ("nc_084", None, Some(b"hello"), b"hello".to_vec()),
            ("nc_085", None, Some(&long), suffix),
            ("nc_086", Some(b"first "), Some(b"second"), b"first second".to_vec()),
            ("nc_087", Some(&[b'x'; 5000]), None, vec![b'x'; 4095]),
            ("nc_088", None, None, Vec::new()),
            ("nc_089: only the prefix is readable", Some(b"prefix"), None, b"prefix".to_vec()),
            ("nc_092", None, Some(b"0123456789\0after"), b"0123456789 after".to_vec()),
        ];
        for (name, prefix, output, expected) in rows {
            let directory = tempfile::tempdir().unwrap();
            let at = |name: &str| directory.path().join(name);
            for (file, content) in [("append", prefix), ("log", output)] {
                if let Some(content) = content {
                    std::fs::write(at(file), content).unwrap();
                }
            }
            assert_eq!(read(&at("append"), &at("log")), expected, "{name}");
        }
    }
}

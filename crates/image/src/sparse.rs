//! Data and holes of files, and what could be one.

use std::fs::File;
use std::io;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use crate::layout::Extent;

/// The areas of a file that hold data, in order, within `area`. A file system that cannot tell has data everywhere.
pub(crate) fn data(file: &File, area: Extent) -> io::Result<Vec<Extent>> {
    let end = area.offset + area.length;
    let mut found = Vec::new();
    let mut at = area.offset;
    while at < end {
        let start = match rustix::fs::seek(file, SeekFrom::Data(at)) {
            Ok(start) if start < end => start,
            // Nothing but a hole up to the end.
            Ok(_) | Err(Errno::NXIO) => break,
            Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => at,
            Err(error) => return Err(error.into()),
        };
        at = rustix::fs::seek(file, SeekFrom::Hole(start)).unwrap_or(end).clamp(start + 1, end);
        found.push(Extent { offset: start, length: at - start });
    }
    Ok(found)
}

/// Whether all bytes are 0, at the speed of memory.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(64);
    words.by_ref().all(|word| word.iter().fold(0, |all, byte| all | byte) == 0)
        && words.remainder().iter().all(|byte| *byte == 0)
}

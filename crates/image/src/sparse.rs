//! Data and holes of files.

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

//! `ncAttachVolume`: refused, because volumes come with a later release.

use euca_wire::nc;

use crate::error::Error;

pub(crate) fn run(_request: &nc::NcAttachVolume) -> Result<nc::NcAttachVolumeResponse, Error> {
    Err(Error::NotBuilt("ncAttachVolume"))
}

//! `ncDetachVolume`: refused, because volumes come with a later release.

use euca_wire::nc;

use crate::error::Error;

pub(crate) fn run(_request: &nc::NcDetachVolume) -> Result<nc::NcDetachVolumeResponse, Error> {
    Err(Error::NotBuilt("ncDetachVolume"))
}

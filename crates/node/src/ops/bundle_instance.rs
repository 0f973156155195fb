//! `ncBundleInstance`: refused, because bundles come with a later release.

use euca_wire::nc;

use crate::error::Error;

pub(crate) fn run(_request: &nc::NcBundleInstance) -> Result<nc::NcBundleInstanceResponse, Error> {
    Err(Error::NotBuilt("ncBundleInstance"))
}

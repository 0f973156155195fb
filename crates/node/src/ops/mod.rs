//! The operations of EucalyptusNC, one file each, named after the operation. Each takes the request and gives the
//! answer, or the reason why it is refused; what a refusal looks like on the wire is decided in one place, by the
//! [`Node`](crate::Node)'s implementation of the service.

pub(crate) mod attach_volume;
pub(crate) mod bundle_instance;
pub(crate) mod cancel_bundle_task;
pub(crate) mod describe_bundle_tasks;
pub(crate) mod describe_instances;
pub(crate) mod describe_resource;
pub(crate) mod detach_volume;
pub(crate) mod get_console_output;
pub(crate) mod power_down;
pub(crate) mod reboot_instance;
pub(crate) mod run_instance;
pub(crate) mod start_network;
pub(crate) mod terminate_instance;

use crate::error::Error;

/// The user who sees and may do everything.
const ADMINISTRATOR: &str = "eucalyptus";

/// A field that the schema leaves optional and the operation does not.
pub(crate) fn required<'a>(field: Option<&'a str>, name: &'static str) -> Result<&'a str, Error> {
    field.filter(|value| !value.is_empty()).ok_or(Error::Missing(name))
}

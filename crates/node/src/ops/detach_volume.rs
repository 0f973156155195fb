//! `ncDetachVolume`: takes a volume from a guest (node-controller.md §5.8). Answers when the guest has let go.
//!
//! The volume's own record says where it is; `remoteDev` is not looked at, and `localDev` must be a device's name and
//! no more. `force` is ignored: a CC sends whatever was in its memory.

use euca_hypervisor::Hypervisor;
use euca_wire::nc;

use super::required;
use crate::Inner;
use crate::error::Error;
use crate::volume::local_device;

pub(crate) async fn run<H: Hypervisor, S>(
    node: &Inner<H, S>,
    request: &nc::NcDetachVolume,
) -> Result<nc::NcDetachVolumeResponse, Error> {
    let volume_id = required(request.volume_id.as_deref(), "volumeId")?;
    local_device(required(request.local_dev.as_deref(), "localDev")?)?;
    let instance = node.context.instances.get(required(request.instance_id.as_deref(), "instanceId")?)?;
    instance.detach(volume_id.to_owned()).await?;
    Ok(request.answer(true))
}

//! `ncAttachVolume`: plugs a volume into a guest (node-controller.md §5.7). Answers when the guest has it.

use euca_hypervisor::Hypervisor;
use euca_wire::nc;

use super::required;
use crate::Inner;
use crate::error::Error;
use crate::volume::Volume;

pub(crate) async fn run<H: Hypervisor, S>(
    node: &Inner<H, S>,
    request: &nc::NcAttachVolume,
) -> Result<nc::NcAttachVolumeResponse, Error> {
    let volume = Volume::requested(
        required(request.volume_id.as_deref(), "volumeId")?,
        required(request.remote_dev.as_deref(), "remoteDev")?,
        required(request.local_dev.as_deref(), "localDev")?,
        node.context.settings.virtio.disk,
    )?;
    let instance = node.context.instances.get(required(request.instance_id.as_deref(), "instanceId")?)?;
    instance.attach(volume).await?;
    Ok(request.answer(true))
}

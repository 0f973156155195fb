//! `ncGetConsoleOutput`: the end of the guest's serial output (node-controller.md §5.6, §9).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use euca_wire::nc;

use super::{ADMINISTRATOR, required};
use crate::error::Error;
use crate::files::InstanceFiles;
use crate::instance::blocking;
use crate::{Inner, console};

pub(crate) async fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcGetConsoleOutput,
) -> Result<nc::NcGetConsoleOutputResponse, Error> {
    let user = required(request.user_id.as_deref(), "userId")?;
    let record = node.context.instances.get(&request.instance_id)?.record();
    // The original reads below the caller's directory, so that the administrator never sees anything.
    if user != ADMINISTRATOR && user != record.user_id {
        return Err(Error::NotOwner { instance: record.instance_id.clone(), user: user.to_owned() });
    }
    let files = InstanceFiles::of(&node.context.settings.instance_path, &record);
    let text = blocking(move || Ok(console::read(&files.console_prefix(), &files.console()))).await?;
    Ok(nc::NcGetConsoleOutputResponse { console_output: STANDARD.encode(text), ..request.answer(true) })
}

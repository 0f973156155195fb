//! Carries a command out: builds its request, asks, and says what came of it.

use std::io::Write;

use euca_wire::{CallError, Caller, Request, nc};

use super::command::{Arguments, Command, Image};
use super::{explain, text};
use crate::admin::Admin;
use crate::output::{Output, Reply};
use crate::{Error, letters};

/// One run of the client.
#[derive(Debug)]
pub struct Session<C, W> {
    /// EucalyptusNC.
    pub node: C,
    /// `nodeName`: the host that is asked.
    pub name: String,
    /// The admin port of this host's node controller.
    pub admin: Admin,
    /// Standard output.
    pub out: Output<W>,
}

/// Whom nodes take for the administrator.
const ADMINISTRATOR: &str = "eucalyptus";
/// Whose bundle tasks the original asks for.
const BUNDLED: [&str; 4] = ["i-12345675", "i-12345674", "i-12345673", "i-12345672"];

/// A request with its base fields.
macro_rules! request {
    ($session:ident, $arguments:ident, $type:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        nc::$type {
            correlation_id: Some(letters(8)?),
            user_id: Some($arguments.options.user.clone().unwrap_or_else(|| ADMINISTRATOR.to_owned())),
            node_name: Some($session.name.clone()),
            $($field $(: $value)?,)*
            ..Default::default()
        }
    };
}

impl<C: Caller, W: Write> Session<C, W> {
    /// Carries out one command.
    ///
    /// # Errors
    /// The command was not carried out.
    pub async fn run(&mut self, arguments: &Arguments) -> Result<(), Error> {
        let json = arguments.options.json;
        let instance = || required(&arguments.instance, "instance id");
        match arguments.command {
            Command::RunInstance => self.launch(arguments).await,
            Command::TerminateInstance => {
                let request = request!(self, arguments, NcTerminateInstance { instance_id: instance()? });
                self.ask(request, json).await
            }
            Command::RebootInstance => {
                let request = request!(self, arguments, NcRebootInstance { instance_id: instance()? });
                self.ask(request, json).await
            }
            Command::GetConsoleOutput => {
                let request = request!(self, arguments, NcGetConsoleOutput { instance_id: instance()? });
                self.ask(request, json).await
            }
            Command::DescribeInstances => {
                let reply = self.answer(request!(self, arguments, NcDescribeInstances {}), json).await?;
                match json {
                    true => Ok(()),
                    false => Ok(text::instances(&reply, arguments.debug, &mut self.out)?),
                }
            }
            Command::DescribeResource => {
                self.ask(request!(self, arguments, NcDescribeResource {}), json).await
            }
            Command::AttachVolume => {
                let [instance_id, volume_id, remote_dev, local_dev] = volume(arguments)?;
                let request = request!(
                    self,
                    arguments,
                    NcAttachVolume { instance_id, volume_id, remote_dev, local_dev }
                );
                self.ask(request, json).await
            }
            Command::DetachVolume => {
                let [instance_id, volume_id, remote_dev, local_dev] = volume(arguments)?;
                let force = Some(arguments.force);
                let request = request!(
                    self,
                    arguments,
                    NcDetachVolume { instance_id, volume_id, remote_dev, local_dev, force }
                );
                self.ask(request, json).await
            }
            Command::BundleInstance => {
                let text = |text: &String| Some(text.clone());
                let request = request!(
                    self,
                    arguments,
                    NcBundleInstance {
                        instance_id: Some(instance()?),
                        bucket_name: text(&arguments.bucket),
                        file_prefix: text(&arguments.prefix),
                        walrus_url: text(&arguments.walrus_url),
                        user_public_key: text(&arguments.user_public_key),
                        s3_policy: text(&arguments.policy),
                        s3_policy_sig: text(&arguments.policy_signature),
                    }
                );
                self.ask(request, json).await
            }
            Command::CancelBundleTask => {
                let request =
                    request!(self, arguments, NcCancelBundleTask { instance_id: Some(instance()?) });
                self.ask(request, json).await
            }
            Command::DescribeBundleTasks => {
                let ids = arguments
                    .instance
                    .clone()
                    .map_or_else(|| BUNDLED.map(str::to_owned).into(), |id| vec![id]);
                self.ask(request!(self, arguments, NcDescribeBundleTasks { instance_ids: ids }), json).await
            }
            Command::StartNetwork => {
                let request = request!(self, arguments, NcStartNetwork { vlan: Some(arguments.vlan) });
                self.ask(request, json).await
            }
            Command::PowerDown => self.ask(request!(self, arguments, NcPowerDown {}), json).await,
            Command::Explain => {
                let id = required(
                    &arguments.words.first().cloned().or(arguments.instance.clone()),
                    "instance id",
                )?;
                let explanation = self.admin.explain(&id).await?;
                match json {
                    true => self.out.json(&explanation),
                    false => Ok(explain::write(explanation, &mut self.out)?),
                }
            }
        }
    }

    async fn launch(&mut self, arguments: &Arguments) -> Result<(), Error> {
        let image = required(&arguments.image, "image")?;
        let kernel = required(&arguments.kernel, "kernel")?;
        let url = |image: &Image| format!("http://{}/services/Walrus/{}", arguments.walrus, image.manifest);
        let mapping = |device: &str, name: &str, size, format: &str| nc::DeviceMapping {
            device_name: Some(device.to_owned()),
            virtual_name: Some(name.to_owned()),
            size: Some(size),
            format: Some(format.to_owned()),
        };
        let machine = nc::VirtualMachine {
            name: Some(arguments.type_name.clone()),
            memory: Some(arguments.memory),
            cores: Some(arguments.cores),
            disk: Some(arguments.disk),
            device_mapping: vec![
                mapping("sda1", "root", 100, "none"),
                mapping("sda2", "ephemeral1", 1000, "ext3"),
                mapping("sda3", "swap", 50, "swap"),
            ],
        };
        let reservation_id = match &arguments.reservation {
            Some(id) => id.clone(),
            None => format!("r-{}", letters(5)?),
        };
        let address = "10.0.0.202".to_owned();
        for left in (0..arguments.count).rev() {
            let instance_id = match &arguments.instance {
                // No two instances have one id.
                Some(id) if left == 0 => id.clone(),
                _ => format!("i-{}", letters(5)?),
            };
            let request = request!(
                self,
                arguments,
                NcRunInstance {
                    image_id: image.id.clone(),
                    kernel_id: Some(kernel.id.clone()),
                    ramdisk_id: arguments.ramdisk.as_ref().map(|image| image.id.clone()),
                    image_url: url(&image),
                    kernel_url: Some(url(&kernel)),
                    ramdisk_url: arguments.ramdisk.as_ref().map(url),
                    reservation_id: reservation_id.clone(),
                    instance_id: instance_id.clone(),
                    instance_type: machine.clone(),
                    key_name: arguments.key.clone(),
                    net_params: nc::NetConfig {
                        private_mac_address: arguments.mac.clone(),
                        private_ip: address.clone(),
                        public_ip: address.clone(),
                        vlan: arguments.vlan,
                        network_index: -1,
                    },
                    user_data: arguments.user_data.clone(),
                    launch_index: arguments.launch_index.clone(),
                    group_names: arguments.groups.clone(),
                }
            );
            let json = arguments.options.json;
            let reply = self.node.call(request).await;
            let reply = self.judged("ncRunInstance", &format!("instanceId={instance_id} "), reply, json)?;
            if !json {
                reply.lines(&mut self.out)?;
            }
        }
        Ok(())
    }

    async fn ask<Q: Request<Response: Reply>>(&mut self, request: Q, json: bool) -> Result<(), Error> {
        let reply = self.answer(request, json).await?;
        if json { Ok(()) } else { Ok(reply.lines(&mut self.out)?) }
    }

    async fn answer<Q: Request<Response: Reply>>(
        &mut self,
        request: Q,
        json: bool,
    ) -> Result<Q::Response, Error> {
        let reply = self.node.call(request).await;
        self.judged(Q::OPERATION.name, "", reply, json)
    }

    /// The reply of one who did what was asked; the original's line of failure otherwise. As JSON it is written here.
    fn judged<R: Reply>(
        &mut self,
        operation: &'static str,
        of: &str,
        reply: Result<R, CallError>,
        json: bool,
    ) -> Result<R, Error> {
        if json && let Ok(reply) = &reply {
            self.out.json(reply)?;
        }
        let error = match reply {
            Ok(reply) if reply.done() => return Ok(reply),
            Ok(_) => Error::RefusedByNode(operation),
            Err(source) => Error::NoAnswer { command: operation, source },
        };
        if !json {
            if operation == "ncBundleInstance" {
                writeln!(self.out, "ncBundleInstanceStub = 1")?;
            }
            writeln!(self.out, "{operation}() failed: {of}error=1")?;
        }
        Err(error)
    }
}

fn required<T: Clone>(option: &Option<T>, name: &'static str) -> Result<T, Error> {
    option.clone().ok_or(Error::Missing(name))
}

/// Instance, volume, and its two devices: none of them can be left out.
fn volume(arguments: &Arguments) -> Result<[Option<String>; 4], Error> {
    Ok([
        Some(required(&arguments.instance, "instance id")?),
        Some(required(&arguments.volume, "volume id")?),
        Some(required(&arguments.remote_device, "remote device")?),
        Some(required(&arguments.local_device, "local device")?),
    ])
}

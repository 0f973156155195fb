//! Carries a command out: builds its request, asks, and says what came of it.

use std::fmt::Display;
use std::io::{self, Write};

use euca_wire::{CallError, Caller, Request, cc, gl};
use openssl::error::ErrorStack;

use crate::admin::Admin;
use crate::command::{Command, RunInstances};
use crate::error::Error;
use crate::output::{Output, Reply, field};
use crate::{explain, letters};

/// One run of the client.
#[derive(Debug)]
pub struct Session<C, W> {
    /// EucalyptusCC.
    pub cluster: C,
    /// EucalyptusGL of the same host.
    pub log: C,
    /// The admin port of this host's cluster controller.
    pub admin: Admin,
    /// On whose behalf, instead of the user that the original names for each command.
    pub user: Option<String>,
    /// Replies as JSON instead of lines.
    pub json: bool,
    /// Standard output.
    pub out: Output<W>,
}

/// The original's words for a command.
struct Words {
    name: &'static str,
    /// What failed, when it fails.
    failure: Option<&'static str>,
    /// What returned a status, for the commands that say so.
    status: Option<&'static str>,
}

/// A command that prints its reply.
fn shown(name: &'static str) -> Words {
    Words { name, failure: None, status: None }
}

/// A command that prints its status.
fn done(name: &'static str, status: &'static str) -> Words {
    Words { name, failure: None, status: Some(status) }
}

/// The user of a cloud's own requests, whom nodes take for the administrator.
const CLOUD: &str = "eucalyptus";

/// Who asks for networks in the original's client.
const ADMIN: &str = "admin";

/// A request with its base fields.
macro_rules! request {
    ($session:ident, $user:expr, $module:ident::$type:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        $module::$type {
            correlation_id: Some(letters(8)?),
            user_id: Some($session.user.clone().unwrap_or_else(|| $user.to_owned())),
            $($field $(: $value)?,)*
            ..Default::default()
        }
    };
}

impl<C: Caller, W: Write> Session<C, W> {
    /// Carries out one command.
    ///
    /// # Errors
    /// The command was not carried out; the output says so in the original's words already.
    pub async fn run(&mut self, command: Command) -> Result<(), Error> {
        match command {
            Command::RunInstances(launch) => {
                let request = self.launch(launch)?;
                self.ask(&shown("runInstances"), request).await
            }
            Command::DescribeInstances => {
                let request = request!(self, CLOUD, cc::DescribeInstances {});
                self.ask(&shown("describeInstances"), request).await
            }
            Command::DescribeBundleTasks { instance_id } => {
                let request =
                    request!(self, CLOUD, cc::DescribeBundleTasks { instance_ids: vec![instance_id] });
                self.ask(&shown("describeBundleTasks"), request).await
            }
            Command::CancelBundleTask { instance_id } => {
                let request = request!(self, CLOUD, cc::CancelBundleTask { instance_id: Some(instance_id) });
                self.ask(&done("cancelBundleTask", "cancelBundleTask"), request).await
            }
            Command::GetConsoleOutput { instance_id } => {
                self.say(&instance_id)?;
                // The original asks as admin, who sees only his own instances.
                let request = request!(self, CLOUD, cc::GetConsoleOutput { instance_id: Some(instance_id) });
                self.ask(&shown("getConsoleOutput"), request).await
            }
            Command::RebootInstances { instance_ids } => {
                self.say_count(&instance_ids)?;
                let request = request!(self, CLOUD, cc::RebootInstances { instance_ids });
                self.ask(&shown("rebootInstances"), request).await
            }
            Command::TerminateInstances { instance_ids } => {
                self.terminate(&shown("terminateInstances"), instance_ids).await
            }
            Command::KillallInstances => {
                let words = shown("killallInstances");
                let request = request!(self, CLOUD, cc::DescribeInstances {});
                let described = self.cluster.call(request).await;
                let described = self.answered(&words, described)?;
                self.check(&words, &described)?;
                // The original's list ended at 256.
                let ids = described.instances.iter().filter_map(|instance| instance.instance_id.clone());
                self.terminate(&words, ids.collect()).await
            }
            Command::DescribeResources => {
                let types = [("large", 8192, 8, 250), ("medium", 2048, 4, 100), ("small", 128, 1, 10)];
                let types = types.map(|(name, memory, cores, disk)| cc::VirtualMachine {
                    name: Some(name.to_owned()),
                    memory: Some(memory),
                    cores: Some(cores),
                    disk: Some(disk),
                    ..Default::default()
                });
                let request = request!(self, CLOUD, cc::DescribeResources { instance_types: types.into() });
                self.ask(&shown("describeResources"), request).await
            }
            Command::StartNetwork { vlan, net_name, cluster_controllers } => {
                self.say_adding(&cluster_controllers)?;
                let (vlan, net_name) = (Some(vlan), Some(net_name));
                let request = request!(self, ADMIN, cc::StartNetwork { vlan, net_name, cluster_controllers });
                self.ask(&done("startNetwork", "startnetwork"), request).await
            }
            Command::StopNetwork { vlan, net_name } => {
                let (vlan, net_name) = (Some(vlan), Some(net_name));
                let request = request!(self, ADMIN, cc::StopNetwork { vlan, net_name });
                self.ask(&done("stopNetwork", "stopnetwork"), request).await
            }
            Command::DescribeNetworks { cluster_controllers } => {
                self.say_adding(&cluster_controllers)?;
                let nameserver = Some("1.2.3.4".to_owned());
                let request = request!(self, CLOUD, cc::DescribeNetworks { nameserver, cluster_controllers });
                self.ask(&done("describeNetworks", "describenetworks"), request).await
            }
            Command::ConfigureNetwork { source, dest, protocol, min_port, max_port, kind } => {
                let first = source.chars().next();
                self.say(format_args!("{source} T: {}", first.map_or(0, u32::from)))?;
                let (source_nets, source_names) = match first {
                    Some('0'..='9') => (vec![source], Vec::new()),
                    _ => (Vec::new(), vec![source]),
                };
                let rule = cc::NetworkRule {
                    type_: kind,
                    source_names,
                    user_names: vec![CLOUD.to_owned()],
                    source_nets,
                    dest_user_name: None,
                    dest_name: dest,
                    protocol,
                    port_range_min: min_port,
                    port_range_max: max_port,
                };
                let request = request!(self, ADMIN, cc::ConfigureNetwork { rules: vec![rule] });
                self.ask(&done("configureNetwork", "configurenetwork"), request).await
            }
            Command::AssignAddress { source, dest } => {
                let words = done("assignAddress", "assignAddress");
                let request = request!(self, CLOUD, cc::AssignAddress { source, dest });
                self.ask(&Words { failure: Some("assignNetwork"), ..words }, request).await
            }
            Command::UnassignAddress { source, dest } => {
                let words = done("unassignAddress", "unassignAddress");
                let request = request!(self, CLOUD, cc::UnassignAddress { source, dest });
                self.ask(&Words { failure: Some("unassignNetwork"), ..words }, request).await
            }
            Command::AttachVolume { volume_id, instance_id, remote_dev, local_dev } => {
                let (volume_id, instance_id) = (Some(volume_id), Some(instance_id));
                let (remote_dev, local_dev) = (Some(remote_dev), Some(local_dev));
                let request =
                    request!(self, CLOUD, cc::AttachVolume { volume_id, instance_id, remote_dev, local_dev });
                self.ask(&done("attachVolume", "attachVolume"), request).await
            }
            Command::DetachVolume { volume_id, instance_id, remote_dev, local_dev, force } => {
                let (volume_id, instance_id) = (Some(volume_id), Some(instance_id));
                let (remote_dev, local_dev) = (Some(remote_dev), Some(local_dev));
                let force = Some(force);
                let request = request!(
                    self,
                    CLOUD,
                    cc::DetachVolume { volume_id, instance_id, remote_dev, local_dev, force }
                );
                let words = done("detachVolume", "detachVolume");
                self.ask(&Words { failure: Some("unassignNetwork"), ..words }, request).await
            }
            Command::BundleInstance { instance_id, bucket, prefix, walrus_url, user_public_key } => {
                let request = request!(
                    self,
                    CLOUD,
                    cc::BundleInstance {
                        instance_id: Some(instance_id),
                        bucket_name: Some(bucket),
                        file_prefix: Some(prefix),
                        walrus_url: Some(walrus_url),
                        user_public_key: Some(user_public_key),
                    }
                );
                self.ask(&done("bundleInstance", "bundleInstance"), request).await
            }
            Command::DescribePublicAddresses => {
                let request = request!(self, CLOUD, cc::DescribePublicAddresses {});
                self.ask(&shown("describePublicAddresses"), request).await
            }
            Command::GetLogs { service_tag } => {
                let request = request!(self, CLOUD, gl::GetLogs { service_tag: Some(service_tag) });
                let reply = self.log.call(request).await;
                self.show(&shown("getLogs"), reply)
            }
            Command::GetKeys { service_tag } => {
                let request = request!(self, CLOUD, gl::GetKeys { service_tag: Some(service_tag) });
                let reply = self.log.call(request).await;
                self.show(&shown("getKeys"), reply)
            }
            Command::Explain { instance_id } => {
                let explanation = self.admin.explain(&instance_id).await?;
                if self.json {
                    return self.out.json(&explanation);
                }
                Ok(explain::write(explanation, &mut self.out)?)
            }
            Command::Unknown(words) => {
                let name = words.into_iter().next().unwrap_or_default();
                // The original 2.0.1 says nothing and succeeds; a misspelt command must not look like a done one.
                self.say(format_args!("unrecognized operation '{name}'"))?;
                Err(Error::Unknown(name))
            }
        }
    }

    fn launch(&self, launch: RunInstances) -> Result<cc::RunInstances, Error> {
        let ids = (0..launch.num).map(|_| eight_digits()).collect::<Result<Vec<_>, _>>()?;
        let macs = ids.iter().map(|id| {
            // The cluster controller makes up its own, by the same rule.
            let pairs: Vec<&str> = [0, 2, 4, 6].iter().filter_map(|at| id.get(*at..at + 2)).collect();
            format!("d0:0d:{}", pairs.join(":"))
        });
        let mapping = |device: &str, name: &str, size, format: &str| cc::DeviceMapping {
            device_name: Some(device.to_owned()),
            virtual_name: Some(name.to_owned()),
            size: Some(size),
            format: Some(format.to_owned()),
        };
        let machine = cc::VirtualMachine {
            name: Some(launch.type_name),
            memory: Some(launch.memory),
            cores: Some(launch.cores),
            disk: Some(launch.disk),
            device_mapping: vec![
                mapping("sda1", "root", 100, "none"),
                mapping("sda2", "ephemeral1", 1000, "ext3"),
                mapping("sda3", "swap", 50, "swap"),
            ],
        };
        Ok(request!(
            self,
            CLOUD,
            cc::RunInstances {
                image_id: Some(launch.ami_id),
                kernel_id: Some(launch.kernel_id),
                ramdisk_id: launch.ramdisk_id,
                image_url: Some(launch.ami_url),
                kernel_url: Some(launch.kernel_url),
                ramdisk_url: launch.ramdisk_url,
                instance_type: Some(machine),
                key_name: Some(launch.key),
                max_count: launch.num.into(),
                min_count: launch.num.into(),
                reservation_id: format!("r-{}", eight_digits()?),
                mac_addresses: macs.collect(),
                instance_ids: ids.iter().map(|id| format!("i-{id}")).collect(),
                net_names: vec![launch.net_name],
                vlan: launch.vlan,
                user_data: launch.user_data,
                launch_index: "0".to_owned(),
                platform: Some("linux".to_owned()),
            }
        ))
    }

    async fn terminate(&mut self, words: &Words, instance_ids: Vec<String>) -> Result<(), Error> {
        if instance_ids.is_empty() {
            return Ok(());
        }
        self.say_count(&instance_ids)?;
        let request = request!(self, CLOUD, cc::TerminateInstances { instance_ids });
        self.ask(words, request).await
    }

    async fn ask<Q: Request<Response: Reply>>(&mut self, words: &Words, request: Q) -> Result<(), Error> {
        let reply = self.cluster.call(request).await;
        self.show(words, reply)
    }

    /// Says what came of the command.
    fn show<R: Reply>(&mut self, words: &Words, reply: Result<R, CallError>) -> Result<(), Error> {
        let reply = self.answered(words, reply)?;
        if self.json {
            self.out.json(&reply)?;
        }
        self.check(words, &reply)?;
        if !self.json {
            reply.lines(&mut self.out)?;
        }
        Ok(())
    }

    fn answered<R>(&mut self, words: &Words, reply: Result<R, CallError>) -> Result<R, Error> {
        match reply {
            Ok(reply) => Ok(reply),
            Err(source) => {
                self.say(format_args!("ERROR: {} returned NULL", words.name))?;
                self.say_failed(words)?;
                Err(Error::NoAnswer { command: words.name, source })
            }
        }
    }

    fn check(&mut self, words: &Words, reply: &impl Reply) -> Result<(), Error> {
        let message = reply.status_message().unwrap_or_default();
        if !reply.done() {
            self.say(format_args!("operation fault '{}'", field(message)))?;
        }
        if let Some(status) = words.status {
            self.say(format_args!("{status} returned status {}", i32::from(!reply.done())))?;
        }
        if !reply.done() {
            self.say_failed(words)?;
            return Err(Error::Refused { command: words.name, message: message.to_owned() });
        }
        Ok(())
    }

    /// A line of the original's; none of them goes with JSON.
    fn say(&mut self, line: impl Display) -> io::Result<()> {
        if self.json { Ok(()) } else { writeln!(self.out, "{line}") }
    }

    fn say_failed(&mut self, words: &Words) -> io::Result<()> {
        self.say(format_args!("cc_{}() failed", words.failure.unwrap_or(words.name)))
    }

    fn say_count(&mut self, ids: &[String]) -> io::Result<()> {
        self.say(format_args!("{} {}", ids.len(), ids.first().map_or("", String::as_str)))
    }

    fn say_adding(&mut self, cluster_controllers: &[String]) -> io::Result<()> {
        cluster_controllers.iter().try_for_each(|address| self.say(format_args!("adding {address}")))
    }
}

/// What follows `i-` and `r-`: as a CLC writes it, because a MAC address is made of it.
fn eight_digits() -> Result<String, ErrorStack> {
    let mut bytes = [0; 4];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(format!("{:08X}", u32::from_ne_bytes(bytes)))
}

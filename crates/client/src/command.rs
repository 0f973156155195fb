//! The syntax: the original's positional arguments, and options that it did not have.

use clap::{Args, Parser, Subcommand};
use http::uri::Authority;

use crate::options::{Options, endpoint};

/// Asks a cluster controller, signed with the keys of the cloud.
///
/// Understands everything CCclient_full did and prints the same lines. Reads eucalyptus.conf and, with
/// ENABLE_WS_SECURITY="Y", cloud-cert.pem and cloud-pk.pem in var/lib/eucalyptus/keys below the installation.
/// Called as euca_killall, or with -9 as the only argument, it terminates every instance of the cluster controller
/// on this host.
#[derive(Debug, Parser)]
#[command(
    name = "cc-client",
    version,
    disable_help_subcommand = true,
    override_usage = "cc-client [OPTIONS] <HOST:PORT> <COMMAND>",
    after_help = "Exit status: 0 done; 1 wrong usage, no usable answer, or refused by the cluster controller."
)]
pub struct Arguments {
    /// The cluster controller.
    #[arg(value_name = "HOST:PORT", value_parser = endpoint)]
    pub endpoint: Option<Authority>,
    /// What to ask.
    #[command(subcommand)]
    pub command: Command,
    /// How to ask.
    #[command(flatten)]
    pub options: Options,
}

/// What to ask.
#[derive(Debug, Subcommand)]
#[command(rename_all = "camelCase", rename_all_env = "verbatim")]
#[expect(
    missing_docs,
    reason = "each command's comment is its help text; the fields are the original's names"
)]
pub enum Command {
    /// Launch instances.
    RunInstances(RunInstances),
    /// List all instances.
    DescribeInstances,
    /// List the bundle task of every instance.
    DescribeBundleTasks { instance_id: String },
    /// Cancel the bundle task of an instance.
    CancelBundleTask { instance_id: String },
    /// Print what an instance wrote to its console.
    GetConsoleOutput { instance_id: String },
    /// Reboot instances.
    RebootInstances {
        #[arg(required = true)]
        instance_ids: Vec<String>,
    },
    /// Terminate instances.
    TerminateInstances { instance_ids: Vec<String> },
    /// List the nodes, and how many instances of three sizes fit.
    DescribeResources,
    /// Activate a security group's network.
    StartNetwork {
        #[arg(allow_negative_numbers = true)]
        vlan: i32,
        net_name: String,
        #[arg(num_args = 0..=32, value_name = "CC")]
        cluster_controllers: Vec<String>,
    },
    /// Deactivate a security group's network.
    StopNetwork {
        #[arg(allow_negative_numbers = true)]
        vlan: i32,
        net_name: String,
    },
    /// List the active networks.
    DescribeNetworks {
        #[arg(num_args = 0..=32, value_name = "CC")]
        cluster_controllers: Vec<String>,
    },
    /// Set the rule of a security group; a source that begins with a digit is a network, else a group.
    ConfigureNetwork {
        source: String,
        dest: String,
        protocol: String,
        #[arg(allow_negative_numbers = true)]
        min_port: i32,
        #[arg(allow_negative_numbers = true)]
        max_port: i32,
        /// firewall-open or firewall-close
        #[arg(value_name = "TYPE")]
        kind: String,
    },
    /// Give a public address to an instance's private one.
    AssignAddress { source: String, dest: String },
    /// Take a public address from an instance's private one.
    UnassignAddress { source: String, dest: String },
    /// Attach a volume.
    AttachVolume { volume_id: String, instance_id: String, remote_dev: String, local_dev: String },
    /// Detach a volume.
    DetachVolume {
        volume_id: String,
        instance_id: String,
        remote_dev: String,
        local_dev: String,
        /// 0 or 1
        #[arg(value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::Set)]
        force: bool,
    },
    /// Bundle an instance's disk.
    BundleInstance {
        instance_id: String,
        bucket: String,
        prefix: String,
        #[arg(value_name = "WALRUS_URL")]
        walrus_url: String,
        user_public_key: String,
    },
    /// List the public addresses and what they are assigned to.
    DescribePublicAddresses,
    /// Terminate every instance.
    KillallInstances,
    /// Print the logs of the cluster controller, or of one of its nodes.
    GetLogs {
        #[arg(default_value = "self")]
        service_tag: String,
    },
    /// Print the certificates of the cluster controller, or of one of its nodes.
    GetKeys {
        #[arg(default_value = "self")]
        service_tag: String,
    },
    /// Say why an instance of this host's cluster controller is Pending, or in another state; without HOST:PORT.
    Explain { instance_id: String },
    /// A word that is no command.
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

/// What to launch. The arguments are the original's; the size is by default that of its fixed type.
#[derive(Debug, Args)]
pub struct RunInstances {
    /// Image id
    pub ami_id: String,
    /// URL of the image's manifest
    #[arg(value_name = "AMI_URL")]
    pub ami_url: String,
    /// Kernel id
    pub kernel_id: String,
    /// URL of the kernel's manifest
    #[arg(value_name = "KERNEL_URL")]
    pub kernel_url: String,
    /// How many
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub num: u16,
    /// VLAN of the network
    #[arg(allow_negative_numbers = true)]
    pub vlan: i32,
    /// Security group
    pub net_name: String,
    /// Ramdisk id
    #[arg(requires = "ramdisk_url")]
    pub ramdisk_id: Option<String>,
    /// URL of the ramdisk's manifest
    #[arg(value_name = "RAMDISK_URL")]
    pub ramdisk_url: Option<String>,
    /// Name of the instance type
    #[arg(long = "type", value_name = "NAME", default_value = "m1.small")]
    pub type_name: String,
    /// Memory of an instance
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub memory: i32,
    /// Processors of an instance
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub cores: i32,
    /// Disk of an instance
    #[arg(long, value_name = "GB", default_value_t = 64)]
    pub disk: i32,
    /// Public key put into the instance, as a line of authorized_keys
    #[arg(long, value_name = "LINE", default_value = "")]
    pub key: String,
    /// User data of the instance
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub user_data: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_is_consistent() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}

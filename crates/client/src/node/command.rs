//! The syntax: the original's options and its one command word, and options that it did not have.

use clap::{ArgAction, Parser, ValueEnum};
use http::uri::Authority;

use crate::options::{Options, endpoint};

/// Asks a node controller, signed with the keys of its cluster controller.
///
/// Understands everything NCclient did and prints the same lines. Reads eucalyptus.conf and, with
/// ENABLE_WS_SECURITY="Y", cluster-cert.pem and cluster-pk.pem in var/lib/eucalyptus/keys below the installation.
#[derive(Debug, Parser)]
#[command(
    name = "nc-client",
    version,
    // -V is a volume.
    disable_version_flag = true,
    args_override_self = true,
    override_usage = "nc-client [OPTIONS] <COMMAND>",
    after_help = "Exit status: 0 done; 1 wrong usage, no usable answer, or refused by the node; 2 no keys to sign with."
)]
pub struct Arguments {
    /// What to ask.
    #[arg(value_enum)]
    pub command: Command,
    /// The instance that explain is about; more words are ignored.
    #[arg(value_name = "ID", hide = true)]
    pub words: Vec<String>,
    /// The node; by default the one of this host.
    #[arg(short = 'n', long = "node", value_name = "HOST:PORT", value_parser = endpoint)]
    pub node: Option<Authority>,
    /// Where images are: their URLs become http://HOST:PORT/services/Walrus/MANIFEST.
    #[arg(
        short = 'w',
        long = "walrus",
        value_name = "HOST:PORT",
        default_value = "localhost:8773",
        value_parser = endpoint
    )]
    pub walrus: Authority,
    /// Instance id; runInstance makes one up without it.
    #[arg(short = 'i', long = "instance", value_name = "ID")]
    pub instance: Option<String>,
    /// Reservation id; made up without it.
    #[arg(short = 'e', long = "reservation", value_name = "ID")]
    pub reservation: Option<String>,
    /// Image.
    #[arg(short = 'm', long = "image", value_name = "ID:MANIFEST", value_parser = image)]
    pub image: Option<Image>,
    /// Kernel.
    #[arg(short = 'k', long = "kernel", value_name = "ID:MANIFEST", value_parser = image)]
    pub kernel: Option<Image>,
    /// Ramdisk.
    #[arg(short = 'r', long = "ramdisk", value_name = "ID:MANIFEST", value_parser = image)]
    pub ramdisk: Option<Image>,
    /// Private MAC address.
    #[arg(short = 'a', long = "mac", value_name = "MAC", default_value = "aa:bb:cc:dd:ee:ff")]
    pub mac: String,
    /// How many instances; the last has the id of -i.
    #[arg(
        short = 'c',
        long = "count",
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub count: u16,
    /// Volume id.
    #[arg(short = 'V', long = "volume", value_name = "ID")]
    pub volume: Option<String>,
    /// Device of the volume on the node.
    #[arg(short = 'R', long = "remote-device", value_name = "DEVICE")]
    pub remote_device: Option<String>,
    /// Device of the volume in the instance.
    #[arg(short = 'L', long = "local-device", value_name = "DEVICE")]
    pub local_device: Option<String>,
    /// Detach by force, which nodes ignore.
    #[arg(short = 'F', long = "force")]
    pub force: bool,
    /// User data.
    #[arg(short = 'U', long = "user-data", value_name = "TEXT")]
    pub user_data: Option<String>,
    /// Launch index.
    #[arg(short = 'I', long = "launch-index", value_name = "TEXT")]
    pub launch_index: Option<String>,
    /// Security groups.
    #[arg(short = 'G', long = "groups", value_name = "NAME[:NAME...]", value_delimiter = ':')]
    pub groups: Vec<String>,
    /// Say more of each instance, and on standard error what is done.
    #[arg(short = 'd', long = "debug")]
    pub debug: bool,
    /// Name of the instance type
    #[arg(long = "type", value_name = "NAME", default_value = "m1.small")]
    pub type_name: String,
    /// Memory of an instance
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub memory: i32,
    /// Processors of an instance
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub cores: i32,
    /// Disk of an instance
    #[arg(long, value_name = "GB", default_value_t = 1)]
    pub disk: i32,
    /// Public key put into the instance, as a line of authorized_keys
    #[arg(long, value_name = "LINE", default_value = "")]
    pub key: String,
    /// VLAN of the instance's network, or of the network to start
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub vlan: i32,
    /// Bucket of the bundle
    #[arg(long, value_name = "NAME", default_value = "bucket-foo")]
    pub bucket: String,
    /// Prefix of the bundle's files
    #[arg(long, value_name = "NAME", default_value = "prefix-foo")]
    pub prefix: String,
    /// URL of the Walrus that takes the bundle
    #[arg(long, value_name = "URL", default_value = "s3-url-foo")]
    pub walrus_url: String,
    /// Key of the user whose bundle it is
    #[arg(long, value_name = "KEY", default_value = "user-key-foo")]
    pub user_public_key: String,
    /// Policy that lets the bundle be uploaded
    #[arg(long, value_name = "POLICY", default_value = "s3policy-foo")]
    pub policy: String,
    /// Its signature
    #[arg(long, value_name = "SIGNATURE", default_value = "s3policy-sig")]
    pub policy_signature: String,
    /// Options of both clients.
    #[command(flatten)]
    pub options: Options,
    /// Print the version.
    #[arg(long, action = ArgAction::Version)]
    version: Option<bool>,
}

/// What to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "camelCase")]
pub enum Command {
    /// Launch instances; needs -m and -k
    RunInstance,
    /// Terminate an instance; needs -i
    TerminateInstance,
    /// Reboot an instance; needs -i
    RebootInstance,
    /// Print what an instance wrote to its console; needs -i
    GetConsoleOutput,
    /// List the instances
    DescribeInstances,
    /// Print the size of the node, and what of it is free
    DescribeResource,
    /// Attach a volume; needs -i, -V, -R and -L
    AttachVolume,
    /// Detach a volume; needs -i, -V, -R and -L
    DetachVolume,
    /// Bundle an instance's disk; needs -i
    BundleInstance,
    /// Cancel an instance's bundle task; needs -i
    CancelBundleTask,
    /// List the bundle task of an instance, or of four fixed ids
    DescribeBundleTasks,
    /// Bring a network up
    StartNetwork,
    /// Put the node to sleep
    PowerDown,
    /// Say what an instance of this host's node went through, and why; needs its id
    Explain,
}

/// An image, kernel or ramdisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Path of its manifest below Walrus.
    pub manifest: String,
}

fn image(text: &str) -> Result<Image, String> {
    match text.split_once(':') {
        Some((id, manifest)) if !id.is_empty() && !manifest.is_empty() => {
            Ok(Image { id: id.to_owned(), manifest: manifest.to_owned() })
        }
        _ => Err("not ID:MANIFEST".to_owned()),
    }
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

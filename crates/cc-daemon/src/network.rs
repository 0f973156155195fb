//! From `VNET_*` to the tables of the virtual network and to the host that follows them.

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use euca_cluster::State;
use euca_cluster::addresses::AddressSource;
use euca_command::{CommandRunner, Programs};
use euca_config::{CcSettings, Error, ManagedNet, Origin, Place, PublicIps, StaticNet, Tunnels, VnetMode};
use euca_store::StateFile;
use euca_vnet::{
    Ipv4Net, ManagedSettings, Plan, Pool, PublicAddresses, Record, Settings, StaticSettings, Tables,
};
use euca_vnet_host::links::{Links, Present};
use euca_vnet_host::{DhcpServer, DhcpSettings, Differences, Host, Site, Transport, TunnelSettings};

/// Longest name of the private interface in MANAGED mode: with a dot and the number of a VLAN it is a device's.
const PARENT_NAME: usize = 10;
/// How long a host's address is looked for at the start.
const RESOLVE: Duration = Duration::from_secs(10);

/// What can be done with the virtual network of this host.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print what this host is to look like: devices, addresses, firewall rules.
    Plan,
    /// Print what is not as it should be, and change nothing.
    Diff,
    /// Mend what is not as it should be, and print what it was.
    Repair,
    /// Take everything of ours off this host: chains, devices, addresses. What is active stays known, and is brought
    /// back by the next start.
    Clear,
}

/// Carries the command out, by the durable state, of which nobody else may be in charge.
///
/// # Errors
/// The state is in use or cannot be read, or the kernel refuses.
pub async fn run(settings: &CcSettings, command: Command) -> Result<()> {
    let (tables, host) = start(settings, &euca_cluster::addresses::Host::default()).await?;
    let Some(host) = host else { bail!("in SYSTEM mode there are no networks of ours") };
    let path = settings.home.cc_state_file();
    let state = match path.try_exists().context("looking for the state")? {
        true => State::read(&StateFile::open(&path)?)?,
        false => State::default(),
    };
    let plan = host.expect(restore(tables, state.network())?.state()).await?;
    let text = match command {
        Command::Plan => plan.to_string(),
        Command::Diff => lines(host.differences().await?),
        Command::Repair => lines(host.repair().await?),
        Command::Clear => lines(host.clear().await?),
    };
    io::stdout().write_all(text.as_bytes()).context("writing the answer")
}

fn lines(lines: Differences) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What the tables are to know, without what only the running host knows: its own addresses.
///
/// # Errors
/// When the settings make no sense together; the message names the variable.
pub fn tables(settings: &CcSettings) -> Result<Settings, Error> {
    Ok(match &settings.network.mode {
        VnetMode::System => Settings::System,
        VnetMode::Static(fixed) => Settings::Static(addresses(settings, fixed)?),
        VnetMode::Managed(net) => {
            let parent = &settings.network.private_interface;
            if parent.len() > PARENT_NAME {
                let problem =
                    format!("{parent:?} is too long a name for VLANs, {PARENT_NAME} characters at most");
                return Err(invalid(settings, "VNET_PRIVINTERFACE", problem));
            }
            Settings::Managed(managed(settings, net, true)?)
        }
        VnetMode::ManagedNovlan(net) => Settings::Managed(managed(settings, net, false)?),
    })
}

fn addresses(settings: &CcSettings, fixed: &StaticNet) -> Result<StaticSettings, Error> {
    Ok(StaticSettings {
        subnet: subnet(settings, fixed.subnet, fixed.netmask)?,
        broadcast: fixed.broadcast,
        router: fixed.router,
        dns: fixed.dns,
        hosts: fixed.hosts.iter().map(|(mac, address)| ((*mac).into(), *address)).collect(),
    })
}

fn managed(settings: &CcSettings, net: &ManagedNet, vlans: bool) -> Result<ManagedSettings, Error> {
    let subnet = subnet(settings, net.subnet, net.netmask)?;
    let plan = Plan::new(subnet, net.addrs_per_net)
        .map_err(|error| invalid(settings, "VNET_ADDRSPERNET", error.to_string()))?;
    let mut public = Pool::default();
    for word in net.public_ips.iter().flatten() {
        let word = match *word {
            PublicIps::One(address) => PublicAddresses::One(address),
            PublicIps::Range(first, last) => PublicAddresses::Range(first, last),
            PublicIps::Block(address, length) => PublicAddresses::Block(
                Ipv4Net::new(address, length)
                    .map_err(|error| invalid(settings, "VNET_PUBLICIPS", error.to_string()))?,
            ),
            PublicIps::Without(address) => PublicAddresses::Without(address),
        };
        public.apply(word).map_err(|error| invalid(settings, "VNET_PUBLICIPS", error.to_string()))?;
    }
    Ok(ManagedSettings {
        vlans,
        plan,
        dns: net.dns,
        public,
        local: Vec::new(),
        tunnels: net.tunnels.is_some(),
    })
}

fn subnet(settings: &CcSettings, subnet: Ipv4Addr, mask: Ipv4Addr) -> Result<Ipv4Net, Error> {
    Ipv4Net::with_netmask(subnet, mask).map_err(|error| invalid(settings, "VNET_NETMASK", error.to_string()))
}

/// The tables with what was durable.
///
/// # Errors
/// When networks or addresses in use have no place in the settings: these were changed while guests depend on them
/// (network.md §12.4).
pub fn restore(settings: Settings, records: &[Record]) -> Result<Tables> {
    let (tables, misplaced) = Tables::restore(settings, records.to_vec());
    let Some(first) = misplaced.iter().find(|record| record.is_in_use()) else { return Ok(tables) };
    let before = records.iter().find_map(|record| match record {
        Record::Plan { subnet, addresses, vlans } => {
            let mode = if *vlans { "MANAGED" } else { "MANAGED-NOVLAN" };
            Some(format!(" ({mode}, {}, {}, {addresses})", subnet.network(), subnet.netmask()))
        }
        _ => None,
    });
    bail!(
        "these settings leave no place for networks and addresses in use, {} first: set VNET_MODE, VNET_SUBNET, \
         VNET_NETMASK, VNET_ADDRSPERNET{} and VNET_MACMAP as they were, or have `cc-daemon state clean` forget \
         everything",
        first.key(),
        before.unwrap_or_default()
    );
}

/// What is wrong with a variable, and where it is.
fn invalid(settings: &CcSettings, key: &'static str, problem: String) -> Error {
    let place = match settings.report.get(key).map(|setting| &setting.origin) {
        Some(Origin::File(place)) => place.clone(),
        _ => Place { path: settings.home.main_conf().into(), line: 0 },
    };
    Error::Invalid { place, key, problem }
}

/// The tables' settings with what only the running host knows, and the host, which SYSTEM mode does without.
///
/// # Errors
/// When the host is not what the settings say: devices or the DHCP server's program are missing, or names have no
/// address.
pub async fn start(
    settings: &CcSettings,
    names: &dyn AddressSource,
) -> Result<(Settings, Option<Arc<Host>>)> {
    let tables = tables(settings)?;
    let runner: Arc<dyn CommandRunner> = Arc::new(Programs::default());
    let present = Links::open()?.present().await?;
    let (net, program, group) = match &settings.network.mode {
        VnetMode::System => return Ok((tables, None)),
        VnetMode::Static(net) => (None, &net.dhcp_daemon, &net.dhcp_user),
        VnetMode::Managed(net) | VnetMode::ManagedNovlan(net) => {
            (Some(net), &net.dhcp_daemon, &net.dhcp_user)
        }
    };
    let (tables, site) = match net {
        None => (tables, None),
        Some(net) => {
            let (managed, site) = managed_site(settings, net, tables, &present, names).await?;
            (Settings::Managed(managed), Some(site))
        }
    };
    let mut host = Host::new(site, Arc::clone(&runner));
    if let Some(transport) = net.and_then(|net| net.tunnels) {
        let transport = match transport {
            Tunnels::WireGuard => Transport::WireGuard,
            Tunnels::Vxlan => Transport::Vxlan,
            Tunnels::Vtun => Transport::Vtun,
        };
        let (secret, run) = (settings.home.keys().join("vtunpass"), settings.home.run());
        host = host.with_tunnels(TunnelSettings { transport, secret, run });
    }
    let interface = settings.network.private_interface.clone();
    require(&present, "VNET_PRIVINTERFACE", &interface)?;
    let there = tokio::fs::metadata(program).await;
    if !there.is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0) {
        bail!("VNET_DHCPDAEMON: there is no program {}", program.display());
    }
    let server = DhcpSettings {
        program: program.clone(),
        group: (group != "root").then(|| group.clone()),
        directory: settings.home.run().join("net"),
        interface,
    };
    Ok((tables, Some(Arc::new(host.with_dhcp(DhcpServer::new(server, runner))))))
}

/// What tables and host know of a site with networks of ours.
async fn managed_site(
    settings: &CcSettings,
    net: &ManagedNet,
    tables: Settings,
    present: &Present,
    names: &dyn AddressSource,
) -> Result<(ManagedSettings, Site)> {
    let Settings::Managed(mut managed) = tables else { bail!("the modes of tables and settings differ") };
    let interfaces = &settings.network;
    require(present, "VNET_PUBINTERFACE", &interfaces.public_interface)?;
    require(present, "VNET_PRIVINTERFACE", &interfaces.private_interface)?;
    managed.local = match &net.local_ip {
        Some(name) => vec![resolve(names, "VNET_LOCALIP", name).await?],
        None => own_addresses(present, &managed.public),
    };
    let cloud = match &net.cloud_ip {
        Some(name) => Some(resolve(names, "VNET_CLOUDIP", name).await?),
        None => None,
    };
    let site = Site {
        managed: managed.clone(),
        public_interface: interfaces.public_interface.clone(),
        private_interface: interfaces.private_interface.clone(),
        cloud,
    };
    for overlap in overlaps(&site, present) {
        tracing::warn!("{overlap}");
    }
    Ok((managed, site))
}

/// What this host and others have of the addresses that are the instances' alone.
fn overlaps(site: &Site, present: &Present) -> Vec<String> {
    let (subnet, public) = (site.managed.plan.subnet(), &site.managed.public);
    let own = present.addresses.iter().filter(|own| !site.is_our_address(own));
    let own = own.filter_map(|own| {
        let network = Ipv4Net::new(own.address, own.prefix).ok()?;
        if network.contains(&subnet) || subnet.contains(&network) {
            Some(format!("VNET_SUBNET ({subnet}) and a network of this host overlap: {own}"))
        } else {
            public
                .contains(own.address)
                .then(|| format!("an address of this host is in VNET_PUBLICIPS: {own}"))
        }
    });
    let both = public.addresses().find(|address| subnet.contains(address));
    let both = both.map(|address| format!("{address} is in VNET_SUBNET ({subnet}) and in VNET_PUBLICIPS"));
    own.chain(both).collect()
}

fn require(present: &Present, key: &str, device: &str) -> Result<()> {
    if !present.links.contains_key(device) {
        bail!("{key}: there is no network device {device}");
    }
    Ok(())
}

/// Every address of this host that is nobody else's.
fn own_addresses(present: &Present, public: &Pool) -> Vec<Ipv4Addr> {
    let addresses = present.addresses.iter().map(|address| address.address);
    addresses.filter(|address| !public.contains(*address)).collect()
}

async fn resolve(names: &dyn AddressSource, key: &str, name: &str) -> Result<Ipv4Addr> {
    let found = tokio::time::timeout(RESOLVE, names.resolve(name)).await;
    found
        .with_context(|| format!("{key}: {name} is not found in time"))?
        .with_context(|| format!("{key}: {name}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use euca_config::{Files, Home};
    use euca_vnet_host::links::Address;

    use super::*;

    /// Settings of MANAGED mode with the defaults of everything that these lines do not set.
    fn managed(lines: &str) -> CcSettings {
        let text = format!(
            "{lines}\nENABLE_WS_SECURITY=Y\nNC_PORT=8775\nNC_SERVICE=axis2/services/EucalyptusNC\nNODES=\n\
             VNET_MODE=MANAGED\nVNET_PUBINTERFACE=lo\nVNET_PRIVINTERFACE=lo\nVNET_DNS=10.0.0.53\n"
        );
        let files = Files::from_text(&Home::resolve(None, None).unwrap(), None, text.as_bytes()).unwrap();
        CcSettings::from_files(&files).unwrap()
    }

    #[test]
    fn net_t009_a_mask_is_the_length_of_a_prefix() {
        for (mask, length) in
            [("255.255.255.224", 27), ("255.255.0.0", 16), ("255.240.0.0", 12), ("255.0.0.0", 8)]
        {
            let lines = format!("VNET_SUBNET=10.10.0.0\nVNET_NETMASK={mask}\nVNET_ADDRSPERNET=4");
            let Settings::Managed(managed) = tables(&managed(&lines)).unwrap() else { panic!("not MANAGED") };
            assert_eq!(managed.plan.subnet().prefix_len(), length, "{mask}");
        }
    }

    #[tokio::test]
    async fn a_site_without_its_dhcp_server_does_not_start() {
        // Nothing, a folder, a file that is no program.
        for program in ["/nonexistent/dhcpd", "/proc", "/proc/version"] {
            let settings = managed(&format!(
                "VNET_SUBNET=10.10.0.0\nVNET_NETMASK=255.255.0.0\nVNET_ADDRSPERNET=32\nVNET_LOCALIP=127.0.0.1\n\
                 VNET_DHCPDAEMON={program}"
            ));
            let refused = start(&settings, &euca_cluster::addresses::Host::default()).await.map(drop);
            let expected = format!("VNET_DHCPDAEMON: there is no program {program}");
            assert_eq!(refused.unwrap_err().to_string(), expected, "Q-20");
        }
    }

    #[test]
    fn addresses_of_others_among_those_of_instances_are_told() {
        let address = |device: &str, text: &str| {
            let net: Ipv4Net = text.parse().unwrap();
            let (device, address, prefix) = (device.to_owned(), net.addr(), net.prefix_len());
            Address { device, address, prefix, link_scope: false }
        };
        let told = |public: &str, addresses: &[(&str, &str)]| {
            let settings = managed(&format!(
                "VNET_SUBNET=10.10.0.0\nVNET_NETMASK=255.255.0.0\nVNET_ADDRSPERNET=32\nVNET_PUBLICIPS={public}"
            ));
            let Settings::Managed(managed) = tables(&settings).unwrap() else { panic!("not MANAGED") };
            let [public_interface, private_interface] = ["out", "in"].map(str::to_owned);
            let site = Site { managed, public_interface, private_interface, cloud: None };
            let addresses = addresses.iter().map(|(device, text)| address(device, text)).collect();
            overlaps(&site, &Present { addresses, ..Present::default() })
        };
        let ours = [("eucabr10", "10.10.1.1/27"), ("in", "169.254.169.254/32"), ("out", "192.0.2.5/32")];
        assert_eq!(told("192.0.2.5", &ours), [""; 0], "what the last life has left");
        assert_eq!(told("192.0.2.5", &[("out", "192.0.2.1/24"), ("lo", "127.0.0.1/8")]), [""; 0]);
        let network = "VNET_SUBNET (10.10.0.0/16) and a network of this host overlap: ";
        for (device, text) in [("in", "10.10.1.1/16"), ("in", "10.1.0.1/8"), ("out", "10.10.7.7/32")] {
            let overlap = format!("{network}{}", address(device, text));
            assert_eq!(told("192.0.2.5", &[(device, text)]), [overlap], "{text}");
        }
        let own = format!("an address of this host is in VNET_PUBLICIPS: {}", address("out", "192.0.2.5/24"));
        assert_eq!(told("192.0.2.4-192.0.2.6", &[("out", "192.0.2.5/24")]), [own]);
        let both = "10.10.9.1 is in VNET_SUBNET (10.10.0.0/16) and in VNET_PUBLICIPS";
        assert_eq!(told("10.10.9.1", &[]), [both]);
    }

    #[test]
    fn net_t239_own_addresses_are_all_but_the_public_ones() {
        let address = |text: &str| Address {
            device: "eth0".to_owned(),
            address: text.parse().unwrap(),
            prefix: 24,
            link_scope: false,
        };
        let addresses = BTreeSet::from(["127.0.0.1", "192.168.7.2", "192.0.2.5"].map(address));
        let present = Present { addresses, ..Present::default() };
        let mut public = Pool::default();
        public.apply(PublicAddresses::One(Ipv4Addr::new(192, 0, 2, 5))).unwrap();
        let own = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(192, 168, 7, 2)];
        assert_eq!(own_addresses(&present, &public), own);
    }
}

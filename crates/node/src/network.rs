//! Which bridge a guest hangs on, and which address the host has seen it use (node-controller.md §5.9, §7.3).
//!
//! In MANAGED mode the bridge is made when it is needed, and removed with the last guest on its VLAN.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use euca_hypervisor::BridgeName;
use euca_observe::chain;
use euca_vnet_host::{links, node, plan};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::error::Error;
use crate::instance::{NO_ADDRESS, Record, State};
use crate::settings::{NetworkMode, NetworkSettings};

/// Highest tag that passes without VLANs, one more than there are.
const MAX_VLAN: i32 = 4096;

/// Makes and removes the bridges of VLANs on this host.
pub trait Vlans: fmt::Debug + Send + Sync + 'static {
    /// Has the bridge `eucabr<vlan>` be there, up, with the VLAN's frames; leaves nothing where it cannot.
    fn start(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>>;

    /// Has it be gone, unless somebody else uses it.
    fn stop(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>>;

    /// The VLANs whose bridge is there.
    fn present(&self) -> BoxFuture<'_, Result<Vec<u16>, links::Error>>;
}

impl Vlans for node::Vlans {
    fn start(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>> {
        Box::pin(self.start(vlan))
    }

    fn stop(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>> {
        Box::pin(self.stop(vlan))
    }

    fn present(&self) -> BoxFuture<'_, Result<Vec<u16>, links::Error>> {
        Box::pin(self.present())
    }
}

/// The networks of this node. One is started or stopped at a time (network.md Q-41).
#[derive(Debug)]
pub(crate) struct Networks {
    settings: NetworkSettings,
    vlans: Option<Arc<dyn Vlans>>,
    /// VLANs that were stopped since they were started last, or since the node was.
    stopped: Mutex<HashSet<u16>>,
}

impl Networks {
    pub fn new(settings: NetworkSettings, vlans: Option<Arc<dyn Vlans>>) -> Self {
        Self { settings, vlans, stopped: Mutex::default() }
    }

    /// Starts the network of a VLAN. Without VLAN devices there is nothing to start.
    pub async fn start(&self, vlan: i32) -> Result<(), Error> {
        let Some(vlan) = self.settings.tag(vlan)? else { return Ok(()) };
        let Some(vlans) = &self.vlans else { return Err(Error::Missing("VNET_PRIVINTERFACE")) };
        let mut stopped = self.stopped.lock().await;
        stopped.remove(&vlan);
        Ok(vlans.start(vlan).await?)
    }

    /// Stops the networks of guests that are gone since the node was stopped: those that none of the instances uses.
    pub async fn release_unused(&self, instances: impl Fn() -> Vec<Arc<Record>>) {
        let Some(vlans) = &self.vlans else { return };
        match vlans.present().await {
            Ok(present) => {
                for vlan in present {
                    self.release(vlan.into(), &instances).await;
                }
            }
            Err(error) => {
                tracing::warn!(error = %chain(&error), "networks of guests that are gone may be left")
            }
        }
    }

    /// Stops the network of a VLAN, unless one of the instances that are there when its turn has come uses it
    /// (network.md Q-40).
    pub async fn release(&self, vlan: i32, instances: impl Fn() -> Vec<Arc<Record>>) {
        let (Ok(Some(tag)), Some(vlans)) = (self.settings.tag(vlan), &self.vlans) else { return };
        let mut stopped = self.stopped.lock().await;
        let is_used = |record: &Arc<Record>| record.net.vlan == vlan && record.state != State::Teardown;
        if stopped.contains(&tag) || instances().iter().any(is_used) {
            return;
        }
        match vlans.stop(tag).await {
            Ok(()) => drop(stopped.insert(tag)),
            Err(error) => tracing::warn!(vlan, error = %chain(&error), "network not stopped"),
        }
    }
}

impl NetworkSettings {
    /// The tag of a VLAN that takes a bridge of its own.
    fn tag(&self, vlan: i32) -> Result<Option<u16>, Error> {
        match self.mode {
            NetworkMode::System | NetworkMode::Static => Ok(None),
            NetworkMode::ManagedNovlan if (0..=MAX_VLAN).contains(&vlan) => Ok(None),
            NetworkMode::Managed if vlan == 0 => Ok(None),
            NetworkMode::Managed => {
                let tag = u16::try_from(vlan).ok().filter(|tag| node::TAGS.contains(tag));
                tag.map(Some).ok_or(Error::Vlan(vlan))
            }
            NetworkMode::ManagedNovlan => Err(Error::Vlan(vlan)),
        }
    }

    /// The bridge of a VLAN whose network was started.
    pub(crate) fn bridge(&self, vlan: i32) -> Result<BridgeName, Error> {
        if let Some(tag) = self.tag(vlan)? {
            return Ok(BridgeName::new(plan::bridge_name(tag))?);
        }
        if vlan == 0 && matches!(self.mode, NetworkMode::Managed | NetworkMode::ManagedNovlan) {
            return Err(Error::Vlan(vlan));
        }
        self.bridge.clone().ok_or(Error::Missing("VNET_BRIDGE"))
    }

    /// Fills in the addresses of a running instance that are not known yet. An address once found stays.
    pub(crate) fn discover(&self, record: &mut Record, neighbours: &Neighbours) {
        let Some(address) = neighbours.address(&record.net.mac) else { return };
        let public_too = matches!(self.mode, NetworkMode::System | NetworkMode::Static);
        if public_too && record.net.public_ip == NO_ADDRESS {
            record.net.public_ip = address.to_owned();
        }
        if record.net.private_ip == NO_ADDRESS {
            record.net.private_ip = address.to_owned();
        }
    }
}

/// The host's neighbour table: hardware address to IPv4 address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Neighbours(HashMap<String, String>);

impl Neighbours {
    /// Reads the kernel's table: address, type, flags, hardware address, mask, device. Incomplete entries have a
    /// zero hardware address and count for nothing; the first line of an address wins (network.md §4.10).
    pub fn parse(table: &str) -> Self {
        let mut neighbours = HashMap::new();
        for line in table.lines().skip(1) {
            let mut columns = line.split_whitespace();
            let (Some(address), Some(mac)) = (columns.next(), columns.nth(2)) else { continue };
            if mac != "00:00:00:00:00:00" {
                neighbours.entry(mac.to_ascii_lowercase()).or_insert_with(|| address.to_owned());
            }
        }
        Self(neighbours)
    }

    /// Adds what guests, by hardware address in lower case, have said themselves.
    pub fn add(&mut self, sightings: Vec<(String, Ipv4Addr)>) {
        self.0.extend(sightings.into_iter().map(|(mac, address)| (mac, address.to_string())));
    }

    fn address(&self, mac: &str) -> Option<&str> {
        self.0.get(&mac.to_ascii_lowercase()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::record::tests::record;

    fn network(mode: NetworkMode) -> NetworkSettings {
        NetworkSettings { mode, bridge: Some(BridgeName::new("br0").unwrap()) }
    }

    #[derive(Debug, Default)]
    struct Recorded(std::sync::Mutex<Vec<String>>);

    impl Recorded {
        fn record(&self, what: &str, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>> {
            self.0.lock().unwrap().push(format!("{what} {vlan}"));
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl Vlans for Recorded {
        fn start(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>> {
            self.record("start", vlan)
        }

        fn stop(&self, vlan: u16) -> BoxFuture<'_, Result<(), links::Error>> {
            self.record("stop", vlan)
        }

        fn present(&self) -> BoxFuture<'_, Result<Vec<u16>, links::Error>> {
            Box::pin(std::future::ready(Ok(vec![10, 11, 12])))
        }
    }

    #[tokio::test]
    async fn networks_start_where_the_specification_says() {
        use NetworkMode::*;
        // mode, vlan, starts, what is made and removed, bridge
        let rows = [
            (System, 10, true, None, Some("br0")), // nc_113, net_t112
            (System, -1, true, None, Some("br0")),
            (Static, 10, true, None, Some("br0")), // net_t112
            (Static, 99_999, true, None, Some("br0")),
            (ManagedNovlan, 10, true, None, Some("br0")), // net_t112
            (ManagedNovlan, 4096, true, None, Some("br0")),
            (ManagedNovlan, 0, true, None, None),
            (ManagedNovlan, 4097, false, None, None),
            (ManagedNovlan, -1, false, None, None),
            (Managed, 10, true, Some(10), Some("eucabr10")), // nc_114
            (Managed, 1, true, Some(1), Some("eucabr1")),
            (Managed, 4094, true, Some(4094), Some("eucabr4094")),
            (Managed, 0, true, None, None),     // net_t113
            (Managed, -1, false, None, None),   // net_t113, nc_116
            (Managed, 4095, false, None, None),
            (Managed, 5000, false, None, None), // nc_116
            (Managed, 65_546, false, None, None),
        ];
        for (mode, vlan, starts, made, bridge) in rows {
            let (settings, vlans) = (network(mode), Arc::new(Recorded::default()));
            let networks = Networks::new(settings.clone(), Some(vlans.clone()));
            assert_eq!(networks.start(vlan).await.is_ok(), starts, "{mode:?} {vlan}");
            networks.release(vlan, Vec::new).await;
            let expected: Vec<_> = made
                .iter()
                .flat_map(|vlan: &u16| [format!("start {vlan}"), format!("stop {vlan}")])
                .collect();
            assert_eq!(*vlans.0.lock().unwrap(), expected, "{mode:?} {vlan}");
            let found = settings.bridge(vlan).ok();
            assert_eq!(found.as_ref().map(BridgeName::as_str), bridge, "{mode:?} {vlan}");
        }
    }

    #[tokio::test]
    async fn a_network_goes_with_the_last_guest_that_is_not_torn_down() {
        let vlans = Arc::new(Recorded::default());
        let networks = Networks::new(network(NetworkMode::Managed), Some(vlans.clone()));
        let guest = |vlan, state| {
            let mut record = record("i-1", "A");
            (record.net.vlan, record.state) = (vlan, state);
            Arc::new(record)
        };
        let done = || std::mem::take(&mut *vlans.0.lock().unwrap());
        for state in [State::Staging, State::Running, State::Shutoff] {
            networks.release(10, || vec![guest(10, State::Teardown), guest(10, state)]).await;
            assert_eq!(done(), [""; 0], "{state:?}");
        }
        // net_t263: both guests are torn down, whoever asks first.
        let torn_down =
            || vec![guest(10, State::Teardown), guest(10, State::Teardown), guest(11, State::Running)];
        networks.release(10, torn_down).await;
        networks.release(10, torn_down).await;
        assert_eq!(done(), ["stop 10"], "net_t263");
        networks.start(10).await.unwrap();
        networks.release(10, torn_down).await;
        assert_eq!(done(), ["start 10", "stop 10"]);
        networks.start(12).await.unwrap();
        networks.release_unused(torn_down).await;
        assert_eq!(done(), ["start 12", "stop 12"], "10 is stopped, 11 is used");
    }

    const TABLE: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
                         10.0.0.9         0x1         0x0         00:00:00:00:00:00     *        br0\n\
                         10.0.0.7         0x1         0x2         D0:0d:41:aa:00:01     *        br0\n\
                         10.0.0.8         0x1         0x2         d0:0d:41:aa:00:01     *        br0\n\
                         10.0.0.5         0x1         0x2         d0:0d:41:aa:00:04     *        br0\n\
                         broken\n";

    #[test]
    fn addresses_are_found_by_exact_hardware_address() {
        // name, mode, hardware address, public before, private and public after
        let rows = [
            ("nc_147", NetworkMode::System, "d0:0d:41:AA:00:01", NO_ADDRESS, ("10.0.0.7", "10.0.0.7")),
            ("nc_148", NetworkMode::ManagedNovlan, "d0:0d:41:AA:00:01", NO_ADDRESS, ("10.0.0.7", NO_ADDRESS)),
            ("nc_149", NetworkMode::System, "d0:0d:41:AA:00:02", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
            ("kept", NetworkMode::System, "d0:0d:41:AA:00:01", "192.0.2.1", ("10.0.0.7", "192.0.2.1")),
            ("zero", NetworkMode::System, "00:00:00:00:00:00", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
            ("empty", NetworkMode::System, "", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
            ("said itself", NetworkMode::System, "d0:0d:41:AA:00:03", NO_ADDRESS, ("10.0.0.3", "10.0.0.3")),
            ("said last", NetworkMode::System, "d0:0d:41:AA:00:04", NO_ADDRESS, ("10.0.0.4", "10.0.0.4")),
        ];
        let mut neighbours = Neighbours::parse(TABLE);
        let said = [("d0:0d:41:aa:00:03", [10, 0, 0, 3]), ("d0:0d:41:aa:00:04", [10, 0, 0, 4])];
        neighbours.add(said.map(|(mac, address)| (mac.to_owned(), address.into())).into());
        for (name, mode, mac, public, (private_after, public_after)) in rows {
            let mut record = record("i-1", "A");
            record.net.mac = mac.to_owned();
            record.net.public_ip = public.to_owned();
            network(mode).discover(&mut record, &neighbours);
            let found = (record.net.private_ip.as_str(), record.net.public_ip.as_str());
            assert_eq!(found, (private_after, public_after), "{name}");
        }
    }
}

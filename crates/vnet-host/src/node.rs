//! What a node has of the virtual network: in MANAGED mode a bridge per VLAN, for guests to hang on (network.md §3.4,
//! §4.4); in SYSTEM mode a line in the log for each address that the site's DHCP server gives away.

use std::ops::RangeInclusive;
use std::sync::Arc;

use euca_command::CommandRunner;
use rtnetlink::packet_route::link::InfoKind;

use crate::firewall::{Chains, Firewall, Ruleset};
use crate::links::{self, Device, Kind, Links, Present, Step, Wanted};
use crate::plan::{bridge_name, vlan_name};
use crate::program;

/// Tags that frames can have.
pub const TAGS: RangeInclusive<u16> = 1..=4094;
/// The chain of a node.
const CHAIN: &str = "NC";
/// Answers of DHCP servers, and what relays pass on (network.md §6, C11).
const DHCP_REPLIES: &str = "-p udp -m udp --sport 67:68 --dport 67:68 -j LOG --log-level 6";

/// The bridges of a node for VLANs.
#[derive(Debug, Clone)]
pub struct Vlans {
    interface: String,
    links: Links,
}

impl Vlans {
    /// Bridges for the tagged frames of this interface, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When the kernel cannot be talked to.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open(interface: impl Into<String>) -> Result<Self, links::Error> {
        Ok(Self { interface: interface.into(), links: Links::open()? })
    }

    /// Has the bridge of a VLAN be there, up, with the tagged device as a port.
    ///
    /// # Errors
    /// When the kernel refuses that. What was made by then is removed again.
    pub async fn start(&self, vlan: u16) -> Result<(), links::Error> {
        let present = self.links.present().await?;
        for step in start(&self.interface, vlan, &present) {
            tracing::info!(%step, vlan, "on this node");
            if let Err(error) = self.links.take(&step).await {
                if let Err(error) = self.stop(vlan).await {
                    tracing::warn!(vlan, error = euca_observe::chain(&error), "half a network is left");
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// The VLANs that have a bridge. One that speaks the spanning tree protocol is a cluster controller's, who may be
    /// about to give it its address.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub async fn present(&self) -> Result<Vec<u16>, links::Error> {
        Ok(bridged(&self.links.present().await?))
    }

    /// Has the bridge of a VLAN be gone, and the tagged device; not where somebody else uses them.
    ///
    /// # Errors
    /// When the kernel refuses that.
    pub async fn stop(&self, vlan: u16) -> Result<(), links::Error> {
        let present = self.links.present().await?;
        for step in stop(&self.interface, vlan, &present) {
            tracing::info!(%step, vlan, "on this node");
            self.links.take(&step).await?;
        }
        Ok(())
    }
}

/// The VLANs that have a bridge of a node's.
fn bridged(present: &Present) -> Vec<u16> {
    let is_bridged = |vlan: &u16| {
        let bridge = present.links.get(&bridge_name(*vlan));
        bridge.is_some_and(|link| link.kind == Some(InfoKind::Bridge) && !link.stp)
    };
    TAGS.filter(is_bridged).collect()
}

/// The steps that are missing for the bridge of a VLAN.
pub fn start(interface: &str, vlan: u16, present: &Present) -> Vec<Step> {
    let bridge = bridge_name(vlan);
    let tagged = Device::new(Kind::Vlan { parent: interface.to_owned(), tag: vlan }).port_of(&bridge);
    let mut wanted = Wanted::default();
    wanted.devices.insert(vlan_name(interface, vlan), tagged);
    wanted.devices.insert(bridge, Device::new(Kind::Bridge { stp: false }));
    links::steps(&wanted, present, |_, _| false, |_| false)
}

/// The steps to take for the bridge of a VLAN to be gone. None where guests hang on it that are not ours, or where it
/// has an address: that of a cluster controller on the same host.
pub fn stop(interface: &str, vlan: u16, present: &Present) -> Vec<Step> {
    let (bridge, tagged) = (bridge_name(vlan), vlan_name(interface, vlan));
    let has_address = present.addresses.iter().any(|address| address.device == bridge);
    if has_address || present.ports(&bridge).any(|port| port != tagged) {
        tracing::info!(bridge, "the bridge is in use by others, and stays");
        return Vec::new();
    }
    let is_there = |name: &String| present.links.contains_key(name);
    [tagged, bridge].into_iter().filter(is_there).map(Step::Remove).collect()
}

/// Has the kernel log the answers of DHCP servers to guests. 2.0.1 found their addresses there; we ask
/// [`Sightings`](crate::Sightings).
///
/// # Errors
/// When the firewall cannot be changed.
pub async fn log_dhcp_replies(runner: Arc<dyn CommandRunner>) -> Result<(), program::Error> {
    let mut wanted = Chains::default();
    wanted.entrance("FORWARD", CHAIN).push(DHCP_REPLIES.to_owned());
    let firewall = Firewall::new(runner).await;
    let present = firewall.present().await?.filter.only(CHAIN);
    let of = |filter: Chains| Ruleset { filter: filter.into(), ..Ruleset::default() };
    firewall.change(&of(present), &of(wanted)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::{Address, Link};

    fn link(index: u32, kind: Option<InfoKind>, master: Option<u32>, up: bool) -> Link {
        Link { index, kind, stp: false, master, up, isolated: false, mtu: 1500 }
    }

    fn present(links: &[(&str, Link)]) -> Present {
        let links = links.iter().map(|(name, link)| ((*name).to_owned(), link.clone())).collect();
        Present { links, ..Present::default() }
    }

    fn told(steps: &[Step]) -> Vec<String> {
        steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_unused_is_removed() {
        let parent = ("eth1", link(2, None, None, true));
        let bridge = |up| ("eucabr10", link(3, Some(InfoKind::Bridge), None, up));
        let tagged = |master| ("eth1.10", link(4, Some(InfoKind::Vlan), master, true));
        let guest = ("vnet0", link(5, Some(InfoKind::Tun), Some(3), true));
        let clean = present(std::slice::from_ref(&parent));
        assert_eq!(
            told(&start("eth1", 10, &clean)),
            ["add device eucabr10", "add device eth1.10"],
            "net_t110"
        );
        assert!(
            matches!(&start("eth1", 10, &clean)[..], [
                Step::Add(_, Device { kind: Kind::Bridge { stp: false }, .. }),
                Step::Add(_, Device { kind: Kind::Vlan { parent, tag: 10 }, master: Some(master), .. }),
            ] if parent == "eth1" && master == "eucabr10"),
            "net_t110"
        );
        let whole = present(&[parent.clone(), bridge(true), tagged(Some(3))]);
        assert_eq!(told(&start("eth1", 10, &whole)), [""; 0], "nc_115");
        assert_eq!(
            told(&stop("eth1", 10, &whole)),
            ["remove device eth1.10", "remove device eucabr10"],
            "net_t111"
        );
        let half = present(&[parent.clone(), bridge(false), tagged(None)]);
        assert_eq!(told(&start("eth1", 10, &half)), ["mend device eucabr10", "mend device eth1.10"]);
        assert_eq!(told(&stop("eth1", 10, &clean)), [""; 0], "net_t119 on a node");
        assert_eq!(told(&stop("eth1", 11, &whole)), [""; 0]);
        let used = present(&[parent, bridge(true), tagged(Some(3)), guest]);
        assert_eq!(told(&stop("eth1", 10, &used)), [""; 0], "somebody else's guest");
        let other = |name, kind, stp| (name, Link { stp, ..link(6, Some(kind), None, true) });
        let mut several = whole.links.clone();
        several.extend(
            [
                other("eucabr11", InfoKind::Bridge, true),
                other("eucabr12", InfoKind::Vlan, false),
                other("eucabr4095", InfoKind::Bridge, false),
                other("eucabr1", InfoKind::Bridge, false),
                other("eucabr013", InfoKind::Bridge, false),
                other("br0", InfoKind::Bridge, false),
            ]
            .map(|(name, link)| (name.to_owned(), link)),
        );
        assert_eq!(bridged(&Present { links: several, ..Present::default() }), [1, 10]);
        let mut shared = whole;
        shared.addresses.insert(Address {
            device: "eucabr10".to_owned(),
            address: [10, 10, 1, 1].into(),
            prefix: 27,
            link_scope: false,
        });
        assert_eq!(told(&stop("eth1", 10, &shared)), [""; 0], "a cluster controller's");
    }
}

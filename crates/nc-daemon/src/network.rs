//! What of the network is the node's own: the VLANs of MANAGED mode, a line in the log in SYSTEM mode, an ear for the
//! addresses of guests where others give them (network.md §3.4, §4.10).

use std::sync::Arc;

use anyhow::{Result, bail};
use euca_command::Programs;
use euca_config::{NcSettings, NcVnetMode};
use euca_hypervisor::BridgeName;
use euca_node::{Error, Vlans};
use euca_observe::chain;
use euca_vnet_host::links::Links;
use euca_vnet_host::{Sightings, node, plan};
use tracing::warn;

/// Makes ready what the mode takes. Gives who makes the bridges of VLANs, if that is the node.
///
/// # Errors
/// The interface for VLANs is not there, or is none.
pub async fn start(settings: &NcSettings) -> Result<Option<Arc<dyn Vlans>>> {
    let network = &settings.network;
    let present = Links::open()?.present().await?;
    if network.mode != NcVnetMode::Managed {
        if let Some(bridge) = network.bridge.as_ref().filter(|bridge| !present.is_bridge(bridge)) {
            warn!(bridge, "VNET_BRIDGE: there is no such bridge, guests will not start");
        }
        if network.mode == NcVnetMode::System {
            tokio::spawn(log_dhcp_replies());
        }
        return Ok(None);
    }
    // The node refuses to start without one.
    let Some(interface) = &network.interface else { return Ok(None) };
    let longest = plan::vlan_name(interface, *node::TAGS.end());
    if BridgeName::new(&longest).is_err() {
        let reason = format!("{longest:?} would be too long a name for a device");
        return Err(Error::Setting { name: "VNET_PRIVINTERFACE", reason }.into());
    }
    if !present.links.contains_key(interface) {
        bail!("VNET_PRIVINTERFACE: there is no network device {interface}");
    }
    Ok(Some(Arc::new(node::Vlans::open(interface)?)))
}

/// Listens to guests for their addresses, where the cluster controller does not know them all.
pub fn listen(settings: &NcSettings) -> Option<Arc<Sightings>> {
    let gives_none = matches!(settings.network.mode, NcVnetMode::System | NcVnetMode::Static);
    let bridge = settings.network.bridge.clone().filter(|_| gives_none)?;
    let sightings = Arc::new(Sightings::default());
    let ear = Arc::clone(&sightings);
    tokio::spawn(async move { ear.watch(&bridge).await });
    Some(sightings)
}

/// As 2.0.1 did, which read that log; the site's own programs may.
async fn log_dhcp_replies() {
    if let Err(error) = node::log_dhcp_replies(Arc::new(Programs::default())).await {
        warn!(error = chain(&error), "DHCP replies to guests are not logged");
    }
}

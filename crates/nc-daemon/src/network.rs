//! What of the network is the node's own: the VLANs of MANAGED mode, a line in the log in SYSTEM mode (network.md §3.4).

use std::sync::Arc;

use anyhow::{Result, bail};
use euca_command::Programs;
use euca_config::{NcSettings, NcVnetMode};
use euca_hypervisor::BridgeName;
use euca_node::{Error, Vlans};
use euca_observe::chain;
use euca_vnet_host::links::Links;
use euca_vnet_host::{node, plan};
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

/// Without the log, the addresses of guests are found later: when they talk to this host.
async fn log_dhcp_replies() {
    if let Err(error) = node::log_dhcp_replies(Arc::new(Programs::default())).await {
        warn!(error = chain(&error), "DHCP replies to guests are not logged");
    }
}

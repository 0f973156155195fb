//! Network parameters of new instances (cluster-controller.md §8.3). Only SYSTEM mode: a derived MAC address,
//! everything else is left to the site's network.

use euca_wire::cc::NetConfig;

/// What stands for an address that is not known.
pub(crate) const NO_ADDRESS: &str = "0.0.0.0";

/// The parameters of instance `id` in SYSTEM mode; `None` when no MAC address can be derived from the id
///
pub(crate) fn system_parameters(id: &str, vlan: i32) -> Option<NetConfig> {
    Some(NetConfig {
        private_mac_address: mac_of(id)?,
        private_ip: NO_ADDRESS.to_owned(),
        public_ip: NO_ADDRESS.to_owned(),
        vlan,
        network_index: -1,
    })
}

/// `d0:0d:` and the eight characters after `i-` as four pairs, letter case kept. The original takes any
/// characters; a MAC address and a file name on the node are made of them, so only letters and digits pass.
fn mac_of(id: &str) -> Option<String> {
    let (_, digits) = id.split_once("i-")?;
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let pair = |at: usize| &digits[at..at + 2];
    Some(format!("d0:0d:{}:{}:{}:{}", pair(0), pair(2), pair(4), pair(6)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_address_is_derived_from_a_well_formed_id_only() {
        for (id, mac) in [
            ("i-3F2506A1", Some("d0:0d:3F:25:06:A1")), // cc_t085
            ("i-rrlvpnvh", Some("d0:0d:rr:lv:pn:vh")),
            ("i-123", None), // cc_t088
            ("i-123456789", None),
            ("3F2506A1", None),
            ("", None),
            ("i-../../..", None),
            ("i-1234567é", None),
        ] {
            assert_eq!(mac_of(id).as_deref(), mac, "{id:?}");
        }
    }
}

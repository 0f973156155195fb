//! The clusters whose networks are joined by tunnels (network.md §11.3).

use std::net::Ipv4Addr;

use crate::Error;

/// Most cluster controllers that can be connected, this one included.
pub const MAX_PEERS: usize = 8;

/// Cluster controllers by place, this one among them. A place is what a tunnel is named after at both its ends,
/// so it is the place in the list the CLC sends, not the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Peers {
    pub(crate) all: Vec<Ipv4Addr>,
    pub(crate) own: Option<usize>,
}

impl Peers {
    /// Makes `list` the peers, `is_local` tells the own address. Without this cluster in it there are none; an
    /// empty list changes nothing. Brings whether something has changed.
    pub(crate) fn set(
        &mut self,
        list: &[Ipv4Addr],
        is_local: impl Fn(Ipv4Addr) -> bool,
    ) -> Result<bool, Error> {
        if list.len() > MAX_PEERS {
            return Err(Error::Peers(list.len()));
        }
        if list.is_empty() {
            return Ok(false);
        }
        let mut all: Vec<Ipv4Addr> = Vec::with_capacity(list.len());
        for address in list {
            if !all.contains(address) {
                all.push(*address);
            }
        }
        let own = all.iter().position(|address| is_local(*address));
        let peers = if own.is_some() { Self { all, own } } else { Self::default() };
        let changed = *self != peers;
        *self = peers;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_numbered_by_their_place_in_the_list() {
        let address = |last| Ipv4Addr::new(192, 168, 7, last);
        let list = |places: &[u8]| places.iter().map(|last| address(*last)).collect::<Vec<_>>();
        // Own address, peers before, list; result; peers after, own place.
        for (row, local, before, given, result, after, own) in [
            ("net_t220", 2, &[][..], &[2, 3][..], Ok(true), &[2, 3][..], Some(0)),
            ("net_t221", 2, &[2, 3], &[1, 2, 3], Ok(true), &[1, 2, 3], Some(1)),
            ("net_t222", 2, &[2, 3], &[2, 3], Ok(false), &[2, 3], Some(0)),
            ("net_t223", 2, &[2, 3], &[3], Ok(true), &[], None),
            ("net_t224", 2, &[2, 3], &[], Ok(false), &[2, 3], Some(0)),
            ("net_t225", 2, &[2, 3], &[1, 2, 3, 4, 5, 6, 7, 8, 9], Err(Error::Peers(9)), &[2, 3], Some(0)),
            ("net_t227", 3, &[], &[2, 3], Ok(true), &[2, 3], Some(1)),
            ("replaced as a set: Q-34", 2, &[1, 2, 3, 4, 5, 6, 7, 8], &[2, 9], Ok(true), &[2, 9], Some(0)),
            ("repeated", 2, &[], &[3, 3, 2], Ok(true), &[3, 2], Some(1)),
        ] {
            let mut peers = Peers::default();
            let is_local = |candidate| candidate == address(local);
            peers.set(&list(before), is_local).unwrap();
            assert_eq!(peers.set(&list(given), is_local), result, "{row}");
            assert_eq!(peers, Peers { all: list(after), own }, "{row}");
        }
    }
}

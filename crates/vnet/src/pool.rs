//! The public addresses of the managed modes (network.md §1.3).

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::Error;

/// Most public addresses of a cluster.
pub const MAX_PUBLIC: usize = 2047;

/// One word of `VNET_PUBLICIPS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicAddresses {
    /// This address.
    One(Ipv4Addr),
    /// Those from the first to the second.
    Range(Ipv4Addr, Ipv4Addr),
    /// The hosts of this network: all but the first and the last address, if there are more than two.
    Block(Ipv4Net),
    /// Without this one, if an earlier word has named it.
    Without(Ipv4Addr),
}

/// Public addresses in the order in which they are told. What is taken out leaves a place that is taken by the
/// next to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pool(Vec<Option<Ipv4Addr>>);

impl Pool {
    /// Adds, or takes out, what a word stands for. What is there already stays where it is.
    ///
    /// # Errors
    /// When there are too many, or one cannot be a public address. Those before it stay added.
    pub fn apply(&mut self, word: PublicAddresses) -> Result<(), Error> {
        match word {
            PublicAddresses::One(address) => self.add(address),
            PublicAddresses::Range(first, last) => {
                (first.to_bits()..=last.to_bits()).try_for_each(|address| self.add(address.into()))
            }
            PublicAddresses::Block(network) => network.hosts().try_for_each(|address| self.add(address)),
            PublicAddresses::Without(address) => {
                for place in self.0.iter_mut().filter(|place| **place == Some(address)) {
                    *place = None;
                }
                Ok(())
            }
        }
    }

    /// Whether it is one of them.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        self.0.contains(&Some(address))
    }

    fn add(&mut self, address: Ipv4Addr) -> Result<(), Error> {
        if address.is_unspecified() {
            return Err(Error::Unusable(address));
        }
        if self.contains(address) {
            return Ok(());
        }
        match self.0.iter().position(Option::is_none) {
            Some(free) => self.0[free] = Some(address),
            None if self.0.len() == MAX_PUBLIC => return Err(Error::PoolFull),
            None => self.0.push(Some(address)),
        }
        Ok(())
    }

    /// The addresses, in order.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.0.iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    fn block(text: &str) -> PublicAddresses {
        PublicAddresses::Block(text.parse().unwrap())
    }

    #[test]
    fn words_add_addresses_in_order_and_take_them_out() {
        use PublicAddresses::{One, Range, Without};
        let mut pool = Pool::default();
        let range = |first, last| Range(address(first), address(last));
        for (row, word, added, total) in [
            ("net_t160", One(address("192.0.2.5")), 1, 1),
            ("net_t161", One(address("192.0.2.5")), 0, 1),
            ("net_t162", range("192.0.2.10", "192.0.2.12"), 3, 4),
            ("net_t163", block("192.0.2.64/30"), 2, 6),
            ("net_t164", block("192.0.2.128/31"), 2, 8),
            ("net_t164", block("192.0.2.130/32"), 1, 9),
            ("net_t165", block("198.51.100.0/24"), 254, 263),
            ("net_t168", range("203.0.113.0", "203.0.113.255"), 256, 519),
            ("net_t171", Without(address("192.0.2.11")), -1, 518),
            ("net_t171", One(address("192.0.2.250")), 1, 519),
            ("net_t172", block("192.0.2.200/29"), 6, 525),
            ("net_t173", block("192.0.2.210/29"), 6, 531),
            ("unknown", Without(address("192.0.2.11")), 0, 531),
            ("backwards", range("192.0.2.12", "192.0.2.10"), 0, 531),
        ] {
            let before = pool.addresses().count();
            pool.apply(word).unwrap();
            let after = pool.addresses().count();
            assert_eq!((after as i64 - before as i64, after), (added, total), "{row} {word:?}");
        }
        let told: Vec<_> = pool.addresses().map(|address| address.to_string()).collect();
        assert_eq!(
            told[..6],
            ["192.0.2.5", "192.0.2.10", "192.0.2.250", "192.0.2.12", "192.0.2.65", "192.0.2.66"]
        );
        assert_eq!(
            told[525..],
            (209..215).map(|last| format!("192.0.2.{last}")).collect::<Vec<_>>(),
            "net_t173"
        );
    }

    #[test]
    fn net_t174_a_pool_that_is_full_takes_no_more() {
        let mut pool = Pool::default();
        assert_eq!(pool.apply(block("10.99.0.0/16")), Err(Error::PoolFull));
        assert_eq!(pool.addresses().count(), MAX_PUBLIC);
        assert_eq!(pool.apply(block("10.99.0.0/24")), Ok(()), "these are there already");
        assert_eq!(pool.apply(block("0.0.0.0/0")), Err(Error::PoolFull), "and this ends soon");
        let none = address("0.0.0.0");
        assert_eq!(Pool::default().apply(PublicAddresses::One(none)), Err(Error::Unusable(none)));
    }
}

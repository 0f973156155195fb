//! MAC addresses (network.md §2.6).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A MAC address. Read in any letter case, written in upper case, compared by value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mac([u8; 6]);

impl Mac {
    /// The address of the guest `id`: `D0:0D` and its eight digits.
    ///
    /// # Errors
    /// When the id is not `i-` and eight hexadecimal digits.
    pub fn of_instance(id: &str) -> Result<Self, Error> {
        let malformed = || Error::InstanceId(id.chars().take(64).collect());
        let digits = id.strip_prefix("i-").filter(|digits| digits.len() == 8).ok_or_else(malformed)?;
        let [a, b, c, d] = hexadecimal(digits).ok_or_else(malformed)?.to_be_bytes();
        Ok(Self([0xd0, 0x0d, a, b, c, d]))
    }

    /// Whether it stands for no address.
    pub fn is_zero(self) -> bool {
        self == Self([0; 6])
    }
}

impl From<[u8; 6]> for Mac {
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

/// Digits only: the standard parser would take a sign too.
fn hexadecimal(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

impl FromStr for Mac {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = || Error::Mac(text.chars().take(64).collect());
        let mut mac = [0; 6];
        let mut pairs = text.split(':');
        for byte in &mut mac {
            let value = pairs.next().filter(|pair| pair.len() == 2).and_then(hexadecimal);
            *byte = value.and_then(|value| u8::try_from(value).ok()).ok_or_else(malformed)?;
        }
        if pairs.next().is_some() { Err(malformed()) } else { Ok(Self(mac)) }
    }
}

impl TryFrom<String> for Mac {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(out, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{f:02X}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_address_is_derived_from_a_well_formed_id_only() {
        for (id, mac) in [
            ("i-3F2504E0", Some("D0:0D:3F:25:04:E0")), // net_t001
            ("i-deadbeef", Some("D0:0D:DE:AD:BE:EF")), // net_t002
            ("i-1234567", None),                       // net_t003
            ("i-123456789", None),
            ("3F2504E0", None),
            ("I-3F2504E0", None),
            ("r-i-12345678", None), // net_t004
            ("i-zzzzzzzz", None),   // net_t005
            ("i-+1234567", None),
            ("i-1234é67", None),
            ("", None),
        ] {
            assert_eq!(Mac::of_instance(id).ok().map(|mac| mac.to_string()).as_deref(), mac, "{id:?}");
        }
    }

    #[test]
    fn net_t011_mac_addresses_are_equal_in_any_letter_case() {
        let parse = |text: &str| text.parse::<Mac>();
        assert_eq!(parse("aa:dd:11:ce:ff:ee").unwrap(), parse("AA:DD:11:CE:FF:EE").unwrap());
        assert!(parse("00:00:00:00:00:00").unwrap().is_zero());
        for malformed in
            ["", "aa:dd:11:ce:ff", "aa:dd:11:ce:ff:ee:00", "aa:dd:11:ce:ff:+e", "aa:dd:11:ce:ff:eg"]
        {
            assert!(parse(malformed).is_err(), "{malformed:?}");
        }
    }
}

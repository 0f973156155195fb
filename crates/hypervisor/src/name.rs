//! Names that become file names, domain names or device names: checked once, at the border.

use std::fmt;

use crate::error::Error;

/// Whether `text` may be an id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` (storage.md Q61).
pub fn is_identifier(text: &str) -> bool {
    is_name(text, 128)
}

/// Whether `text` is a letter or digit, followed by letters, digits, `.`, `_` and `-`, `longest` bytes at most in all.
/// Such a text is also one component of a path, never `.` or `..`, and holds no NUL.
pub fn is_name(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= longest
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// Name of a domain: an identifier in the sense of [`is_identifier`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

impl DomainName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`Error::Name`] when it is not an identifier.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        if is_identifier(&name) { Ok(Self(name)) } else { Err(Error::Name { what: "domain name", name }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DomainName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

/// Name of a bridge on this host: 1 to 15 letters, digits, `.`, `_` or `-`, as the kernel allows for a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgeName(String);

impl BridgeName {
    /// Checks and takes a name.
    ///
    /// # Errors
    /// [`Error::Name`] when no network device can have it.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        if name.len() <= 15 && is_identifier(&name) {
            Ok(Self(name))
        } else {
            Err(Error::Name { what: "bridge name", name })
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BridgeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_one_harmless_path_component() {
        for good in ["i-41AA0001", "emi-1", "admin", "a", "0", "a.b_c-d", &"x".repeat(128)] {
            assert!(is_identifier(good), "{good:?}");
        }
        for bad in
            ["", ".", "..", "../x", "a/b", "a\0b", "-a", ".a", "a b", "a;b", "a$b", "ä", &"x".repeat(129)]
        {
            assert!(!is_identifier(bad), "{bad:?}");
            assert!(DomainName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bridge_name_fits_the_kernel() {
        assert!(BridgeName::new("eucabr4094").is_ok());
        assert!(BridgeName::new("a234567890123456").is_err());
        assert!(BridgeName::new("br0'/>").is_err());
    }
}

//! The arguments of the verbs, each checked when it is made, and so when it is read.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// An argument that is not what it should be. Does not say what it is: it may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not {0}")]
pub struct Unfit(&'static str);

/// The name of an iSCSI target, `^iqn\.[A-Za-z0-9.:-]+$`, at most 223 bytes (storage.md §8.5, RFC 3720 §3.2.6.1).
///
/// It becomes the name of a folder and an argument of a program: no `/`, no blank, no leading dash, and not `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TargetName(String);

impl TargetName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn new(name: impl Into<String>) -> Result<Self, Unfit> {
        let name = name.into();
        let rest = name.strip_prefix("iqn.").unwrap_or_default();
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || b".:-".contains(&byte);
        if !rest.is_empty() && name.len() <= 223 && rest.bytes().all(fit) {
            Ok(Self(name))
        } else {
            Err(Unfit("the name of an iSCSI target"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a target is served: an IP address or a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

impl Host {
    /// Checks an address or a name: labels of letters, digits and inner dashes, at most 253 bytes in all.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn new(host: impl Into<String>) -> Result<Self, Unfit> {
        let host = host.into();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        // Digits and dots alone are an address or a mistake, never a name.
        let name = host.len() <= 253
            && host.bytes().any(|byte| byte.is_ascii_alphabetic())
            && host.split('.').all(label);
        if name || host.parse::<IpAddr>().is_ok() { Ok(Self(host)) } else { Err(Unfit("a host")) }
    }

    /// The address or name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A CHAP password: 12 to 255 printable ASCII characters without blanks. Twelve is what RFC 3720 §8.2.1 asks for;
/// what a decryption with the wrong key may yield does not get that far.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(String);

impl Secret {
    /// Checks a password.
    ///
    /// # Errors
    /// [`Unfit`].
    pub fn new(secret: impl Into<String>) -> Result<Self, Unfit> {
        let secret = secret.into();
        if (12..=255).contains(&secret.len()) && secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(secret))
        } else {
            Err(Unfit("a CHAP password"))
        }
    }

    /// The password itself, for the one place that writes it down.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Never shows the password.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

macro_rules! text {
    ($($name:ident)*) => {
        $(
            impl TryFrom<String> for $name {
                type Error = Unfit;

                fn try_from(text: String) -> Result<Self, Unfit> {
                    Self::new(text)
                }
            }

            impl From<$name> for String {
                fn from(name: $name) -> Self {
                    name.0
                }
            }
        )*
    };
}

text!(TargetName Host Secret);

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn st_t102_only_what_can_be_the_name_of_a_target_is_one() {
        for good in ["iqn.2009-06.com.eucalyptus.c1:store7", "iqn.a", &format!("iqn.{}", "x".repeat(219))] {
            assert!(TargetName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "iqn.",
            "iqn",
            "iqn.a;b",
            "iqn.a b",
            "iqn.a/b",
            "iqn.a/../../b",
            "iqn.a\nb",
            "iqn.a\0",
            "iqn.a,b",
            "iqn.ä",
            "--iqn.a",
            " iqn.a",
            "eui.02004567A425678D",
            &format!("iqn.{}", "x".repeat(220)),
        ] {
            assert!(TargetName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_host_is_an_address_or_a_name() {
        for good in ["10.0.0.5", "::1", "fe80::1", "sc-1.example.com", "sc", "1a"] {
            assert!(Host::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-p",
            "-sc",
            "sc-",
            "a..b",
            ".a",
            "a b",
            "a;b",
            "10.0.0",
            "999.1.1.1",
            "a_b",
            "a/b",
            "[::1]",
            "a:1",
        ] {
            assert!(Host::new(bad).is_err(), "{bad:?}");
        }
        assert!(Host::new(vec!["a"; 200].join(".")).is_err());
    }

    #[test]
    fn a_password_fits_on_its_line_and_is_never_shown() {
        let secret = Secret::new("AbCdEfGhIjKlMnOpQrStUvWx_-8.").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret");
        for bad in ["", "short", "with a blank in", "line\nnode.startup = automatic", &"x".repeat(256)] {
            assert!(Secret::new(bad).is_err(), "{bad:?}");
        }
    }
}

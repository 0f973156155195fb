//! `remoteDev`: where a volume is (storage.md §8.1).
//!
//! ```text
//!   /dev/etherd/e<major>.<minor>       AoE
//!   <home>,<host>,<iqn>,<secret>       iSCSI; the home is the storage controller's and nobody's concern here
//!   <host>,<iqn>,<secret>              iSCSI of the DAS manager
//! ```

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_helper::{Host, TargetName};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Longer than with any key: a 4096-bit one makes 684 bytes of the secret.
const LONGEST: usize = 2048;

/// A volume's place, as it came and understood.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct RemoteDev {
    text: String,
    place: Place,
}

/// What the text says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The name of a device in `/dev/etherd`: `e0.1`.
    Aoe(String),
    /// A target.
    Iscsi {
        host: Host,
        target: TargetName,
        /// The encrypted password.
        secret: Vec<u8>,
    },
}

impl RemoteDev {
    /// Understands a text. What cannot be understood is refused before anything is run (Q61).
    pub fn parse(text: &str) -> Result<Self, Error> {
        let place = if text.len() > LONGEST {
            Err("it is too long")
        } else if text.contains(',') {
            iscsi(text)
        } else {
            aoe(text)
        };
        let place = place.map_err(Error::RemoteDev)?;
        Ok(Self { text: text.to_owned(), place })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What two volumes must not share: the target's name, or the device's.
    pub fn subject(&self) -> &str {
        match &self.place {
            Place::Aoe(name) => name,
            Place::Iscsi { target, .. } => target.as_str(),
        }
    }
}

fn iscsi(text: &str) -> Result<Place, &'static str> {
    let fields: Vec<_> = text.split(',').collect();
    let (&[_, host, target, secret] | &[host, target, secret]) = fields.as_slice() else {
        return Err("it has neither three fields nor four");
    };
    let host = Host::new(host).map_err(|_| "its host is none")?;
    let target = TargetName::new(target).map_err(|_| "its target is none")?;
    let secret = STANDARD.decode(secret).map_err(|_| "its secret is no base64")?;
    if secret.is_empty() { Err("its secret is empty") } else { Ok(Place::Iscsi { host, target, secret }) }
}

fn aoe(text: &str) -> Result<Place, &'static str> {
    let name = text.strip_prefix("/dev/etherd/").ok_or("it is neither AoE nor iSCSI")?;
    let number = |digits: &str, most: u16| {
        let plain = digits == "0" || !digits.starts_with('0');
        let value =
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok()).flatten();
        plain && value.is_some_and(|value| value <= most)
    };
    match name.strip_prefix('e').and_then(|numbers| numbers.split_once('.')) {
        Some((major, minor)) if number(major, u16::MAX) && number(minor, 15) => {
            Ok(Place::Aoe(name.to_owned()))
        }
        _ => Err("its AoE device is none"),
    }
}

/// Never shows the secret (Q-41).
impl fmt::Debug for RemoteDev {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.subject())
    }
}

impl TryFrom<String> for RemoteDev {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl From<RemoteDev> for String {
    fn from(remote_dev: RemoteDev) -> Self {
        remote_dev.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IQN: &str = "iqn.2009-06.com.eucalyptus.c1:store7";

    #[test]
    fn st_t098_st_t099_four_fields_and_three_say_the_same() {
        let secret = "A".repeat(344);
        for text in [format!("/opt/euca,10.0.0.5,{IQN},{secret}"), format!("10.0.0.5,{IQN},{secret}")] {
            let remote_dev = RemoteDev::parse(&text).unwrap();
            let Place::Iscsi { host, target, secret } = remote_dev.place() else { panic!("{remote_dev:?}") };
            assert_eq!((host.as_str(), target.as_str(), secret.len()), ("10.0.0.5", IQN, 258));
            assert_eq!(remote_dev.as_str(), text);
            assert!(!format!("{remote_dev:?}").contains("AAAA"));
            let json = serde_json::to_string(&remote_dev).unwrap();
            assert_eq!(serde_json::from_str::<RemoteDev>(&json).unwrap(), remote_dev);
        }
        let empty_home = RemoteDev::parse(&format!(",10.0.0.5,{IQN},QUJD")).unwrap();
        assert_eq!(empty_home.subject(), IQN);
    }

    #[test]
    fn an_aoe_device_is_named_by_shelf_and_slot() {
        for good in ["/dev/etherd/e0.7", "/dev/etherd/e65535.15"] {
            assert!(matches!(RemoteDev::parse(good).unwrap().place(), Place::Aoe(_)), "{good}");
        }
        for bad in ["e0.16", "e65536.0", "e0", "e0.1p1", "e00.1", "e.1", "e0.", "e+1.1", "../sda", "f0.1"] {
            assert!(RemoteDev::parse(&format!("/dev/etherd/{bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn st_t101_st_t102_everything_else_is_refused_and_not_repeated() {
        for bad in [
            "invalid",
            "",
            "/dev/sda",
            "/etc/passwd",
            "a,b",
            "a,b,c,d,e",
            "/h,10.0.0.5,iqn.a;reboot,QUJD",
            "/h,10.0.0.5,iqn.a b,QUJD",
            "/h,-p,iqn.a,QUJD",
            "/h,10.0.0.5,iqn.a,not base64",
            "/h,10.0.0.5,iqn.a,",
            &format!("/h,10.0.0.5,iqn.a,{}", "A".repeat(4096)),
        ] {
            let error = RemoteDev::parse(bad).unwrap_err();
            assert!(matches!(error, Error::RemoteDev(_)), "{bad}");
        }
    }
}

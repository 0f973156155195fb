//! What daemon and helper say to each other: one request, one reply, then the connection ends.
//!
//! Both are a frame: the length of what follows, 4 bytes, big-endian, at most [`MAX_FRAME`]; then JSON.
//!
//! ```text
//!   {"login": {"target": "iqn.…", "host": "10.0.0.5", "secret": "…"}}  ▶ {"logged-in": {"address": "10.0.0.5"}}
//!   {"logout": {"target": "iqn.…"}}                                    ▶ {"done": {}}
//!   {"power-down": {}}                                                 ▶ {"done": {}}
//!                                                any of them, or none  ▶ {"failed": {"reason": "…"}}
//! ```
//! Unknown verbs and unknown fields are refused, and so is whatever an argument's type does not admit.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::names::{Host, Secret, TargetName};

/// Bytes of a frame without its length. A request takes 800 at most, most of them name and host.
pub const MAX_FRAME: u32 = 4096;

/// What the helper can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Log in to an iSCSI target. A session that exists already is a success.
    Login {
        /// The target.
        target: TargetName,
        /// Who serves it, at port 3260.
        host: Host,
        /// Password of the CHAP user `eucalyptus`.
        secret: Secret,
    },
    /// Log out of an iSCSI target and forget it. No session is a success.
    Logout {
        /// The target.
        target: TargetName,
    },
    /// Run the program that puts the host to sleep.
    PowerDown {},
}

/// What the helper says to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// There is a session with the target.
    LoggedIn {
        /// The address that the target is served at.
        address: IpAddr,
    },
    /// Done.
    Done {},
    /// Refused, or tried in vain.
    Failed {
        /// Why, for the log. Never a secret.
        reason: String,
    },
}

/// A frame that is not one.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The connection broke or ended.
    #[error("the connection ended too early")]
    Io(#[from] std::io::Error),
    /// Longer than any message.
    #[error("a frame of {0} bytes is longer than any message")]
    TooLong(u32),
    /// Not a message.
    #[error("not understood: {0}")]
    Content(String),
}

/// Reads a message from the content of a frame.
///
/// # Errors
/// [`FrameError::Content`].
pub fn parse<T: for<'de> Deserialize<'de>>(content: &[u8]) -> Result<T, FrameError> {
    // Where it is wrong, and what was expected there, but nothing of what is there: it may be a secret.
    serde_json::from_slice(content).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "no such verb, field or value",
            _ => "no JSON",
        };
        FrameError::Content(format!("{what} at byte {}", error.column()))
    })
}

/// Reads one frame.
///
/// # Errors
/// [`FrameError`].
pub async fn read<T: for<'de> Deserialize<'de>>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<T, FrameError> {
    let length = from.read_u32().await?;
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length));
    }
    let mut content = Vec::new();
    // At the pace of what comes, not of what was announced.
    from.take(length.into()).read_to_end(&mut content).await?;
    if content.len() as u64 != u64::from(length) {
        return Err(FrameError::Io(std::io::ErrorKind::UnexpectedEof.into()));
    }
    parse(&content)
}

/// Writes one frame.
///
/// # Errors
/// [`FrameError`].
pub async fn write<T: Serialize>(to: &mut (impl AsyncWrite + Unpin), message: &T) -> Result<(), FrameError> {
    let content = serde_json::to_vec(message).map_err(|error| FrameError::Content(error.to_string()))?;
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    if length > MAX_FRAME {
        return Err(FrameError::TooLong(length));
    }
    let frame = [&length.to_be_bytes()[..], &content].concat();
    Ok(to.write_all(&frame).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_request_is_refused_without_repeating_it() {
        let rows: [(&str, &str); 12] = [
            ("unknown verb", r#"{"exec": {"program": "hush-hush"}}"#),
            ("unknown field", r#"{"logout": {"target": "iqn.a", "hush-hush": 1}}"#),
            ("no field", r#"{"logout": {}}"#),
            ("injected option", r#"{"logout": {"target": "--hush-hush"}}"#),
            ("injected command", r#"{"logout": {"target": "iqn.a;hush-hush"}}"#),
            ("injected path", r#"{"logout": {"target": "iqn.a/../hush-hush"}}"#),
            (
                "injected host",
                r#"{"login": {"target": "iqn.a", "host": "-hush-hush", "secret": "123456789012"}}"#,
            ),
            (
                "injected line",
                r#"{"login": {"target": "iqn.a", "host": "a", "secret": "123456789012\nhush-hush"}}"#,
            ),
            ("two verbs", r#"{"power-down": {}, "logout": {"target": "iqn.hush-hush"}}"#),
            ("no JSON", "hush-hush"),
            ("nothing", ""),
            ("deep", &"[".repeat(4000)),
        ];
        for (name, text) in rows {
            let error = parse::<Request>(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("hush-hush"), "{name}: {error}");
        }
    }

    #[tokio::test]
    async fn messages_come_through_and_hostile_frames_do_not() {
        let request = Request::Login {
            target: TargetName::new(format!("iqn.{}", "a".repeat(219))).unwrap(),
            host: Host::new(format!("{}.de", "a".repeat(63))).unwrap(),
            secret: Secret::new("x".repeat(255)).unwrap(),
        };
        let mut frame = Vec::new();
        write(&mut frame, &request).await.unwrap();
        assert_eq!(read::<Request>(&mut frame.as_slice()).await.unwrap(), request);
        for cut in [0, 3, 4, 5, frame.len() - 1] {
            let cut = read::<Request>(&mut &frame[..cut]).await;
            assert!(matches!(cut, Err(FrameError::Io(_))), "{cut:?}");
        }
        let long = read::<Request>(&mut &[0xff; 8][..]).await;
        assert!(matches!(long, Err(FrameError::TooLong(u32::MAX))), "{long:?}");
        let unsent = write(&mut Vec::new(), &Reply::Failed { reason: "x".repeat(5000) }).await;
        assert!(matches!(unsent, Err(FrameError::TooLong(_))));
    }
}

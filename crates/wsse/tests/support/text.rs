//! Cutting and pasting messages.

/// `message` with its first `from` replaced, which must be there.
pub fn swap(message: &str, from: &str, to: &str) -> String {
    assert!(message.contains(from), "{from} is in the message");
    message.replacen(from, to, 1)
}

/// What stands from `open` to `close`, both included.
pub fn part<'a>(message: &'a str, open: &str, close: &str) -> &'a str {
    let start = message.find(open).unwrap();
    let end = start + message[start..].find(close).unwrap() + close.len();
    &message[start..end]
}

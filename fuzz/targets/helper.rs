//! Any bytes to the privileged helper: refused, or a request that comes back the same when it is written again, and whose
//! arguments can be nothing but arguments.

#![no_main]

use euca_helper::protocol::{MAX_FRAME, Reply, Request, parse, read, write};
use futures_util::FutureExt as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    // Nothing here waits: all bytes are there.
    let framed = read::<Request>(&mut rest).now_or_never().expect("a slice is always ready");
    for request in framed.into_iter().chain(parse(data)) {
        check(&request);
        let mut frame = Vec::new();
        write(&mut frame, &request).now_or_never().expect("a vector too").expect("what was read is short enough");
        assert!(frame.len() <= MAX_FRAME as usize + 4);
        let again = read::<Request>(&mut frame.as_slice()).now_or_never().expect("ready");
        assert_eq!(again.expect("readable"), request);
    }
    if let Err(error) = parse::<Reply>(data) {
        assert!(error.to_string().len() < 100);
    }
});

fn check(request: &Request) {
    let plain = |text: &str, most: usize| {
        assert!(!text.is_empty() && text.len() <= most && !text.starts_with('-') && !text.contains(['/', ',']));
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    };
    match request {
        Request::Login { target, host, secret } => {
            plain(target.as_str(), 223);
            plain(host.as_str(), 253);
            assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_graphic()));
            assert_eq!(format!("{secret:?}"), "Secret");
        }
        Request::Logout { target } => plain(target.as_str(), 223),
        Request::PowerDown {} => {}
    }
}

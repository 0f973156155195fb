//! Any bytes as a SOAP envelope: refused with a reason, or scanned, and then the spans lie inside the document,
//! and the canonical form is one: well-formed, and its own canonical form.

#![no_main]

use euca_wsse::{Limits, c14n::canonicalize, scan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    match scan(data, &Limits::default()) {
        Ok(envelope) => {
            let blocks = envelope.header_blocks().iter().map(|block| block.xml);
            for xml in blocks.chain(envelope.body().map(|body| body.xml)) {
                let range = data.as_ptr_range();
                assert!(range.contains(&xml.as_ptr()) && xml.as_bytes().as_ptr_range().end <= range.end);
                assert!(xml.starts_with('<') && xml.ends_with('>'));
            }
            let text = std::str::from_utf8(data).expect("what scans is UTF-8");
            assert!(
                text.chars().all(
                    |character| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
                )
            );
            let _ = envelope.addressing();
            let _ = envelope.not_understood();
            let canonical = canonicalize(data, &[]).expect("what scans has a canonical form");
            assert_eq!(canonicalize(&canonical, &[]).as_deref(), Ok(&canonical[..]));
            scan(&canonical, &Limits::default()).expect("the canonical form is an envelope");
        }
        Err(error) => {
            let _ = (error.reason(), error.fault(), error.to_string());
            if let Ok(canonical) = canonicalize(data, &["#default", "a"]) {
                canonicalize(&canonical, &["#default", "a"]).expect("a canonical form is a document");
            }
        }
    }
});

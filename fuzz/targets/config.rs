//! Any pair of configuration files: refused with a message, or understood, and then the report of `--check` is a
//! configuration that means the same.

#![no_main]

use euca_config::{CcSettings, Files, Home, NcSettings, Report};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(home) = Home::resolve(None, None) else { return };
    // The byte 0xFF, which no text holds, stands between the local and the main file.
    let (local, main) = match data.iter().position(|byte| *byte == 0xFF) {
        Some(at) => (Some(&data[..at]), &data[at + 1..]),
        None => (None, data),
    };
    let Ok(files) = Files::from_text(&home, local, main) else { return };
    let again =
        |report: &Report| Files::from_text(&home, None, report.to_string().as_bytes()).expect("readable");
    match CcSettings::from_files(&files) {
        Ok(settings) => {
            let again =
                CcSettings::from_files(&again(&settings.report)).expect("the report is a configuration");
            assert_eq!(values(&again.report), values(&settings.report));
            assert!(settings.hot.nodes.len() <= 1024);
            assert!(settings.notices.len() < 200);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(settings) = NcSettings::from_files(&files) {
        let again = NcSettings::from_files(&again(&settings.report)).expect("the report is a configuration");
        assert_eq!(values(&again.report), values(&settings.report));
        assert!(settings.instance_path.is_absolute());
    }
});

fn values(report: &Report) -> Vec<(&str, &Option<String>)> {
    report.settings.iter().map(|setting| (setting.key, &setting.value)).collect()
}

//! Tests for which the kernel of the machine may lack something: VLANs, WireGuard. They run in the lab, a small virtual
//! machine with a kernel that has it (`tests/lab/run.sh`): the first test of an executable runs the whole executable
//! there, and each takes its own result from what that has said.
//!
//! With `EUCA_LAB` set, as it is in the lab, they run where they are.

use std::any::type_name;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::isolated;

/// Runs a test in the lab, in a network namespace of its own. The future is made by a closure in the test function
/// itself, which is known by its path.
pub fn inside<F: Future<Output = ()>, T: FnOnce() -> F + Send + 'static>(test: T) {
    if std::env::var_os("EUCA_LAB").is_some() {
        return isolated(test);
    }
    let name = type_name::<T>().split_once("::").and_then(|(_, path)| path.split_once("::{{closure}}"));
    let name = name.unwrap_or_else(|| panic!("{} is no closure in a test", type_name::<T>())).0;
    let said = said();
    if !said.lines().any(|line| line == format!("test {name} ... ok")) {
        let part = said.split_once(&format!("---- {name} stdout ----")).map(|(_, rest)| rest);
        let part = part.map(|rest| rest.split("\n----").next().unwrap_or(rest));
        panic!("{name} has failed in the lab: {}", part.unwrap_or(said));
    }
}

/// What the tests of this executable have said in the lab.
fn said() -> &'static str {
    static SAID: OnceLock<String> = OnceLock::new();
    SAID.get_or_init(|| {
        let lab = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/lab/run.sh");
        let mut command = Command::new(lab);
        command.arg(std::env::current_exe().unwrap()).arg("--test-threads=1").stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        text(&output.stdout) + &text(&output.stderr)
    })
}

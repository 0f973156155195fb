//! `nc-stats`: a text for monitoring scripts, rewritten whenever the administrator lists the instances
//! (node-controller.md §5.2). Written by a task of its own, because a list never waits for a disk.

use std::fmt::Write;
use std::sync::Arc;

use euca_observe::chain;
use tokio::sync::watch;

use crate::files::{Survives, write_whole};
use crate::instance::Record;
use crate::resources::Amounts;
use crate::settings::NodeSettings;

/// The text. "Used" sums over what was listed, torn down or not, and counts no swap.
pub(crate) fn text(settings: &NodeSettings, now: i64, all: Amounts, listed: &[Arc<Record>]) -> String {
    let used = listed.iter().fold(Amounts::default(), |sum, record| sum.with(record, 0));
    let left = all.without(used);
    let mut text = format!(
        "version: {}\ntimestamp: {now}\nnode: {}\nhypervisor: {}\nnetwork: {}\n\
         memory (max/avail/used) MB: {}/{}/{}\ndisk (max/avail/used) GB: {}/{}/{}\n\
         cores (max/avail/used): {}/{}/{}\n",
        settings.release,
        settings.host_name,
        settings.hypervisor_name,
        settings.network.mode.as_str(),
        all.memory,
        left.memory,
        used.memory,
        all.disk,
        left.disk,
        used.disk,
        all.cores,
        left.cores,
        used.cores,
    );
    for record in listed {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "id: {} userId: {} state: {} mem: {} disk: {} cores: {} private: {} public: {}",
            record.instance_id,
            record.user_id,
            record.state.wire_name(),
            record.vm.memory_mib,
            record.vm.disk_gib,
            record.vm.cores,
            record.net.private_ip,
            record.net.public_ip,
        );
    }
    text
}

/// Writes the latest of the texts that arrive, until nobody sends any more.
pub(crate) async fn write(settings: NodeSettings, mut texts: watch::Receiver<String>) {
    let path = settings.run_dir.join("nc-stats");
    while texts.changed().await.is_ok() {
        let (path, text) = (path.clone(), texts.borrow_and_update().clone());
        let written =
            tokio::task::spawn_blocking(move || write_whole(&path, text.as_bytes(), 0o644, Survives::Exit))
                .await;
        if let Ok(Err(error)) = written {
            tracing::warn!(error = %chain(&error), "statistics not written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::record::tests::record;
    use crate::testing::settings;

    #[test]
    fn the_text_is_the_one_that_scripts_know() {
        let root = tempfile::tempdir().unwrap();
        let all = Amounts { memory: 2048, disk: 10, cores: 4 };
        let listed = [Arc::new(record("i-41AA0001", "admin"))];
        assert_eq!(
            text(&settings(root.path()), 1_300_000_000, all, &listed),
            "version: eee-2.0.1\ntimestamp: 1300000000\nnode: localhost\nhypervisor: qemu\nnetwork: SYSTEM\n\
             memory (max/avail/used) MB: 2048/1536/512\ndisk (max/avail/used) GB: 10/5/5\n\
             cores (max/avail/used): 4/3/1\n\
             id: i-41AA0001 userId: admin state: Extant mem: 512 disk: 5 cores: 1 private: 0.0.0.0 public: 0.0.0.0\n"
        );
    }
}

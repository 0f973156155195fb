//! A node's images without the node: what a test of staging alone needs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use euca_command::Programs;
use euca_image::layout::Platform;
use euca_image::{Images, Order, Source, StageSettings, Walrus, WalrusSettings};
use euca_sim::keys::Role;

use crate::home::Home;
use crate::images::ImageServer;

/// Images that are asked for with the keys of `home` and staged as `settings` say.
pub fn images(home: &Home, settings: StageSettings) -> Images<Walrus> {
    let walrus = Walrus::new(home.keys().credentials(Role::Node, Role::Cluster), WalrusSettings::default());
    Images::open(settings, walrus, Arc::new(Programs::default()))
}

/// A launch into `directory`, which is made, of an image of `server`, without kernel and key.
///
/// # Errors
/// The directory cannot be made.
pub fn order(directory: &Path, server: &ImageServer, image: &str, disk_gib: u64) -> Result<Order> {
    std::fs::create_dir_all(directory)?;
    Ok(Order {
        directory: directory.to_owned(),
        image: Source { id: "emi-1".to_owned(), url: server.url(image) },
        kernel: None,
        ramdisk: None,
        disk_gib,
        platform: Platform::Linux,
        key: String::new(),
    })
}

//! The admin port as a monitoring system uses it.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use euca_sim::clc::{Reply, exchange};

use crate::daemon::free_address;

/// The admin port of a daemon.
#[derive(Debug, Clone, Copy)]
pub struct Admin(SocketAddr);

impl Admin {
    /// A port nobody has, and the configuration `conf` with it for a cluster controller.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of_cluster(conf: &str) -> Result<(Self, String)> {
        let address = free_address(Ipv4Addr::LOCALHOST)?;
        let line = |port| format!("DAEMON_ADMIN_PORT=\"{port}\"");
        Ok((Self(address), conf.replace(&line(0), &line(address.port()))))
    }

    /// As [`Admin::of_cluster`] for a node controller, whose port is the one behind the configured one.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of_node(conf: &str) -> Result<(Self, String)> {
        let address = free_address(Ipv4Addr::LOCALHOST)?;
        let line = |port| format!("DAEMON_ADMIN_PORT=\"{port}\"");
        Ok((Self(address), conf.replace(&line(0), &line(address.port() - 1))))
    }

    /// Where it is.
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// The page at a path.
    ///
    /// # Errors
    /// No complete reply.
    pub async fn get(self, path: &str) -> Result<Reply> {
        exchange(self.0, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await
    }

    /// The JSON document at a path, with the HTTP status.
    ///
    /// # Errors
    /// No complete reply, or no JSON.
    pub async fn json(self, path: &str) -> Result<(u16, serde_json::Value)> {
        let reply = self.get(path).await?;
        let value = serde_json::from_slice(reply.body()).with_context(|| reply.text())?;
        Ok((reply.status(), value))
    }

    /// The metrics now.
    ///
    /// # Errors
    /// No complete reply.
    pub async fn metrics(self) -> Result<Metrics> {
        Ok(Metrics(self.get("/metrics").await?.text()))
    }
}

/// Metrics as scraped.
#[derive(Debug, Clone)]
pub struct Metrics(pub String);

impl Metrics {
    /// Value of the sample with this name and these labels, in any order, as `name{label="value"}`; 0 when there is
    /// none, for a family shows no sample before the first event.
    pub fn value(&self, sample: &str) -> f64 {
        let parts = |text: &str| {
            let (name, labels) = text.split_once('{').unwrap_or((text, ""));
            let mut labels: Vec<String> =
                labels.trim_end_matches('}').split(',').map(str::to_owned).collect();
            labels.sort();
            (name.to_owned(), labels)
        };
        let wanted = parts(sample);
        let value = self.0.lines().find_map(|line| {
            let (sample, value) = line.rsplit_once(' ')?;
            (parts(sample) == wanted).then(|| value.parse().ok())?
        });
        value.unwrap_or_default()
    }
}

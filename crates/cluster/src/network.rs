//! The virtual network: the tables (`euca-vnet`) and the host that follows them.
//!
//! ```text
//!   allocate, release ───────────────► tables      at once, under their lock
//!   start, stop, rules, addresses ──► turn ──► host, tables
//!   DHCP, tunnels ────(keep_up)─────► turn ──► host
//! ```
//! Whoever wants something of the host takes his turn, and has it until his part of the tables is changed: the
//! host sees orders one at a time, in the order of the changes they belong to. Nothing waits for it longer than
//! [`PATIENCE`], and no order takes longer than [`ORDER`]; no lock of the cluster is held meanwhile. The first
//! turn after a start restores the host (cluster-controller.md §3.3), and so does the next one after an order that has
//! failed: what the host has not taken away does not stay for good (network.md §14.3).

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use euca_store::Journal;
use euca_vnet::{Change, Effect, Effects, Failure, Group, Network as Planned, Record, Settings, Tables};
use euca_wire::cc::{CcInstance, NetConfig};
use euca_wire::{Shared, nc};
use parking_lot::Mutex;
use tokio::sync::{MutexGuard, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::addresses::AddressSource;
use crate::durable;
use crate::error::Error;

/// What stands for an address that is not known.
pub(crate) const NO_ADDRESS: &str = "0.0.0.0";

/// How long an operation may take with its turn and its orders. With [`NAMES`] and [`UNDO`] it is the 45 s within
/// which every operation answers (P-15).
const PATIENCE: Duration = Duration::from_secs(35);
/// How long the host may take for one order.
const ORDER: Duration = Duration::from_secs(20);
/// How long what was done by half is being undone.
const UNDO: Duration = Duration::from_secs(5);
/// How long the addresses of other clusters are looked for: no describe takes longer.
const NAMES: Duration = Duration::from_secs(5);
/// How long new instances are waited for before the DHCP server is told of them: within one second (§5.7).
const GATHER: Duration = Duration::from_millis(500);

/// The virtual network of a cluster.
pub(crate) struct Network {
    tables: Mutex<Tables>,
    journal: Journal,
    host: Arc<dyn Effects>,
    /// Where other clusters are found by their names.
    names: Arc<dyn AddressSource>,
    turn: tokio::sync::Mutex<OnHost>,
    /// Something has changed for the DHCP server.
    dhcp: watch::Sender<()>,
    /// Something may have changed for the tunnels.
    tunnels: watch::Sender<()>,
    has_host: bool,
    managed: bool,
}

/// What the host has done.
#[derive(Debug, Default)]
struct OnHost {
    /// Not before the first time, nor after an order that has failed: tables and host may differ then.
    restored: bool,
    /// Why it could not be restored, as the log has it.
    unrestored: Option<String>,
    joined: bool,
    /// Whether a DHCP server may run.
    serves: bool,
}

impl Network {
    /// The network with what was durable.
    pub(crate) fn new(
        settings: Settings,
        known: Vec<Record>,
        journal: Journal,
        host: Arc<dyn Effects>,
        names: Arc<dyn AddressSource>,
    ) -> Self {
        let has_host = !matches!(settings, Settings::System);
        let (tables, misplaced) = Tables::restore(settings, known);
        for record in misplaced {
            // Left where it is: with the settings of before it has its place again (Q-63). The daemon does not start
            // while guests depend on it.
            tracing::error!(key = %record.key(), "the network settings leave no place for a stored record");
        }
        let network = Self {
            has_host,
            managed: tables.is_managed(),
            tables: Mutex::new(tables),
            journal,
            host,
            names,
            turn: tokio::sync::Mutex::default(),
            dhcp: watch::Sender::new(()),
            tunnels: watch::Sender::new(()),
        };
        // What restoring has changed.
        network.change(|_| ());
        network
    }

    /// Whether there are networks, groups and public addresses: MANAGED and MANAGED-NOVLAN.
    pub(crate) fn is_managed(&self) -> bool {
        self.managed
    }

    /// What the tables say.
    pub(crate) fn read<T>(&self, view: impl FnOnce(&Tables) -> T) -> T {
        view(&self.tables.lock())
    }

    /// The only place where tables change, and with them the journal.
    fn change<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        let mut tables = self.tables.lock();
        let result = change(&mut tables);
        for change in tables.take_changes() {
            let key = change.key().to_string();
            drop(match change {
                Change::Put(record) => self.journal.put(&key, durable::Network(record)),
                Change::Delete(_) => self.journal.delete::<durable::Network>(&key),
            });
        }
        result
    }

    /// The parameters of a new instance (§8.3). `index` is what the CLC has chosen.
    pub(crate) fn allocate(&self, id: &str, vlan: i32, index: Option<i32>) -> Result<NetConfig, Error> {
        let given = self.change(|tables| tables.allocate(id, vlan, index))?;
        Ok(NetConfig {
            private_mac_address: given.mac,
            private_ip: given.private.to_string(),
            public_ip: given.public.to_string(),
            vlan,
            network_index: index.unwrap_or(-1),
        })
    }

    /// Takes back what [`allocate`](Self::allocate) has given to the instance, if it still has it (§2.7).
    pub(crate) fn release(&self, id: &str, mac: &str, vlan: i32) {
        if self.change(|tables| tables.release(id, mac, vlan)) {
            self.kick_dhcp();
            tracing::info!(instance = id, mac, vlan, "address is free");
        }
    }

    /// Takes back the address of an instance that is to end, of which nothing else need be known any more.
    pub(crate) fn release_terminated(&self, id: &str) {
        if self.change(|tables| tables.release_instance(id)) {
            self.kick_dhcp();
            tracing::info!(instance = id, "address is free");
        }
    }

    /// Takes back the address of an instance that no node has.
    pub(crate) fn release_order(&self, order: &nc::NcRunInstance) {
        self.release(&order.instance_id, &order.net_params.private_mac_address, order.net_params.vlan);
    }

    /// Takes back the addresses of instances that are gone.
    pub(crate) fn release_all(&self, gone: &[Shared<CcInstance>]) {
        for instance in gone {
            if let (Some(id), Some(net)) = (&instance.instance_id, &instance.net_params) {
                self.release(id, &net.private_mac_address, net.vlan);
            }
        }
    }

    /// Gives back their addresses to instances that were not known, or not any more, as long as nobody else has these
    /// (§2.8).
    pub(crate) fn adopt_all(&self, found: &[Shared<CcInstance>]) {
        for instance in found {
            let (Some(id), Some(net)) = (&instance.instance_id, &instance.net_params) else { continue };
            let (mac, vlan) = (&net.private_mac_address, net.vlan);
            let Ok(address) = net.private_ip.parse() else { continue };
            if self.change(|tables| tables.adopt(id, mac, vlan, address)) {
                self.kick_dhcp();
                tracing::info!(instance = id, mac, vlan, %address, "instance has its address again");
            }
        }
    }

    /// Has the DHCP server learn of instances that have come or gone (Q-22), and of what they are told.
    pub(crate) fn kick_dhcp(&self) {
        self.dhcp.send_replace(());
    }

    /// Takes over the name server and the other clusters from the CLC. What makes no sense is ignored; an error
    /// here is no error of the operation (Q-57).
    pub(crate) async fn follow(&self, nameserver: Option<&str>, clusters: &[String]) {
        if let Some(text) = nameserver {
            match text.parse() {
                Ok(address) if self.change(|tables| tables.set_nameserver(address)) => self.kick_dhcp(),
                Ok(_) => {}
                Err(_) => tracing::warn!(nameserver = text, "name server is not an IPv4 address, ignored"),
            }
        }
        if !self.managed || clusters.is_empty() {
            return;
        }
        let mut addresses = Vec::new();
        let deadline = Instant::now() + NAMES;
        // No more than it takes to be refused.
        for name in clusters.iter().take(euca_vnet::MAX_PEERS + 1) {
            match timeout_at(deadline, self.names.resolve(name)).await {
                Ok(Ok(address)) => addresses.push(address),
                Ok(Err(error)) => {
                    tracing::warn!(name, %error, "cluster controller has no IPv4 address, ignored")
                }
                Err(_) => {
                    return tracing::warn!(
                        name,
                        "name is not found in time, cluster controllers stay as they are"
                    );
                }
            }
        }
        match self.change(|tables| tables.set_peers(&addresses)) {
            Ok(true) => tracing::info!(?addresses, "cluster controllers have changed"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "cluster controllers stay as they are"),
        }
    }

    /// Has the tunnels follow the tables, when the host has time.
    pub(crate) fn join_clusters(&self) {
        self.tunnels.send_replace(());
    }

    /// Waits for the turn to give orders to the host.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, Error> {
        let deadline = Instant::now() + PATIENCE;
        let on_host = timeout_at(deadline, self.turn.lock()).await.map_err(|_| Error::HostBusy)?;
        let mut turn = Turn { network: self, on_host, deadline };
        turn.restore().await;
        Ok(turn)
    }

    /// Keeps the host up with the tables: restores it at the start, then serves DHCP and joins clusters whenever
    /// that was asked for, the latter also once a period (§3.1, §5.7). Runs until it is dropped.
    pub(crate) async fn keep_up(&self, period: watch::Receiver<Duration>) {
        if !self.has_host {
            return;
        }
        let wants = (self.dhcp.subscribe(), self.tunnels.subscribe());
        tokio::join!(self.keep_serving(wants.0, &period), self.keep_joined(wants.1, &period));
    }

    /// What is asked for while one request is gathered or served is the next one.
    async fn keep_serving(&self, mut wanted: watch::Receiver<()>, period: &watch::Receiver<Duration>) {
        loop {
            let served = self.serve_dhcp().await;
            let retry = async {
                match &served {
                    Ok(()) => std::future::pending().await,
                    Err(_) => {
                        let pause = *period.borrow();
                        sleep(pause).await;
                    }
                }
            };
            tokio::select! {
                biased;
                changed = wanted.changed() => match changed {
                    Ok(()) => sleep(GATHER).await,
                    Err(_) => return,
                },
                () = retry => {}
            }
            wanted.mark_unchanged();
        }
    }

    async fn serve_dhcp(&self) -> Result<(), Error> {
        let mut turn = self.turn().await?;
        match self.read(Tables::dhcp) {
            // In STATIC mode the network is known before there is a guest. Elsewhere there is nothing to do without
            // guests, except once to end what there was.
            Some(dhcp) if !dhcp.subnets.is_empty() || turn.on_host.serves => {
                let serves = dhcp.has_hosts();
                turn.on_host.serves |= serves;
                turn.order(Effect::ServeDhcp(dhcp)).await?;
                turn.on_host.serves = serves;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn keep_joined(&self, mut wanted: watch::Receiver<()>, period: &watch::Receiver<Duration>) {
        loop {
            let pause = *period.borrow();
            tokio::select! {
                biased;
                changed = wanted.changed() => if changed.is_err() { return },
                () = sleep(pause) => {}
            }
            match self.turn().await {
                Ok(mut turn) => turn.join_clusters().await,
                Err(error) => tracing::warn!(%error, "tunnels are not looked after"),
            }
        }
    }
}

/// The right to give orders to the host, until it is dropped.
pub(crate) struct Turn<'a> {
    network: &'a Network,
    on_host: MutexGuard<'a, OnHost>,
    deadline: Instant,
}

impl Turn<'_> {
    /// Has the host carry out an order. What became of it is logged here.
    async fn order(&mut self, effect: Effect) -> Result<(), Error> {
        self.order_until(effect, self.deadline.min(Instant::now() + ORDER)).await
    }

    async fn order_until(&mut self, effect: Effect, deadline: Instant) -> Result<(), Error> {
        let outcome = timeout_at(deadline, self.network.host.carry_out(&effect)).await;
        match outcome.unwrap_or(Err(Failure::Late)) {
            Ok(()) => {
                tracing::debug!(%effect, "host has done it");
                Ok(())
            }
            Err(Failure::Status(status)) if effect.is_done(status) => {
                tracing::info!(%effect, status, "host says it was so already");
                Ok(())
            }
            Err(failure) => {
                self.has_failed(&effect, euca_observe::chain(&failure));
                Err(Error::Host(effect.name()))
            }
        }
    }

    /// Has the next turn restore the host; DHCP and tunnels are brought up to date again and again anyway. Why
    /// restoring fails is told when it changes.
    fn has_failed(&mut self, effect: &Effect, failure: String) {
        match effect {
            Effect::Restore(_) if self.on_host.unrestored.as_ref() == Some(&failure) => return,
            Effect::Restore(_) => self.on_host.unrestored = Some(failure.clone()),
            Effect::ServeDhcp(_) | Effect::JoinClusters(_) => {}
            _ => self.on_host.restored = false,
        }
        tracing::warn!(%effect, failure, "host has not done it");
    }

    /// Brings the host to where the tables are. Until that has worked, every turn tries it, once a period at the
    /// latest. What follows is ordered nevertheless: it is the host that knows whether it can be done.
    async fn restore(&mut self) {
        if !self.network.managed || self.on_host.restored {
            return;
        }
        let state = self.network.read(Tables::state);
        let join = state.tunnels.is_some();
        if self.order(Effect::Restore(state)).await.is_ok() {
            (self.on_host.restored, self.on_host.unrestored) = (true, None);
            self.on_host.joined |= join;
        }
    }

    /// Has the tunnels follow the tables. Failures end here (Q-57).
    pub(crate) async fn join_clusters(&mut self) {
        let Some(tunnels) = self.network.read(Tables::tunnels) else { return };
        let join = tunnels.own.is_some();
        // Without other clusters there is nothing to do, except once to end what there was.
        if (join || self.on_host.joined) && self.order(Effect::JoinClusters(tunnels)).await.is_ok() {
            self.on_host.joined = join;
        }
    }

    /// Starts the network of `group` on `vlan`, in place of another group's that is there. The same group's on another
    /// VLAN is over, unless guests still have their addresses in it.
    pub(crate) async fn start(&mut self, vlan: i32, group: Group) -> Result<(), Error> {
        let (network, present, left_behind) = self.network.read(|tables| {
            let network = tables.startable(vlan, group)?;
            let (present, left_behind) = (tables.network(network.vlan), tables.left_behind(&network));
            Ok::<_, Error>((network, present, left_behind))
        })?;
        for vlan in left_behind {
            let _ = self.stop(vlan.into()).await;
        }
        if let Some(other) = present.filter(|present| present.group != network.group) {
            tracing::warn!(%network, %other, "another group's network is in its place, stopped");
            let ended = self.network.change(|tables| tables.end(network.vlan));
            if let Some((other, closed)) = ended {
                self.set_rules(closed).await?;
                // The one that is started counts.
                let _ = self.order(Effect::StopNetwork(other)).await;
            }
        }
        self.order(Effect::StartNetwork(network.clone())).await?;
        tracing::info!(%network, "network is active");
        self.network.change(|tables| tables.start(network));
        Ok(())
    }

    /// Stops the network of `vlan`, if one is active. It is over even if the host fails.
    pub(crate) async fn stop(&mut self, vlan: i32) -> Result<(), Error> {
        let stopped = u16::try_from(vlan).ok().and_then(|vlan| self.network.change(|it| it.stop(vlan)));
        self.network.kick_dhcp();
        let Some((network, closed)) = stopped else {
            tracing::info!(vlan, "no network to stop");
            return Ok(());
        };
        tracing::info!(%network, "network is no longer active");
        let closed = self.set_rules(closed).await;
        self.order(Effect::StopNetwork(network)).await.and(closed)
    }

    /// Gives groups their rules.
    pub(crate) async fn set_rules(&mut self, groups: Vec<Planned>) -> Result<(), Error> {
        if groups.is_empty() {
            return Ok(());
        }
        self.order(Effect::SetRules(groups.clone())).await?;
        self.network.change(|tables| tables.set_rules(groups));
        Ok(())
    }

    /// Makes `public` stand for `private`, unless it stands for something already (Q-51). Half of it is undone
    /// (Q-52). Brings whether something has changed.
    pub(crate) async fn assign(&mut self, public: Ipv4Addr, private: Ipv4Addr) -> Result<bool, Error> {
        if let Some(present) = self.network.read(|tables| tables.public_address(public))? {
            tracing::warn!(%public, %present, wanted = %private, "public address is assigned already");
            return Ok(false);
        }
        self.order(Effect::AddPublicAddress(public)).await?;
        if let Err(error) = self.order(Effect::MapAddress { public, private }).await {
            let undone = Instant::now() + UNDO;
            let _ = self.order_until(Effect::RemovePublicAddress(public), undone).await;
            return Err(error);
        }
        tracing::info!(%public, %private, "public address is assigned");
        self.network.change(|tables| tables.map_public(public, private))?;
        Ok(true)
    }

    /// Makes `public` stand for nothing; what the host fails to do does not matter (Q-53, Q-54). Brings what it
    /// stood for.
    pub(crate) async fn unassign(&mut self, public: Ipv4Addr) -> Result<Option<Ipv4Addr>, Error> {
        let private = self.network.read(|tables| tables.public_address(public))?;
        if let Some(private) = private {
            let _ = self.order(Effect::UnmapAddress { public, private }).await;
            self.network.change(|tables| tables.unmap_public(public))?;
            tracing::info!(%public, %private, "public address is free");
        }
        let _ = self.order(Effect::RemovePublicAddress(public)).await;
        Ok(private)
    }
}

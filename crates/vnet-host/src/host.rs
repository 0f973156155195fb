//! The host of a cluster: it has what is active, and brings the kernel to the plan for it.
//!
//! ```text
//!   Effect ──► Active ──► Plan ──┬── differs from the last one? ──► netlink, one iptables-restore
//!                                └── last one unknown, or a look around: differs from what there is? ──┘
//! ```
//! An order that fails leaves what was active before, and the kernel is brought back to that. What the kernel was
//! brought to is remembered, so that a change costs what it changes; whatever fails makes it forgotten, and the next
//! order looks at what there is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_command::CommandRunner;
use euca_observe::chain;
use euca_vnet::{Effect, Effects, Failure};
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::dhcp::{self, DhcpServer};
use crate::firewall::{self, Firewall};
use crate::links::{self, Link, Links};
use crate::plan::{Active, Plan, Site, bridge_name};

/// Whether the kernel passes packets from one device to another.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// A Linux host with virtual networks.
pub struct Host {
    /// Nothing where networks are not ours to make: in STATIC mode.
    site: Option<Site>,
    dhcp: Option<DhcpServer>,
    runner: Arc<dyn CommandRunner>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    active: Active,
    /// Whether [`Effect::Restore`] has come: before it, what there is may be wanted.
    restored: bool,
    /// What the kernel was brought to.
    reached: Option<Plan>,
    /// The VLANs that have been started, in this order: the last one is served first (network.md §9.3).
    started: Vec<u16>,
    kernel: Option<Kernel>,
}

#[derive(Clone)]
struct Kernel {
    links: Links,
    firewall: Firewall,
}

/// Why the host is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Devices or addresses.
    #[error(transparent)]
    Links(#[from] links::Error),
    /// Rules.
    #[error(transparent)]
    Firewall(#[from] firewall::Error),
    /// The DHCP server.
    #[error(transparent)]
    Dhcp(#[from] dhcp::Error),
}

/// What is not as it should be, one line each.
pub type Differences = Vec<String>;

impl Host {
    /// A host of this site on which nothing is active yet. Without a site, all it may have is a DHCP server.
    pub fn new(site: impl Into<Option<Site>>, runner: Arc<dyn CommandRunner>) -> Self {
        Self { site: site.into(), dhcp: None, runner, state: Mutex::default() }
    }

    /// The same with this DHCP server.
    #[must_use]
    pub fn with_dhcp(self, server: DhcpServer) -> Self {
        Self { dhcp: Some(server), ..self }
    }

    /// Ends what does not outlive the daemon: the DHCP server. Guests keep their networks (network.md §12.2).
    ///
    /// # Errors
    /// When its pid file stays.
    pub async fn stop(&self) -> Result<(), Error> {
        match &self.dhcp {
            Some(server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }

    /// What is not as it should be.
    ///
    /// # Errors
    /// When the kernel does not say how it is.
    pub async fn differences(&self) -> Result<Differences, Error> {
        let Some(site) = &self.site else { return Ok(Differences::new()) };
        let mut state = self.state.lock().await;
        let kernel = self.kernel(&mut state).await?;
        let plan = site.plan(&state.active);
        Ok(kernel.look(site, &plan, state.reached.as_ref()).await?.told())
    }

    /// Looks whether everything is as it should be, and mends what is not. Brings what it was.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn repair(&self) -> Result<Differences, Error> {
        let mut state = self.state.lock().await;
        if !state.restored {
            return Ok(Differences::new());
        }
        state.reached = None;
        let differences = self.bring(&mut state).await?;
        let bridges = self.bridges(&state);
        drop(state);
        if let Some(server) = &self.dhcp {
            server.follow(bridges).await?;
        }
        Ok(differences)
    }

    /// Repairs again and again until it is dropped, with a pause of `period` between; a longer one where that takes so
    /// long that it would be more than a fiftieth of the time.
    pub async fn keep(&self, period: Duration) {
        let mut pause = period;
        loop {
            tokio::time::sleep(pause).await;
            let begun = Instant::now();
            match self.repair().await {
                Ok(differences) => {
                    for difference in differences {
                        tracing::warn!(difference, "the host was not as it should be, mended");
                    }
                }
                Err(error) => tracing::error!(error = chain(&error), "the host is not as it should be"),
            }
            pause = period.max(begun.elapsed() * 50);
        }
    }

    /// The devices of guests that we have made, the latest first.
    fn bridges(&self, state: &State) -> Vec<String> {
        let vlans = self.site.as_ref().is_some_and(|site| site.managed.vlans);
        state.started.iter().rev().filter(|_| vlans).map(|vlan| bridge_name(*vlan)).collect()
    }

    async fn carry_out(&self, effect: &Effect) -> Result<(), Error> {
        let mut state = self.state.lock().await;
        if let Effect::ServeDhcp(dhcp) = effect {
            let Some(server) = &self.dhcp else { return Ok(()) };
            let bridges = self.bridges(&state);
            drop(state);
            return Ok(server.serve(dhcp, bridges).await?);
        }
        let before = state.active.clone();
        change(&mut state.active, effect);
        state.restored |= matches!(effect, Effect::Restore(_));
        let result = self.bring(&mut state).await;
        if let Err(error) = result {
            state.active = before;
            if let Err(error) = self.bring(&mut state).await {
                tracing::warn!(error = chain(&error), "what was done by half is not undone");
            }
            return Err(error);
        }
        let State { started, active, .. } = &mut *state;
        started.retain(|vlan| active.networks.contains_key(vlan));
        let new: Vec<_> = active.networks.keys().filter(|vlan| !started.contains(vlan)).copied().collect();
        started.extend(new);
        Ok(())
    }

    async fn kernel(&self, state: &mut State) -> Result<Kernel, Error> {
        if let Some(kernel) = &state.kernel {
            return Ok(kernel.clone());
        }
        forward().await;
        let kernel =
            Kernel { links: Links::open()?, firewall: Firewall::new(Arc::clone(&self.runner)).await };
        Ok(state.kernel.insert(kernel).clone())
    }

    /// Brings the kernel to the plan of what is active. Says what differed where it had to look.
    async fn bring(&self, state: &mut State) -> Result<Differences, Error> {
        let Some(site) = &self.site else { return Ok(Differences::new()) };
        let kernel = self.kernel(state).await?;
        let plan = site.plan(&state.active);
        // Forgotten as well when this future is dropped half-way.
        let reached = state.reached.take();
        let quick = reached.as_ref().and_then(|reached| links::additions(&reached.links, &plan.links));
        let (work, told) = match (quick, &reached) {
            (Some(steps), Some(Plan { rules, .. })) => {
                (Work { steps, rules: plan.rules.change_from(rules) }, vec![])
            }
            _ => {
                let work = kernel.look(site, &plan, reached.as_ref()).await?;
                let told = work.told();
                (work, told)
            }
        };
        kernel.work(work).await?;
        state.reached = Some(plan);
        Ok(told)
    }
}

/// What is to be done.
struct Work {
    steps: Vec<links::Step>,
    rules: Option<String>,
}

impl Work {
    fn told(&self) -> Differences {
        let steps = self.steps.iter().map(ToString::to_string);
        let rules = self.rules.iter().flat_map(|rules| rules.lines().map(|rule| format!("firewall: {rule}")));
        steps.chain(rules).collect()
    }
}

impl Kernel {
    /// What of the plan is missing, and what there is too much of what is ours: known by its name, or because it was
    /// `reached` before.
    async fn look(&self, site: &Site, plan: &Plan, reached: Option<&Plan>) -> Result<Work, Error> {
        let present = self.links.present().await?;
        // A bridge that was taken away does not tell any more whose the devices are that it has left behind.
        let is_orphan = |name: &str, link: &Link| {
            let made = reached.and_then(|reached| reached.links.devices.get(name));
            made.is_some_and(|device| device.master.is_some()) && link.master.is_none()
        };
        let steps = links::steps(
            &plan.links,
            &present,
            |name, link| site.is_ours(&present, name, link) || is_orphan(name, link),
            |address| site.is_our_address(address),
        );
        let rules = plan.rules.change_from(&self.firewall.present().await?);
        Ok(Work { steps, rules })
    }

    async fn work(&self, work: Work) -> Result<(), Error> {
        for step in &work.steps {
            tracing::debug!(%step, "on this host");
            self.links.take(step).await?;
        }
        if let Some(rules) = work.rules {
            self.firewall.restore(rules).await?;
        }
        Ok(())
    }
}

/// Has the kernel pass packets on. Where we may not say so, somebody else has to.
async fn forward() {
    if tokio::fs::read_to_string(FORWARDING).await.is_ok_and(|value| value.trim() == "1") {
        return;
    }
    if let Err(error) = tokio::fs::write(FORWARDING, "1").await {
        tracing::error!(file = FORWARDING, %error, "the kernel does not pass packets on, and cannot be told to");
    }
}

fn change(active: &mut Active, effect: &Effect) {
    match effect {
        Effect::Restore(state) => {
            active.networks = state.networks.iter().map(|network| (network.vlan, network.clone())).collect();
            active.public = state.public.iter().map(|(public, _)| *public).collect();
            active.mapped = state.public.iter().copied().collect();
        }
        Effect::StartNetwork(network) => drop(active.networks.insert(network.vlan, network.clone())),
        Effect::StopNetwork(network) => drop(active.networks.remove(&network.vlan)),
        Effect::SetRules(networks) => {
            let known: Vec<_> = networks
                .iter()
                .filter(|network| active.networks.contains_key(&network.vlan))
                .cloned()
                .collect();
            active.networks.extend(known.into_iter().map(|network| (network.vlan, network)));
        }
        Effect::AddPublicAddress(address) => drop(active.public.insert(*address)),
        Effect::RemovePublicAddress(address) => drop(active.public.remove(address)),
        Effect::MapAddress { public, private } => drop(active.mapped.insert(*public, *private)),
        Effect::UnmapAddress { public, .. } => drop(active.mapped.remove(public)),
        Effect::ServeDhcp(_) | Effect::JoinClusters(_) => {}
    }
}

impl Effects for Host {
    fn carry_out<'a>(&'a self, effect: &'a Effect) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.carry_out(effect).await.map_err(|error| Failure::Other(Box::new(error))) })
    }
}

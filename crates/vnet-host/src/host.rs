//! The host of a cluster: it has what is active, and brings the kernel to the plan for it.
//!
//! ```text
//!   Effect ──► Active ──► Plan ──┬── differs from the last one? ──► netlink, one iptables-restore
//!                                └── last one unknown, or a look around: differs from what there is? ──┘
//! ```
//! An order that fails leaves what was active before, and the kernel is brought back to that; but for the one that says
//! what all of it is, which is taken for active before it is done: nothing undoes it, and whoever looks next goes on with
//! it. What the kernel was brought to is remembered, so that a change costs what it changes; whatever fails makes it
//! forgotten, and the next order looks at what there is.

use std::collections::BTreeSet;
use std::mem::take;
use std::net::Ipv4Addr;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use euca_command::CommandRunner;
use euca_observe::chain;
use euca_vnet::{Effect, Effects, Failure, Network, Tunnels};
use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, watch};

use crate::aftermath::{Aftermath, News};
use crate::dhcp::{self, DhcpServer};
use crate::firewall::Firewall;
use crate::links::{self, Address, Device, Kind, Link, Links, Step};
use crate::plan::{Active, BRIDGES, Plan, Site, bridge_name};
use crate::program;
use crate::secret::Secret;
use crate::tunnels::{self, Mesh, Tools, TunnelSettings, WIREGUARD};
use crate::vtun::{self, Vtun, Vtund};

/// Whether the kernel passes packets from one device to another.
const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// How long a host is left alone at most, unless the period is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A Linux host with virtual networks.
pub struct Host {
    /// Nothing where networks are not ours to make: in STATIC mode.
    site: Option<Arc<Site>>,
    dhcp: Option<DhcpServer>,
    tunnels: Option<TunnelSettings>,
    vtund: Option<Vtund>,
    runner: Arc<dyn CommandRunner>,
    state: Mutex<State>,
    aftermath: Arc<Aftermath>,
    /// Why it was not as it should be when it was looked at last.
    problem: std::sync::Mutex<Option<String>>,
}

#[derive(Default)]
struct State {
    active: Arc<Active>,
    /// Whether [`Effect::Restore`] has come: before it, whatever there is may be wanted.
    restored: bool,
    /// What the kernel was brought to, and for what.
    reached: Option<(Arc<Active>, Plan)>,
    /// What nothing has followed from yet: of orders that have failed, or were given up half-way.
    news: News,
    /// The VLANs that have been started, in this order: the last one is served first (network.md §9.3).
    started: Vec<u16>,
    kernel: Option<Kernel>,
    /// Why there are no tunnels though there should be, as the log has it.
    unjoined: Option<String>,
}

impl State {
    /// Takes this for what is active.
    fn adopt(&mut self, active: Arc<Active>) {
        self.started.retain(|vlan| active.networks.contains_key(vlan));
        let new = active.networks.keys().filter(|vlan| !self.started.contains(vlan));
        let new: Vec<_> = new.copied().collect();
        self.started.extend(new);
        self.active = active;
    }

    /// Has the log say why there are no tunnels, when that changes.
    fn tell(&mut self, unjoined: Option<String>) {
        if let Some(reason) = unjoined.as_ref().filter(|_| self.unjoined != unjoined) {
            tracing::error!(reason, "networks are not joined with those of other clusters");
        }
        self.unjoined = unjoined;
    }
}

#[derive(Clone)]
struct Kernel {
    links: Links,
    firewall: Firewall,
    tools: Tools,
}

/// Why the host is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something was ordered before everything was.
    #[error("what is active is not known yet")]
    Unrestored,
    /// Devices or addresses.
    #[error(transparent)]
    Links(#[from] links::Error),
    /// Rules.
    #[error(transparent)]
    Firewall(#[from] program::Error),
    /// The DHCP server.
    #[error(transparent)]
    Dhcp(#[from] dhcp::Error),
    /// Tunnels to other clusters.
    #[error(transparent)]
    Tunnels(#[from] tunnels::Error),
    /// Processes for tunnels.
    #[error(transparent)]
    Vtun(#[from] vtun::Error),
}

/// What is not as it should be, one line each.
pub type Differences = Vec<String>;

impl Host {
    /// A host of this site on which nothing is active yet. Without a site, all it may have is a DHCP server.
    pub fn new(site: impl Into<Option<Site>>, runner: Arc<dyn CommandRunner>) -> Self {
        let (site, state, aftermath) = (site.into().map(Arc::new), Mutex::default(), Arc::default());
        let (dhcp, tunnels, vtund, problem) = Default::default();
        Self { site, dhcp, tunnels, vtund, runner, state, aftermath, problem }
    }

    /// The same with this DHCP server.
    #[must_use]
    pub fn with_dhcp(self, server: DhcpServer) -> Self {
        Self { dhcp: Some(server), ..self }
    }

    /// The same joined with other clusters in this way.
    #[must_use]
    pub fn with_tunnels(self, settings: TunnelSettings) -> Self {
        let keys = settings.secret.parent().unwrap_or(&settings.secret);
        // By whatever they are joined now: by vtun before, perhaps.
        let vtund = Some(Vtund::new(keys, &settings.run));
        Self { tunnels: Some(settings), vtund, ..self }
    }

    /// Ends what does not outlive the daemon: the DHCP server and vtund. Guests keep their networks (network.md §12.2).
    ///
    /// # Errors
    /// When a pid file stays.
    pub async fn stop(&self) -> Result<(), Error> {
        let vtund = self.follow(None).await;
        if let Some(server) = &self.dhcp {
            server.stop().await?;
        }
        Ok(vtund?)
    }

    /// Has these processes of vtun run, and no others.
    async fn follow(&self, wanted: Option<&Vtun>) -> Result<(), vtun::Error> {
        match &self.vtund {
            Some(vtund) => vtund.follow(wanted).await,
            None => Ok(()),
        }
    }

    /// Takes this for what is active, and changes nothing. Brings what the host is to look like then.
    ///
    /// # Errors
    /// When the kernel does not say how it is.
    pub async fn expect(&self, active: euca_vnet::State) -> Result<Plan, Error> {
        let mut state = self.state.lock().await;
        let active = self.changed(&mut state, &Effect::Restore(active)).await?;
        state.adopt(Arc::new(active));
        state.restored = true;
        Ok(self.site.as_ref().map(|site| site.plan(&state.active)).unwrap_or_default())
    }

    /// What is active once this is done.
    async fn changed(&self, state: &mut State, effect: &Effect) -> Result<Active, Error> {
        let mut active = Active::clone(&state.active);
        change(&mut active, effect);
        match effect {
            Effect::JoinClusters(tunnels) => active.mesh = self.mesh(state, tunnels).await?,
            Effect::Restore(restored) => {
                let tunnels = restored.tunnels.clone().unwrap_or_default();
                active.mesh = self.mesh(state, &tunnels).await?;
            }
            _ => {}
        }
        Ok(active)
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
        Ok(kernel.look(site, &plan, state.reached.as_ref().map(|(_, plan)| plan)).await?.told_whole())
    }

    /// Looks whether everything is as it should be, and mends what is not. Brings what it was.
    ///
    /// # Errors
    /// When that cannot be done.
    pub async fn repair(&self) -> Result<Differences, Error> {
        let (mended, _) = self.mend().await;
        self.aftermath.finish().await;
        mended
    }

    /// The same, but for what no order waits for. Brings how long it has kept orders waiting, too.
    async fn mend(&self) -> (Result<Differences, Error>, Duration) {
        let mut state = self.state.lock().await;
        let begun = Instant::now();
        if self.site.is_some() && !state.restored {
            return (Err(Error::Unrestored), Duration::ZERO);
        }
        state.reached = None;
        let mended = self.bring(&mut state).await;
        let bridges = self.bridges(&state);
        drop(state);
        let taken = begun.elapsed();
        let followed = match &self.dhcp {
            Some(server) => server.follow(bridges).await,
            None => Ok(()),
        };
        (mended.and_then(|differences| followed.map(|()| differences).map_err(Error::Dhcp)), taken)
    }

    /// Takes everything of ours off this host: chains, devices, addresses. Brings what it was.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub async fn clear(&self) -> Result<Differences, Error> {
        let Some(site) = &self.site else { return Ok(Differences::new()) };
        let mut state = self.state.lock().await;
        let kernel = self.kernel(&mut state).await?;
        let reached = state.reached.take();
        let work = kernel.look(site, &Plan::default(), reached.as_ref().map(|(_, plan)| plan)).await?;
        let told = work.told_whole();
        let nothing = (&Plan::default(), &Arc::default());
        let Done { failed, unjoined } = self.work(site, &mut state, &kernel, work, nothing, None).await?;
        self.follow(None).await?;
        self.aftermath.finish().await;
        failed.into_iter().map(|(_, error)| error).chain(unjoined).next().map_or(Ok(told), Err)
    }

    /// Repairs again and again until it is dropped, with a pause of `period` between, as it is then, or a longer one.
    pub async fn keep(&self, period: watch::Receiver<Duration>) {
        let mut taken = Duration::ZERO;
        loop {
            let pause = pause(*period.borrow(), taken);
            tokio::time::sleep(pause).await;
            let mended;
            (mended, taken) = self.mend().await;
            let mended = mended.map_err(|error| chain(&error));
            match &mended {
                Ok(differences) => {
                    for difference in differences {
                        tracing::warn!(difference, "the host was not as it should be, mended");
                    }
                }
                Err(error) => tracing::error!(error, "the host is not as it should be"),
            }
            *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = mended.err();
            self.aftermath.finish().await;
        }
    }

    /// Why the host was not as it should be when [`Self::keep`] looked last.
    ///
    /// # Errors
    /// That.
    pub fn is_kept(&self) -> Result<(), String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
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
        let is_restore = matches!(effect, Effect::Restore(_));
        if self.site.is_some() && !state.restored && !is_restore {
            return Err(Error::Unrestored);
        }
        let active = Arc::new(self.changed(&mut state, effect).await?);
        if is_restore {
            // What runs is in it: to undo it would be to take that away.
            state.adopt(active);
            state.restored = true;
            return self.bring(&mut state).await.map(drop);
        }
        // Until it is done, what was active before counts: also when the time for this is over half-way.
        if let Err(error) = self.bring_to(&mut state, &active, Some(effect)).await {
            if let Err(error) = self.bring(&mut state).await {
                tracing::warn!(error = chain(&error), "what was done by half is not undone");
            }
            return Err(error);
        }
        state.adopt(active);
        Ok(())
    }

    /// The mesh of these clusters. There is none where there is no secret, or no bridge for it: only tunnels are off
    /// then, the log says why when that changes.
    async fn mesh(&self, state: &mut State, tunnels: &Tunnels) -> Result<Option<Mesh>, Error> {
        let (Some(site), Some(settings)) = (&self.site, &self.tunnels) else { return Ok(None) };
        let mut mesh = match settings.mesh(tunnels).await {
            Ok(mesh) => Ok(mesh),
            Err(error) => Err(chain(&error)),
        };
        if let Ok(Some(joined)) = mesh {
            mesh = self.placed(state, site, joined).await?.map(Some);
        }
        if let Err(reason) = &mesh {
            state.tell(Some(reason.clone()));
        }
        Ok(mesh.unwrap_or_default())
    }

    /// The same where guests are, or why it has no place there.
    async fn placed(
        &self,
        state: &mut State,
        site: &Site,
        mesh: Mesh,
    ) -> Result<Result<Mesh, String>, Error> {
        if site.managed.vlans {
            return Ok(Ok(mesh.apart_from(BRIDGES)));
        }
        let private = &site.private_interface;
        let present = self.kernel(state).await?.links.present().await?;
        if !present.is_bridge(private) {
            return Ok(Err(format!("{private} is not a bridge")));
        }
        let is_here = |own: &Address| own.device == *private && Some(own.address) == mesh.address();
        let is_shared = *private == site.public_interface || present.addresses.iter().any(is_here);
        Ok(Ok(if is_shared { mesh } else { mesh.apart_from(private) }))
    }

    async fn kernel(&self, state: &mut State) -> Result<Kernel, Error> {
        if let Some(kernel) = &state.kernel {
            return Ok(kernel.clone());
        }
        let kernel = Kernel {
            links: Links::open()?,
            firewall: Firewall::new(Arc::clone(&self.runner)).await,
            tools: Tools::new(Arc::clone(&self.runner)),
        };
        Ok(state.kernel.insert(kernel).clone())
    }

    /// Brings the kernel to the plan of what is active.
    async fn bring(&self, state: &mut State) -> Result<Differences, Error> {
        let active = Arc::clone(&state.active);
        let (told, failed) = self.bring_to(state, &active, None).await?;
        failed.map_or(Ok(told), Err)
    }

    /// Brings the kernel to the plan of this, which is active after this `order`, or already. Says what differed where it
    /// had to look, and what has failed that the order does not answer for; tunnels are no order's business.
    async fn bring_to(
        &self,
        state: &mut State,
        active: &Arc<Active>,
        order: Option<&Effect>,
    ) -> Result<(Differences, Option<Error>), Error> {
        let Some(site) = &self.site else { return Ok(Default::default()) };
        let kernel = self.kernel(state).await?;
        // Forgotten as well when this future is dropped half-way.
        let last = state.reached.take();
        if last.is_none() {
            forward().await;
        }
        let plan = site.plan_after(active, last.as_ref().map(|(active, plan)| (&**active, plan)));
        let reached = last.as_ref().map(|(_, plan)| plan);
        let quick = reached.and_then(|reached| links::additions(&reached.links, &plan.links));
        let (work, looked) = match (quick, reached) {
            (Some(steps), Some(reached)) if plan.frames == reached.frames => {
                let wireguard = plan.wireguard.clone().filter(|_| plan.wireguard != reached.wireguard);
                let rules = plan.rules.change_from(&reached.rules);
                (Work::new(steps, rules, Ok(Joining { wireguard, ..Joining::default() })), false)
            }
            _ => (kernel.look(site, &plan, reached).await?, true),
        };
        let (mut told, joined) =
            if looked { (work.told(), work.told_of_tunnels()) } else { Default::default() };
        let Done { failed, mut unjoined } =
            self.work(site, state, &kernel, work, (&plan, active), order).await?;
        if let Err(error) = self.follow(plan.vtun.as_ref()).await {
            unjoined.get_or_insert(error.into());
        }
        if active.mesh.is_some() || unjoined.is_some() {
            state.tell(unjoined.as_ref().map(|error| chain(error)));
        }
        if unjoined.is_none() {
            told.extend(joined);
        }
        let failed = failed.into_iter().next().map(|(_, error)| error);
        if unjoined.is_none() && failed.is_none() {
            state.reached = Some((Arc::clone(active), plan));
        }
        Ok((told, failed))
    }

    /// Does this, which makes the plan of what there is, and leaves to later what nobody has to wait for. Fails where the
    /// order does.
    async fn work(
        &self,
        site: &Arc<Site>,
        state: &mut State,
        kernel: &Kernel,
        work: Work,
        (plan, active): (&Plan, &Arc<Active>),
        order: Option<&Effect>,
    ) -> Result<Done, Error> {
        state.news.arrived.extend(work.arrived(&active.public));
        state.news.translates |= work.translates();
        let mut done = kernel.work(work).await?;
        for (step, _) in &done.failed {
            if let Step::AddAddress(address) = step {
                state.news.arrived.remove(address);
            }
        }
        if !done.failed.is_empty()
            && let Some(order) = order
        {
            let before = site.plan(&without(&state.active, order)).links;
            if let Some(own) = done.failed.iter().position(|(step, _)| step.makes_other(&before)) {
                return Err(done.failed.swap_remove(own).1);
            }
        }
        self.aftermath.follow(take(&mut state.news), site, active, &plan.links);
        Ok(done)
    }
}

/// What has been done.
#[derive(Default)]
struct Done {
    /// What has not.
    failed: Vec<(Step, Error)>,
    /// What is wrong with tunnels.
    unjoined: Option<Error>,
}

/// What is to be done.
struct Work {
    steps: Vec<Step>,
    rules: Option<String>,
    /// For tunnels, or why that is not known. Nothing else depends on it.
    joining: Result<Joining, tunnels::Error>,
}

/// What is to be done for tunnels.
#[derive(Default)]
struct Joining {
    /// Before devices come that the rules for frames are for.
    frames: Option<String>,
    steps: Vec<Step>,
    wireguard: Option<Secret>,
    /// After they have gone.
    frames_end: Option<String>,
}

impl Work {
    /// With those of these steps that are for tunnels where they belong.
    fn new(steps: Vec<Step>, rules: Option<String>, joining: Result<Joining, tunnels::Error>) -> Self {
        let (tunnels, steps) = steps.into_iter().partition(tunnels::is_joining);
        Self { steps, rules, joining: joining.map(|joining| Joining { steps: tunnels, ..joining }) }
    }

    /// What there is to do, but for tunnels.
    fn told(&self) -> Differences {
        let rules = self.rules.iter().flat_map(|rules| rules.lines().map(|rule| format!("firewall: {rule}")));
        self.steps.iter().map(ToString::to_string).chain(rules).collect()
    }

    fn told_of_tunnels(&self) -> Differences {
        let Ok(Joining { frames, steps, wireguard, frames_end }) = &self.joining else {
            return Differences::new();
        };
        let frames = frames.iter().chain(frames_end);
        let frames = frames.flat_map(|rules| rules.lines().map(|rule| format!("frames: {rule}")));
        let wireguard = wireguard.iter().map(|_| format!("configure {WIREGUARD}"));
        frames.chain(steps.iter().map(ToString::to_string)).chain(wireguard).collect()
    }

    fn told_whole(&self) -> Differences {
        [self.told(), self.told_of_tunnels()].concat()
    }

    /// Those of these addresses that are not there yet.
    fn arrived(&self, public: &BTreeSet<Ipv4Addr>) -> impl Iterator<Item = Address> {
        let added = self.steps.iter().filter_map(|step| match step {
            Step::AddAddress(address) => Some(address),
            _ => None,
        });
        added.filter(|address| public.contains(&address.address)).cloned()
    }

    /// Whether it changes what addresses are translated to.
    fn translates(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.contains("*nat\n"))
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
        Ok(Work::new(steps, rules, self.look_at_tunnels(plan, reached, &present).await))
    }

    /// The same of tunnels, but for devices.
    async fn look_at_tunnels(
        &self,
        plan: &Plan,
        reached: Option<&Plan>,
        present: &links::Present,
    ) -> Result<Joining, tunnels::Error> {
        // A host without tunnels, those of a former life included, needs none of the programs for them.
        let has_frames = |plan: &Plan| !plan.frames.is_empty();
        let is_left = || present.links.iter().any(|(name, link)| tunnels::is_ours(name, link));
        let frames = match has_frames(plan) || reached.is_some_and(has_frames) || is_left() {
            true => self.tools.frame_change(&plan.frames).await?,
            false => None,
        };
        let (frames, frames_end) = if has_frames(plan) { (frames, None) } else { (None, frames) };
        let wireguard = match &plan.wireguard {
            Some(wanted)
                if present.links.contains_key(WIREGUARD) && self.tools.is_configured(wanted).await? =>
            {
                None
            }
            wanted => wanted.clone(),
        };
        Ok(Joining { frames, wireguard, frames_end, ..Joining::default() })
    }

    /// Does it: what goes, the rules, what comes. Nothing is there without the rules for it, which deny what nobody has
    /// permitted: a kernel that was started just now passes packets on as soon as there is a way. Where the rules are
    /// refused, nothing comes.
    async fn work(&self, work: Work) -> Result<Done, Error> {
        let mut done = Done::default();
        let (gone, coming): (Vec<_>, Vec<_>) = work.steps.into_iter().partition(Step::takes_away);
        done.failed.extend(self.take_all(gone).await);
        if let Some(rules) = work.rules {
            self.firewall.restore(rules).await?;
        }
        done.failed.extend(self.take_all(coming).await);
        let joined = match work.joining {
            Ok(joining) => self.join(joining).await,
            Err(error) => Err(error.into()),
        };
        done.unjoined = joined.err();
        Ok(done)
    }

    async fn join(&self, joining: Joining) -> Result<(), Error> {
        if let Some(frames) = joining.frames {
            self.tools.restore_frames(frames).await?;
        }
        let failed = self.take_all(joining.steps).await;
        if let Some(wanted) = joining.wireguard {
            self.tools.configure(&wanted).await?;
        }
        if let Some(frames) = joining.frames_end {
            self.tools.restore_frames(frames).await?;
        }
        failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Takes all of them: the failure of one network or peer is not another's. Brings those that have failed.
    async fn take_all(&self, steps: Vec<Step>) -> Vec<(Step, Error)> {
        let mut failed = Vec::new();
        for step in steps {
            if let Err(error) = self.take(&step).await {
                failed.push((step, error));
            }
        }
        failed
    }

    async fn take(&self, step: &Step) -> Result<(), Error> {
        tracing::debug!(%step, "on this host");
        if let Step::Add(name, Device { kind: Kind::Tap, .. }) = step {
            self.tools.add_tap(name).await?;
        }
        Ok(self.links.take(step).await?)
    }
}

/// How long a host is left alone: for this period, or longer, up to a minute, where orders would have to wait more than a
/// fiftieth of the time for looks that have `taken` so long.
fn pause(period: Duration, taken: Duration) -> Duration {
    period.max(LONGEST_PAUSE.min(taken.saturating_mul(50)))
}

/// Has the kernel pass packets on. Where we may not say so, somebody else has to.
async fn forward() {
    if tokio::fs::read_to_string(FORWARDING).await.is_ok_and(|value| value.trim() == "1") {
        return;
    }
    if let Err(error) = tokio::fs::write(FORWARDING, "1").await {
        let remedy = "set net.ipv4.ip_forward to 1";
        tracing::error!(%error, remedy, "the kernel does not pass packets on, and cannot be told to");
    }
}

fn change(active: &mut Active, effect: &Effect) {
    let entry = |network: &Network| (network.vlan, Arc::new(network.clone()));
    match effect {
        Effect::Restore(state) => {
            active.networks = state.networks.iter().map(entry).collect();
            active.public = state.public.iter().map(|(public, _)| *public).collect();
            active.mapped = state.public.iter().copied().collect();
        }
        Effect::StartNetwork(network) => active.networks.extend([entry(network)]),
        Effect::StopNetwork(network) => drop(active.networks.remove(&network.vlan)),
        Effect::SetRules(networks) => {
            let mut known: Vec<_> = networks.iter().map(entry).collect();
            known.retain(|(vlan, _)| active.networks.contains_key(vlan));
            active.networks.extend(known);
        }
        Effect::AddPublicAddress(address) => drop(active.public.insert(*address)),
        Effect::RemovePublicAddress(address) => drop(active.public.remove(address)),
        Effect::MapAddress { public, private } => drop(active.mapped.insert(*public, *private)),
        Effect::UnmapAddress { public, .. } => drop(active.mapped.remove(public)),
        Effect::ServeDhcp(_) | Effect::JoinClusters(_) => {}
    }
}

/// What is active where this order has not been carried out yet, not even before: what its devices and addresses are
/// told by.
fn without(active: &Active, order: &Effect) -> Active {
    let mut without = Active::clone(active);
    match order {
        Effect::StartNetwork(network) => drop(without.networks.remove(&network.vlan)),
        Effect::StopNetwork(network) => change(&mut without, &Effect::StartNetwork(network.clone())),
        Effect::AddPublicAddress(address) => drop(without.public.remove(address)),
        Effect::RemovePublicAddress(address) => drop(without.public.insert(*address)),
        _ => {}
    }
    without
}

impl Effects for Host {
    fn carry_out<'a>(&'a self, effect: &'a Effect) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move { self.carry_out(effect).await.map_err(|error| Failure::Other(Box::new(error))) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_takes_long_to_be_looked_at_is_left_alone_longer_but_not_for_ever() {
        let seconds = Duration::from_secs;
        for (period, taken, expected) in [
            (seconds(6), Duration::ZERO, seconds(6)),
            (seconds(6), Duration::from_millis(100), seconds(6)),
            (seconds(6), Duration::from_millis(200), seconds(10)),
            (seconds(6), seconds(20), seconds(60)),
            (seconds(300), seconds(20), seconds(300)),
            (seconds(6), Duration::MAX, seconds(60)),
        ] {
            assert_eq!(pause(period, taken), expected, "{period:?}, {taken:?}");
        }
    }
}

//! The DHCP server of the guests (network.md §9): ISC dhcpd or dnsmasq, told who the guests are and kept running.
//!
//! ```text
//!   serve ──► rendered ──► checked by the server's program ──► in place ──┬── only guests differ, dnsmasq ──► SIGHUP
//!                                    │                                    └── else ──► ended and started anew
//!                                    └── refused: what runs goes on
//! ```
//! One task owns the process. It starts it again when it dies, later each time; it ends it when it is told to stop or
//! when the last guest has gone. One that a former life has left behind is found by the pid file.

mod dnsmasq;
mod files;
mod isc;

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner};
use euca_observe::chain;
use euca_vnet::Dhcp;
use nix::net::if_::if_nametoindex;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::files::read;
use crate::process::{self, GRACE, Pauses, Process};
use files::Files;

/// Seconds that a guest may keep its address.
const LEASE: u32 = 1200;
/// How long the check of a configuration may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may take until it serves. One that has said neither yes nor no by then is taken for slow.
const STARTING: Duration = Duration::from_secs(3);

/// The programs we know how to talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ISC dhcpd.
    Isc,
    /// dnsmasq.
    Dnsmasq,
}

/// How guests are served.
#[derive(Debug, Clone)]
pub struct DhcpSettings {
    /// The server: dnsmasq when its file name begins so, else ISC dhcpd (`VNET_DHCPDAEMON`).
    pub program: PathBuf,
    /// The group that gets to write the server's files; nothing for `root` (`VNET_DHCPUSER`).
    pub group: Option<String>,
    /// Where the files are (`$E/var/run/eucalyptus/net`). Made when it is not there.
    pub directory: PathBuf,
    /// Towards the nodes (`VNET_PRIVINTERFACE`).
    pub interface: String,
}

impl DhcpSettings {
    fn kind(&self) -> Kind {
        let name = self.program.file_name().unwrap_or_default().as_encoded_bytes();
        if name.starts_with(b"dnsmasq") { Kind::Dnsmasq } else { Kind::Isc }
    }
}

/// Why guests are not served as they should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The files of the server cannot be written.
    #[error("cannot write the DHCP server's files")]
    Files(#[source] io::Error),
    /// The check of the configuration could not be made.
    #[error("cannot have the DHCP configuration checked")]
    Check(#[source] euca_command::Error),
    /// The server does not like its configuration.
    #[error("the DHCP server refuses its configuration: {0}")]
    Refused(String),
    /// None of the devices is there.
    #[error("there is no device to serve DHCP on")]
    NoDevice,
    /// The server does not run.
    #[error("the DHCP server does not run")]
    Process(#[from] process::Error),
}

/// A DHCP server of this host. It is ended when this is dropped.
#[derive(Debug)]
pub struct DhcpServer {
    interface: String,
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
enum Order {
    Serve(Dhcp, Vec<String>, oneshot::Sender<Result<(), Error>>),
    Follow(Vec<String>, oneshot::Sender<Result<(), Error>>),
    Stop(oneshot::Sender<Result<(), Error>>),
}

impl DhcpServer {
    /// A server that serves nobody yet.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(settings: DhcpSettings, runner: Arc<dyn CommandRunner>) -> Self {
        let (orders, received) = mpsc::channel(1);
        let interface = settings.interface.clone();
        let files = Files::new(&settings.directory, settings.kind(), settings.group.clone());
        let keeper = Keeper {
            settings,
            files,
            runner,
            served: None,
            server: None,
            retry: None,
            pauses: Pauses::default(),
        };
        tokio::spawn(keeper.keep(received));
        Self { interface, orders }
    }

    /// Serves these guests on these bridges and on the interface towards the nodes, and nobody else. Without guests there
    /// is no server, only its configuration (network.md §9.3).
    ///
    /// # Errors
    /// When the server does not run with this; one that ran before and was not ended goes on.
    pub async fn serve(&self, dhcp: &Dhcp, bridges: Vec<String>) -> Result<(), Error> {
        let devices = self.devices(bridges);
        self.order(|answer| Order::Serve(dhcp.clone(), devices, answer)).await
    }

    /// Serves the same guests as before, if any, on these bridges; for when devices were made anew.
    ///
    /// # Errors
    /// As for [`Self::serve`].
    pub async fn follow(&self, bridges: Vec<String>) -> Result<(), Error> {
        let devices = self.devices(bridges);
        self.order(|answer| Order::Follow(devices, answer)).await
    }

    /// Ends the server, also one of a former life, until it is asked to serve again.
    ///
    /// # Errors
    /// When the pid file stays.
    pub async fn stop(&self) -> Result<(), Error> {
        self.order(Order::Stop).await
    }

    fn devices(&self, mut bridges: Vec<String>) -> Vec<String> {
        bridges.push(self.interface.clone());
        bridges
    }

    async fn order(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<(), Error>>) -> Order,
    ) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.map_err(|_| process::Error::Over)?;
        answered.await.map_err(|_| process::Error::Over)?
    }
}

/// Who owns the process.
struct Keeper {
    settings: DhcpSettings,
    files: Files,
    runner: Arc<dyn CommandRunner>,
    /// What the server is to serve.
    served: Option<Served>,
    server: Option<Server>,
    /// When a server that has died is started again.
    retry: Option<Instant>,
    pauses: Pauses,
}

/// What a server serves.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Served {
    dhcp: Dhcp,
    /// Names of the devices that may be there.
    devices: Vec<String>,
}

/// A server that runs, and what it was told.
struct Server {
    process: Process,
    told: Told,
}

/// What a server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    configuration: String,
    /// The guests, where they are in a file of their own.
    hosts: String,
    /// The devices it serves on, with the kernel's numbers: one that was made anew is another one.
    devices: Vec<(String, u32)>,
}

impl Keeper {
    async fn keep(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let order = tokio::select! {
                biased;
                order = orders.recv() => order,
                () = ended(&mut self.server, self.retry) => {
                    self.revive().await;
                    continue;
                }
            };
            // Who has asked may have given up.
            match order {
                Some(Order::Serve(dhcp, devices, answer)) => {
                    let _ = answer.send(self.serve(Served { dhcp, devices }).await);
                }
                Some(Order::Follow(devices, answer)) => {
                    let followed = match self.served.clone() {
                        Some(served) => self.serve(Served { devices, ..served }).await,
                        None => Ok(()),
                    };
                    let _ = answer.send(followed);
                }
                Some(Order::Stop(answer)) => {
                    let _ = answer.send(self.stop().await);
                }
                None => break,
            }
        }
        if let Err(error) = self.end().await {
            tracing::warn!(error = chain(&error), "the DHCP server's pid file stays");
        }
    }

    async fn serve(&mut self, served: Served) -> Result<(), Error> {
        let done = self.try_to_serve(served).await;
        if done.is_err() && self.server.is_none() && self.served.is_some() {
            self.pause();
        }
        done
    }

    async fn try_to_serve(&mut self, served: Served) -> Result<(), Error> {
        let told = self.told(&served);
        if !served.dhcp.has_hosts() {
            self.with_files(move |files| {
                files.prepare(&told.configuration)?;
                files.accept()?;
                files.forget_hosts()
            })
            .await?;
            return self.stop().await;
        }
        if told.devices.is_empty() {
            return Err(Error::NoDevice);
        }
        if self.server.as_ref().is_some_and(|server| server.told == told) {
            self.served = Some(served);
            return Ok(());
        }
        self.check(&told).await?;
        self.served = Some(served);
        if self.reload(&told).await? {
            return Ok(());
        }
        self.end().await?;
        self.start(told).await
    }

    /// The server has died, or was dead for long enough.
    async fn revive(&mut self) {
        match self.server.take() {
            Some(Server { process, .. }) => {
                self.pauses.lived(process.age());
                let error = process.last_words().await;
                tracing::warn!(error = chain(&error), "the DHCP server has died");
                self.pause();
            }
            None => {
                self.retry = None;
                let Some(served) = self.served.clone() else { return };
                match self.serve(served).await {
                    Ok(()) => tracing::info!("the DHCP server is back"),
                    Err(error) => {
                        tracing::error!(error = chain(&error), "the DHCP server does not come back");
                    }
                }
            }
        }
    }

    /// Waits for the next attempt.
    fn pause(&mut self) {
        self.retry = Some(Instant::now() + self.pauses.next());
    }

    async fn stop(&mut self) -> Result<(), Error> {
        self.served = None;
        self.end().await
    }

    fn told(&self, served: &Served) -> Told {
        let Served { dhcp, devices } = served;
        let there = |name: &String| Some((name.clone(), if_nametoindex(name.as_str()).ok()?));
        let devices: Vec<_> = devices.iter().filter_map(there).collect();
        match self.settings.kind() {
            Kind::Isc => Told { configuration: isc::render(dhcp), hosts: String::new(), devices },
            Kind::Dnsmasq => {
                let names = devices.iter().map(|(name, _)| name.as_str());
                let configuration = dnsmasq::render(dhcp, &self.files.hosts, names);
                Told { configuration, hosts: dnsmasq::render_hosts(dhcp), devices }
            }
        }
    }

    /// Puts a configuration in place that the server does not refuse.
    async fn check(&self, told: &Told) -> Result<(), Error> {
        let text = told.configuration.clone();
        self.with_files(move |files| files.prepare(&text)).await?;
        let next = &self.files.next;
        let arguments = match self.settings.kind() {
            Kind::Isc => isc::check(next, &self.files.leases),
            Kind::Dnsmasq => dnsmasq::check(next),
        };
        let command = Command::new(&self.settings.program, PATIENCE).arguments(arguments);
        let output = self.runner.run(command).await.map_err(Error::Check)?;
        if !output.status.success() {
            return Err(Error::Refused(complaint(&output.stderr, next)));
        }
        self.with_files(|files| files.accept()).await
    }

    /// Tells a server that runs of its new guests, if that is all and if it would take them.
    async fn reload(&mut self, told: &Told) -> Result<bool, Error> {
        let Some(Server { told: before, .. }) = &self.server else { return Ok(false) };
        let same = (&before.configuration, &before.devices) == (&told.configuration, &told.devices);
        if !same || self.settings.kind() != Kind::Dnsmasq || self.leases().await?.is_some() {
            return Ok(false);
        }
        self.write_hosts(told).await?;
        let Some(server) = &mut self.server else { return Ok(false) };
        server.process.signal(Signal::SIGHUP);
        server.told = told.clone();
        Ok(true)
    }

    /// The leases for dnsmasq, where some have to go.
    async fn leases(&self) -> Result<Option<String>, Error> {
        let Some(Served { dhcp, .. }) = self.served.clone() else { return Ok(None) };
        self.with_files(move |files| Ok(dnsmasq::without_stale(&read(&files.leases)?, &dhcp))).await
    }

    async fn write_hosts(&self, told: &Told) -> Result<(), Error> {
        let hosts = told.hosts.clone();
        self.with_files(move |files| files.replace(&files.hosts, &hosts)).await
    }

    /// Starts the server with the configuration that is in place.
    async fn start(&mut self, told: Told) -> Result<(), Error> {
        let Files { configuration, leases, pid, .. } = &self.files;
        let arguments = match self.settings.kind() {
            Kind::Isc => {
                let devices = told.devices.iter().map(|(name, _)| name.as_str());
                isc::serve(configuration, leases, pid, devices)
            }
            Kind::Dnsmasq => {
                self.write_hosts(&told).await?;
                if let Some(fresh) = self.leases().await? {
                    self.with_files(move |files| files.replace(&files.leases, &fresh)).await?;
                }
                dnsmasq::serve(configuration, leases, pid)
            }
        };
        let mut process = Process::start(&self.settings.program, arguments, &[]).await?;
        if serves(&mut process, pid).await {
            tracing::info!(devices = ?told.devices, "the DHCP server runs");
            self.server = Some(Server { process, told });
            Ok(())
        } else {
            Err(process.last_words().await.into())
        }
    }

    /// Ends the server, ours or one of a former life.
    async fn end(&mut self) -> Result<(), Error> {
        self.retry = None;
        if let Some(server) = self.server.take() {
            server.process.end().await;
        }
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            let Some(pid) = self.with_files(|files| Ok(files.server())).await? else { break };
            tracing::info!(pid, %signal, "ending the DHCP server of a former life");
            // Gone meanwhile is as good.
            let _ = kill(Pid::from_raw(pid), signal);
            let gone = async {
                while let Ok(Some(_)) = self.with_files(|files| Ok(files.server())).await {
                    sleep(Duration::from_millis(20)).await;
                }
            };
            let _ = timeout(GRACE, gone).await;
        }
        self.with_files(Files::forget_pid).await
    }

    async fn with_files<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Files) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let files = self.files.clone();
        match tokio::task::spawn_blocking(move || action(&files)).await {
            Ok(done) => done.map_err(Error::Files),
            Err(_) => Err(process::Error::Over.into()),
        }
    }
}

/// When there is something to be done about the process.
async fn ended(server: &mut Option<Server>, retry: Option<Instant>) {
    match (server, retry) {
        (Some(server), _) => server.process.ended().await,
        (None, Some(retry)) => sleep_until(retry).await,
        (None, None) => std::future::pending().await,
    }
}

/// Waits until it serves, for which it writes its pid file. Not if it ends.
async fn serves(process: &mut Process, pid_file: &Path) -> bool {
    let id = process.id().map(|id| id.to_string());
    let written = async {
        while id.as_deref() != tokio::fs::read_to_string(pid_file).await.ok().as_deref().map(str::trim) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        biased;
        () = process.ended() => false,
        _ = timeout(STARTING, written) => true,
    }
}

/// What a program finds wrong with a file, in one line.
fn complaint(said: &[u8], file: &Path) -> String {
    let said = String::from_utf8_lossy(said);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let about = said.lines().find(|line| line.contains(&*name));
    let line = about.or_else(|| said.lines().find(|line| !line.is_empty())).unwrap_or_default();
    line.chars().take(200).collect()
}

fn addresses(addresses: &[Ipv4Addr], separator: &str) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use euca_vnet::{DhcpSubnet, ManagedSettings, Plan, Pool, Settings, Tables};

    /// The networks of C1 with the name server of the CLC (network.md §16.1, T-202).
    pub(super) fn two_networks() -> Dhcp {
        let subnet = |vlan, network: &str, router: [u8; 4], mac: &str, host: [u8; 4]| {
            let subnet: euca_vnet::Ipv4Net = network.parse().unwrap();
            let dns = vec![[10, 0, 0, 53].into(), [192, 168, 7, 9].into()];
            let hosts = vec![(mac.parse().unwrap(), host.into())];
            DhcpSubnet { vlan, subnet, broadcast: subnet.broadcast(), router: router.into(), dns, hosts }
        };
        Dhcp {
            subnets: vec![
                subnet(10, "10.10.1.0/27", [10, 10, 1, 1], "d0:0d:3f:25:04:e0", [10, 10, 1, 2]),
                subnet(15, "10.10.1.160/27", [10, 10, 1, 161], "D0:0D:00:00:00:AA", [10, 10, 1, 163]),
            ],
        }
    }

    #[test]
    fn net_t213_what_is_in_use_without_a_guest_is_not_rendered() {
        let mut tables = Tables::new(Settings::Managed(ManagedSettings {
            vlans: true,
            plan: Plan::new("10.10.0.0/16".parse().unwrap(), 32).unwrap(),
            dns: [10, 0, 0, 53].into(),
            public: Pool::default(),
            local: vec![],
            tunnels: false,
        }));
        let network = tables.startable(10, ("admin", "default").into()).unwrap();
        tables.start(network);
        let rendered = |tables: &Tables| {
            let dhcp = tables.dhcp().unwrap();
            [isc::render(&dhcp), dnsmasq::render_hosts(&dhcp)]
        };
        let indices =
            |tables: &Tables| tables.active().flat_map(|(_, _, indices)| indices).collect::<Vec<_>>();
        assert_eq!((indices(&tables), rendered(&tables)[1].as_str()), (vec![0, 1, 31], ""));
        assert!(!rendered(&tables)[0].contains("host "));
        tables.allocate("i-3F2504E0", 10, Some(5)).unwrap();
        assert_eq!(indices(&tables), [0, 1, 5, 31]);
        let [isc, dnsmasq] = rendered(&tables);
        assert_eq!(dnsmasq, "D0:0D:3F:25:04:E0,10.10.1.5\n");
        assert!(isc.contains("host node-10.10.1.5 ") && isc.matches("host ").count() == 1, "{isc}");
    }

    #[test]
    fn the_program_says_what_server_it_is() {
        let settings = |program: &str| DhcpSettings {
            program: program.into(),
            group: None,
            directory: "/".into(),
            interface: "eth1".to_owned(),
        };
        for (program, kind) in [
            ("/usr/sbin/dhcpd", Kind::Isc),
            ("/usr/sbin/dhcpd3", Kind::Isc),
            ("/opt/dnsmasq/dhcpd", Kind::Isc),
            ("/usr/sbin/dnsmasq", Kind::Dnsmasq),
            ("dnsmasq-2.90", Kind::Dnsmasq),
            ("/", Kind::Isc),
        ] {
            assert_eq!(settings(program).kind(), kind, "{program}");
        }
    }

    #[test]
    fn complaints_are_about_the_file() {
        let said = b"Banner\nx.conf line 2: semicolon expected.\nmax\n ^\n";
        assert_eq!(complaint(said, Path::new("/a/x.conf")), "x.conf line 2: semicolon expected.");
        assert_eq!(complaint(b"\nno permission\n", Path::new("/a/x.conf")), "no permission");
        assert_eq!(complaint(b"", Path::new("/a/x.conf")), "");
    }
}

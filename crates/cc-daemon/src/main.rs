//! The cluster controller daemon: settings in, parts wired, signals obeyed. What it does is in `euca-cluster`.
#![forbid(unsafe_code)]

mod admin;
mod network;
mod settings;
mod state;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use euca_cluster::addresses::Host;
use euca_cluster::{Cluster, Environment, Gatherlog, State, SystemClock};
use euca_command::Programs;
use euca_config::{CcSettings, Files, Watch};
use euca_daemon::{Arguments, EX_CONFIG, Log, Signals, Systemd};
use euca_soap::{Endpoint, Security, Server};
use euca_store::{Journal, Measured, StateFile};
use euca_vnet::{Effects, Unable};
use euca_wire::{ClusterService, LogService};
use euca_wsse::{Credentials, Profile, Verifier};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use settings::SoapConnector;

/// The cluster controller of Eucalyptus 2.0.1, as a daemon.
#[derive(Debug, Parser)]
#[command(version)]
struct CommandLine {
    #[command(flatten)]
    arguments: Arguments,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show, compare, mend or take away what the virtual network is on this host, while no cluster controller runs.
    Network {
        #[command(subcommand)]
        command: network::Command,
    },
    /// Export, import, verify or forget the durable state, while no cluster controller runs on it.
    State {
        #[command(subcommand)]
        command: state::Command,
    },
}

fn main() -> ExitCode {
    let CommandLine { arguments, command } = CommandLine::parse();
    let on_network = match command {
        Some(Command::State { command }) => {
            let done = arguments.home().map_err(Into::into).and_then(|home| state::run(&home, command));
            return ended(done);
        }
        Some(Command::Network { command }) => Some(command),
        None => None,
    };
    let read = || {
        let files = Files::read(&arguments.home()?)?;
        let settings = CcSettings::from_files(&files)?;
        // What makes no sense is told before anything is started.
        network::tables(&settings)?;
        Ok::<_, euca_config::Error>((files, settings))
    };
    let (files, mut settings) = match read() {
        Ok(read) => read,
        Err(error) => return Arguments::refuse(&error, EX_CONFIG),
    };
    if arguments.check {
        return euca_daemon::print_check(&settings.report, &settings.notices);
    }
    settings.log_target = arguments.log_target(settings.log_target);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime");
    ended(runtime.and_then(|runtime| {
        let ended = match on_network {
            Some(command) => runtime.block_on(network::run(&settings, command)),
            None => runtime.block_on(run(&files, settings)),
        };
        // A resolver that does not answer keeps a thread, which must not keep the daemon.
        runtime.shutdown_background();
        ended
    }))
}

fn ended(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Arguments::refuse(error.as_ref(), 1),
    }
}

async fn run(files: &Files, settings: CcSettings) -> Result<()> {
    let log = &settings.home.logs().join("cc.log");
    let log = Arc::new(Log::open(settings.log_target, settings.hot.log_level, log)?);
    settings.notices.iter().for_each(euca_daemon::tell);
    let signals = Signals::listen()?;
    let keys = settings.home.keys();
    let key = |name: &str| keys.join(name);
    let cloud =
        Arc::new(Credentials::new(&key("cluster-cert.pem"), &key("cluster-pk.pem"), &key("cloud-cert.pem")));
    let nodes =
        Arc::new(Credentials::new(&key("cluster-cert.pem"), &key("cluster-pk.pem"), &key("node-cert.pem")));

    let path = settings.home.cc_state_file();
    let opened = tokio::task::spawn_blocking(move || StateFile::open_or_set_aside(&path, State::read));
    let (file, state) = opened.await.context("reading the state")??;
    let transactions = euca_observe::metrics::Store::default();
    network::restore(network::tables(&settings)?, state.network())?;
    let (journal, writer) = Journal::new(Measured::new(file, transactions.clone()));
    tokio::spawn(writer);
    let addresses = Arc::new(Host::default());
    let (tables, host) = network::start(&settings, addresses.as_ref()).await?;
    let environment = Environment {
        connector: SoapConnector::new(&settings, nodes),
        addresses,
        commands: Arc::new(Programs::default()),
        network: match &host {
            Some(host) => Arc::clone(host) as Arc<dyn Effects>,
            None => Arc::new(Unable),
        },
        clock: Arc::new(SystemClock),
        state,
        journal: journal.clone(),
    };
    let cluster =
        Cluster::new(settings::cluster(&settings, tables), settings::nodes(&settings.hot), environment);
    // A CLC signs as 2.0.1 does, whatever our own daemons may agree on among themselves.
    let options = euca_daemon::verifier_options(&settings.security, euca_config::Profile::Legacy);
    let verifier = Verifier::new(Arc::clone(&cloud), options);
    let security = Security { credentials: Arc::clone(&cloud), verifier, profile: Profile::Legacy };
    let server = Server::new(
        vec![
            Endpoint::new(ClusterService(Arc::clone(&cluster)), Some(security)),
            Endpoint::new(LogService(Arc::new(Gatherlog::new(Arc::clone(&cluster)))), None),
        ],
        euca_daemon::limits(&settings.listener),
    );
    let listener = euca_daemon::listen(&settings.listener)?;
    info!(address = %listener.local_addr()?, nodes = settings.hot.nodes.len(), "cluster controller listens");

    let shutdown = CancellationToken::new();
    let health = Arc::new(admin::health(&cluster, &journal, &server, &cloud, host.clone()));
    if let Some(port) = settings.listener.admin_port {
        let admin = admin::admin(&log, &health, &server, &cluster);
        let admin = admin::with_store(admin, transactions, journal);
        tokio::spawn(admin.serve(port, shutdown.clone()));
    }
    let monitor = {
        let (cluster, shutdown) = (Arc::clone(&cluster), shutdown.clone());
        tokio::spawn(async move {
            // A cluster controller that no longer polls its nodes must not go on answering for them.
            let _stop = shutdown.clone().drop_guard();
            cluster.run_monitor(shutdown).await;
        })
    };
    if let Some(host) = host.clone() {
        let (period, shutdown) = (cluster.polling_frequency(), shutdown.clone());
        tokio::spawn(async move { shutdown.run_until_cancelled(host.keep(period)).await });
    }
    let (reload, reloads) = tokio::sync::mpsc::channel(1);
    let watch = Watch::new(files, settings.hot.clone());
    let follow = follow(watch, Arc::clone(&cluster), Arc::clone(&log), reloads, shutdown.clone());
    let follow = tokio::spawn(follow);
    let systemd = Systemd;
    tokio::spawn(systemd.watchdog(health, shutdown.clone()));
    // A reload that is under way already will see the newest files.
    let on_hangup = move || {
        info!("SIGHUP: looking at the configuration");
        let _ = reload.try_send(());
    };
    let at_once = CancellationToken::new();
    tokio::spawn(signals.run(shutdown.clone(), at_once.clone(), on_hangup));
    let status = euca_daemon::key_status(&cloud);
    systemd.ready(status);
    tokio::spawn(systemd.follow_keys(cloud, status));

    let grace = settings.listener.shutdown_grace;
    at_once.run_until_cancelled(server.serve(listener, shutdown, grace)).await;
    if at_once.run_until_cancelled(cluster.shut_down(grace)).await.is_none() {
        cluster.shut_down(Duration::ZERO).await;
    }
    if let Some(host) = host {
        host.stop().await?;
    }
    monitor.await.context("the monitor crashed")?;
    follow.await.context("the configuration watch crashed")?;
    info!("cluster controller stopped");
    Ok(())
}

/// Takes over what changes in the configuration files, at each polling period and at each SIGHUP.
async fn follow<C: euca_cluster::Connector>(
    watch: Watch,
    cluster: Arc<Cluster<C>>,
    log: Arc<Log>,
    mut reloads: tokio::sync::mpsc::Receiver<()>,
    shutdown: CancellationToken,
) {
    let mut watch = Some(watch);
    let period = cluster.polling_frequency();
    loop {
        let pause = *period.borrow();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            _ = reloads.recv() => {}
        }
        let Some(mut current) = watch.take() else { return };
        let checked = tokio::task::spawn_blocking(move || (current.check(), current)).await;
        let (result, current) = match checked {
            Ok(checked) => checked,
            Err(error) => return error!(%error, "configuration is not followed any more"),
        };
        watch = Some(current);
        match result {
            Ok(None) => {}
            Ok(Some((hot, notices))) => {
                notices.iter().for_each(euca_daemon::tell);
                info!(nodes = hot.nodes.len(), "configuration changed");
                log.set_level(hot.log_level);
                cluster.set_polling_frequency(hot.polling_frequency);
                cluster.set_nodes(settings::nodes(&hot));
            }
            Err(error) => {
                error!(
                    error = euca_observe::chain(&error),
                    "configuration cannot be used, the last good one stays in force"
                );
            }
        }
    }
}

//! The node controller daemon: settings in, parts wired, signals obeyed. What it does is in `euca-node`.
#![forbid(unsafe_code)]

mod admin;
mod network;
mod settings;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use euca_command::Programs;
use euca_config::NcSettings;
use euca_daemon::{Arguments, EX_CONFIG, Log, Signals, Systemd};
use euca_gatherlog::{HostFiles, Local};
use euca_hypervisor::{Libvirt, LibvirtSettings};
use euca_image::Walrus;
use euca_node::{Node, NodeSettings};
use euca_soap::{Endpoint, Security, Server};
use euca_wire::{LogService, NodeService};
use euca_wsse::{Credentials, Verifier};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut settings = match arguments.home().and_then(|home| NcSettings::load(&home)) {
        Ok(settings) => settings,
        Err(error) => return Arguments::refuse(&error, EX_CONFIG),
    };
    let node = match settings::node(&settings) {
        Ok(node) => node,
        Err(error) => return Arguments::refuse(&error, EX_CONFIG),
    };
    if arguments.check {
        return euca_daemon::print_check(&settings.report, &settings.notices);
    }
    settings.log_target = arguments.log_target(settings.log_target);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime");
    match runtime.and_then(|runtime| runtime.block_on(run(settings, node))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Settings the node refuses are bad configuration too: a directory that is not there, say.
            let bad = matches!(error.downcast_ref(), Some(euca_node::Error::Setting { .. }));
            Arguments::refuse(error.as_ref(), if bad { EX_CONFIG } else { 1 })
        }
    }
}

async fn run(settings: NcSettings, node: NodeSettings) -> Result<()> {
    let log = &settings.home.logs().join("nc.log");
    let log = Arc::new(Log::open(settings.log_target, settings.log_level, log)?);
    settings.notices.iter().for_each(euca_daemon::tell);
    let signals = Signals::listen()?;
    let keys = settings.home.keys();
    let key = |name: &str| keys.join(name);
    let credentials =
        Arc::new(Credentials::new(&key("node-cert.pem"), &key("node-pk.pem"), &key("cluster-cert.pem")));

    let hypervisor = settings::libvirt(&settings);
    // A connection of its own, since the answer may take as long as libvirt's patience: nobody waits for it.
    tokio::spawn(probe(LibvirtSettings { threads: 1, ..hypervisor.clone() }));
    let hypervisor = Libvirt::new(hypervisor).context("preparing libvirt")?;
    let calls = hypervisor.metrics();
    let walrus = Walrus::new(Arc::clone(&credentials), settings::walrus(&settings));
    let vlans = network::start(&settings).await?;
    let sightings = network::listen(&settings);
    let bundler = Some(settings::bundler(&settings, &credentials));
    let node = NodeSettings { bundler, vlans, sightings, ..node };
    let node = Node::start(node, hypervisor, walrus, Arc::new(Programs::default())).await?;

    let options = euca_daemon::verifier_options(&settings.security, settings.security.profile);
    let profile = options.profile;
    let verifier = Verifier::new(Arc::clone(&credentials), options);
    let security = Security { credentials: Arc::clone(&credentials), verifier, profile };
    let files = HostFiles { keys, logs: settings.home.logs() };
    let endpoints = vec![
        Endpoint::new(NodeService(Arc::new(node.clone())), Some(security)),
        Endpoint::new(LogService(Arc::new(Local::new(files))), None),
    ];
    let server = Server::new(endpoints, euca_daemon::limits(&settings.listener));
    let listener = euca_daemon::listen(&settings.listener)?;
    info!(address = %listener.local_addr()?, "node controller listens");

    let shutdown = CancellationToken::new();
    let health = Arc::new(admin::health(&node, &server, &credentials));
    if let Some(port) = settings.listener.admin_port {
        let admin = admin::admin(&log, &health, &server, &node, &calls);
        tokio::spawn(admin.serve(port, shutdown.clone()));
    }
    let systemd = Systemd;
    tokio::spawn(systemd.watchdog(health, shutdown.clone()));
    let on_hangup = || info!("SIGHUP: the configuration is read at the start only");
    let at_once = CancellationToken::new();
    tokio::spawn(signals.run(shutdown.clone(), at_once.clone(), on_hangup));
    let status = euca_daemon::key_status(&credentials);
    systemd.ready(status);
    tokio::spawn(systemd.follow_keys(credentials, status));
    at_once.run_until_cancelled(server.serve(listener, shutdown, settings.listener.shutdown_grace)).await;
    at_once.run_until_cancelled(node.shutdown()).await;
    info!("node controller stopped");
    Ok(())
}

/// Finds out whether guests run here, for the log: a `/dev/kvm` that opens is no proof. A host that runs none now
/// may do so later, since libvirtd may not be up yet.
async fn probe(settings: LibvirtSettings) {
    let kind = settings.kind;
    let probed = async { Libvirt::new(settings)?.probe().await };
    match probed.await {
        Ok(probe) => {
            let seconds = probe.first_output.as_secs_f32();
            info!(%kind, version = probe.version, seconds, "hypervisor runs guests");
        }
        Err(error) => {
            error!(%kind, error = euca_observe::chain(&error), "no sign that the hypervisor runs guests")
        }
    }
}

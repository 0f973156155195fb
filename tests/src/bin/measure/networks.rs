//! The virtual network of a large site on a real kernel: everything applied at once, then single changes. Beside it what
//! the original would take: it wrote a whole table anew for each rule, and read all tables after it (network.md §8.1).

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use euca_command::Programs;
use euca_vnet::{Effect, Effects as _, Group, Network, Plan, Ports, Rule, State, Traffic};
use euca_vnet_host::testing::{ip, isolated, site};
use euca_vnet_host::{Host, Site};
use tokio::runtime::Runtime;

/// Rules the original wrote for a network that is started, for an elastic address, and for a group with one rule.
const PER_NETWORK: u32 = 5;
const PER_ADDRESS: u32 = 3;
const PER_GROUP: u32 = 2;
/// Changes of each kind.
const CHANGES: usize = 20;

pub fn run(networks: u16, addresses: u32) -> Result<()> {
    let (told, result) = std::sync::mpsc::channel();
    isolated(async move || {
        // A runtime like the daemon's: what follows an order keeps no other one waiting there.
        let thread = std::thread::spawn(move || Runtime::new()?.block_on(measure(networks, addresses)));
        // The receiver waits for as long as this runs.
        let _ = told.send(thread.join().unwrap_or_else(|_| Err(anyhow!("the measure has panicked"))));
    });
    result.recv().context("the measure has ended without a word")?
}

async fn measure(networks: u16, addresses: u32) -> Result<()> {
    ip(&["link", "add", "out", "up", "type", "bridge"]);
    ip(&["link", "add", "br0", "up", "type", "bridge"]);
    let (public_interface, private_interface) = ("out".to_owned(), "br0".to_owned());
    let mut site = Site { public_interface, private_interface, ..site(false) };
    site.managed.plan = Plan::new("10.0.0.0/8".parse()?, 32)?;
    let ssh = |port| Rule {
        source: "0.0.0.0/0".parse().unwrap_or_default(),
        traffic: Traffic::Tcp(Some(Ports { first: port, last: port })),
    };
    let network = |vlan: u16| -> Result<Network> {
        let (vlan, subnet) = site.managed.plan.network(vlan.into())?;
        let group = Group { user: "admin".to_owned(), name: vlan.to_string() };
        Ok(Network { vlan, subnet, group, rules: vec![ssh(22)] })
    };
    let public = |n: u32| Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 1).to_bits() + n);
    let private = |n: u32| Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 2).to_bits() + n / 2 * 32 + n % 2);
    let state = State {
        networks: (2..networks + 2).map(network).collect::<Result<_>>()?,
        public: (0..addresses).map(|n| (public(n), private(n))).collect(),
        tunnels: None,
    };
    let host = Host::new(site.clone(), Arc::new(Programs::default()));
    let timed = async |effect: Effect| -> Result<Duration> {
        let begun = Instant::now();
        host.carry_out(&effect).await?;
        Ok(begun.elapsed())
    };
    let full = timed(Effect::Restore(state)).await?;
    println!(
        "networks: {networks} networks and {addresses} elastic addresses applied in {full:.2?} (target 5 s)"
    );
    let begun = Instant::now();
    ensure!(host.differences().await?.is_empty(), "the host is not as it was brought");
    println!("networks: looked at in {:.0?}", begun.elapsed());

    let applier = original()?;
    let rules = u32::from(networks) * (PER_NETWORK + PER_GROUP) + addresses * PER_ADDRESS;
    println!(
        "networks: the original's way, estimated: {:.0?}, half of {rules} rules at {applier:.0?} each, a table read, written \
         and everything read again, which was measured at the full size",
        applier * rules / 2
    );
    let (fresh, last) = (network(networks + 2)?, network(networks + 1)?);
    let (address, guest) = (public(addresses), private(addresses + 2));
    let closed = Network { rules: vec![ssh(22), ssh(80)], ..last.clone() };
    let kinds = [
        (
            ["start network", "stop network"],
            PER_NETWORK,
            [vec![Effect::StartNetwork(fresh.clone())], vec![Effect::StopNetwork(fresh)]],
        ),
        (
            ["set rules", "set them back"],
            PER_GROUP,
            [vec![Effect::SetRules(vec![closed])], vec![Effect::SetRules(vec![last])]],
        ),
        (
            ["assign address", "unassign address"],
            PER_ADDRESS,
            [
                vec![
                    Effect::AddPublicAddress(address),
                    Effect::MapAddress { public: address, private: guest },
                ],
                vec![
                    Effect::UnmapAddress { public: address, private: guest },
                    Effect::RemovePublicAddress(address),
                ],
            ],
        ),
    ];
    for (names, rules, ways) in kinds {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..CHANGES {
            for (effects, times) in ways.iter().zip(&mut times) {
                let mut taken = Duration::ZERO;
                for effect in effects {
                    taken += timed(effect.clone()).await?;
                }
                times.push(taken);
            }
        }
        for (name, mut times) in names.into_iter().zip(times) {
            times.sort_unstable();
            println!(
                "networks: {name}: median {:.1?}, longest {:.1?} (target 50 ms); the original's way, estimated: {:.0?}",
                times[times.len() / 2],
                times[times.len() - 1],
                applier * rules
            );
        }
    }
    Ok(())
}

/// What one rule cost the original: its table read and written, then all tables read.
fn original() -> Result<Duration> {
    let begun = Instant::now();
    let read = |arguments: &[&str]| -> Result<Vec<u8>> {
        Ok(Command::new("iptables-save").args(arguments).output()?.stdout)
    };
    let table = tempfile::NamedTempFile::new()?;
    std::fs::write(table.path(), read(&["-t", "nat"])?)?;
    let written = Command::new("iptables-restore").stdin(Stdio::from(table.reopen()?)).status()?;
    ensure!(written.success(), "iptables-restore has ended with {written}");
    read(&[])?;
    Ok(begun.elapsed())
}

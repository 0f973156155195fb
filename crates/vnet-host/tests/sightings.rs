//! How a node learns the addresses of its guests, on a real kernel (network.md §4.10).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::process::Child;
use std::time::{Duration, Instant};

use euca_vnet_host::Sightings;
use euca_vnet_host::testing::{Peer, ip, isolated, succeed};
use tokio::time::sleep;

const BRIDGE: &str = "br0";

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn on_bridge(ours: &str) -> (Peer, String) {
    let peer = Peer::new(ours);
    ip(&["link", "set", ours, "master", BRIDGE]);
    let mac = succeed(peer.command("cat").arg("/sys/class/net/eth0/address")).trim().to_owned();
    (peer, mac)
}

/// What is seen of a guest, once something is.
async fn seen(sightings: &Sightings, guests: &[&String], guest: &str) -> Option<Ipv4Addr> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) {
        let seen = sightings.of(guests.iter().map(|guest| (*guest).clone()));
        if let Some((_, address)) = seen.into_iter().find(|(mac, _)| mac == guest) {
            return Some(address);
        }
        sleep(Duration::from_millis(50)).await;
    }
    None
}

#[test]
fn guests_are_found_by_what_they_ask_and_by_what_they_are_given_whenever_there_is_a_bridge() {
    isolated(async || {
        let sightings = Sightings::default();
        let test = async {
            // The bridge comes later than we do, and is another one before long.
            sleep(Duration::from_millis(100)).await;
            for _ in 0..2 {
                ip(&["link", "add", BRIDGE, "type", "bridge"]);
                ip(&["link", "set", BRIDGE, "up"]);
                let (talker, of_talker) = on_bridge("talker0");
                let (asker, of_asker) = on_bridge("asker0");
                let (server, of_server) = on_bridge("server0");
                let guests = [&of_talker, &of_asker];
                sightings.of(guests.map(Clone::clone));
                server.ip(&["address", "add", "10.0.0.1/24", "dev", "eth0"]);
                let dnsmasq = server
                    .command("dnsmasq")
                    .args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping"])
                    .args(["--interface=eth0", "--bind-interfaces", "--user=root", "--log-facility=-"])
                    .args(["--pid-file=", "--leasefile-ro"])
                    .arg(format!("--dhcp-host={of_asker},10.0.0.8"))
                    .arg("--dhcp-range=10.0.0.8,10.0.0.8")
                    .spawn();
                let _dnsmasq = Running(dnsmasq.unwrap());

                talker.ip(&["address", "add", "10.0.0.7/24", "dev", "eth0"]);
                let asking = async {
                    // Talks to nobody but the server, and never has the address that it takes.
                    for _ in 0..60 {
                        let mut ask = asker.command("timeout");
                        ask.args(["5", "busybox", "udhcpc", "-i", "eth0", "-n", "-q", "-t", "2", "-T", "1"]);
                        let _ = ask.args(["-s", "/bin/true"]).output().unwrap();
                        let mut talk = talker.command("timeout");
                        talk.args(["1", "busybox", "ping", "-c", "1", "-w", "1", "10.0.0.99"]);
                        let _ = talk.output().unwrap();
                        sleep(Duration::from_millis(100)).await;
                        if sightings.of(guests.map(Clone::clone)).len() == 2 {
                            break;
                        }
                    }
                };
                asking.await;
                assert_eq!(seen(&sightings, &guests, &of_talker).await, Some([10, 0, 0, 7].into()));
                assert_eq!(seen(&sightings, &guests, &of_asker).await, Some([10, 0, 0, 8].into()));
                assert!(!sightings.of(guests.map(Clone::clone)).iter().any(|(mac, _)| *mac == of_server));
                // None of it by this host's own talk.
                assert_eq!(ip(&["neigh", "show", "dev", BRIDGE]), "");
                sightings.of([]);
                ip(&["link", "delete", BRIDGE]);
                for port in ["talker0", "asker0", "server0"] {
                    ip(&["link", "delete", port]);
                }
            }
        };
        tokio::select! {
            () = sightings.watch(BRIDGE) => {}
            () = test => {}
        }
    });
}

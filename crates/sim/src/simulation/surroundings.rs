//! The world as the cluster reaches it: its nodes, the wire, the clock and the programs of its host.

use std::net::Ipv4Addr;

use euca_cluster::addresses::{AddressSource, Neighbours};
use euca_cluster::{Clock, Connector};
use euca_command::{Command, CommandRunner, Output};
use euca_wire::{CallError, DateTime};
use futures_util::future::{BoxFuture, ready};
use tokio::time::sleep_until;

use super::Sabotage;
use super::line::Line;
use super::node::{Answer, Order};
use super::peer::Peer;
use super::world::{Surroundings, ip, mac, node_number};

impl Connector for Surroundings {
    type Node = Peer;
    type Log = Peer;

    fn node(&self, url: &str) -> Self::Node {
        let node = node_number(url);
        let mut world = self.0.lock();
        let now = world.now();
        world.generations[node] += 1;
        world.lines[node] = Line::new(now, world.plan.settings.late_calls_succeed);
        // What was promised to the node before is forgotten with it.
        world.nodes[node].surprising |= world.generations[node] > 1;
        Peer { node, generation: world.generations[node], world: self.clone() }
    }

    fn log(&self, url: &str) -> Self::Log {
        Peer { node: node_number(url), generation: 0, world: self.clone() }
    }
}

impl AddressSource for Surroundings {
    fn neighbours(&self) -> BoxFuture<'static, std::io::Result<Neighbours>> {
        let mut world = self.0.lock();
        world.catch_up();
        let now = world.now();
        let live =
            world.nodes.iter().flat_map(|node| &node.machines).filter(|(_, machine)| machine.is_live(now));
        let mut neighbours = Neighbours::default();
        for (number, _) in live {
            let [a, b, c, d] = number.to_be_bytes();
            neighbours.add(&format!("d0:0d:{a:02x}:{b:02x}:{c:02x}:{d:02x}"), Ipv4Addr::new(172, 16, c, d));
        }
        let awake = world.nodes.iter().enumerate().filter(|(_, node)| node.well_since(now).is_some());
        awake.for_each(|(node, _)| neighbours.add(&mac(node), ip(node)));
        Box::pin(ready(Ok(neighbours)))
    }

    fn resolve(&self, name: &str) -> BoxFuture<'static, std::io::Result<Ipv4Addr>> {
        let node = name.strip_prefix('n').and_then(|number| number.parse().ok());
        let address = node.map(ip).or_else(|| name.parse().ok());
        Box::pin(ready(address.ok_or_else(|| std::io::ErrorKind::NotFound.into())))
    }
}

/// The time of day follows that of the world.
impl Clock for Surroundings {
    fn now(&self) -> DateTime {
        let now = self.0.lock().now().as_secs();
        DateTime::from_unix(1_290_000_000 + i64::try_from(now).unwrap_or_default())
    }
}

/// The only program there is wakes nodes.
impl CommandRunner for Surroundings {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, euca_command::Error>> {
        let mut world = self.0.lock();
        let target = command.arguments.last().and_then(|target| target.to_str()).unwrap_or_default();
        let sent =
            world.sabotage != Some(Sabotage::NeverWakes) && world.killed.is_none() && world.wake(target);
        Box::pin(ready(Ok(Output::exit(u8::from(!sent)))))
    }
}

/// A call in exchange; dropping it is giving it up.
pub(super) struct Call {
    world: Surroundings,
    pub(super) node: usize,
    pub(super) generation: u32,
    pub(super) number: u64,
    pub(super) operation: &'static str,
    pub(super) answered: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.world.0.lock().end(self);
    }
}

impl Surroundings {
    /// One exchange with a node.
    pub(super) async fn exchange(
        &self,
        node: usize,
        generation: u32,
        mut order: Order,
    ) -> Result<Answer, CallError> {
        let operation = order.operation;
        let sabotage = self.0.lock().sabotage;
        if let Some(sabotage) = sabotage
            && let Some(answer) = sabotage.meddle(self, node, generation, &mut order).await
        {
            return Ok(answer);
        }
        let (number, end, until) = {
            let mut world = self.0.lock();
            let (number, end) = world.begin(node, generation, order);
            (number, end, end.map(|(at, _)| world.instant(at)))
        };
        let mut call = Call { world: self.clone(), node, generation, number, operation, answered: false };
        if self.0.lock().killed.is_some() {
            return std::future::pending().await;
        }
        let (Some((_, end)), Some(until)) = (end, until) else { return std::future::pending().await };
        sleep_until(until).await;
        if self.0.lock().killed.is_some() {
            return std::future::pending().await;
        }
        let answer = self.0.lock().answer(node, number, end);
        call.answered = answer.is_ok();
        answer
    }
}

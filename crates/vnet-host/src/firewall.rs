//! Our place in the host's firewall: chains of our own, each reached by one jump from a chain of the kernel
//! (network.md §8.7). Nothing else is read, changed or removed.
//!
//! A change is one `iptables-restore --noflush`: all of it or nothing. It writes anew the chains that differ, whole, so
//! that it never depends on what exactly is in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::sync::Arc;

use euca_command::CommandRunner;

use crate::program::{Error, run};

/// What the names of our chains begin with.
const PREFIX: &str = "EUCA-";
/// Where the kernel's own list of protocol names is.
const PROTOCOLS: &str = "/etc/protocols";

/// Chains of ours in one table, and the jumps to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains {
    rules: BTreeMap<String, Vec<String>>,
    /// By chain of the kernel and chain of ours: how many jumps there are.
    jumps: BTreeMap<(String, String), usize>,
}

impl Chains {
    /// Adds a chain, which is empty unless there was one.
    pub fn chain(&mut self, name: &str) -> &mut Vec<String> {
        self.rules.entry(format!("{PREFIX}{name}")).or_default()
    }

    /// Adds a chain that is reached from one of the kernel's.
    pub fn entrance(&mut self, built_in: &str, name: &str) -> &mut Vec<String> {
        self.jumps.insert((built_in.to_owned(), format!("{PREFIX}{name}")), 1);
        self.chain(name)
    }

    /// This chain and the jumps to it, nothing else.
    #[must_use]
    pub fn only(&self, name: &str) -> Self {
        let chain = format!("{PREFIX}{name}");
        let mut only = self.clone();
        only.rules.retain(|of, _| *of == chain);
        only.jumps.retain(|(_, of), _| *of == chain);
        only
    }

    /// Takes over a line of `iptables-save` when it is about a chain of ours.
    fn read(&mut self, line: &str, protocols: &Protocols) {
        if let Some(chain) = line.strip_prefix(':').and_then(|rest| rest.split(' ').next()) {
            if chain.starts_with(PREFIX) {
                self.rules.entry(chain.to_owned()).or_default();
            }
        } else if let Some((chain, rule)) = line.strip_prefix("-A ").and_then(|rest| rest.split_once(' ')) {
            if chain.starts_with(PREFIX) {
                self.rules.entry(chain.to_owned()).or_default().push(protocols.by_number(rule.trim_end()));
            } else if let Some(target) = rule.trim_end().strip_prefix("-j ")
                && target.starts_with(PREFIX)
            {
                *self.jumps.entry((chain.to_owned(), target.to_owned())).or_default() += 1;
            }
        }
    }

    /// The commands of `iptables-restore --noflush` that make `self` of `present`.
    fn change_from(&self, present: &Self) -> String {
        let mut body = String::new();
        let different: Vec<_> =
            self.rules.iter().filter(|(chain, rules)| present.rules.get(*chain) != Some(rules)).collect();
        let gone = present.rules.keys().filter(|chain| !self.rules.contains_key(*chain));
        for (chain, _) in &different {
            let _ = writeln!(body, ":{chain} - [0:0]");
        }
        for (chain, rules) in &different {
            for rule in *rules {
                let _ = writeln!(body, "-A {chain} {rule}");
            }
        }
        for jump in self.jumps.keys().chain(present.jumps.keys()).collect::<BTreeSet<_>>() {
            let (built_in, chain) = jump;
            let wanted = self.jumps.get(jump).copied().unwrap_or_default();
            let found = present.jumps.get(jump).copied().unwrap_or_default();
            if found < wanted {
                let _ = writeln!(body, "-I {built_in} 1 -j {chain}");
            }
            for _ in wanted..found {
                let _ = writeln!(body, "-D {built_in} -j {chain}");
            }
        }
        // All of them are empty before the first goes: they may lead to each other.
        for chain in gone.clone() {
            let _ = writeln!(body, "-F {chain}");
        }
        for chain in gone {
            let _ = writeln!(body, "-X {chain}");
        }
        body
    }
}

/// What is ours in the firewall. Tables are shared between plans that have them in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruleset {
    /// What may pass.
    pub filter: Arc<Chains>,
    /// Whose addresses are changed.
    pub nat: Arc<Chains>,
}

impl Ruleset {
    /// What of ours is in the output of `iptables-save`.
    pub fn parse(saved: &str, protocols: &Protocols) -> Self {
        let (mut filter, mut nat) = (Chains::default(), Chains::default());
        let mut table = None;
        for line in saved.lines() {
            match (line.strip_prefix('*').map(str::trim_end), &mut table) {
                (Some("filter"), _) => table = Some(&mut filter),
                (Some("nat"), _) => table = Some(&mut nat),
                (Some(_), _) => table = None,
                (None, Some(chains)) => chains.read(line, protocols),
                (None, None) => {}
            }
        }
        Self { filter: filter.into(), nat: nat.into() }
    }

    /// The input of `iptables-restore --noflush` that makes `self` of `present`; nothing where they are the same.
    pub fn change_from(&self, present: &Self) -> Option<String> {
        let mut text = String::new();
        let tables = [("filter", &self.filter, &present.filter), ("nat", &self.nat, &present.nat)];
        for (name, wanted, present) in tables.into_iter().filter(|(_, one, other)| !Arc::ptr_eq(one, other)) {
            let body = wanted.change_from(present);
            if !body.is_empty() {
                let _ = write!(text, "*{name}\n{body}COMMIT\n");
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// As `iptables-save` writes it.
impl fmt::Display for Ruleset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.change_from(&Self::default()).unwrap_or_default())
    }
}

/// Names of IP protocols on this host, by which `iptables-save` calls them.
#[derive(Debug, Clone, Default)]
pub struct Protocols(BTreeMap<String, u8>);

impl Protocols {
    /// From the text of `/etc/protocols`: name and number on each line.
    pub fn parse(text: &str) -> Self {
        let entry = |line: &str| {
            let mut words = line.split('#').next()?.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        };
        Self(text.lines().filter_map(entry).collect())
    }

    /// The rule with its protocol named as we write it: those that have ports or types by name, others by number.
    fn by_number(&self, rule: &str) -> String {
        let Some((before, rest)) = rule.split_once("-p ") else { return rule.to_owned() };
        let (name, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match self.0.get(name) {
            Some(number) if !matches!(name, "tcp" | "udp" | "icmp") => format!("{before}-p {number} {after}"),
            _ => rule.to_owned(),
        }
    }
}

/// The host's firewall.
#[derive(Clone)]
pub struct Firewall {
    protocols: Protocols,
    runner: Arc<dyn CommandRunner>,
}

impl Firewall {
    /// Reached by programs of this host.
    pub async fn new(runner: Arc<dyn CommandRunner>) -> Self {
        // Without the list, rules by number are written anew where they need not be.
        let text = tokio::fs::read_to_string(PROTOCOLS).await.unwrap_or_default();
        Self { protocols: Protocols::parse(&text), runner }
    }

    /// What there is of ours.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn present(&self) -> Result<Ruleset, Error> {
        let saved = run(&*self.runner, "iptables-save", &[], Vec::new()).await?;
        Ok(Ruleset::parse(&String::from_utf8_lossy(&saved), &self.protocols))
    }

    /// Makes `wanted` of `present`.
    ///
    /// # Errors
    /// When it was refused; nothing has changed then.
    pub async fn change(&self, present: &Ruleset, wanted: &Ruleset) -> Result<(), Error> {
        match wanted.change_from(present) {
            Some(text) => self.restore(text).await,
            None => Ok(()),
        }
    }

    /// Carries out a change that [`Ruleset::change_from`] has written.
    ///
    /// # Errors
    /// When it was refused; nothing has changed then.
    pub async fn restore(&self, text: String) -> Result<(), Error> {
        let arguments = ["--noflush", "--wait", "10"];
        run(&*self.runner, "iptables-restore", &arguments, text.into_bytes()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVED: &str = "# Generated by iptables-save\n\
        *mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j EUCA-PRE\nCOMMIT\n\
        *filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:EUCA-FWD - [0:0]\n:DOCKER - [0:0]\n\
        -A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n-A FORWARD -j EUCA-FWD\n-A FORWARD -j DOCKER\n\
        -A FORWARD -j EUCA-FWD\n-A EUCA-FWD -d 10.0.0.0/8 -p gre -j ACCEPT\n-A DOCKER -j RETURN\nCOMMIT\n";

    #[test]
    fn only_what_is_ours_is_read() {
        let protocols = Protocols::parse("# names\ntcp\t6\tTCP\ngre 47 GRE # tunnels\nbroken\n");
        let rules = Ruleset::parse(SAVED, &protocols);
        let mut chains = Chains::default();
        chains.entrance("FORWARD", "FWD").push("-d 10.0.0.0/8 -p 47 -j ACCEPT".to_owned());
        assert_eq!(rules.filter.rules, chains.rules);
        let expected = Ruleset { filter: chains.into(), ..Ruleset::default() };
        // One jump too many goes; nothing else is touched.
        assert_eq!(
            expected.change_from(&rules).as_deref(),
            Some("*filter\n-D FORWARD -j EUCA-FWD\nCOMMIT\n")
        );
        assert_eq!(
            Ruleset::default().change_from(&rules).as_deref(),
            Some(
                "*filter\n-D FORWARD -j EUCA-FWD\n-D FORWARD -j EUCA-FWD\n-F EUCA-FWD\n-X EUCA-FWD\nCOMMIT\n"
            ),
            "net_t260"
        );
    }

    #[test]
    fn a_change_is_what_differs() {
        let mut chains = Chains::default();
        chains.entrance("FORWARD", "FWD").push("-j EUCA-A".to_owned());
        chains.chain("A").push("-j DROP".to_owned());
        let before = Ruleset { filter: chains.clone().into(), ..Ruleset::default() };
        assert_eq!(before.change_from(&before.clone()), None, "net_t256");
        let same = Ruleset { filter: chains.clone().into(), ..Ruleset::default() };
        assert_eq!(before.change_from(&same), None, "net_t256");
        chains.chain("A").push("-j ACCEPT".to_owned());
        let after = Ruleset { filter: chains.into(), ..Ruleset::default() };
        assert_eq!(
            after.change_from(&before).as_deref(),
            Some("*filter\n:EUCA-A - [0:0]\n-A EUCA-A -j DROP\n-A EUCA-A -j ACCEPT\nCOMMIT\n")
        );
    }
}

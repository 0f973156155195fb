//! ConfigureNetwork (cluster-controller.md §7.15).

use std::collections::HashSet;

use euca_vnet::{Permission, RuleDraft, Source};
use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Gives groups new rules, all at once. A rule for a group that is not active fails the request before anything
/// changes (network.md T-147). Any other that fails ends the request, but not before its other sources are looked at;
/// what is right up to there comes into force. Without virtual networks every rule succeeds, and so does a request
/// without rules.
pub(super) async fn configure_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::ConfigureNetwork,
) -> Result<cc::ConfigureNetworkResponse, Error> {
    if cluster.network.is_managed() && !request.rules.is_empty() {
        let mut turn = cluster.network.turn().await?;
        let (groups, drafted) = cluster.network.read(|tables| {
            let mut rules = tables.draft();
            let drafted = draft(&mut rules, request);
            (rules.finish(), drafted)
        });
        turn.set_rules(groups).await?;
        cluster.durable().await?;
        drafted?;
    }
    Ok(request.answer(true))
}

/// A group is flushed under the requesting user's name whenever the destination is another than that of
/// the rule before; one of another user once.
fn draft(draft: &mut RuleDraft<'_>, request: &cc::ConfigureNetwork) -> Result<(), Error> {
    let requester = request.user_id.as_deref().unwrap_or_default();
    for rule in request.rules.iter().filter(|rule| sources(rule).next().is_some()) {
        draft.active(owner(rule, requester), &rule.dest_name)?;
    }
    let (mut flushed, mut of_others) = (None, HashSet::new());
    for rule in &request.rules {
        let user = owner(rule, requester);
        if flushed != Some(&rule.dest_name) {
            draft.flush(requester, &rule.dest_name);
            flushed = Some(&rule.dest_name);
        }
        if user != requester && of_others.insert((user, &rule.dest_name)) {
            draft.flush(user, &rule.dest_name);
        }
        let permission = Permission {
            kind: &rule.type_,
            user,
            name: &rule.dest_name,
            protocol: &rule.protocol,
            from: rule.port_range_min,
            to: rule.port_range_max,
        };
        let mut outcome = Ok(());
        for source in sources(rule) {
            let permitted = source.and_then(|source| Ok(draft.permit(&permission, source)?));
            match permitted {
                Ok(true) => {}
                Ok(false) => tracing::debug!(destination = rule.dest_name, "rule adds nothing"),
                Err(error) => {
                    tracing::warn!(destination = rule.dest_name, %error, "rule fails");
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome?;
    }
    Ok(())
}

fn owner<'a>(rule: &'a cc::NetworkRule, requester: &'a str) -> &'a str {
    rule.dest_user_name.as_deref().unwrap_or(requester)
}

/// Named groups before networks. Names without any owner are skipped; when only some have none, these fail.
fn sources(rule: &cc::NetworkRule) -> impl Iterator<Item = Result<Source<'_>, Error>> {
    let named = rule.source_names.iter().enumerate().filter(|_| !rule.user_names.is_empty());
    let groups = named.map(|(place, name)| match rule.user_names.get(place) {
        Some(user) => Ok(Source::Group { user, name }),
        None => Err(Error::NoOwner(name.chars().take(64).collect())),
    });
    groups.chain(rule.source_nets.iter().map(|net| Ok(Source::Net(net))))
}

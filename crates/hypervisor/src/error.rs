//! What can go wrong with a hypervisor.

use std::time::Duration;

use crate::name::DomainName;

/// The cause below an [`Error`]: whatever the library at hand reports.
pub type Problem = Box<dyn std::error::Error + Send + Sync>;

/// A hypervisor call that did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The call did not end in time. It may still take effect.
    #[error("{call} {subject}: no answer within {limit:?}")]
    Deadline {
        /// What was asked.
        call: &'static str,
        /// Of which domain; empty for the host.
        subject: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// There is no connection to the hypervisor, or it broke during the call, which may have taken effect.
    #[error("cannot reach the hypervisor at {uri}")]
    Unreachable {
        /// Where it was looked for.
        uri: String,
        /// What the library says.
        #[source]
        source: Problem,
    },
    /// Too many calls wait for an answer already.
    #[error("{call} {subject}: too many hypervisor calls are waiting")]
    Busy {
        /// What was asked.
        call: &'static str,
        /// Of which domain; empty for the host.
        subject: String,
    },
    /// The hypervisor refused.
    #[error("{call} {subject} failed")]
    Failed {
        /// What was asked.
        call: &'static str,
        /// Of which domain; empty for the host.
        subject: String,
        /// What the library says.
        #[source]
        source: Problem,
    },
    /// A domain of this name is active already.
    #[error("domain {0} exists already")]
    Exists(DomainName),
    /// A name that cannot be one.
    #[error("{name:?} cannot be a {what}")]
    Name {
        /// What it should have been.
        what: &'static str,
        /// What it is.
        name: String,
    },
    /// A domain document that must not be handed to the hypervisor.
    #[error("domain document of {name} is not usable: {reason}")]
    Document {
        /// The domain.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Guests do not run on this host.
    #[error("guests of type {kind} do not run here: {reason}")]
    Probe {
        /// Kind of domain that was tried.
        kind: &'static str,
        /// What happened instead.
        reason: String,
    },
    /// The host's size cannot be found out.
    #[error("cannot read the host's resources from {file}")]
    Host {
        /// Where they were looked for.
        file: &'static str,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// Whether nobody can tell what became of the call: not a refusal, only no answer.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Deadline { .. } | Self::Unreachable { .. } | Self::Busy { .. })
    }
}

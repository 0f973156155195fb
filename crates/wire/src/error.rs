//! Faults, and what can become of a call.

/// A SOAP fault as a peer sees it (wire.md §2.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {reason}")]
pub struct Fault {
    /// Class of the fault.
    pub code: FaultCode,
    /// `faultstring`: what went wrong, for a person.
    pub reason: String,
    /// Text of the `detail` element, which every fault carries: a 4.4.6 CLC fails on one without.
    pub detail: String,
}

impl Fault {
    /// The request was understood and is not acceptable.
    pub fn client(reason: impl Into<String>) -> Self {
        Self::new(FaultCode::Client, reason)
    }

    /// The service could not do its part.
    pub fn server(reason: impl Into<String>) -> Self {
        Self::new(FaultCode::Server, reason)
    }

    /// A fault whose detail repeats its reason.
    pub fn new(code: FaultCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { code, detail: reason.clone(), reason }
    }
}

/// `faultcode` of a SOAP 1.1 fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultCode {
    /// `soapenv:Client`.
    Client,
    /// `soapenv:Server`.
    Server,
    /// `soapenv:Sender`: a 1.2 code the original puts into 1.1 faults (F5, F13); kept for byte fidelity.
    Sender,
    /// `soapenv:MustUnderstand`.
    MustUnderstand,
    /// A code of WS-Security, written `wsse:<name>`.
    Security(&'static str),
    /// A code received from a peer that is none of the above.
    Other(String),
}

impl std::fmt::Display for FaultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Client => f.write_str("soapenv:Client"),
            Self::Server => f.write_str("soapenv:Server"),
            Self::Sender => f.write_str("soapenv:Sender"),
            Self::MustUnderstand => f.write_str("soapenv:MustUnderstand"),
            Self::Security(name) => write!(f, "wsse:{name}"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Why a call to a peer gave no usable answer. Deadlines are the caller's: it drops the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No exchange took place: name not resolved, connection refused or reset.
    #[error("peer unreachable: {0}")]
    Unreachable(String),
    /// The peer answered with a fault.
    #[error("peer answered with a fault: {0}")]
    Fault(#[source] Fault),
    /// The peer's answer is not one: wrong status, not SOAP, fields missing, signature refused.
    #[error("peer's answer is not usable: {0}")]
    Undecodable(String),
}

//! Strict readers of replies, one for each original peer. Tests pass every reply they see through the reader of
//! the peer it is meant for.
//!
//! | Module | Judges | As | Proven against |
//! |---|---|---|---|
//! | [`clc`] | replies of CC and GL | the CLC's parser: ordered binding, lexical forms, envelope, faults | every verdict recorded from the CLC |
//! | [`cc`] | replies of NC | the C CC's parser: a cursor over the schema, crashes included | every recorded NC reply |
//! | [`http`] | the bytes of a connection | what both transports accept, and what this project promises beyond it | the recorded HTTP samples |
//!
//! Written from the specification and the recordings only, and on purpose without a line in common with the
//! codec it checks: no dependency on `euca-wire`, not even on its XML parser. Where neither the specification nor
//! a recording says what a peer does, the reader takes the strict side.
//!
//! Not here: whether a reply is the right one. A test knows what it asked.

#![forbid(unsafe_code)]

pub mod cc;
pub mod clc;
pub mod http;

mod binding;
mod lexical;
#[cfg(test)]
mod recordings;
mod schema;
mod xml;

/// Namespace of all Eucalyptus messages.
const EUCALYPTUS: &str = "http://eucalyptus.ucsb.edu/";
/// Namespace of SOAP 1.1 envelopes.
const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// Namespace of SOAP 1.2 envelopes.
const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// Judges one reply of CC or GL completely: transport, then content.
///
/// Returns whether the CLC takes it for a success. RebootInstances never is one (clc.md §7.3).
///
/// # Errors
/// Everything that is wrong with the reply, one sentence each.
pub fn clc_reply(pipeline: clc::Pipeline, operation: &str, connection: &[u8]) -> Result<bool, Vec<String>> {
    let mut findings = http::check_reply(connection, pipeline.body_limit());
    let verdict = clc::judge_connection(pipeline, operation, connection);
    let success = match verdict.for_caller() {
        Ok(success) => success,
        Err(reason) => {
            findings.push(reason);
            false
        }
    };
    if findings.is_empty() { Ok(success) } else { Err(findings) }
}

/// Judges one fault of CC or GL completely: transport, shape, and that the CLC can read what it says.
///
/// Returns the fault as the CLC logs it.
///
/// # Errors
/// Everything that is wrong with the fault, one sentence each.
pub fn clc_fault(pipeline: clc::Pipeline, connection: &[u8]) -> Result<String, Vec<String>> {
    let mut findings = http::check_reply(connection, pipeline.body_limit());
    let outcome = clc::judge_connection(pipeline, "", connection).outcome;
    match outcome {
        clc::Outcome::Rejected(text) if findings.is_empty() && text.starts_with(clc::REMOTE_FAULT) => {
            Ok(text)
        }
        outcome => {
            findings.push(format!("the CLC reads no fault: {outcome:?}"));
            Err(findings)
        }
    }
}

/// Judges one reply of NC completely: transport, then content, in which nothing may go unread.
///
/// Returns whether the C CC takes it for a success.
///
/// # Errors
/// Everything that is wrong with the reply, one sentence each.
pub fn cc_reply(operation: &str, connection: &[u8]) -> Result<bool, Vec<String>> {
    let mut findings = http::check_reply(connection, http::NODE_BODY_LIMIT);
    let verdict = cc::judge_connection(operation, connection);
    findings.extend(verdict.unread.iter().map(|path| format!("the C CC does not read {path}")));
    let success = match verdict.outcome {
        cc::Outcome::Success => true,
        cc::Outcome::Refused => false,
        cc::Outcome::Failed(reason) => {
            findings.push(format!("the C CC cannot use the reply: {reason}"));
            false
        }
        cc::Outcome::Crash(reason) => {
            findings.push(format!("the C CC crashes: {reason}"));
            false
        }
    };
    if findings.is_empty() { Ok(success) } else { Err(findings) }
}

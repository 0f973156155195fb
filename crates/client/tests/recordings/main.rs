//! What the original clients sent, and what they were answered.
#![cfg(test)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cluster;
mod node;

use std::path::Path;
use std::sync::{Arc, Mutex};

use euca_wire::{CallError, Caller, Element, Encoder, Generation, Message as _, Request};

/// Answers everything with one body, and keeps what it was asked.
#[derive(Clone)]
pub struct Peer {
    /// The body of every answer.
    pub reply: Result<String, CallError>,
    /// The bodies of what was asked.
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Caller for Peer {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        let mut body = Vec::new();
        request.write(&mut Encoder::new(&mut body, Generation::V2_0));
        self.asked.lock().unwrap().push(String::from_utf8(body).unwrap());
        let xml = self.reply.clone()?;
        Q::Response::read(&Element { xml: &xml, scope: &[] })
            .map_err(|error| CallError::Undecodable(error.to_string()))
    }
}

/// The body element of a recorded message.
pub fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1");
    let raw = std::fs::read(folder.join(format!("{name}.http"))).unwrap();
    let entity = match name.ends_with("response") {
        true => euca_oracle::http::parse(&raw, usize::MAX).unwrap().body,
        false => raw,
    };
    body(&String::from_utf8(entity).unwrap()).to_owned()
}

fn body(envelope: &str) -> &str {
    envelope.split_once("<soapenv:Body>").unwrap().1.split_once("</soapenv:Body>").unwrap().0
}

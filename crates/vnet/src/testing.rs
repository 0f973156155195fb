//! A host that does nothing: it records what it was asked, and fails by plan.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::{Effect, Effects, Failure};

/// How the host treats an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The program for it ends with this exit status, after this time.
    Exit(i32, Duration),
    /// It never ends.
    Hang,
}

/// Ends at once with this exit status.
pub const fn exit(status: i32) -> Act {
    Act::Exit(status, Duration::ZERO)
}

/// A host that records orders. Clones are the same host. An order without a plan succeeds at once.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    orders: Mutex<Vec<Effect>>,
    plans: Mutex<HashMap<&'static str, VecDeque<Act>>>,
}

impl Recorder {
    /// From now on orders of this [name](Effect::name) are treated so, one act for each, the last one for ever.
    pub fn plan(&self, name: &'static str, acts: impl IntoIterator<Item = Act>) {
        self.0.plans.lock().insert(name, acts.into_iter().collect());
    }

    /// The orders since this was asked last, in the order in which they came.
    pub fn take(&self) -> Vec<Effect> {
        std::mem::take(&mut self.0.orders.lock())
    }
}

impl Effects for Recorder {
    fn carry_out<'a>(&'a self, effect: &'a Effect) -> BoxFuture<'a, Result<(), Failure>> {
        let mut plans = self.0.plans.lock();
        let act = plans
            .get_mut(effect.name())
            .and_then(|plan| if plan.len() > 1 { plan.pop_front() } else { plan.front().copied() })
            .unwrap_or(exit(0));
        self.0.orders.lock().push(effect.clone());
        Box::pin(async move {
            match act {
                Act::Hang => std::future::pending().await,
                Act::Exit(status, time) => {
                    tokio::time::sleep(time).await;
                    if status == 0 { Ok(()) } else { Err(Failure::Status(status)) }
                }
            }
        })
    }
}

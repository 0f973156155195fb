//! A runner that starts nothing: it records what it was asked and answers by plan.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use futures_util::future::{BoxFuture, ready};
use parking_lot::Mutex;

use crate::{Command, CommandRunner, Error, Output};

/// Records commands. A program without a plan exits with 0.
#[derive(Debug, Default)]
pub struct Recording {
    commands: Mutex<Vec<Command>>,
    plans: Mutex<HashMap<PathBuf, VecDeque<u8>>>,
}

impl Recording {
    /// From now on `program` exits with these codes, one for each time it is run, the last one for ever.
    pub fn plan(&self, program: impl Into<PathBuf>, codes: impl IntoIterator<Item = u8>) {
        self.plans.lock().insert(program.into(), codes.into_iter().collect());
    }

    /// The commands since the last time this was asked, as the log shows them.
    pub fn take(&self) -> Vec<String> {
        self.commands.lock().drain(..).map(|command| command.to_string()).collect()
    }
}

impl CommandRunner for Recording {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, Error>> {
        let mut plans = self.plans.lock();
        let code = plans
            .get_mut(&command.program)
            .and_then(|plan| if plan.len() > 1 { plan.pop_front() } else { plan.front().copied() })
            .unwrap_or_default();
        self.commands.lock().push(command);
        Box::pin(ready(Ok(Output::exit(code))))
    }
}

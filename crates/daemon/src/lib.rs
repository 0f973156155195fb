//! What both daemons do alike around their cores: command line, log, listening socket, signals, admin
//! port, health, and the conversation with a service manager. Nothing here knows an operation or an instance.
#![forbid(unsafe_code)]

mod admin;
mod arguments;
mod health;
mod log;
mod server;
mod signals;
mod systemd;

pub use admin::{Admin, json};
pub use arguments::{Arguments, EX_CONFIG, print_check};
pub use health::{Check, Health, Report};
pub use log::{Log, LogError, tell};
pub use server::{ListenError, key_status, limits, listen, verifier_options};
pub use signals::Signals;
pub use systemd::Systemd;

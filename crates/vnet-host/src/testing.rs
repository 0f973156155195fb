//! A network for tests: a namespace for the host that is tested, and one for each of those who talk to it. They belong
//! to root, and go with the test, whatever becomes of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

pub mod lab;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use euca_vnet::{ManagedSettings, Plan, Pool};
use nix::sched::{CloneFlags, setns, unshare};

use crate::Site;

/// The site C1 of network.md §16.1, with VLANs or without, for tests to change: no public addresses yet, no tunnels.
pub fn site(vlans: bool) -> Site {
    let managed = ManagedSettings {
        vlans,
        plan: Plan::new("10.10.0.0/16".parse().unwrap(), 32).unwrap(),
        dns: Ipv4Addr::new(10, 0, 0, 53),
        public: Pool::default(),
        local: Vec::new(),
        tunnels: false,
    };
    Site {
        managed,
        public_interface: "eth0".to_owned(),
        private_interface: "eth1".to_owned(),
        cloud: Some(Ipv4Addr::new(192, 168, 7, 1)),
    }
}

/// How long somebody may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// Where datagrams are heard.
const DATAGRAMS: u16 = 9998;

/// Runs a test in a network namespace of its own: every socket and every program of it is there. The loopback device
/// is up.
pub fn isolated<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let thread = std::thread::spawn(|| {
        unshare(CloneFlags::CLONE_NEWNET)
            .unwrap_or_else(|error| panic!("a network namespace, which takes root: {error}"));
        ip(&["link", "set", "lo", "up"]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test());
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// `ip` with these arguments in the namespace of the calling thread, which has to succeed. Brings its output.
pub fn ip(arguments: &[&str]) -> String {
    succeed(Command::new("ip").args(arguments))
}

/// Runs a program, which has to succeed. Brings its output.
pub fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    assert!(status.success(), "{command:?}: {status}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Somebody else in the network: a guest, the CLC, the world outside.
#[derive(Debug)]
pub struct Peer(String);

impl Peer {
    /// A namespace with loopback, and a cable to the calling thread's: `ours` at this end, `eth0` at that one. Both
    /// ends are up.
    pub fn new(ours: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let peer = Self(format!("euca-test-{}-{number}", std::process::id()));
        ip(&["netns", "add", &peer.0]);
        ip(&["link", "add", ours, "type", "veth", "peer", "name", "eth0", "netns", &peer.0]);
        ip(&["link", "set", ours, "up"]);
        peer.ip(&["link", "set", "lo", "up"]);
        peer.ip(&["link", "set", "eth0", "up"]);
        peer
    }

    /// A guest on a bridge: with this address, and with its gateway as the way to everywhere else.
    pub fn guest(ours: &str, bridge: &str, address: &str, gateway: &str) -> Self {
        let guest = Self::new(ours);
        ip(&["link", "set", ours, "master", bridge]);
        guest.ip(&["address", "add", address, "dev", "eth0"]);
        guest.ip(&["route", "add", "default", "via", gateway]);
        guest
    }

    /// Name of the namespace, for `ip netns`.
    pub fn namespace(&self) -> &str {
        &self.0
    }

    /// `ip` with these arguments there, which has to succeed. Brings its output.
    pub fn ip(&self, arguments: &[&str]) -> String {
        ip(&[&["-netns", &self.0], arguments].concat())
    }

    /// A program to be run there.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0, program]).stdin(Stdio::null());
        command
    }

    /// What is said first on a TCP port of `address` when it connects there within a second.
    pub fn connects(&self, address: &str, port: u16) -> Option<String> {
        self.inside(|| connects(address, port))
    }

    /// What is answered to a GET request on a TCP port of `address`, but for the headers.
    pub fn gets(&self, address: &str, port: u16) -> Option<String> {
        let address = SocketAddr::new(address.parse().unwrap(), port);
        self.inside(|| {
            let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
            stream.set_read_timeout(Some(PATIENCE * 5)).unwrap();
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
            let mut text = String::new();
            stream.read_to_string(&mut text).ok()?;
            Some(text.split_once("\r\n\r\n")?.1.trim_end().to_owned())
        })
    }

    /// Has it answer on a TCP port, each connection with the caller's address, until the answer is dropped.
    pub fn answers(&self, port: u16) -> Answer {
        self.inside(|| answers(port))
    }

    /// Has it answer GET requests on a TCP port with what `answer` says, until the answer is dropped.
    pub fn serves(&self, port: u16, answer: impl Fn() -> String + Send + 'static) -> Answer {
        self.inside(|| {
            serve(port, move |stream, _| {
                let mut request = [0; 4096];
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                // A request is one packet here.
                let _ = stream.read(&mut request);
                format!("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n{}", answer())
            })
        })
    }

    /// Whether a datagram of somebody who says he is `source` comes to it, by its `address`, within a second.
    pub fn hears(&self, address: &str, from: &Self, source: &str) -> bool {
        let ears = self.inside(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, DATAGRAMS))).unwrap();
        ears.set_read_timeout(Some(PATIENCE)).unwrap();
        let own = format!("{source}/32");
        from.ip(&["address", "add", &own, "dev", "lo"]);
        let mouth = from.inside(|| UdpSocket::bind((source, 0))).unwrap();
        mouth.send_to(b"?", (address, DATAGRAMS)).unwrap();
        let heard = ears.recv_from(&mut [0]).is_ok_and(|(_, sender)| sender.ip().to_string() == source);
        from.ip(&["address", "delete", &own, "dev", "lo"]);
        heard
    }

    /// Does something in its namespace.
    pub fn inside<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(Path::new("/run/netns").join(&self.0)).unwrap();
        let there = || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            action()
        };
        std::thread::scope(|scope| scope.spawn(there).join().unwrap())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

/// What is said first on a TCP port of `address` when the calling thread connects there within a second.
pub fn connects(address: &str, port: u16) -> Option<String> {
    let address = SocketAddr::new(address.parse().unwrap(), port);
    let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    // Who is reached answers, if the machine lets him.
    stream.set_read_timeout(Some(PATIENCE * 30)).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line.trim_end().to_owned())
}

/// Answers on a TCP port of the calling thread's namespace, each connection with the caller's address, until the answer
/// is dropped.
pub fn answers(port: u16) -> Answer {
    serve(port, |_, peer| format!("{peer}\n"))
}

fn serve(port: u16, answer: impl Fn(&mut TcpStream, IpAddr) -> String + Send + 'static) -> Answer {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((mut stream, peer)) => {
                    let text = answer(&mut stream, peer.ip());
                    // The caller may be gone already.
                    let _ = stream.write_all(text.as_bytes());
                }
                Err(_) => std::thread::park_timeout(Duration::from_millis(10)),
            }
        }
    });
    Answer(stop)
}

/// Somebody who answers.
#[derive(Debug)]
pub struct Answer(Arc<AtomicBool>);

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

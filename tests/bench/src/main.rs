//! Parses and serialises a 1000-instance DescribeInstancesResponse with `euca-wire` and with gSOAP, in turns, and
//! compares the CPU time. Exit status 1 when gSOAP is faster anywhere.
//!
//! Two subjects: `document` is a complete SOAP envelope, from bytes to the message and back (for this project
//! envelope scan and codec together); `element` is the body element alone, the codec and nothing else.
//!
//! Wall time means nothing on a shared machine; the ratio of CPU times of neighbouring runs does. Each round
//! measures both sides one after the other, the order changes with every round, and the median of the rounds'
//! ratios counts.

use std::fs;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use euca_wire::cc::{CcInstance, DescribeInstancesResponse, NetConfig, VirtualMachine, Volume};
use euca_wire::{DateTime, Element, Encoder, Generation, Message};
use euca_wsse::{Limits, Version, scan, write_envelope};
use nix::sys::resource::{UsageWho, getrusage};

const INSTANCES: usize = 1000;
const ROUNDS: usize = 9;
/// CPU time of one side in one round.
const SLICE: Duration = Duration::from_millis(250);

#[derive(Clone, Copy)]
enum Subject {
    Document,
    Element,
}

#[derive(Clone, Copy)]
enum Direction {
    Parse,
    Write,
}

fn main() -> Result<ExitCode> {
    let program = std::env::args_os().nth(1).context("usage: gsoap-ratio PROGRAM")?;
    let mut gsoap = Gsoap::start(Path::new(&program))?;
    let mut out = stdout().lock();
    let response = response();
    let mut slower = false;
    for (subject, name) in [(Subject::Document, "document"), (Subject::Element, "element")] {
        let bytes = write(subject, &response);
        gsoap.load(name, &bytes)?;
        ensure!(parse(subject, &bytes)? == response, "this project's codec does not return what it wrote");
        let theirs = gsoap.dump()?;
        ensure!(parse(subject, &theirs)? == response, "gSOAP does not write what it read");
        writeln!(out, "{name}: {INSTANCES} instances, {} bytes, gSOAP writes {}", bytes.len(), theirs.len())?;
        for (direction, verb) in [(Direction::Parse, "parse"), (Direction::Write, "write")] {
            let ours = |count| measure(count, || work(subject, direction, &bytes, &response));
            let (mine, other, ratio) = compare(ours, |count| gsoap.measure(verb, count))?;
            let verdict = if ratio >= 1.0 { "" } else { "   SLOWER" };
            slower |= ratio < 1.0;
            writeln!(
                out,
                "  {verb}: {:9} ns, gSOAP {:9} ns, gSOAP/this {ratio:.2}{verdict}",
                mine.as_nanos(),
                other.as_nanos()
            )?;
        }
    }
    Ok(if slower { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Median CPU time of one operation on both sides, and the median of the rounds' ratios.
fn compare(
    ours: impl Fn(u32) -> Result<Duration>,
    mut theirs: impl FnMut(u32) -> Result<Duration>,
) -> Result<(Duration, Duration, f64)> {
    let count = |probe: Duration| (SLICE.as_nanos() / probe.as_nanos().max(1)).clamp(1, 100_000) as u32;
    let (our_count, their_count) = (count(ours(20)? / 20), count(theirs(20)? / 20));
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let (mine, other) = if round % 2 == 0 {
            let mine = ours(our_count)?;
            (mine, theirs(their_count)?)
        } else {
            let other = theirs(their_count)?;
            (ours(our_count)?, other)
        };
        rounds.push((mine / our_count, other / their_count));
    }
    let mut ratios: Vec<_> =
        rounds.iter().map(|(mine, other)| other.as_secs_f64() / mine.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let median = |side: fn(&(Duration, Duration)) -> Duration| {
        let mut times: Vec<_> = rounds.iter().map(side).collect();
        times.sort();
        times[ROUNDS / 2]
    };
    Ok((median(|round| round.0), median(|round| round.1), ratios[ROUNDS / 2]))
}

fn measure(count: u32, operation: impl Fn() -> Result<()>) -> Result<Duration> {
    let start = cpu_time()?;
    for _ in 0..count {
        operation()?;
    }
    Ok(cpu_time()? - start)
}

fn cpu_time() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let microseconds = [usage.user_time(), usage.system_time()]
        .map(|time| time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64);
    Ok(Duration::from_micros(microseconds.iter().sum()))
}

fn work(
    subject: Subject,
    direction: Direction,
    bytes: &[u8],
    response: &DescribeInstancesResponse,
) -> Result<()> {
    match direction {
        Direction::Parse => {
            ensure!(parse(subject, bytes)?.instances.len() == INSTANCES, "instances are missing");
        }
        Direction::Write => ensure!(write(subject, response).len() == bytes.len(), "the length differs"),
    }
    Ok(())
}

fn parse(subject: Subject, bytes: &[u8]) -> Result<DescribeInstancesResponse> {
    match subject {
        Subject::Document => {
            let envelope = scan(bytes, &Limits::default())?;
            let body = envelope.body().context("no body element")?;
            Ok(Message::read(&Element { xml: body.xml, scope: &body.scope })?)
        }
        Subject::Element => Ok(Message::read(&Element {
            xml: std::str::from_utf8(bytes)?.trim_start_matches(XML_DECLARATION),
            scope: &[],
        })?),
    }
}

/// gSOAP writes one, also around an element.
const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn write(subject: Subject, response: &DescribeInstancesResponse) -> Vec<u8> {
    let mut element = Vec::new();
    response.write(&mut Encoder::new(&mut element, Generation::V2_0));
    match subject {
        Subject::Element => element,
        Subject::Document => {
            let mut document = Vec::with_capacity(element.len() + 256);
            write_envelope(Version::Soap11, b"", &element, &mut document);
            document
        }
    }
}

fn response() -> DescribeInstancesResponse {
    DescribeInstancesResponse {
        correlation_id: Some("6b1f6f0a-1f3c-4d68-9f0d-0c6f3a0b7c11".into()),
        user_id: Some("eucalyptus".into()),
        return_: Some(true),
        instances: (0..INSTANCES).map(|index| instance(index).into()).collect(),
        ..Default::default()
    }
}

fn instance(index: usize) -> CcInstance {
    let some = |text: &str| Some(text.to_owned());
    let low = index % 250;
    CcInstance {
        image_id: some("emi-7F3A105C"),
        kernel_id: some("eki-1A2B3C4D"),
        ramdisk_id: some("eri-5E6F7A8B"),
        instance_id: Some(format!("i-{index:08X}")),
        instance_type: Some(VirtualMachine {
            name: some("m1.small"),
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            device_mapping: Vec::new(),
        }),
        key_name: Some(format!("ssh-rsa {} admin@eucalyptus", "AAAAB3NzaC1yc2E".repeat(18))),
        launch_time: Some(DateTime::from_unix(1_294_308_672 + index as i64)),
        state_name: some("Extant"),
        net_params: Some(NetConfig {
            private_mac_address: format!("D0:0D:00:00:{:02X}:{low:02X}", index / 250),
            private_ip: format!("192.168.{}.{low}", index / 250),
            public_ip: format!("10.1.{}.{low}", index / 250),
            vlan: 10,
            network_index: low as i32,
        }),
        owner_id: some("admin"),
        reservation_id: Some(format!("r-{index:08X}")),
        service_tag: Some(format!("http://10.0.0.{low}:8775/axis2/services/EucalyptusNC")),
        user_data: some("#!/bin/sh\necho \"a & b\" > /tmp/out\n"),
        launch_index: some("0"),
        platform: some("linux"),
        bundle_task_state_name: some("none"),
        group_names: vec!["default".into(), "webservers".into()],
        volumes: vec![Volume {
            volume_id: Some(format!("vol-{index:08X}")),
            remote_dev: some("/dev/etherd/e0.1"),
            local_dev: some("/dev/sdb"),
            state: some("attached"),
        }],
    }
}

/// The C program, see `gsoap/codec.c`.
struct Gsoap {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    file: PathBuf,
}

impl Gsoap {
    fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let commands = child.stdin.take().context("no stdin")?;
        let answers = BufReader::new(child.stdout.take().context("no stdout")?);
        let file = program.with_extension("xml");
        Ok(Self { child, commands, answers, file })
    }

    fn ask(&mut self, word: &str, argument: &str) -> Result<u64> {
        writeln!(self.commands, "{word} {argument}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().with_context(|| format!("gSOAP failed at {word} {argument}"))
    }

    fn load(&mut self, subject: &str, bytes: &[u8]) -> Result<()> {
        fs::write(&self.file, bytes)?;
        let path = self.file.to_str().context("the path is not UTF-8")?.to_owned();
        if self.ask(subject, &path)? != INSTANCES as u64 {
            bail!("gSOAP does not read every instance");
        }
        Ok(())
    }

    fn dump(&mut self) -> Result<Vec<u8>> {
        let path = self.file.to_str().context("the path is not UTF-8")?.to_owned();
        self.ask("dump", &path)?;
        Ok(fs::read(&self.file)?)
    }

    fn measure(&mut self, verb: &str, count: u32) -> Result<Duration> {
        Ok(Duration::from_micros(self.ask(verb, &count.to_string())?))
    }
}

impl Drop for Gsoap {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

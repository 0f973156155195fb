//! `make demo`: the main job of the product, step by step, against a real guest, as an operator would type it.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is what the demonstration is for")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use euca_tests::client::CcClient;
use euca_tests::cloud::Cloud;
use euca_tests::until;

/// Lines shown of what a command prints: a console begins with a long line of base64.
const SHOWN: usize = 8;

#[tokio::main]
async fn main() -> Result<()> {
    let guest = PathBuf::from(std::env::args_os().nth(1).context("usage: demo GUEST-FOLDER")?);
    let started = Instant::now();
    let step = |text: &str| println!("[{:6.1} s] {text}", started.elapsed().as_secs_f32());

    step("starting libvirtd, nc-daemon and cc-daemon on loopback addresses, with fresh keys");
    let cloud = Cloud::start(&guest).await?;
    let operator = Operator(&cloud.client);
    step("both are READY, and the cluster sees the node's capacity");
    operator.types(&["describeResources"]).await?;
    let [image, kernel, ramdisk] = ["root.img", "kernel", "ramdisk"].map(|file| cloud.images.url(file));
    let launch = ["runInstances", "emi-1", &image, "eki-1", &kernel, "1", "-1", "default", "eri-1", &ramdisk];
    let ran = operator.types(&[&launch[..], &["--memory", "128", "--disk", "1"]].concat()).await?;
    let id = ran.strip_prefix("Run: instance id: ").and_then(|rest| rest.split(' ').next());
    let id = id.with_context(|| format!("not launched: {ran}"))?;
    step(&format!("{id} is accepted"));
    operator.types(&["describeInstances"]).await?;
    operator.sees(id, "Extant").await?;
    step(&format!("{id} is Extant: QEMU runs, processes {:?}", cloud.libvirtd.domain_pids()));
    ensure!(cloud.libvirtd.domain_pids().len() == 1, "not one domain");
    operator.sees_boot(id, 1).await?;
    step("its console shows the first boot");
    operator.types(&["rebootInstances", id]).await?;
    operator.sees_boot(id, 2).await?;
    step("its console shows the second boot");
    operator.types(&["getConsoleOutput", id]).await?;
    operator.types(&["terminateInstances", id]).await?;
    operator.sees(id, "Teardown").await?;
    operator.types(&["describeInstances"]).await?;
    ensure!(cloud.libvirtd.domain_pids().is_empty(), "a domain is left");
    ensure!(cloud.instance_files()?.is_empty(), "files are left");
    step("it is in Teardown; no domain and no file of it is left");
    cloud.stop()?;
    step("both daemons ended on SIGTERM");
    Ok(())
}

struct Operator<'a>(&'a CcClient);

impl Operator<'_> {
    /// Shows a command and what it prints.
    async fn types(&self, arguments: &[&str]) -> Result<String> {
        println!("           $ {}", self.0.command_line(arguments));
        let output = self.0.ask(arguments).await?;
        let lines: Vec<&str> = output.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(SHOWN)) {
            println!("           | {}", line.trim_end());
        }
        Ok(output)
    }

    /// Waits until an instance is in a state.
    async fn sees(&self, id: &str, state: &str) -> Result<()> {
        until(&format!("{id} to be {state}"), async || {
            let described = self.0.ask(&["describeInstances"]).await?;
            let line = described.lines().find(|line| line.contains(&format!(" instanceId={id} ")));
            Ok(line.with_context(|| format!("{id} is not listed"))?.contains(&format!(" state={state} ")))
        })
        .await
    }

    /// Waits until an instance's console shows that it has booted for the `boot`th time; QEMU's translator takes
    /// some ten seconds for it.
    async fn sees_boot(&self, id: &str, boot: u32) -> Result<()> {
        let banner = format!("EUCA-GUEST-BOOT {boot}");
        until(&banner, async || Ok(self.0.ask(&["getConsoleOutput", id]).await?.contains(&banner))).await
    }
}

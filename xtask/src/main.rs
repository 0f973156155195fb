//! Repository tasks. `cargo xtask codegen` turns the WSDLs into the message types of `euca-wire`.

mod emit;
mod wsdl;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Repository tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate crates/wire/src/generated/ from wsdl/2.0.1/.
    Codegen {
        /// Write nothing; fail when a generated file differs from what the WSDL gives.
        #[arg(long)]
        check: bool,
    },
}

/// WSDL file, Rust module, and service trait of each service.
const SERVICES: [(&str, &str, &str); 3] = [
    ("eucalyptus_cc.wsdl", "cc", "Cluster"),
    ("eucalyptus_nc.wsdl", "nc", "Node"),
    ("eucalyptus_gl.wsdl", "gl", "Log"),
];

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Codegen { check } => codegen(check),
    }
}

fn codegen(check: bool) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent folder")?;
    let target = root.join("crates/wire/src/generated");
    for (file, module, api) in SERVICES {
        let source = root.join("wsdl/2.0.1").join(file);
        let text =
            std::fs::read_to_string(&source).with_context(|| format!("reading {}", source.display()))?;
        let service = wsdl::parse(&text).with_context(|| format!("in {}", source.display()))?;
        let code = rustfmt(&emit::module(&service, file, api))?;
        write(&target.join(format!("{module}.rs")), &code, check)?;
    }
    Ok(())
}

fn write(path: &PathBuf, code: &str, check: bool) -> Result<()> {
    if check {
        let present = std::fs::read_to_string(path).unwrap_or_default();
        ensure!(present == code, "{} is stale: run `cargo xtask codegen`", path.display());
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, code).with_context(|| format!("writing {}", path.display()))
}

fn rustfmt(code: &str) -> Result<String> {
    use std::io::Write as _;
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "max_width=110,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt")?;
    child.stdin.take().context("rustfmt without standard input")?.write_all(code.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refused the generated code");
    }
    Ok(String::from_utf8(output.stdout)?)
}

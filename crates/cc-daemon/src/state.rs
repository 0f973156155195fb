//! `cc-daemon state …`: the durable state in the hands of an operator. Works on the file itself, so only while no
//! cluster controller runs on it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use euca_cluster::State;
use euca_config::Home;
use euca_store::{Document, Error, StateFile};

/// What can be done with the state.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the state as a JSON document, one record a line.
    Export {
        /// Where to write it, readable by its owner only; standard output without it.
        file: Option<PathBuf>,
    },
    /// Replace the state by a document that was exported. Refused while there is a state, and for a document that the
    /// cluster controller could not start with.
    Import {
        /// The document; standard input without it.
        file: Option<PathBuf>,
        /// Replace a state that is not empty. It is lost.
        #[arg(long)]
        force: bool,
    },
    /// Verify every page and every record, and say what there is.
    Check,
    /// Forget everything, as the original's cleanstart does: the instances are learnt again from the nodes.
    Clean,
}

/// Carries the command out.
///
/// # Errors
/// The state is in use, cannot be read or written, or is not what the command wants.
pub fn run(home: &Home, command: Command) -> Result<()> {
    let path = home.cc_state_file();
    match command {
        Command::Export { file } => {
            let document = Document::of(&existing(&path)?)?;
            match file {
                Some(file) => {
                    let to =
                        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&file);
                    document
                        .write(BufWriter::new(to.with_context(|| format!("writing {}", file.display()))?))?;
                }
                None => document.write(io::stdout().lock())?,
            }
        }
        Command::Import { file, force } => {
            let document = match &file {
                Some(file) => {
                    let from = File::open(file).with_context(|| format!("reading {}", file.display()))?;
                    Document::read(BufReader::new(from))?
                }
                None => Document::read(io::stdin().lock())?,
            };
            let state = State::read(&document)?;
            let mut present = StateFile::open(&path)?;
            if !force && !Document::of(&present)?.is_empty() {
                bail!("there is a state in {} already; --force replaces it", path.display());
            }
            present.replace(&document)?;
            // Whoever imports it, the file belongs to the user the daemon runs as.
            let owner = fs::metadata(home.cc_state()).context("looking at the folder of the state")?;
            chown(&path, Some(owner.uid()), Some(owner.gid())).context("giving the state to its owner")?;
            say(&state)?;
        }
        Command::Check => say(&State::read(&existing(&path)?)?)?,
        Command::Clean => clean(&home.cc_state(), &path)?,
    }
    Ok(())
}

/// The state, which must be there: reading begins none.
fn existing(path: &Path) -> Result<StateFile> {
    if !path.try_exists().with_context(|| format!("looking for {}", path.display()))? {
        bail!("there is no state in {}", path.display());
    }
    Ok(StateFile::open(path)?)
}

/// Deletes every file in the folder, whatever release has left it there.
fn clean(folder: &Path, path: &Path) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("reading {}", folder.display()))?,
    };
    // Held until everything is gone. That a file cannot be read is no reason not to delete it; one in use is.
    let held = match StateFile::open(path) {
        Err(error @ (Error::InUse(_) | Error::Open { .. })) => return Err(error.into()),
        held => held,
    };
    for entry in entries {
        let entry = entry.with_context(|| format!("reading {}", folder.display()))?;
        if !entry.file_type()?.is_dir() {
            fs::remove_file(entry.path()).with_context(|| format!("deleting {}", entry.path().display()))?;
        }
    }
    drop(held);
    // The lock was taken on a file that may have been begun after the folder was read.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("deleting {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn say(state: &State) -> Result<()> {
    writeln!(io::stdout(), "{state}").context("writing the summary")
}

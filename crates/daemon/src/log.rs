//! The log. To the file `cc.log` or `nc.log` in the original's line format, because monitoring reads it and
//! GetLogs hands it out (deployment.md §3), and to standard error for the service manager.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use euca_config::{LogLevel, LogTarget, Notice, Severity};
use tracing::{Event, Level, Subscriber};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

/// `MAXLOGFILESIZE`, in bytes: a larger file is moved aside before the next line.
const MAX_FILE_BYTES: u64 = 32_768_000;

/// Old files kept, `.0` the youngest.
const OLD_FILES: u32 = 6;

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file.
    #[error("cannot open the log file {}", path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// There is a log already.
    #[error("the log is open already")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// The open log. Lines are written by threads of its own; dropping it writes what is left.
pub struct Log {
    level: reload::Handle<LevelFilter, Registry>,
    lost: Vec<ErrorCounter>,
    _writers: Vec<WorkerGuard>,
}

impl Log {
    /// Opens the log of this process.
    ///
    /// # Errors
    /// [`LogError`].
    pub fn open(target: LogTarget, level: LogLevel, path: &Path) -> Result<Self, LogError> {
        let (filter, level) = reload::Layer::new(filter(level));
        let (mut writers, mut lost) = (Vec::new(), Vec::new());
        let mut background = |writer: Box<dyn Write + Send>| -> NonBlocking {
            let (writer, guard) = tracing_appender::non_blocking(writer);
            writers.push(guard);
            lost.push(writer.error_counter());
            writer
        };
        let file = match target {
            LogTarget::File | LogTarget::Both => {
                let file = RotatingFile::open(path, MAX_FILE_BYTES)
                    .map_err(|source| LogError::Open { path: path.to_owned(), source })?;
                let layer = tracing_subscriber::fmt::layer()
                    .event_format(Lines(Head::Original))
                    .fmt_fields(DefaultFields::new())
                    .with_ansi(false)
                    .with_writer(background(Box::new(file)));
                Some(layer.boxed())
            }
            LogTarget::Stderr => None,
        };
        let stderr = match target {
            LogTarget::Stderr | LogTarget::Both => {
                let layer = tracing_subscriber::fmt::layer().with_writer(background(Box::new(io::stderr())));
                Some(match is_journal(io::stderr()) {
                    true => {
                        let layer = layer.event_format(Lines(Head::Journal));
                        layer.fmt_fields(DefaultFields::new()).with_ansi(false).boxed()
                    }
                    false => layer.with_ansi(io::stderr().is_terminal()).with_target(false).boxed(),
                })
            }
            LogTarget::File => None,
        };
        tracing_subscriber::registry().with(filter).with(file).with(stderr).try_init()?;
        Ok(Self { level, lost, _writers: writers })
    }

    /// Lines that came faster than they could be written, and were lost.
    pub fn lost_lines(&self) -> u64 {
        self.lost.iter().map(|lost| lost.dropped_lines() as u64).sum()
    }

    /// Changes what is written from now on (`LOGLEVEL`).
    pub fn set_level(&self, level: LogLevel) {
        // Fails only when the subscriber is gone, and with it the log.
        let _ = self.level.reload(filter(level));
    }
}

/// Logs what reading the configuration found worth saying.
pub fn tell(notice: &Notice) {
    match notice.severity {
        Severity::Warning => tracing::warn!("{notice}"),
        _ => tracing::info!("{notice}"),
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal => LevelFilter::ERROR,
    }
}

/// Whether what is written to `stream` goes to the journal, by systemd.exec's `$JOURNAL_STREAM`.
fn is_journal(stream: impl AsFd) -> bool {
    let announced = std::env::var("JOURNAL_STREAM").ok();
    let announced = announced.as_deref().and_then(|stream| stream.split_once(':'));
    let Some((device, inode)) = announced else { return false };
    nix::sys::stat::fstat(stream)
        .is_ok_and(|stat| device.parse() == Ok(stat.st_dev) && inode.parse() == Ok(stat.st_ino))
}

/// One line for an event: a head, the message, the event's fields and those of its spans.
struct Lines(Head);

/// What a line begins with.
enum Head {
    /// `[ctime][pid][level] ` (deployment.md §3.2).
    Original,
    /// `<N>`, the priority in the journal (sd-daemon(3)), which knows time and process.
    Journal,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let (level, priority) = match *event.metadata().level() {
            Level::ERROR => ("EUCAERROR", 3),
            Level::WARN => ("EUCAWARN", 4),
            Level::INFO => ("EUCAINFO", 6),
            Level::DEBUG => ("EUCADEBUG", 7),
            Level::TRACE => ("EUCADEBUG2", 7),
        };
        match self.0 {
            Head::Original => {
                let now = chrono::Local::now().format("%a %b %e %H:%M:%S %Y");
                write!(line, "[{now}][{:06}][{level:<10}] ", std::process::id())?;
            }
            Head::Journal => write!(line, "<{priority}>")?,
        }
        let mut text = OneLine(line.by_ref());
        context.field_format().format_fields(Writer::new(&mut text), event)?;
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<N>>().filter(|fields| !fields.is_empty()) {
                write!(text, " {fields}")?;
            }
        }
        writeln!(line)
    }
}

/// Writes control characters as Rust does in literals: text of a peer must not begin a line of its own.
struct OneLine<'a>(Writer<'a>);

impl std::fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for part in text.split_inclusive(char::is_control) {
            let control = part.chars().next_back().filter(|last| last.is_control());
            self.0.write_str(part.strip_suffix(char::is_control).unwrap_or(part))?;
            control.map_or(Ok(()), |control| write!(self.0, "{}", control.escape_default()))?;
        }
        Ok(())
    }
}

/// An append-only file that moves itself aside when it is full, and follows its path when somebody else moves it.
struct RotatingFile {
    path: PathBuf,
    file: File,
    max_bytes: u64,
}

impl RotatingFile {
    fn open(path: &Path, max_bytes: u64) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), file: append(path)?, max_bytes })
    }

    fn prepare(&mut self) -> io::Result<()> {
        let open = self.file.metadata()?;
        let there = std::fs::metadata(&self.path).ok();
        let moved = there.is_none_or(|there| (there.dev(), there.ino()) != (open.dev(), open.ino()));
        if !moved && open.len() <= self.max_bytes {
            return Ok(());
        }
        if !moved {
            for index in (0..OLD_FILES - 1).rev() {
                let _ = std::fs::rename(self.old(index), self.old(index + 1));
            }
            std::fs::rename(&self.path, self.old(0))?;
        }
        self.file = append(&self.path)?;
        Ok(())
    }

    fn old(&self, index: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{index}"));
        name.into()
    }
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A log that cannot be rotated is still a log.
        let _ = self.prepare();
        self.file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o640).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_moves_aside_and_six_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cc.log");
        let mut log = RotatingFile::open(&path, 10).unwrap();
        for line in 0..20 {
            log.write_all(format!("line {line:06}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        assert_eq!(read("cc.log"), "line 000019\n");
        assert_eq!(read("cc.log.0"), "line 000018\n");
        assert_eq!(read("cc.log.5"), "line 000013\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 7);
    }

    #[test]
    fn a_file_somebody_moved_is_opened_again_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nc.log");
        let mut log = RotatingFile::open(&path, 1000).unwrap();
        writeln!(log, "before").unwrap();
        std::fs::rename(&path, folder.path().join("nc.log.old")).unwrap();
        writeln!(log, "after").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "after\n");
    }

    /// What is written of a warning with a forged line in it.
    fn warning(head: Head) -> String {
        let (sink, read) = std::os::unix::net::UnixStream::pair().unwrap();
        let layer = tracing_subscriber::fmt::layer()
            .event_format(Lines(head))
            .with_ansi(false)
            .with_writer(move || sink.try_clone().unwrap());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("call", user = "alice");
            let said = "no\n[forged]";
            span.in_scope(|| tracing::warn!(node = "n1", %said, "poll failed"));
        });
        io::read_to_string(read).unwrap()
    }

    const WARNING: &str = "poll failed node=\"n1\" said=no\\n[forged] user=\"alice\"\n";

    #[test]
    fn a_line_is_in_the_original_format() {
        let line = warning(Head::Original);
        let (time, rest) = line.strip_prefix('[').unwrap().split_once(']').unwrap();
        assert!(chrono::NaiveDateTime::parse_from_str(time, "%a %b %e %H:%M:%S %Y").is_ok(), "{time}");
        let pid = std::process::id();
        assert_eq!(rest, format!("[{pid:06}][EUCAWARN  ] {WARNING}"));
    }

    #[test]
    fn a_line_for_the_journal_has_its_priority() {
        assert_eq!(warning(Head::Journal), format!("<4>{WARNING}"));
    }
}

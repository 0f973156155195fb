//! Noticing that a configuration file changed (cluster-controller.md §3.5): the files are looked at before each
//! polling cycle and on SIGHUP; the last good values stay in force while the files cannot be used.

use crate::cc::Hot;
use crate::error::Error;
use crate::files::{Files, Stamp};
use crate::home::Home;
use crate::reading::Reading;
use crate::report::{Notice, Severity};

/// Looks at the files of a running cluster controller.
#[derive(Debug)]
pub struct Watch {
    home: Home,
    /// The files as they were when last read.
    seen: [Option<Stamp>; 2],
    hot: Hot,
    /// What was last said about unusable files, to say it once.
    complaint: Option<String>,
}

impl Watch {
    /// Starts from files already read, and the settings they gave.
    pub fn new(files: &Files, hot: Hot) -> Self {
        Self { home: files.home().clone(), seen: files.stamps(), hot, complaint: None }
    }

    /// The values in force.
    pub fn hot(&self) -> &Hot {
        &self.hot
    }

    /// The new values and what to say about them, if a file changed (newer, older, replaced, gone) and the
    /// values did too. Stats two files, and reads them if they changed; blocks on the disk.
    ///
    /// # Errors
    /// The changed files cannot be used. The values in force stay, [`Self::hot`] has them; the same complaint
    /// is not made twice in a row.
    pub fn check(&mut self) -> Result<Option<(Hot, Vec<Notice>)>, Error> {
        let now = Stamp::now(&self.home);
        if now == self.seen && self.complaint.is_none() {
            return Ok(None);
        }
        match self.read() {
            Ok((hot, notices)) => {
                self.complaint = None;
                if hot == self.hot {
                    return Ok(None);
                }
                self.hot.clone_from(&hot);
                Ok(Some((hot, notices)))
            }
            Err(error) => {
                // Permissions and other causes outside the file heal without a new stamp: read again next time.
                let complaint = Some(error.to_string());
                if complaint == self.complaint {
                    return Ok(None);
                }
                self.complaint = complaint;
                Err(error)
            }
        }
    }

    fn read(&mut self) -> Result<(Hot, Vec<Notice>), Error> {
        let files = Files::read(&self.home)?;
        self.seen = files.stamps();
        let mut reading = Reading::start(&files)?;
        let hot = Hot::read(&mut reading)?;
        reading.notices.retain(|notice| notice.severity == Severity::Warning);
        Ok((hot, reading.notices))
    }
}

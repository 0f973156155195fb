//! EucalyptusGL: hands out the certificates and logs of its host (deployment.md §10). The service is unauthenticated,
//! so what it reads is fixed: named files, bounded in size. [`Local`] is the whole service of a host that relays to no
//! other.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use euca_wire::{Fault, LogApi, gl};

/// The `serviceTag` that means the host itself.
pub const SELF: &str = "self";
/// How much of a log is handed out: 128 KiB.
const LOG_BYTES: u64 = 131_072;
/// How much of a certificate file is read.
const KEY_BYTES: u64 = 1_024_000;

/// Where the files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFiles {
    /// Directory of `cluster-cert.pem` and `node-cert.pem`.
    pub keys: PathBuf,
    /// Directory of `cc.log`, `nc.log`, `httpd-nc_error_log` or `httpd-cc_error_log`, and `axis2c.log`.
    pub logs: PathBuf,
}

impl HostFiles {
    /// The certificates of cluster and node, in base64; `None` for what is not there or empty.
    pub async fn keys(&self) -> [Option<String>; 2] {
        let keys = self.keys.clone();
        let certificates = move || {
            ["cluster-cert.pem", "node-cert.pem"].map(|name| read(&keys.join(name), Part::Last, KEY_BYTES))
        };
        off_the_runtime(certificates).await
    }

    /// The ends of the logs of CC and NC, and the beginnings of those that httpd and Axis2 left, in base64; `None` for
    /// what is not there or empty.
    pub async fn logs(&self) -> [Option<String>; 4] {
        let logs = self.logs.clone();
        let texts = move || {
            let log = |name: &str, part| read(&logs.join(name), part, LOG_BYTES);
            let first = |name: &str| log(name, Part::First);
            let httpd = first("httpd-nc_error_log").or_else(|| first("httpd-cc_error_log"));
            [log("cc.log", Part::Last), log("nc.log", Part::Last), httpd, first("axis2c.log")]
        };
        off_the_runtime(texts).await
    }
}

/// EucalyptusGL of a host that knows no other: whatever is asked of another is answered with nothing.
#[derive(Debug, Clone)]
pub struct Local(HostFiles);

impl Local {
    /// The service of these files.
    pub fn new(files: HostFiles) -> Self {
        Self(files)
    }
}

impl LogApi for Local {
    type Error = Fault;

    async fn get_keys(&self, request: gl::GetKeys) -> Result<gl::GetKeysResponse, Fault> {
        let Some(tag) = &request.service_tag else { return Ok(request.answer(false)) };
        let [cc_cert, nc_cert] = if tag == SELF { self.0.keys().await } else { Default::default() };
        Ok(gl::GetKeysResponse { service_tag: Some(tag.clone()), cc_cert, nc_cert, ..request.answer(true) })
    }

    async fn get_logs(&self, request: gl::GetLogs) -> Result<gl::GetLogsResponse, Fault> {
        let Some(tag) = &request.service_tag else { return Ok(request.answer(false)) };
        let logs = if tag == SELF { self.0.logs().await } else { Default::default() };
        let [cc_log, nc_log, httpd_log, axis2_log] = logs;
        let service_tag = Some(tag.clone());
        Ok(gl::GetLogsResponse { service_tag, cc_log, nc_log, httpd_log, axis2_log, ..request.answer(true) })
    }
}

/// Reads files where that may block. Nothing comes of it when the runtime is shutting down.
async fn off_the_runtime<T: Default + Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

/// Which bytes of a file are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    First,
    Last,
}

/// At most `limit` bytes of a file up to the first NUL, in base64; `None` when there is nothing.
fn read(path: &Path, part: Part, limit: u64) -> Option<String> {
    let mut bytes = read_bytes(path, part, limit)
        .inspect_err(|error| tracing::debug!(file = %path.display(), %error, "file is not handed out"))
        .ok()?;
    if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
        bytes.truncate(end);
    }
    (!bytes.is_empty()).then(|| BASE64.encode(bytes))
}

fn read_bytes(path: &Path, part: Part, limit: u64) -> std::io::Result<Vec<u8>> {
    // Opening anything else, a pipe for example, may never return.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut file = File::open(path)?;
    if part == Part::Last {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_host_tells_of_itself_and_of_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("node-cert.pem"), "certificate").unwrap();
        std::fs::write(at("nc.log"), [vec![b'a'; 10], vec![b'b'; 131_072]].concat()).unwrap();
        std::fs::write(at("cc.log"), "text\0not shown").unwrap();
        std::fs::write(at("axis2c.log"), "").unwrap();
        std::fs::create_dir(at("httpd-nc_error_log")).unwrap();
        std::fs::write(at("httpd-cc_error_log"), [vec![b'h'; 131_072], vec![b'i'; 10]].concat()).unwrap();
        let files = HostFiles { keys: folder.path().to_owned(), logs: folder.path().to_owned() };
        let local = Local::new(files);
        let text = |field: &Option<String>| {
            field.as_ref().map(|text| String::from_utf8(BASE64.decode(text).unwrap()).unwrap())
        };
        for (tag, return_, known) in
            [(Some(SELF), true, true), (Some("http://127.0.0.1:8775/"), true, false), (None, false, false)]
        {
            let service_tag = tag.map(str::to_owned);
            let request = gl::GetKeys { service_tag: service_tag.clone(), ..Default::default() };
            let keys = local.get_keys(request).await.unwrap();
            assert_eq!((keys.return_, &keys.service_tag), (Some(return_), &service_tag), "{tag:?}");
            let certificate = known.then(|| "certificate".to_owned());
            assert_eq!((text(&keys.cc_cert), text(&keys.nc_cert)), (None, certificate), "{tag:?}");
            let request = gl::GetLogs { service_tag: service_tag.clone(), ..Default::default() };
            let logs = local.get_logs(request).await.unwrap();
            assert_eq!((logs.return_, &logs.service_tag), (Some(return_), &service_tag), "{tag:?}");
            let said = [&logs.cc_log, &logs.nc_log, &logs.httpd_log, &logs.axis2_log].map(text);
            let expected =
                [Some("text".to_owned()), Some("b".repeat(131_072)), Some("h".repeat(131_072)), None];
            assert_eq!(said, if known { expected } else { Default::default() }, "{tag:?}");
        }
    }
}

//! Bundling by real programs of this host: shell scripts in the place of euca2ools.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not recognise as such")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_command::Programs;
use euca_image::bundle::{Bundle, Destination};
use euca_node::{BundlePrograms, Bundler, Error, ProgramBundler};
use tempfile::TempDir;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

struct Bench {
    root: TempDir,
    bundler: Arc<ProgramBundler>,
}

impl Bench {
    /// `upload` and `delete` are the bodies of scripts.
    fn new(upload: &str, delete: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let script = |name: &str, body: &str| {
            let path = root.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let programs = BundlePrograms {
            upload: script("euca-bundle-upload", upload),
            check: script("euca-check-bucket", "exit 0"),
            delete: script("euca-delete-bundle", delete),
            keys: root.path().join("keys"),
        };
        let bundler = Arc::new(ProgramBundler::new(programs, Arc::new(Programs::default())));
        Self { root, bundler }
    }

    /// The task of an instance whose user has the access key `user`.
    fn task(&self, instance: &str, user: &str) -> Bundle {
        let work = self.root.path().join(instance);
        fs::create_dir(&work).unwrap();
        let to = Destination {
            bucket: "bucket".to_owned(),
            prefix: "prefix".to_owned(),
            walrus_url: format!("http://{user}"),
            access_key: user.to_owned(),
            policy: "e30=".to_owned(),
            policy_signature: "c2ln".to_owned(),
        };
        Bundle { to, image: self.root.path().join("disk"), work, kernel: None, ramdisk: None }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn st_t120_each_upload_has_its_own_account() {
    // The first waits until the second has begun.
    let upload = r#"env | sort > "$4/env"; echo "$@" > "$4/arguments"
        while [ ! -f "$4/../i-1/env" ] || [ ! -f "$4/../i-2/env" ]; do sleep 0.05; done; env | sort > "$4/after""#;
    let bench = Bench::new(upload, "exit 0");
    let tasks = [bench.task("i-1", "ALICE"), bench.task("i-2", "BOB")];
    let abort = CancellationToken::new();
    let (first, second) =
        tokio::join!(bench.bundler.bundle(&tasks[0], &abort), bench.bundler.bundle(&tasks[1], &abort));
    first.unwrap();
    second.unwrap();
    let keys = bench.root.path().join("keys").display().to_string();
    for (task, user) in tasks.iter().zip(["ALICE", "BOB"]) {
        let environment = read(&task.work.join("env"));
        let expected = [
            ("EC2_ACCESS_KEY", user.to_owned()),
            ("EC2_CERT", format!("{keys}/node-cert.pem")),
            ("EC2_SECRET_KEY", "IGNORED".to_owned()),
            ("EC2_USER_ID", "123456789012".to_owned()),
            ("EUCALYPTUS_CERT", format!("{keys}/cloud-cert.pem")),
            ("EUCA_CERT", format!("{keys}/node-cert.pem")),
            ("EUCA_PRIVATE_KEY", format!("{keys}/node-pk.pem")),
            ("S3_URL", format!("http://{user}")),
        ];
        for (name, value) in expected {
            assert!(environment.contains(&format!("{name}={value}\n")), "{name} in {environment}");
        }
        assert_eq!(read(&task.work.join("after")), environment);
        let arguments = format!(
            "-i {} -d {} -b bucket -c e30= --policysignature c2ln --euca-auth\n",
            task.image.display(),
            task.work.display()
        );
        assert_eq!(read(&task.work.join("arguments")), arguments);
    }
    assert!(std::env::var_os("EC2_ACCESS_KEY").is_none(), "nothing of it is in our own");
}

/// State of a process in the kernel's table; nothing when it is not there any more.
fn state(id: &str) -> Option<char> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

#[tokio::test]
async fn st_t121_a_cancelled_upload_dies_with_all_it_has_started_and_its_remains_are_deleted() {
    // The deletion writes down which of the upload's processes are there to see it.
    let upload =
        r#"sleep 1000 & echo $! > "$4/child.new"; echo $$ > "$4/leader"; mv "$4/child.new" "$4/child"; wait"#;
    let bench = Bench::new(upload, r#"echo "$@" > "$(dirname "$0")/deleted""#);
    let task = bench.task("i-1", "ALICE");
    let abort = CancellationToken::new();
    let (bundler, cancelled) = (Arc::clone(&bench.bundler), abort.clone());
    let work = task.work.clone();
    let upload = tokio::spawn(async move { bundler.bundle(&task, &cancelled).await });
    let begun = Instant::now();
    while !work.join("child").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the upload does not begin");
        sleep(Duration::from_millis(10)).await;
    }
    let cancelled = Instant::now();
    abort.cancel();
    assert!(matches!(upload.await.unwrap(), Err(Error::Canceled)));
    assert!(cancelled.elapsed() < Duration::from_secs(30), "{:?}", cancelled.elapsed());
    assert_eq!(read(&bench.root.path().join("deleted")), "-b bucket -p prefix --euca-auth\n");
    let (leader, child) = (read(&work.join("leader")), read(&work.join("child")));
    let gone = |id: &str| state(id.trim()).is_none_or(|state| state == 'Z');
    while !(gone(&leader) && gone(&child)) {
        assert!(cancelled.elapsed() < Duration::from_secs(60), "the upload lives on");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_program_that_is_missing_is_found_out_before_the_guest_is_shut_down() {
    let bench = Bench::new("exit 0", "exit 0");
    let task = bench.task("i-1", "ALICE");
    bench.bundler.check(&task.to).unwrap();
    fs::remove_file(bench.root.path().join("euca-bundle-upload")).unwrap();
    assert!(matches!(bench.bundler.check(&task.to), Err(Error::NoProgram(_))));
    let bundled = bench.bundler.bundle(&task, &CancellationToken::new()).await;
    assert!(matches!(bundled, Err(Error::Command(_))), "{bundled:?}");
}

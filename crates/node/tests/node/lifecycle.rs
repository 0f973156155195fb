//! RunInstance, TerminateInstance, RebootInstance (node-controller.md §18).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Create, Destroy, State};
use euca_wire::{NodeApi, nc};

use crate::bench::{Bench, IMAGE, KERNEL, RAMDISK, admin, request, seconds};

#[tokio::test(start_paused = true)]
async fn nc_040_an_instance_is_pending_until_a_pass_has_seen_its_domain() {
    let bench = Bench::new().await;
    seconds(1).await;
    let response = bench.run("i-1").await;
    assert_eq!(response.return_, Some(true));
    assert_eq!(response.user_id.as_deref(), Some("admin"));
    let instance = response.instance.unwrap();
    assert_eq!(
        (instance.state_name.as_str(), instance.bundle_task_state_name.as_deref()),
        ("Pending", Some("none"))
    );
    seconds(1).await;
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running), "created");
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"), "and not seen yet");
    assert_eq!(bench.timeline("i-1", 30).await, "Pending Extant");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 1);

    let directory = bench.directory("admin", "i-1");
    let xml = bench.hypervisor.xml("i-1").unwrap();
    assert_eq!(std::fs::read_to_string(directory.join("libvirt.xml")).unwrap(), xml);
    for part in ["/kernel</kernel>", "/ramdisk</initrd>", "root=/dev/sda1", "<memory>524288</memory>", "br0"]
    {
        assert!(xml.contains(part), "{part} missing in {xml}");
    }
    assert_eq!(std::fs::read(directory.join("kernel")).unwrap(), KERNEL.as_bytes());
    assert_eq!(std::fs::read(directory.join("ramdisk")).unwrap(), RAMDISK.as_bytes());
    let disk = std::fs::read(directory.join("disk")).unwrap();
    assert_eq!(&disk[63 * 512..63 * 512 + IMAGE.len()], IMAGE.as_bytes(), "the image is partition 1");
}

#[tokio::test(start_paused = true)]
async fn an_id_runs_once_in_whatever_state_it_is() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    let again = bench.run("i-1").await;
    assert_eq!((again.return_, again.instance), (Some(false), None), "nc_041");
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    bench.terminate("i-1").await.unwrap();
    seconds(20).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Teardown"));
    assert_eq!(bench.run("i-1").await.return_, Some(false), "nc_042");

    let mut accepted = 0;
    for _ in 0..10 {
        accepted += i32::from(bench.run("i-2").await.return_ == Some(true));
    }
    seconds(10).await;
    assert_eq!((accepted, bench.hypervisor.count(Create, "i-2")), (1, 1), "nc_060");
}

#[tokio::test(start_paused = true)]
async fn kernel_and_ramdisk_decide_how_the_guest_boots() {
    let bench = Bench::new().await;
    // name, id, kernel id, ramdisk id, present, absent
    type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, Parts, Parts);
    type Parts = &'static [&'static str];
    let both: Parts = &["<kernel>", "<initrd>", "<cmdline>", "sda"];
    let rows: [Row; 5] = [
        ("st_t088", "i-5", Some("eki-1"), Some("eri-1"), both, &["hda"]),
        ("nc_043", "i-1", Some("eki-1"), None, &["<kernel>", "<cmdline>", "sda"], &["initrd"]),
        ("nc_044 st_t088", "i-2", None, None, &["hda", "rtl8139"], &["<kernel>", "initrd", "cmdline", "fda"]),
        ("empty ids", "i-3", Some(""), Some(""), &["hda", "rtl8139"], &["<kernel>", "initrd"]),
        ("ramdisk only", "i-4", None, Some("eri-1"), &["initrd", "<cmdline>"], &["<kernel>"]),
    ];
    for (name, id, kernel, ramdisk, present, absent) in rows {
        let request = nc::NcRunInstance {
            kernel_id: kernel.map(str::to_owned),
            ramdisk_id: ramdisk.map(str::to_owned),
            ..request(id)
        };
        assert_eq!(bench.run_request(request).await.return_, Some(true), "{name}");
        assert_eq!(bench.timeline(id, 12).await, "Pending Extant", "{name}");
        let xml = bench.hypervisor.xml(id).unwrap();
        for part in present {
            assert!(xml.contains(part), "{name}: {part} missing in {xml}");
        }
        for part in absent {
            assert!(!xml.contains(part), "{name}: {part} in {xml}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nc_045_windows_with_a_key_gets_a_floppy_and_tells_its_password_on_the_console() {
    let bench = Bench::new().await;
    let key = openssl::rsa::Rsa::generate(2048).unwrap();
    let field = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    // As OpenSSH writes numbers: a leading zero keeps them positive.
    let modulus = [&[0][..], &key.n().to_vec()].concat();
    let public = [field(b"ssh-rsa"), field(&key.e().to_vec()), field(&modulus)].concat();
    let key_name = format!("ssh-rsa {} alice@host", STANDARD.encode(public));
    let platform = Some("windows2008".to_owned());
    bench.run_request(nc::NcRunInstance { platform, key_name, ..request("i-1") }).await;
    assert_eq!(bench.timeline("i-1", 12).await, "Pending Extant");
    let xml = bench.hypervisor.xml("i-1").unwrap();
    assert!(xml.contains("hda") && xml.contains("fda") && !xml.contains("<kernel>"), "{xml}");
    let directory = bench.directory("admin", "i-1");
    assert!(directory.join("floppy").exists());
    std::fs::write(directory.join("console.log"), "booted").unwrap();
    let request = nc::NcGetConsoleOutput { instance_id: "i-1".to_owned(), ..admin() };
    let console = bench.node.nc_get_console_output(request).await.unwrap().console_output;
    let console = String::from_utf8(STANDARD.decode(console).unwrap()).unwrap();
    let (password, rest) =
        console.strip_prefix("<Password>\r\n").unwrap().split_once("\r\n</Password>").unwrap();
    assert!(rest.ends_with("booted"), "{rest}");
    let mut plain = vec![0; 256];
    let length =
        key.private_decrypt(&STANDARD.decode(password).unwrap(), &mut plain, openssl::rsa::Padding::PKCS1);
    assert!(length.unwrap() >= 12);
}

#[tokio::test(start_paused = true)]
async fn nc_055_a_key_that_cannot_be_put_into_the_disk_does_not_keep_the_guest_from_running() {
    for (strict, life) in [(false, "Pending Extant"), (true, "Pending Extant Teardown")] {
        let bench = Bench::with(|settings| settings.stage.strict_keys = strict).await;
        // No file system at all: whoever is to write a key into it fails.
        bench.images.put(IMAGE, Some(vec![7; 1 << 20]));
        let key_name = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ alice@example".to_owned();
        let with_key = nc::NcRunInstance { key_name, ..request("i-1") };
        assert_eq!(bench.run_request(with_key).await.return_, Some(true));
        assert_eq!(bench.timeline("i-1", 30).await, life, "unless the site wants it so");
    }
}

#[tokio::test(start_paused = true)]
async fn nc_046_st_t088_windows_without_a_key_boots_its_disk_without_a_floppy() {
    let bench = Bench::new().await;
    let platform = Some("windows2008".to_owned());
    let windows = nc::NcRunInstance { platform, key_name: String::new(), ..request("i-1") };
    assert_eq!(bench.run_request(windows).await.return_, Some(true));
    assert_eq!(bench.timeline("i-1", 12).await, "Pending Extant");
    let xml = bench.hypervisor.xml("i-1").unwrap();
    assert!(xml.contains("hda") && !xml.contains("fda") && !xml.contains("<kernel>"), "{xml}");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_fails_ends_torn_down_with_nothing_left() {
    let bench = Bench::new().await;
    type Change = fn(&mut nc::NcRunInstance);
    let rows: [(&str, Change, usize); 6] = [
        ("nc_047: no disk", |request| request.instance_type.disk = Some(0), 0),
        ("image missing", |request| request.image_url = "http://127.0.0.1:8773/none".to_owned(), 0),
        ("kernel missing", |request| request.kernel_url = None, 0),
        ("no such MAC", |request| request.net_params.private_mac_address = "(null)".to_owned(), 0),
        ("negative memory", |request| request.instance_type.memory = Some(-1), 0),
        ("negative disk", |request| request.instance_type.disk = Some(i32::MIN), 0),
    ];
    for (index, (name, change, created)) in rows.into_iter().enumerate() {
        let id = format!("i-{index}");
        let mut request = request(&id);
        change(&mut request);
        assert_eq!(bench.run_request(request).await.return_, Some(true), "{name}");
        assert_eq!(bench.timeline(&id, 250).await, "Pending Extant Teardown -", "{name}");
        assert_eq!(bench.hypervisor.count(Create, &id), created, "{name}");
        assert!(!bench.directory("admin", &id).exists(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_walrus_a_start_ends_torn_down_and_its_files_go_unless_they_are_to_be_kept() {
    for (row, keep_files) in [("nc_051", false), ("nc_052", true)] {
        let bench = Bench::with(|settings| settings.keep_files = keep_files).await;
        bench.images.cut_off();
        assert_eq!(bench.run("i-1").await.return_, Some(true), "{row}");
        seconds(60).await;
        assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"), "{row}: it may come back");
        assert!(bench.directory("admin", "i-1").exists(), "{row}");
        assert_eq!(bench.timeline("i-1", 1800).await, "Pending Extant Teardown -", "{row}");
        assert!(bench.images.reconnect() > 1, "{row}: it is tried more than once");
        assert_eq!(bench.hypervisor.count(Create, "i-1"), 0, "{row}");
        assert_eq!(bench.directory("admin", "i-1").exists(), keep_files, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_starts_when_walrus_comes_back_in_time() {
    let bench = Bench::new().await;
    bench.images.cut_off();
    bench.run("i-1").await;
    seconds(60).await;
    assert!(bench.images.reconnect() > 1);
    assert_eq!(bench.timeline("i-1", 300).await, "Pending Extant");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn files_of_a_start_that_fails_are_kept_where_the_operator_wants_to_look_at_them() {
    let bench = Bench::with(|settings| settings.keep_files = true).await;
    let net_params = nc::NetConfig { private_mac_address: "(null)".to_owned(), ..request("i-1").net_params };
    bench.run_request(nc::NcRunInstance { net_params, ..request("i-1") }).await;
    assert_eq!(bench.timeline("i-1", 250).await, "Pending Extant Teardown -");
    assert!(bench.directory("admin", "i-1").join("kernel").exists());
}

#[tokio::test(start_paused = true)]
async fn what_the_node_is_asked_for_is_not_its_to_judge() {
    let bench = Bench::new().await;
    let mut big = request("i-1");
    big.instance_type.name = Some("no.such.type".to_owned());
    big.instance_type.memory = Some(999_999);
    big.instance_type.cores = Some(500);
    big.group_names = (0..100).map(|number| format!("group{number}")).collect();
    let instance = bench.run_request(big).await.instance.unwrap();
    assert_eq!(instance.instance_type.name.as_deref(), Some("no.such.type"), "nc_050");
    assert_eq!(instance.group_names.len(), 64, "nc_062");
    assert_eq!(instance.group_names[63], "group63");
    let left = bench.resource().await;
    assert_eq!((left.memory_size_available, left.number_of_cores_available), (0, 0), "nc_049");
    assert_eq!(bench.timeline("i-1", 20).await, "Pending Extant", "nc_049");
}

#[tokio::test(start_paused = true)]
async fn nc_054_without_a_hypervisor_nothing_is_staged_and_the_end_comes_with_its_return() {
    let bench = Bench::new().await;
    bench.hypervisor.set_reachable(false);
    assert_eq!(bench.run("i-1").await.return_, Some(true));
    seconds(60).await;
    assert_eq!(
        bench.state("i-1").await.as_deref(),
        Some("Extant"),
        "over, but nobody can tell what is left of it"
    );
    assert!(!bench.directory("admin", "i-1").exists());
    bench.hypervisor.set_reachable(true);
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hypervisor_that_does_not_answer_is_asked_again_before_anything_is_staged() {
    let bench = Bench::new().await;
    bench.hypervisor.set_hanging(State, true);
    assert_eq!(bench.run("i-1").await.return_, Some(true));
    seconds(60).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"));
    assert!(!bench.directory("admin", "i-1").join("disk").exists());
    bench.hypervisor.set_hanging(State, false);
    assert_eq!(bench.timeline("i-1", 60).await, "Pending Extant");
}

#[tokio::test(start_paused = true)]
async fn creation_is_tried_five_times() {
    let bench = Bench::new().await;
    bench.hypervisor.fail_next(Create, 4);
    bench.running("i-1").await;
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 5, "nc_056");

    bench.hypervisor.fail_next(Create, 99);
    bench.run("i-2").await;
    assert_eq!(bench.timeline("i-2", 300).await, "Pending Extant Teardown -", "nc_057");
    assert_eq!(bench.hypervisor.count(Create, "i-2"), 5, "nc_057");
    assert!(!bench.directory("admin", "i-2").exists());
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_not_answered_is_looked_for_before_it_is_repeated() {
    let bench = Bench::new().await;
    bench.hypervisor.set_hanging(Create, true);
    bench.run("i-1").await;
    seconds(30).await;
    // What a hypervisor does when it comes back: it has created the domain, and the answer went nowhere.
    bench.hypervisor.set_state("i-1", DomainState::Running);
    assert_eq!(bench.timeline("i-1", 60).await, "Pending Extant");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 1);
}

#[tokio::test(start_paused = true)]
async fn nc_059_st_t131_staging_ends_after_two_hours_and_creates_nothing() {
    let bench = Bench::new().await;
    bench.images.put(IMAGE, None);
    bench.run("i-1").await;
    seconds(7195).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"));
    assert!(bench.directory("admin", "i-1").exists());
    assert_eq!(bench.timeline("i-1", 250).await, "Pending Extant Teardown -");
    assert!(!bench.directory("admin", "i-1").exists());
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 0);
}

#[tokio::test(start_paused = true)]
async fn nc_061_ids_that_are_no_ids_are_refused_before_anything_is_touched() {
    let bench = Bench::new().await;
    let long = "x".repeat(129);
    for id in ["../x", "", ".", "..", "cache", "work", "a/b", "i-1;reboot", "$(x)", "i-1\0", "ä", &long] {
        let response = bench.run_request(request(id)).await;
        assert_eq!((response.return_, response.instance), (Some(false), None), "{id:?}");
        let user_id = Some(id.to_owned()).filter(|id| id != "cache" && id != "work");
        let response = bench.run_request(nc::NcRunInstance { user_id, ..request("i-1") }).await;
        assert_eq!(response.return_, Some(false), "user {id:?}");
    }
    let left: Vec<_> = std::fs::read_dir(&bench.settings.instance_path).unwrap().collect();
    assert_eq!(left.len(), 2, "only the marker and the folder of the image cache: {left:?}");
}

#[tokio::test(start_paused = true)]
async fn nc_063_a_domain_that_nobody_sees_is_given_up_after_a_minute_and_destroyed_first() {
    let bench = Bench::new().await;
    bench.run("i-1").await;
    seconds(1).await;
    bench.hypervisor.set_state("i-1", DomainState::NoState);
    seconds(50).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"));
    assert!(bench.directory("admin", "i-1").exists());
    seconds(30).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Teardown"));
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 1);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn termination_answers_with_the_code_it_led_to() {
    let bench = Bench::new().await;
    let codes = |code: &str| Some((code.to_owned(), code.to_owned()));
    assert_eq!(bench.terminate("i-9").await, None, "nc_064");

    bench.running("i-1").await;
    assert_eq!(bench.terminate("i-1").await, codes("13"), "nc_065");
    assert_eq!(bench.timeline("i-1", 8).await, "Extant Teardown", "nc_065");
    assert!(!bench.directory("admin", "i-1").exists(), "nc_065");
    let before = bench.hypervisor.count(Destroy, "i-1");
    assert_eq!(bench.terminate("i-1").await, codes("14"), "nc_070");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), before, "nc_070");

    bench.run("i-2").await;
    seconds(1).await;
    assert_eq!(bench.terminate("i-2").await, codes("13"), "nc_069: booting");
    seconds(10).await;
    assert_eq!(bench.state("i-2").await.as_deref(), Some("Teardown"), "nc_069");

    bench.running("i-3").await;
    bench.hypervisor.set_state("i-3", DomainState::Crashed);
    seconds(100).await;
    assert_eq!(bench.state("i-3").await.as_deref(), Some("Extant"), "nc_138");
    assert_eq!(bench.terminate("i-3").await, codes("13"), "nc_073");
    seconds(10).await;
    assert_eq!(bench.state("i-3").await.as_deref(), Some("Teardown"), "nc_073");

    bench.running("i-4").await;
    let stranger = nc::NcTerminateInstance {
        user_id: Some("B".to_owned()),
        instance_id: "i-4".to_owned(),
        ..nc::NcTerminateInstance::default()
    };
    assert_eq!(bench.node.nc_terminate_instance(stranger).await.unwrap().return_, Some(true), "nc_075");
    seconds(1).await;
    assert_eq!(bench.hypervisor.peek("i-4"), None, "nc_075");
}

#[tokio::test(start_paused = true)]
async fn termination_while_staging_stops_it_and_stays_pending_until_it_has_stopped() {
    let bench = Bench::new().await;
    bench.images.put(IMAGE, None);
    bench.run("i-1").await;
    seconds(7).await;
    assert!(bench.directory("admin", "i-1").exists());
    let (first, second) = tokio::join!(bench.terminate("i-1"), bench.terminate("i-1"));
    let pending = Some(("12".to_owned(), "12".to_owned()));
    assert_eq!(first, pending, "nc_066");
    assert_eq!(second, pending, "nc_067: before staging has stopped");
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -", "nc_066");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 0, "nc_066");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0, "nc_066");
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_068_termination_during_creation_leaves_no_domain() {
    let bench = Bench::new().await;
    bench.hypervisor.set_latency(Create, Duration::from_secs(20));
    bench.run("i-1").await;
    seconds(5).await;
    assert_eq!(bench.terminate("i-1").await.unwrap().0, "12");
    assert_eq!(bench.timeline("i-1", 250).await, "Pending Extant Teardown -");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 1);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_071_without_a_hypervisor_termination_is_promised_and_kept_later() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_reachable(false);
    assert_eq!(bench.terminate("i-1").await.unwrap().0, "13");
    seconds(1000).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    assert!(bench.directory("admin", "i-1").join("disk").exists(), "the domain may live: its files stay");
    bench.hypervisor.set_reachable(true);
    assert_eq!(bench.timeline("i-1", 20).await, "Extant Teardown");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_072_a_destruction_that_fails_is_repeated_by_the_next_pass() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.fail_next(Destroy, 3);
    assert!(bench.terminate("i-1").await.is_some());
    seconds(3).await;
    assert!(bench.directory("admin", "i-1").exists());
    assert_eq!(bench.timeline("i-1", 40).await, "Extant Teardown");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_reboot_creates_the_domain_anew_from_its_saved_document() {
    let bench = Bench::new().await;
    assert!(!bench.reboot("i-9").await, "nc_076");
    bench.running("i-1").await;
    let saved = bench.directory("admin", "i-1").join("libvirt.xml");
    let edited = std::fs::read_to_string(&saved).unwrap().replace("e1000", "virtio");
    std::fs::write(&saved, &edited).unwrap();
    let console = saved.with_file_name("console.log");
    std::fs::write(&console, "the first boot\n").unwrap();
    assert!(bench.reboot("i-1").await, "nc_077");
    assert_eq!(bench.timeline("i-1", 60).await, "Extant", "nc_077");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 1, "nc_077");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 2, "nc_077");
    assert_eq!(bench.hypervisor.xml("i-1"), Some(edited), "nc_077");
    assert_eq!(std::fs::read(console).unwrap(), b"", "the console begins anew, and is there");
}

#[tokio::test(start_paused = true)]
async fn nc_079_a_reboot_whose_creation_fails_ends_the_instance() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.fail_next(Create, 99);
    assert!(bench.reboot("i-1").await);
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 1 + 5);
}

#[tokio::test(start_paused = true)]
async fn a_reboot_for_which_there_is_nothing_to_do_does_nothing() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    std::fs::remove_file(bench.directory("admin", "i-1").join("libvirt.xml")).unwrap();
    assert!(bench.reboot("i-1").await, "nc_080");
    seconds(20).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"), "nc_080");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0, "nc_080");

    // The first part of staging, and the creation.
    bench.hypervisor.set_latency(State, Duration::from_secs(4));
    bench.hypervisor.set_latency(Create, Duration::from_secs(20));
    bench.run("i-2").await;
    for second in [1, 10] {
        seconds(second).await;
        assert!(bench.reboot("i-2").await, "nc_081");
        assert_eq!(bench.state("i-2").await.as_deref(), Some("Pending"), "nc_081");
    }
    assert_eq!(bench.timeline("i-2", 60).await, "Pending Extant", "nc_081");
    let domains = (bench.hypervisor.count(Create, "i-2"), bench.hypervisor.count(Destroy, "i-2"));
    assert_eq!(domains, (1, 0), "nc_081");
    for operation in [State, Create] {
        bench.hypervisor.set_latency(operation, Duration::ZERO);
    }

    bench.running("i-3").await;
    bench.hypervisor.vanish("i-3");
    assert!(bench.reboot("i-3").await, "nc_082");
    seconds(1).await;
    assert_eq!(bench.hypervisor.count(Create, "i-3"), 1, "nc_082");

    bench.running("i-4").await;
    bench.hypervisor.set_reachable(false);
    assert!(bench.reboot("i-4").await, "nobody to ask");
    seconds(300).await;
    bench.hypervisor.set_reachable(true);
    assert_eq!(bench.timeline("i-4", 30).await, "Extant");
    assert_eq!(bench.hypervisor.count(Destroy, "i-4"), 0);
}

#[tokio::test(start_paused = true)]
async fn nc_083_what_the_monitor_sees_during_a_reboot_does_not_count() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_latency(Create, Duration::from_secs(55));
    assert!(bench.reboot("i-1").await);
    seconds(1).await;
    assert_eq!(bench.hypervisor.peek("i-1"), None, "the gap: ten passes see no domain");
    assert_eq!(bench.timeline("i-1", 120).await, "Extant");
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running));
}

#[tokio::test(start_paused = true)]
async fn a_reboot_survives_a_hypervisor_that_is_away_for_two_minutes() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_latency(Destroy, Duration::from_secs(2));
    assert!(bench.reboot("i-1").await);
    seconds(1).await;
    bench.hypervisor.set_reachable(false);
    assert_eq!(bench.timeline("i-1", 120).await, "Extant");
    bench.hypervisor.set_reachable(true);
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running));
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 2);
}

#[tokio::test(start_paused = true)]
async fn termination_is_heard_during_a_reboot() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_latency(Create, Duration::from_secs(30));
    assert!(bench.reboot("i-1").await);
    seconds(5).await;
    assert_eq!(bench.terminate("i-1").await.unwrap().0, "13");
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn orders_beyond_the_queue_are_refused_and_not_waited_for() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.running("i-2").await;
    bench.hypervisor.set_hanging(State, true);
    assert!(bench.reboot("i-1").await);
    seconds(1).await;
    let mut accepted = 0;
    for _ in 0..30 {
        accepted += i32::from(bench.reboot("i-1").await);
    }
    assert_eq!(accepted, 16);
    assert!(bench.reboot("i-2").await, "another instance has its own queue");
    assert!(bench.terminate("i-1").await.is_some(), "termination needs no place in it");
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_is_not_ours_is_neither_replaced_nor_ended() {
    let bench = Bench::new().await;
    bench.hypervisor.set_state("i-1", DomainState::Running);
    let directory = bench.directory("admin", "i-1");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("disk"), "somebody's").unwrap();
    bench.run("i-1").await;
    seconds(1).await;
    assert!(bench.terminate("i-1").await.is_some());
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running));
    assert_eq!(std::fs::read_to_string(directory.join("disk")).unwrap(), "somebody's");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0);
}

//! The settings against the rows of the specifications. Labels name the rows a case proves as far as a reader can.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::names::USED;

const CC: &str = "ENABLE_WS_SECURITY=\"Y\"\nNC_PORT=\"8775\"\nNC_SERVICE=\"axis2/services/EucalyptusNC\"\n\
                  NODES=\"node1\"\nVNET_MODE=\"SYSTEM\"\nSCHEDPOLICY=\"GREEDY\"\n\
                  VNET_PUBINTERFACE=\"eth0\"\nVNET_PRIVINTERFACE=\"eth0\"\n";
const NC: &str = "HYPERVISOR=\"kvm\"\nINSTANCE_PATH=\"/var/lib/eucalyptus/instances\"\nVNET_MODE=\"SYSTEM\"\n\
                  VNET_BRIDGE=\"br0\"\n";

fn root() -> Home {
    Home::resolve(None, None).unwrap()
}

/// `first` stands before `rest`, so its lines win.
fn files(first: &str, rest: &str) -> Files {
    main_only(format!("{first}\n{rest}"))
}

fn main_only(text: impl AsRef<[u8]>) -> Files {
    Files::from_text(&root(), None, text.as_ref()).unwrap()
}

fn cc(first: &str) -> CcSettings {
    CcSettings::from_files(&files(first, CC)).unwrap()
}

fn nc(first: &str) -> NcSettings {
    NcSettings::from_files(&files(first, NC)).unwrap()
}

fn warnings(notices: &[Notice]) -> Vec<String> {
    notices.iter().filter(|notice| notice.severity == Severity::Warning).map(Notice::to_string).collect()
}

fn names(nodes: &[NodeAddress]) -> Vec<&str> {
    nodes.iter().map(|node| node.name.as_str()).collect()
}

#[test]
fn two_daemons_of_a_host_have_admin_ports_of_their_own() {
    for (line, cluster, node) in [
        ("", Some(9774), Some(9775)),
        ("DAEMON_ADMIN_PORT=100", Some(100), Some(101)),
        ("DAEMON_ADMIN_PORT=0", None, None),
    ] {
        assert_eq!(cc(line).listener.admin_port, cluster, "{line}");
        assert_eq!(nc(line).listener.admin_port, node, "{line}");
    }
}

#[test]
fn a_complete_cluster_configuration_needs_no_remark_and_has_the_documented_defaults() {
    let settings = cc("");
    assert_eq!(settings.notices, []);
    assert_eq!(settings.listener.address, "0.0.0.0:8774".parse().unwrap());
    assert!(settings.sign_node_calls && settings.timeout_is_success && settings.gl_relay);
    assert_eq!(settings.verify_nodes, NodeVerification::Log);
    assert_eq!(settings.security.profile, Profile::Legacy);
    assert_eq!(settings.sched_policy, SchedPolicy::Greedy);
    assert_eq!(settings.network.mode, VnetMode::System);
    let seconds = |time: Duration| time.as_secs();
    assert_eq!((settings.max_instances, settings.powerwake.as_path()), (2048, Path::new("powerwake")));
    assert_eq!(seconds(settings.power_idle_threshold), 300);
    assert_eq!(seconds(settings.power_wake_threshold), 300);
    assert_eq!(seconds(settings.hot.polling_frequency), 6);
    assert_eq!(seconds(settings.instance_timeout), 300);
    assert_eq!(settings.hot.log_level, LogLevel::Debug);
    assert_eq!(settings.log_target, LogTarget::Both);
    assert_eq!(settings.hot.nodes[0].url, "http://node1:8775/axis2/services/EucalyptusNC");
}

#[test]
fn the_strict_profile_covers_both_directions() {
    let strict = "DAEMON_WSS_PROFILE=strict";
    assert_eq!(cc(strict).verify_nodes, NodeVerification::Enforce);
    let weakened = cc(&format!("{strict}\nDAEMON_VERIFY_NODES=log"));
    assert_eq!(weakened.verify_nodes, NodeVerification::Log);
    assert!(warnings(&weakened.notices).iter().any(|text| text.contains("DAEMON_VERIFY_NODES")));
    let unsigned = files(&format!("{strict}\nENABLE_WS_SECURITY=N"), CC);
    let error = CcSettings::from_files(&unsigned).unwrap_err().to_string();
    assert!(error.contains("ENABLE_WS_SECURITY") && error.contains("strict"), "{error}");
}

#[test]
fn a_complete_node_configuration_needs_no_remark_and_has_the_documented_defaults() {
    let settings = nc("");
    assert_eq!(settings.notices, []);
    assert_eq!(settings.listener.address, "0.0.0.0:8775".parse().unwrap());
    assert_eq!(settings.hypervisor, HypervisorType::Kvm);
    assert_eq!(settings.libvirt_uri, "qemu:///system");
    assert_eq!((settings.max_mem_mb, settings.max_cores, settings.max_disk), (0, 0, 0));
    assert_eq!((settings.swap_mb, settings.concurrent_disk_ops), (512, 1));
    assert_eq!((settings.cache_mb, settings.work_mb), (999_999, 999_999));
    let seconds =
        [settings.staging_limit, settings.booting_limit, settings.guest_grace, settings.teardown_time];
    assert_eq!(seconds.map(|time| time.as_secs()), [7200, 60, 60, 180]);
    assert_eq!(settings.bundling_limit.as_secs(), 3600);
    assert_eq!((settings.cleanups, settings.hook_timeout.as_secs()), (30, 10));
    assert!(!settings.graceful_terminate && nc("DAEMON_GRACEFUL_TERMINATE=Y").graceful_terminate);
    assert_eq!((settings.cache_floor_mb, settings.disk_layout), (1024, DiskLayout::Exact));
    assert_eq!(settings.disk_copy, DiskCopy::Share);
    assert!(!settings.keep_instance_files && !settings.strict_keys && !settings.walrus_gzip);
    assert_eq!(settings.bundle_upload, None);
    assert_eq!(nc("NC_BUNDLE_UPLOAD_PATH=not_configured").bundle_upload, None);
    assert_eq!(nc("NC_BUNDLE_UPLOAD_PATH=/bin/up").bundle_upload.as_deref(), Some(Path::new("/bin/up")));
    assert_eq!(settings.network.bridge.as_deref(), Some("br0"));
    assert_eq!(settings.network.interface, None);
}

#[test]
fn numbers_of_the_original_are_clamped_to_their_minimum_and_read_by_prefix() {
    type Read = fn(&CcSettings) -> Duration;
    let instance: Read = |settings| settings.instance_timeout;
    let wake: Read = |settings| settings.power_wake_threshold;
    let idle: Read = |settings| settings.power_idle_threshold;
    let poll: Read = |settings| settings.hot.polling_frequency;
    for (line, read, expected, warned) in [
        ("INSTANCE_TIMEOUT=10", instance, 30, true), // cc_t167
        ("INSTANCE_TIMEOUT=30", instance, 30, false),
        ("INSTANCE_TIMEOUT=31", instance, 31, false),
        ("POWER_WAKETHRESH=10", wake, 300, true), // cc_t194
        ("POWER_WAKETHRESH=600", wake, 600, false),
        ("POWER_IDLETHRESH=299", idle, 300, true),
        ("NC_POLLING_FREQUENCY=1", poll, 6, true),
        ("NC_POLLING_FREQUENCY=60", poll, 60, false),
        ("NC_POLLING_FREQUENCY=\" 60\"", poll, 60, false),
        ("NC_POLLING_FREQUENCY=60s", poll, 60, true),
        ("NC_POLLING_FREQUENCY=-60", poll, 6, true),
        ("NC_POLLING_FREQUENCY=soon", poll, 6, true),
        ("NC_POLLING_FREQUENCY=", poll, 6, true),
        ("NC_POLLING_FREQUENCY=99999999999999999999999", poll, 365 * 24 * 3600, true),
    ] {
        let settings = cc(line);
        assert_eq!(read(&settings).as_secs(), expected, "{line}");
        let warnings = warnings(&settings.notices);
        assert_eq!(warnings.len(), usize::from(warned), "{line}: {warnings:?}");
        assert!(
            warnings.iter().all(|text| text.starts_with("/etc/eucalyptus/eucalyptus.conf:1: ")),
            "{line}"
        );
    }
    for (line, expected) in
        [("MAX_MEM=2048", 2048), ("MAX_MEM=2048MB", 2048), ("MAX_MEM=-1", 0), ("MAX_MEM=x", 0)]
    {
        assert_eq!(nc(line).max_mem_mb, expected, "{line}");
    }
    assert_eq!(nc("CONCURRENT_DISK_OPS=0").concurrent_disk_ops, 1);
    assert!(nc("MANUAL_INSTANCES_CLEANUP=1").keep_instance_files);
}

#[test]
fn words_of_the_original_fall_back_with_a_warning() {
    for (line, expected, warned) in [
        ("SCHEDPOLICY=ROUNDROBIN", SchedPolicy::RoundRobin, false),
        ("SCHEDPOLICY=POWERSAVE", SchedPolicy::PowerSave, false),
        ("SCHEDPOLICY=foo", SchedPolicy::Greedy, true), // cc_t192
        ("SCHEDPOLICY=roundrobin", SchedPolicy::Greedy, true),
        ("SCHEDPOLICY=", SchedPolicy::Greedy, true),
    ] {
        let settings = cc(line);
        assert_eq!(settings.sched_policy, expected, "{line}");
        // The second SCHEDPOLICY of the file is hidden by the first, which is a warning of its own.
        let about = |text: &&String| text.contains("SCHEDPOLICY=");
        assert_eq!(warnings(&settings.notices).iter().filter(about).count(), usize::from(warned), "{line}");
    }
    // cc_t192: absent
    let absent = CC.replace("SCHEDPOLICY", "#SCHEDPOLICY");
    let settings = CcSettings::from_files(&main_only(&absent)).unwrap();
    assert_eq!(settings.sched_policy, SchedPolicy::Greedy);
    assert_eq!(warnings(&settings.notices), ["SCHEDPOLICY is not set, GREEDY is used"]);

    for (line, expected) in [("LOGLEVEL=FATAL", LogLevel::Fatal), ("LOGLEVEL=info", LogLevel::Debug)] {
        assert_eq!(nc(line).log_level, expected, "{line}");
    }
    for (line, signs) in [("Y", true), ("N", false), ("y", false), ("", false), ("\"Y \"", false)] {
        assert_eq!(cc(&format!("ENABLE_WS_SECURITY={line}")).sign_node_calls, signs, "{line:?}");
    }
}

#[test]
fn nodes_are_a_list_of_unique_hosts() {
    let many: Vec<_> = (0..1100).map(|index| format!("node{index}")).collect();
    let many_expected: Vec<_> = many.iter().map(String::as_str).collect();
    for (line, expected, warned) in [
        ("NODES=\"\"".to_owned(), vec![], 1), // cc_t187
        ("NODES=\" \t \"".to_owned(), vec![], 1),
        ("NODES=\"a a b\"".to_owned(), vec!["a", "b"], 1), // cc_t189
        (format!("NODES=\"{}\"", many.join(" ")), many_expected[..1024].to_vec(), 1), // cc_t190
        (format!("NODES=\"{}\"\nDAEMON_MAX_NODES=1100", many.join(" ")), many_expected, 0),
        ("NODES=\"a b a c\"\nDAEMON_MAX_NODES=2".to_owned(), vec!["a", "b"], 2),
        ("NODES=\" leading\t10.0.0.3  trailing \"".to_owned(), vec!["leading", "10.0.0.3", "trailing"], 0),
        ("NODES=a b".to_owned(), vec!["a"], 0),
        ("NODES=\"[fd00::1] [fd00:] x/y u@h a:1 -\"".to_owned(), vec!["[fd00::1]", "-"], 1),
    ] {
        let settings = cc(&line);
        assert_eq!(names(&settings.hot.nodes), expected, "{line:.40}");
        let about = |text: &&String| text.contains("NODES") && !text.contains("set it first");
        assert_eq!(warnings(&settings.notices).iter().filter(about).count(), warned, "{line:.40}");
    }
    let absent = CC.replace("NODES", "#NODES");
    let settings = CcSettings::from_files(&main_only(&absent)).unwrap();
    assert!(settings.hot.nodes.is_empty());
    assert_eq!(warnings(&settings.notices), ["NODES names no node"]);

    let broker = cc("NC_SERVICE=\"/services/VMwareBroker\"");
    assert_eq!(broker.hot.nodes[0].url, "http://node1:8775/services/VMwareBroker");
}

// cc_t191, nc_013
#[test]
fn the_local_file_wins_variable_by_variable_unless_its_quote_is_open() {
    let read = |local: &str| {
        let files = Files::from_text(&root(), Some(local.as_bytes()), CC.as_bytes()).unwrap();
        let settings = CcSettings::from_files(&files).unwrap();
        let origin = settings.report.get("NODES").unwrap().origin.to_string();
        let nodes = names(&settings.hot.nodes).join(" ");
        (nodes, origin)
    };
    let main = "/etc/eucalyptus/eucalyptus.conf:4".to_owned();
    let local = |line| format!("/etc/eucalyptus/eucalyptus.local.conf:{line}");
    assert_eq!(read("#\nNODES=\"other\""), ("other".into(), local(2)));
    assert_eq!(read("NODES="), (String::new(), local(1)));
    assert_eq!(read("NODES=\"open"), ("node1".into(), main.clone()));
    assert_eq!(read("NC_PORT=\"9999\""), ("node1".into(), main));

    let files =
        Files::from_text(&root(), Some(b"SWAP_SIZE=1"), format!("SWAP_SIZE=2\n{NC}").as_bytes()).unwrap();
    assert_eq!(NcSettings::from_files(&files).unwrap().swap_mb, 1);
}

#[test]
fn a_bad_configuration_is_refused_with_file_line_and_key() {
    let main = "/etc/eucalyptus/eucalyptus.conf";
    let cc_without = |key: &str| CC.replace(&format!("{key}="), &format!("#{key}="));
    let nc_without = |key: &str| NC.replace(&format!("{key}="), &format!("#{key}="));
    let missing =
        |key| format!("{key} is set neither in /etc/eucalyptus/eucalyptus.local.conf nor in {main}");
    for (text, expected) in [
        (cc_without("ENABLE_WS_SECURITY"), missing("ENABLE_WS_SECURITY")), // stricter than row T193: refused at the start
        (cc_without("NC_PORT"), missing("NC_PORT")),
        (cc_without("NC_SERVICE"), missing("NC_SERVICE")),
        (format!("NC_PORT=0\n{CC}"), format!("{main}:1: NC_PORT: 0 is not a port")),
        (format!("NC_PORT=8775x\n{CC}"), format!("{main}:1: NC_PORT: \"8775x\" is not a port")),
        (format!("\nCC_PORT=0\n{CC}"), format!("{main}:2: CC_PORT: \"0\" is not 1 to 65535")),
        (
            format!("NC_SERVICE=\"a b\"\n{CC}"),
            format!("{main}:1: NC_SERVICE: \"a b\" is not the path of a URL"),
        ),
        (format!("NODES=\"a\n{CC}"), format!("{main}:1: NODES: the closing quote is missing")),
        (
            format!("EUCALYPTUS=not_configured\n{CC}"),
            format!("{main}:1: EUCALYPTUS: not configured: set the directory of the installation"),
        ),
        (
            format!("VNET_MODE=system\n{CC}"), // net_t090
            format!("{main}:1: VNET_MODE: \"system\" is not one of SYSTEM, STATIC, MANAGED, MANAGED-NOVLAN"),
        ),
        (
            format!("VNET_PUBINTERFACE=\"eth0; reboot\"\n{CC}"),
            format!("{main}:1: VNET_PUBINTERFACE: \"eth0; reboot\" is not the name of a network device"),
        ),
        (
            format!("DAEMON_MAX_REQUESTS=many\n{CC}"),
            format!("{main}:1: DAEMON_MAX_REQUESTS: \"many\" is not 1 to 65535"),
        ),
        (format!("DAEMON_MAX_NODES=0\n{CC}"), format!("{main}:1: DAEMON_MAX_NODES: \"0\" is not 1 to 65536")),
        (
            format!("DAEMON_MAX_INSTANCES=-1\n{CC}"),
            format!("{main}:1: DAEMON_MAX_INSTANCES: \"-1\" is not 1 to 1048576"),
        ),
        (
            format!("DAEMON_POWERWAKE=bin/powerwake\n{CC}"),
            format!("{main}:1: DAEMON_POWERWAKE: neither a name nor an absolute path"),
        ),
        (
            format!("DAEMON_GL_RELAY=yes\n{CC}"),
            format!("{main}:1: DAEMON_GL_RELAY: \"yes\" is not one of Y, N"),
        ),
        (
            format!("DAEMON_LISTEN=localhost\n{CC}"),
            format!("{main}:1: DAEMON_LISTEN: \"localhost\" is not an IP address"),
        ),
        (
            format!("CC_PORT=\u{1b}[31m\n{CC}"),
            format!("{main}:1: CC_PORT: the value holds a control character"),
        ),
    ] {
        let error = CcSettings::from_files(&main_only(&text)).map(drop).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
    for (text, expected) in [
        (nc_without("HYPERVISOR"), missing("HYPERVISOR")),
        (nc_without("INSTANCE_PATH"), missing("INSTANCE_PATH")),
        (nc_without("VNET_MODE"), missing("VNET_MODE")), // net_t091
        (format!("HYPERVISOR=not_configured\n{NC}"), format!("{main}:1: HYPERVISOR: not configured")),
        (format!("HYPERVISOR=KVM\n{NC}"), format!("{main}:1: HYPERVISOR: \"KVM\" is not one of kvm, qemu")),
        (format!("HYPERVISOR=xen\n{NC}"), format!("{main}:1: HYPERVISOR: \"xen\" is not one of kvm, qemu")),
        (format!("INSTANCE_PATH=/\n{NC}"), format!("{main}:1: INSTANCE_PATH: not an absolute path below /")),
        (
            format!("INSTANCE_PATH=instances\n{NC}"),
            format!("{main}:1: INSTANCE_PATH: not an absolute path below /"),
        ),
        (
            format!("INSTANCE_PATH=/a/../..\n{NC}"),
            format!("{main}:1: INSTANCE_PATH: not an absolute path below /"),
        ),
        (
            format!("DAEMON_LIBVIRT_CALLS=0\n{NC}"),
            format!("{main}:1: DAEMON_LIBVIRT_CALLS: \"0\" is not 3 to 64"),
        ),
    ] {
        let error = NcSettings::from_files(&main_only(&text)).map(drop).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn values_must_be_text_but_comments_and_strange_variables_may_hold_anything() {
    let mut text = b"# caf\xe9\nFOREIGN=\"\xff\xfe\"\n".to_vec();
    text.extend_from_slice(CC.as_bytes());
    assert!(CcSettings::from_files(&main_only(&text)).is_ok());

    let mut text = b"CC_PORT=\"\xff\"\n".to_vec();
    text.extend_from_slice(CC.as_bytes());
    let error = CcSettings::from_files(&main_only(&text)).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "/etc/eucalyptus/eucalyptus.conf:1: CC_PORT: the value is not UTF-8");

    let error = Files::from_text(&root(), None, b"A=1\n\0\0\0").map(drop).unwrap_err();
    assert_eq!(error.to_string(), "/etc/eucalyptus/eucalyptus.conf:2: the file holds a NUL byte");

    let long = vec![b'#'; usize::try_from(MAX_FILE_BYTES).unwrap() + 1];
    let error = Files::from_text(&root(), Some(&long), b"").map(drop).unwrap_err();
    let expected = "configuration file /etc/eucalyptus/eucalyptus.local.conf is longer than 1048576 bytes";
    assert_eq!(error.to_string(), expected);
    assert!(Files::from_text(&root(), Some(&long[1..]), b"").is_ok());
}

#[test]
fn unknown_and_hidden_lines_are_mentioned_once_without_their_values() {
    let settings = cc("UNKNOWN=secret\nUNKNOWN=secret\nCC_PORT=1\nCC_PORT=2\nCC_PORT=3\nCLOUD_OPTS=x\n3+4=x");
    let notices: Vec<_> = settings.notices.iter().map(Notice::to_string).collect();
    let main = "/etc/eucalyptus/eucalyptus.conf";
    let expected = [
        format!("{main}:5: CC_PORT is ignored, line 3 set it first"),
        format!("{main}:1: UNKNOWN is not a variable of this program, ignored"),
    ];
    assert_eq!(notices, expected);
    assert_eq!(settings.listener.address.port(), 1);

    let many: String = (0..100).map(|index| format!("UNKNOWN_{index}=x\n")).collect();
    let settings = cc(&many);
    assert_eq!(settings.notices.len(), 17);
    assert_eq!(settings.notices[16].to_string(), "84 more lines set unknown variables, ignored");
}

#[test]
fn an_open_quote_counts_as_not_set() {
    let settings = cc("INSTANCE_TIMEOUT=\"600");
    assert_eq!(settings.instance_timeout.as_secs(), 300);
    let expected =
        "/etc/eucalyptus/eucalyptus.conf:1: INSTANCE_TIMEOUT has no closing quote and counts as not set";
    assert_eq!(warnings(&settings.notices), [expected]);
}

#[test]
fn interfaces_follow_the_deprecated_name_when_one_of_them_is_missing() {
    let base: String =
        CC.lines().filter(|line| !line.contains("INTERFACE")).map(|line| format!("{line}\n")).collect();
    for (lines, public, private, warned) in [
        ("VNET_PUBINTERFACE=p\nVNET_PRIVINTERFACE=q", "p", "q", 0),
        ("VNET_PUBINTERFACE=p\nVNET_PRIVINTERFACE=q\nVNET_INTERFACE=i", "p", "q", 0),
        ("VNET_PUBINTERFACE=p\nVNET_INTERFACE=i", "i", "i", 1), // net_t093
        ("VNET_INTERFACE=i", "i", "i", 1),
        ("VNET_PUBINTERFACE=p", "p", "eth0", 1),
        ("", "eth0", "eth0", 2),
    ] {
        let settings = CcSettings::from_files(&files(lines, &base)).unwrap();
        let network = settings.network;
        assert_eq!((&*network.public_interface, &*network.private_interface), (public, private), "{lines}");
        assert_eq!(warnings(&settings.notices).len(), warned, "{lines}");
    }
    for (lines, expected, warned) in [
        ("VNET_PUBINTERFACE=p\nVNET_INTERFACE=i\nVNET_PRIVINTERFACE=q", Some("q"), 0),
        ("VNET_PUBINTERFACE=p\nVNET_INTERFACE=i", Some("p"), 0),
        ("VNET_INTERFACE=i", Some("i"), 0),
        ("VNET_PUBINTERFACE=", None, 0),
        ("VNET_MODE=MANAGED\nVNET_PUBINTERFACE=p\nVNET_PRIVINTERFACE=p", Some("p"), 0),
        ("VNET_MODE=MANAGED\nVNET_PUBINTERFACE=p\nVNET_PRIVINTERFACE=q", Some("q"), 1),
    ] {
        let settings = nc(lines);
        assert_eq!(settings.network.interface.as_deref(), expected, "{lines}");
        let of_vlans =
            warnings(&settings.notices).iter().filter(|line| line.contains("VLANs are on")).count();
        assert_eq!(of_vlans, warned, "{lines}");
    }
}

const MANAGED: &str = "VNET_MODE=MANAGED\nVNET_SUBNET=192.168.0.0\nVNET_NETMASK=255.255.0.0\nVNET_DNS=\"10.0.0.1 10.0.0.2\"\n\
                       VNET_ADDRSPERNET=32\nVNET_DHCPDAEMON=/usr/sbin/dhcpd\n";
const STATIC: &str = "VNET_MODE=STATIC\nVNET_SUBNET=192.168.1.0\nVNET_NETMASK=255.255.255.0\n\
                      VNET_BROADCAST=192.168.1.255\nVNET_ROUTER=192.168.1.1\nVNET_DNS=192.168.1.1\n\
                      VNET_MACMAP=\"AA:DD:11:CE:ff:ED=192.168.1.3 aa:dd:11:ce:ff:ee=192.168.1.4\"\n";

#[test]
fn network_modes_hold_what_they_need() {
    let VnetMode::Managed(net) = cc(MANAGED).network.mode else { panic!("not MANAGED") };
    assert_eq!((net.subnet, net.netmask), (Ipv4Addr::new(192, 168, 0, 0), Ipv4Addr::new(255, 255, 0, 0)));
    assert_eq!(
        (net.dns, net.addrs_per_net, net.tunnels),
        (Ipv4Addr::new(10, 0, 0, 1), 32, Some(Tunnels::WireGuard))
    );
    assert_eq!((net.public_ips, net.local_ip, net.cloud_ip), (None, None, None));
    assert_eq!((net.dhcp_daemon.as_path(), net.dhcp_user.as_str()), (Path::new("/usr/sbin/dhcpd"), "root"));

    let novlan = format!("VNET_MODE=MANAGED-NOVLAN\nDISABLE_TUNNELING=Y\nVNET_LOCALIP=cc\n{MANAGED}");
    let VnetMode::ManagedNovlan(net) = cc(&novlan).network.mode else { panic!("not MANAGED-NOVLAN") };
    assert_eq!((net.tunnels, net.local_ip.as_deref()), (None, Some("cc")));

    let VnetMode::Static(net) = cc(STATIC).network.mode else { panic!("not STATIC") };
    assert_eq!((net.broadcast, net.router), (Ipv4Addr::new(192, 168, 1, 255), Ipv4Addr::new(192, 168, 1, 1)));
    let mac = [0xaa, 0xdd, 0x11, 0xce, 0xff, 0xed];
    assert_eq!((net.hosts.len(), net.hosts[0]), (2, (mac, Ipv4Addr::new(192, 168, 1, 3))));
    assert_eq!(net.dhcp_daemon, Path::new("/usr/sbin/dhcpd"), "Q-20: not set");
    for (line, daemon) in [
        ("", "/usr/sbin/dhcpd"),
        ("VNET_DHCPDAEMON=", "/usr/sbin/dhcpd"),
        ("VNET_DHCPDAEMON=/usr/sbin/dnsmasq", "/usr/sbin/dnsmasq"),
    ] {
        let settings = cc(&format!("{line}\n{STATIC}"));
        let VnetMode::Static(net) = settings.network.mode else { panic!("not STATIC") };
        assert_eq!(net.dhcp_daemon, Path::new(daemon), "Q-20: {line}");
        assert!(!warnings(&settings.notices).iter().any(|text| text.contains("DHCP")), "Q-20: {line}");
        let told = settings.report.get("VNET_DHCPDAEMON").unwrap();
        assert_eq!(told.value.as_deref(), Some(daemon), "Q-20: {line}");
    }
}

#[test]
fn missing_network_variables_are_named() {
    let managed = ["VNET_SUBNET", "VNET_NETMASK", "VNET_DNS", "VNET_ADDRSPERNET"];
    let fixed = ["VNET_SUBNET", "VNET_NETMASK", "VNET_BROADCAST", "VNET_ROUTER", "VNET_DNS", "VNET_MACMAP"];
    for (mode, needed) in [(MANAGED, &managed[..]), (STATIC, &fixed[..])] {
        for key in needed {
            let text = mode.replace(&format!("{key}="), &format!("#{key}="));
            let error = CcSettings::from_files(&files(&text, CC)).map(drop).unwrap_err();
            // net_t089 among them
            assert!(
                matches!(error, Error::Missing { key: missing, .. } if missing == *key),
                "{key}: {error}"
            );
            let message = error.to_string();
            assert!(message.starts_with(&format!("{key} is set neither")), "{message}");
            assert!(needed.iter().all(|name| message.contains(name)), "net_t088: {message}");
        }
    }
}

#[test]
fn network_values_are_judged_strictly() {
    for (mode, line, accepted) in [
        (MANAGED, "VNET_SUBNET=192.168", false),
        (MANAGED, "VNET_SUBNET=localhost", false),
        (MANAGED, "VNET_NETMASK=255.0.255.0", false),
        (MANAGED, "VNET_NETMASK=255.255.255.236", false), // net_t010
        (MANAGED, "VNET_DNS=256.1.1.1", false),           // net_t007
        (MANAGED, "VNET_DNS=1.2.3", false),
        (MANAGED, "VNET_DNS=foo", false),
        (MANAGED, "VNET_DNS=-1.2.3.4", false),
        (MANAGED, "VNET_DNS=1.2.3.4junk", false), // net_t008
        (MANAGED, "VNET_NETMASK=255.255.255.255", true),
        (MANAGED, "VNET_DNS=\"x 10.0.0.1\"", false),
        (MANAGED, "VNET_ADDRSPERNET=3", false), // net_t045
        (MANAGED, "VNET_ADDRSPERNET=1", false),
        (MANAGED, "VNET_ADDRSPERNET=0", false),
        (MANAGED, "VNET_ADDRSPERNET=-5", false),
        (MANAGED, "VNET_ADDRSPERNET=abc", false),
        (MANAGED, "VNET_PUBLICIPS=\"\"", true),
        (MANAGED, "VNET_PUBLICIPS=\"10.0.0.1 10.0.0.10-10.0.1.9 10.0.2.0/24 !10.0.0.1\"", true),
        (MANAGED, "VNET_PUBLICIPS=203.0.113.0-203.0.114.0", false), // net_t167
        (MANAGED, "VNET_PUBLICIPS=192.0.2.20-192.0.2.19", false),   // net_t166
        (MANAGED, "VNET_PUBLICIPS=bogus", false),                   // net_t170
        (MANAGED, "VNET_PUBLICIPS=0.0.0.0-255.255.255.255", false),
        (MANAGED, "VNET_PUBLICIPS=127.0.0.5-127.0.0.9", false), // net_t169
        (MANAGED, "VNET_PUBLICIPS=10.0.0.0/33", false),
        (MANAGED, "VNET_PUBLICIPS=!10.0.0.0/24", false),
        (STATIC, "VNET_MACMAP=\"AA:DD:11:CE:FF:ED 192.168.1.3\"", false),
        (STATIC, "VNET_MACMAP=AA:DD:11:CE:FF=192.168.1.3", false),
        (STATIC, "VNET_MACMAP=AA:DD:11:CE:FF:ED:00=192.168.1.3", false),
        (STATIC, "VNET_MACMAP=+A:DD:11:CE:FF:ED=192.168.1.3", false),
    ] {
        let result = CcSettings::from_files(&files(&format!("{line}\n{mode}"), CC)).map(drop);
        assert_eq!(result.is_ok(), accepted, "{line}: {result:?}");
    }
    let managed = |line: &str| {
        let settings = cc(&format!("{line}\n{MANAGED}"));
        let VnetMode::Managed(net) = settings.network.mode else { panic!("not MANAGED") };
        let key = line.split('=').next().unwrap();
        (net, settings.notices.iter().any(|notice| notice.text.starts_with(&format!("{key}="))))
    };
    for (value, used) in [
        (4, 4),
        (20, 16), // net_t043
        (32, 32),
        (100, 64), // net_t044
        (2048, 2048),
        (4096, 2048), // net_t042
    ] {
        let (net, warned) = managed(&format!("VNET_ADDRSPERNET={value}"));
        assert_eq!((net.addrs_per_net, warned), (used, used != value), "{value}");
    }
    let (net, warned) = managed("VNET_SUBNET=10.10.3.7");
    assert_eq!((net.subnet, warned), (Ipv4Addr::new(10, 10, 0, 0), true), "net_t046");
    for (value, tunnels) in [("Y", None), ("y", Some(Tunnels::WireGuard))] {
        assert_eq!(managed(&format!("DISABLE_TUNNELING=\"{value}\"")).0.tunnels, tunnels, "net_t238");
    }
    for (value, tunnels) in [
        ("wireguard", Some(Tunnels::WireGuard)),
        ("vxlan", Some(Tunnels::Vxlan)),
        ("vtun", Some(Tunnels::Vtun)),
        ("none", None),
    ] {
        assert_eq!(managed(&format!("DAEMON_TUNNELS={value}")).0.tunnels, tunnels, "{value}");
    }
    let (net, warned) = managed("VNET_DNS=\"8.8.8.8 8.8.4.4\"");
    assert_eq!((net.dns, warned), (Ipv4Addr::new(8, 8, 8, 8), true), "net_t012");
    for (text, address) in [("1.2.3.4", [1, 2, 3, 4]), ("255.255.255.255", [255; 4]), ("0.0.0.0", [0; 4])] {
        assert_eq!(managed(&format!("VNET_DNS={text}")).0.dns, Ipv4Addr::from(address), "net_t006");
    }
    let net = managed("  VNET_SUBNET   =  10.0.0.0 # x").0;
    assert_eq!(net.subnet, Ipv4Addr::new(10, 0, 0, 0), "net_t015");
}

#[test]
fn the_mode_is_that_of_the_first_line_that_can_be_read() {
    let mode = |local: Option<&[u8]>, main: String| {
        let files = Files::from_text(&root(), local, main.as_bytes()).unwrap();
        let settings = CcSettings::from_files(&files).unwrap();
        (settings.network.mode, settings.notices)
    };
    let (first, _) = mode(None, format!("{STATIC}\nVNET_MODE=\"SYSTEM\"\n{CC}"));
    assert!(matches!(first, VnetMode::Static(_)), "net_t013");
    let (main, _) = mode(Some(b"VNET_MODE=\"MANAGED"), format!("VNET_MODE=SYSTEM\n{CC}"));
    assert_eq!(main, VnetMode::System, "net_t014");
    let (none, notices) = mode(None, CC.replace("VNET_MODE=", "#VNET_MODE="));
    assert_eq!(none, VnetMode::System, "net_t092");
    assert!(warnings(&notices).iter().any(|text| text.contains("VNET_MODE is not set")), "net_t092");
}

/// Without the home prefix, and with every origin replaced.
fn values(report: &Report) -> Vec<(&str, &Option<String>)> {
    report.settings.iter().skip(1).map(|setting| (setting.key, &setting.value)).collect()
}

#[test]
fn the_report_is_a_configuration_that_yields_itself() {
    for text in [String::new(), MANAGED.into(), STATIC.into(), "NODES=a\nVNET_DHCPUSER=a\"b".into()] {
        let settings = cc(&text);
        let again = main_only(settings.report.to_string());
        let again = CcSettings::from_files(&again).unwrap();
        assert_eq!(values(&again.report), values(&settings.report), "{}", settings.report);
    }
    let settings = nc("DAEMON_LIBVIRT_URI=test:///a\"b");
    let again = main_only(settings.report.to_string());
    assert_eq!(values(&NcSettings::from_files(&again).unwrap().report), values(&settings.report));
}

#[test]
fn the_report_says_where_each_value_came_from() {
    let home = Home::resolve(Some("/opt/euca".as_ref()), None).unwrap();
    let files = Files::from_text(&home, Some(b"NC_PORT=\"9000\""), CC.as_bytes()).unwrap();
    let text = CcSettings::from_files(&files).unwrap().report.to_string();
    for line in [
        "EUCALYPTUS=\"/opt/euca\" # environment",
        "NC_PORT=\"9000\" # /opt/euca/etc/eucalyptus/eucalyptus.local.conf:1",
        "NODES=\"node1\" # /opt/euca/etc/eucalyptus/eucalyptus.conf:4",
        "CC_PORT=\"8774\" # default",
        "INSTANCE_TIMEOUT=\"300\" # seconds, default",
    ] {
        let found = text.lines().any(|shown| shown.split_whitespace().eq(line.split_whitespace()));
        assert!(found, "{line}\nis not in\n{text}");
    }
}

fn example() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../etc/eucalyptus.conf")).unwrap()
}

#[test]
fn the_example_file_works_as_it_is_and_documents_every_variable_once() {
    let text = example();
    let files = main_only(&text);
    let warnings = warnings(&CcSettings::from_files(&files).unwrap().notices);
    assert!(matches!(&warnings[..], [only] if only.ends_with("NODES names no node")), "{warnings:?}");
    assert_eq!(NcSettings::from_files(&files).unwrap().notices, []);

    // The operator's tool rewrites every line that begins with the name, comments included (deployment.md §1.7).
    let lines: Vec<_> = text.lines().map(|line| line.trim_start_matches([' ', '\t', '#'])).collect();
    for key in USED {
        let found: Vec<_> = lines.iter().filter(|line| line.starts_with(key)).collect();
        let own = format!("{key}=\"");
        assert!(found.iter().any(|line| line.starts_with(&own)), "{key} is not documented");
        let other = found.iter().find(|line| !USED.iter().any(|key| line.starts_with(&format!("{key}=\""))));
        assert_eq!(other, None, "a line that an edit of {key} would destroy");
        assert_eq!(found.iter().filter(|line| line.starts_with(&own)).count(), 1, "{key}");
    }
}

#[test]
fn the_example_file_shows_the_defaults_and_only_usable_examples() {
    let commented: String =
        example().lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix('#')?))).collect();
    let shown = main_only(format!("{commented}{CC}{NC}"));
    let (cc_shown, nc_shown) =
        (CcSettings::from_files(&shown).unwrap(), NcSettings::from_files(&shown).unwrap());
    let (cc_default, nc_default) = (cc(""), nc(""));
    for (shown, default) in [(&cc_shown.report, &cc_default.report), (&nc_shown.report, &nc_default.report)] {
        for setting in default.settings.iter().filter(|setting| setting.origin == Origin::Default).skip(1) {
            let shown = shown.get(setting.key).unwrap();
            // A value that is not commented out in the file may differ from the default.
            if matches!(shown.origin, Origin::File(_)) && setting.value.is_some() {
                assert_eq!(shown.value, setting.value, "{}", setting.key);
            }
        }
    }
    for mode in ["STATIC", "MANAGED", "MANAGED-NOVLAN"] {
        let text = format!("VNET_MODE={mode}\n{commented}{CC}");
        let settings = CcSettings::from_files(&main_only(text));
        assert!(settings.is_ok(), "{mode}: {settings:?}");
    }
}

/// An installation in a directory of its own.
struct Site {
    directory: tempfile::TempDir,
    home: Home,
    seconds: std::cell::Cell<u64>,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("etc/eucalyptus")).unwrap();
        let home = Home::resolve(None, Some(directory.path())).unwrap();
        Self { directory, home, seconds: std::cell::Cell::new(1_000_000_000) }
    }

    /// Writes a file and gives it a modification time it never had.
    fn write(&self, path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        let seconds = self.seconds.get() - 60;
        self.seconds.set(seconds);
        let time = std::time::UNIX_EPOCH + Duration::from_secs(seconds);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn write_main(&self, nodes: &str) {
        self.write(&self.home.main_conf(), &format!("NODES=\"{nodes}\"\n{CC}"));
    }

    fn watch(&self) -> Watch {
        let files = Files::read(&self.home).unwrap();
        Watch::new(&files, CcSettings::from_files(&files).unwrap().hot)
    }
}

#[test]
fn a_change_of_either_file_is_noticed_in_both_directions_of_time() {
    let site = Site::new();
    site.write_main("a");
    let mut watch = site.watch();
    let mut look = || watch.check().unwrap().map(|(hot, _)| names(&hot.nodes).join(" "));

    assert_eq!(look(), None);
    // Every write of this test is older than the one before.
    site.write_main("a b");
    assert_eq!(look().as_deref(), Some("a b"));
    assert_eq!(look(), None);
    site.write(&site.home.local_conf(), "NODES=\"c\"");
    assert_eq!(look().as_deref(), Some("c"));
    site.write(&site.home.local_conf(), "NC_POLLING_FREQUENCY=60");
    assert_eq!(look().as_deref(), Some("a b"));
    fs::remove_file(site.home.local_conf()).unwrap();
    assert_eq!(look().as_deref(), Some("a b"));
    assert_eq!(look(), None);
    // cc_t185: touched, but the same
    site.write_main("a b");
    assert_eq!(look(), None);
    // Written as editors do: a new file takes the place.
    let fresh = site.directory.path().join("fresh");
    site.write(&fresh, &format!("NODES=\"d\"\n{CC}"));
    fs::rename(fresh, site.home.main_conf()).unwrap();
    assert_eq!(look().as_deref(), Some("d"));
}

// cc_t188
#[test]
fn the_last_good_list_stays_while_the_files_cannot_be_used_and_each_complaint_is_made_once() {
    let site = Site::new();
    site.write_main("a");
    let mut watch = site.watch();
    let complaints = [
        (CC.replace("NC_PORT", "#NC_PORT"), "NC_PORT is set neither in "),
        (format!("NODES=\"b\n{CC}"), "NODES: the closing quote is missing"),
        (format!("{CC}\0"), "the file holds a NUL byte"),
    ];
    for (text, expected) in complaints {
        site.write(&site.home.main_conf(), &text);
        let error = watch.check().map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(watch.check().unwrap(), None);
        assert_eq!(names(&watch.hot().nodes), ["a"]);
    }
    fs::remove_file(site.home.main_conf()).unwrap();
    assert!(watch.check().is_err());
    assert_eq!(watch.check().unwrap(), None);
    assert_eq!(names(&watch.hot().nodes), ["a"]);

    site.write_main("a");
    assert_eq!(watch.check().unwrap(), None);
    site.write_main("a e");
    assert_eq!(watch.check().unwrap().map(|(hot, _)| hot.nodes.len()), Some(2));
}

#[test]
fn files_that_are_not_plain_files_are_refused_without_waiting() {
    let site = Site::new();
    let main = site.home.main_conf();
    let message = |site: &Site| Files::read(&site.home).map(drop).unwrap_err().to_string();

    assert_eq!(message(&site), format!("cannot read configuration file {}", main.display()));
    fs::create_dir(&main).unwrap();
    assert_eq!(message(&site), format!("configuration file {} is not a regular file", main.display()));
    fs::remove_dir(&main).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(&main).status().unwrap();
    assert!(pipe.success());
    assert_eq!(message(&site), format!("configuration file {} is not a regular file", main.display()));
    fs::remove_file(&main).unwrap();
    // A sparse file: nothing of it is on the disk, and only the beginning is read.
    fs::File::create(&main).unwrap().set_len(1 << 40).unwrap();
    assert!(message(&site).contains("is longer than 1048576 bytes"));
}

proptest! {
    #[test]
    fn no_pair_of_files_makes_the_reader_panic(
        local in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..512)),
        main in proptest::collection::vec(any::<u8>(), 0..512),
    ) {
        if let Ok(files) = Files::from_text(&root(), local.as_deref(), &main) {
            let _ = CcSettings::from_files(&files).map(|settings| settings.report.to_string());
            let _ = NcSettings::from_files(&files).map(|settings| settings.report.to_string());
        }
    }

    #[test]
    fn no_value_makes_the_reader_panic_and_what_it_accepts_its_report_repeats(
        index in 0..USED.len(),
        value in "[ -~\t]{0,40}",
        mode in 0..3_usize,
    ) {
        let mode = ["", MANAGED, STATIC][mode];
        let first = format!("{}={value}\n{}=\"{value}\"\n{mode}", USED[index], USED[index]);
        if let Ok(settings) = CcSettings::from_files(&files(&first, CC)) {
            let again = main_only(settings.report.to_string());
            let again = CcSettings::from_files(&again).unwrap();
            prop_assert_eq!(values(&again.report), values(&settings.report));
        }
        if let Ok(settings) = NcSettings::from_files(&files(&first, NC)) {
            let again = main_only(settings.report.to_string());
            let again = NcSettings::from_files(&again).unwrap();
            prop_assert_eq!(values(&again.report), values(&settings.report));
        }
    }
}

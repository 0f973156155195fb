//! Makes the first corpus of every target from the recordings: `seed DIRECTORY`.

use std::fs;
use std::path::{Path, PathBuf};

use euca_wsse::{Limits, scan};

/// Longer recordings say nothing new and slow everything down.
const LONGEST: usize = 32_768;

fn main() -> std::io::Result<()> {
    let out = PathBuf::from(std::env::args_os().nth(1).expect("usage: seed DIRECTORY"));
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let write = |target: &str, name: &str, bytes: &[u8]| -> std::io::Result<()> {
        fs::create_dir_all(out.join(target))?;
        fs::write(out.join(target).join(name), bytes)
    };
    for directory in ["c-2.0.1", "clc-2.0.1", "clc-2.0.1/replies-accepted", "clc-2.0.1/replies-rejected"] {
        for entry in fs::read_dir(root.join("tests/golden").join(directory))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = if path.is_file() { fs::read(&path)? } else { continue };
            let Some(body) = body(&name, bytes).filter(|body| body.len() <= LONGEST) else { continue };
            write("envelope", &name, &body)?;
            if name.ends_with(".request.http") {
                write("wsse", &name, &body)?;
            }
            if let Ok(envelope) = scan(&body, &Limits::default())
                && let Some(element) = envelope.body()
            {
                write("wire_decode", &name, element.xml.as_bytes())?;
            }
        }
    }
    // One unaltered message, and one example of each edit.
    for (index, edits) in [
        &b"\0"[..],
        b"\0\0\x05\0\0\0\x10",
        b"\x01\x01\x05\0\0\0\x03<a>",
        b"\x02\x06\x10\0\x0f\0\xff",
        b"\x03\x03\x0a\0\0\0A",
    ]
    .iter()
    .enumerate()
    {
        write("wsse", &format!("edits-{index}"), edits)?;
    }

    // Eight bytes of the image's size, and its first sector: a disk with one partition, one with two, and neither.
    let mut sector = [0; 512];
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    let mut image = |name: &str, entries: &[[u8; 16]]| {
        for (entry, bytes) in sector[446..510].chunks_exact_mut(16).zip(entries) {
            entry.copy_from_slice(bytes);
        }
        write("image", name, &[&(100u64 << 20).to_le_bytes()[..], &sector].concat())
    };
    let entry = |kind, first: u8| [0, 0, 0, 0, kind, 0, 0, 0, 0, first, 0, 0, 0, 8, 0, 0];
    image("partition", &[])?;
    image("disk-1", &[entry(0x83, 8)])?;
    image("disk-2", &[entry(0x83, 8), entry(0x82, 16)])?;
    write("image", "qcow2", b"\0\0\0\x40\0\0\0\0QFI\xfb\0\0\0\x03")?;
    // An answer in each of its framings, one of a gzip member, and a manifest.
    let answers: [(&str, &[u8]); 4] = [
        ("length", b"\0\x05\0HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        ("close", b"\0\x05\0HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"),
        ("chunked", b"\0\x05\0HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("gzip", b"\x01\x05\0HTTP/1.1 200 OK\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03\xcbH\xcd\xc9\xc9\x07\0\x86\xa6\x106\x05\0\0\0"),
    ];
    for (name, answer) in answers {
        write("walrus", name, answer)?;
    }
    let manifest = b"<?xml version=\"1.0\"?><manifest><image><name>i</name><size>5</size></image></manifest>";
    write("walrus", "manifest", manifest)?;

    for (name, request) in [
        ("login", r#"{"login":{"target":"iqn.2009-06.com.eucalyptus.c1:store7","host":"10.0.0.5","secret":"AbCdEfGhIjKl"}}"#),
        ("logout", r#"{"logout":{"target":"iqn.2009-06.com.eucalyptus.c1:store7"}}"#),
        ("power-down", r#"{"power-down":{}}"#),
        ("failed", r#"{"failed":{"reason":"no"}}"#),
    ] {
        let length = u32::try_from(request.len()).unwrap_or_default().to_be_bytes();
        write("helper", name, request.as_bytes())?;
        write("helper", &format!("{name}-framed"), &[&length[..], request.as_bytes()].concat())?;
    }
    write(
        "libvirt_xml",
        "domain",
        b"<domain type='qemu' id='3'><name>i-1</name><devices><disk type='block' device='disk'>\
          <driver name='qemu' type='raw' cache='none'/><source dev='/dev/sdc' index='2'/><backingStore/>\
          <target dev='sdb' bus='scsi'/><serial>vol-1</serial></disk><disk type='file' device='cdrom'>\
          <target dev='hdc' bus='ide'/></disk><interface type='bridge'/></devices></domain>",
    )?;
    write("libvirt_xml", "path", b"/dev/disk/by-path/ip-10.0.0.5:3260-iscsi-iqn.a:b-lun-1")?;

    let example = fs::read(root.join("etc/eucalyptus.conf"))?;
    let uncommented = String::from_utf8_lossy(&example).lines().fold(String::new(), |text, line| {
        text + line.strip_prefix('#').filter(|line| line.contains("=\"")).unwrap_or(line) + "\n"
    });
    write("config", "example", &example)?;
    write("config", "example-all", uncommented.as_bytes())?;
    for mode in ["STATIC", "MANAGED", "MANAGED-NOVLAN"] {
        let local = format!("VNET_MODE={mode}\nNODES=\"a b [::1]\"\n");
        write("config", mode, &[local.as_bytes(), b"\xFF", uncommented.as_bytes()].concat())?;
    }
    Ok(())
}

/// The SOAP message of a recording.
fn body(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    if name.ends_with(".xml") {
        return Some(bytes);
    }
    if name.ends_with(".response.http") || name.starts_with("http.") {
        return euca_oracle::http::parse(&bytes, LONGEST).ok().map(|reply| reply.body);
    }
    if !name.ends_with(".request.http") {
        return None;
    }
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(bytes[at + 4..].to_vec())
}

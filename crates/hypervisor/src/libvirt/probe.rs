//! The test guest: a boot sector that switches to 64-bit mode, works for a moment and writes one line to the first
//! serial port. Getting as far as the BIOS proves nothing: where a hypervisor emulates instruction by instruction, the
//! BIOS ends after seconds and an operating system never.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::Libvirt;
use super::capabilities::Capabilities;
use crate::{Boot, DiskFormat, DomainKind, DomainName, DomainSpec, Error, Hypervisor, Probe, Virtio};

/// The test domain's name. Fixed, so that one left behind by a killed daemon is found and ended.
pub const NAME: &str = "euca-probe";
const LINE: &[u8] = b"EUCA-PROBE";

/// From real mode straight into 64-bit mode with paging, 40 million instructions of work, then the line to the port
/// at 0x3f8. Any processor, real or translated, is through in a fraction of a second.
#[rustfmt::skip]
const CODE: [u8; 137] = [
    0xfa, // cli
    0xfc, // cld
    0x31, 0xc0, // xor ax, ax
    0x8e, 0xd8, // mov ds, ax
    0x8e, 0xc0, // mov es, ax
    0x8e, 0xd0, // mov ss, ax
    0x66, 0xbf, 0x00, 0x90, 0x00, 0x00, // mov edi, 0x9000: three page tables follow from there
    0x0f, 0x22, 0xdf, // mov cr3, edi
    0x66, 0x31, 0xc0, // xor eax, eax
    0xb9, 0x00, 0x0c, // mov cx, 0xc00
    0x66, 0xf3, 0xab, // rep stosd: all entries absent
    0xc7, 0x06, 0x00, 0x90, 0x03, 0xa0, // mov word [0x9000], 0xa003
    0xc7, 0x06, 0x00, 0xa0, 0x03, 0xb0, // mov word [0xa000], 0xb003
    0xc6, 0x06, 0x00, 0xb0, 0x83, // mov byte [0xb000], 0x83: the first 2 MiB, as they are
    0xb0, 0x20, // mov al, 0x20
    0x0f, 0x22, 0xe0, // mov cr4, eax: PAE
    0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, // mov ecx, 0xc0000080
    0x0f, 0x32, // rdmsr
    0x80, 0xcc, 0x01, // or ah, 1: long mode
    0x0f, 0x30, // wrmsr
    0x0f, 0x01, 0x16, 0x83, 0x7c, // lgdt [gdtr]
    0x0f, 0x20, 0xc0, // mov eax, cr0
    0x66, 0x0d, 0x01, 0x00, 0x00, 0x80, // or eax, 0x80000001: paging, protection
    0x0f, 0x22, 0xc0, // mov cr0, eax
    0xea, 0x55, 0x7c, 0x08, 0x00, // jmp 8:long
    0xb9, 0x00, 0x2d, 0x31, 0x01, // long: mov ecx, 20 000 000
    0xff, 0xc9, // dec ecx
    0x75, 0xfc, // jnz to dec
    0xbe, 0x89, 0x7c, 0x00, 0x00, // mov esi, line
    0xba, 0xf8, 0x03, 0x00, 0x00, // mov edx, 0x3f8
    0xac, // lodsb
    0x84, 0xc0, // test al, al
    0x74, 0x03, // jz to hlt
    0xee, // out dx, al
    0xeb, 0xf8, // jmp to lodsb
    0xf4, // hlt
    0xeb, 0xfd, // jmp to hlt
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // gdt: nothing
    0x00, 0x00, 0x00, 0x00, 0x00, 0x9a, 0x20, 0x00, // 64-bit code
    0x0f, 0x00, 0x73, 0x7c, 0x00, 0x00, // gdtr
];

/// 1 MiB with the boot sector in front: a BIOS does not boot from less than a cylinder.
fn disk_image() -> Vec<u8> {
    let mut image = vec![0; 1 << 20];
    image[..CODE.len()].copy_from_slice(&CODE);
    image[CODE.len()..CODE.len() + LINE.len()].copy_from_slice(LINE);
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    image
}

pub(super) async fn run(libvirt: &Libvirt) -> Result<Probe, Error> {
    let kind = libvirt.settings.kind;
    let refused = |reason: String| Error::Probe { kind: kind.as_str(), reason };
    let xml =
        libvirt.pool.call(libvirt.query("capabilities", ""), |connect| connect.get_capabilities()).await?;
    let capabilities = Capabilities::read(&xml).map_err(|error| refused(error.to_string()))?;
    if !capabilities.offer(kind) {
        return Err(refused("libvirt offers no such domain".to_owned()));
    }
    let version =
        libvirt.pool.call(libvirt.query("version", ""), |connect| connect.get_hyp_version()).await?;

    let name = DomainName::new(NAME)?;
    libvirt.destroy(&name).await?;
    let files = Files::in_directory(&libvirt.settings.probe_dir);
    files.write().await.map_err(|error| refused(format!("cannot write {:?}: {error}", files.disk)))?;
    let first_output = boot(libvirt, &name, kind, &files).await;
    if let Err(error) = libvirt.destroy(&name).await {
        tracing::warn!(%error, "the test domain could not be destroyed");
    }
    files.remove().await;
    let version = format!("{}.{}.{}", version / 1_000_000, version / 1000 % 1000, version % 1000);
    Ok(Probe { kind, version, first_output: first_output? })
}

/// Time from the request to create the domain to its line on the serial port.
async fn boot(
    libvirt: &Libvirt,
    name: &DomainName,
    kind: DomainKind,
    files: &Files,
) -> Result<Duration, Error> {
    let spec = DomainSpec {
        name: name.clone(),
        kind,
        memory_mib: 64,
        cores: 1,
        boot: Boot::Disk { floppy: None },
        disk: files.disk.clone(),
        format: DiskFormat::Raw,
        console: files.console.clone(),
        nic: None,
        virtio: Virtio::default(),
        emulator: None,
    };
    let started = Instant::now();
    libvirt.create(name, &spec.to_xml()?).await.map_err(|error| match error {
        Error::Failed { source, .. } => Error::Probe { kind: kind.as_str(), reason: source.to_string() },
        error => error,
    })?;
    let limit = libvirt.settings.probe_limit;
    while started.elapsed() < limit {
        let output = tokio::fs::read(&files.console).await.unwrap_or_default();
        if output.windows(LINE.len()).any(|window| window == LINE) {
            return Ok(started.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let reason = format!("the test guest did not come to its end within {limit:?}");
    Err(Error::Probe { kind: kind.as_str(), reason })
}

struct Files {
    disk: PathBuf,
    console: PathBuf,
}

impl Files {
    fn in_directory(directory: &Path) -> Self {
        Self { disk: directory.join("euca-probe.disk"), console: directory.join("euca-probe.console") }
    }

    async fn write(&self) -> std::io::Result<()> {
        tokio::fs::write(&self.disk, disk_image()).await?;
        tokio::fs::write(&self.console, b"").await
    }

    async fn remove(&self) {
        for file in [&self.disk, &self.console] {
            if let Err(error) = tokio::fs::remove_file(file).await {
                tracing::warn!(?file, %error, "a file of the test domain could not be removed");
            }
        }
    }
}

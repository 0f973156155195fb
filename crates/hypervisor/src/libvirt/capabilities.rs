//! libvirt's capabilities document: which kinds of domains it can configure. That is a necessary condition for
//! guests to run, and by far not a sufficient one.

use yaserde::YaDeserialize;

use crate::DomainKind;

#[derive(Debug, Default, YaDeserialize)]
#[yaserde(rename = "capabilities")]
pub(super) struct Capabilities {
    #[yaserde(rename = "guest")]
    guests: Vec<Guest>,
}

#[derive(Debug, Default, YaDeserialize)]
struct Guest {
    os_type: String,
    arch: Arch,
}

#[derive(Debug, Default, YaDeserialize)]
struct Arch {
    #[yaserde(rename = "domain")]
    domains: Vec<Domain>,
}

#[derive(Debug, Default, YaDeserialize)]
struct Domain {
    #[yaserde(attribute = true, rename = "type")]
    kind: String,
}

impl Capabilities {
    pub fn read(xml: &str) -> Result<Self, yaserde::Error> {
        yaserde::de::from_str(xml)
    }

    /// Whether fully virtualised guests of this kind can be configured.
    pub fn offer(&self, kind: DomainKind) -> bool {
        self.guests
            .iter()
            .filter(|guest| guest.os_type == "hvm")
            .any(|guest| guest.arch.domains.iter().any(|domain| domain.kind == kind.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_under_hvm_guests_only() {
        let xml = "<capabilities><host><uuid>u</uuid><cpu><arch>x86_64</arch></cpu></host>\
                   <guest><os_type>xen</os_type><arch name='x86_64'><domain type='kvm'/></arch></guest>\
                   <guest><os_type>hvm</os_type><arch name='x86_64'><wordsize>64</wordsize>\
                   <machine maxCpus='255'>pc</machine><domain type='qemu'/></arch><features><acpi/></features></guest>\
                   </capabilities>";
        let capabilities = Capabilities::read(xml).unwrap();
        assert!(capabilities.offer(DomainKind::Qemu));
        assert!(!capabilities.offer(DomainKind::Kvm));
        assert!(!Capabilities::read("<capabilities/>").unwrap().offer(DomainKind::Qemu));
        assert!(Capabilities::read("<capabilities>").is_err());
    }
}

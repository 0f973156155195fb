//! What DescribeInstances leaves out so that a CLC can read it (cluster-controller.md §7.10, clc.md §2.1).
//!
//! A CLC reads 1 MiB of a reply and discards a longer one; what it has not been told for ten minutes it
//! terminates. So every instance stays in the reply, and what the CLC can do without goes, for all instances
//! alike, in the order of [`CUTS`] and no further than necessary. With short names about 1 000 instances fit
//! unabridged, 2 000 with everything cut. Beyond that the reply is sent too long, which the log says.

use std::borrow::Cow;

use euca_wire::{CLC_BODY_LIMIT, Encoder, Shared, cc};

/// One thing that is left out: what it is called in the log, and how.
type Cut = (&'static str, fn(&mut cc::CcInstance));

/// What is left out, first to last. The CLC uses the first three only for an instance it does not know, that is
/// after it has lost its own records; the others not at all (clc.md §3.3).
const CUTS: [Cut; 6] = [
    ("user data", |it| it.user_data = None),
    ("keys", |it| it.key_name = None),
    ("launch index, launch time and image ids", |it| {
        it.launch_index = None;
        it.launch_time = None;
        it.image_id = None;
        it.kernel_id = None;
        it.ramdisk_id = None;
    }),
    ("volumes and device mappings", |it| {
        it.volumes = Vec::new();
        if let Some(machine) = &mut it.instance_type {
            machine.device_mapping = Vec::new();
        }
    }),
    ("idle bundle states and further groups", |it| {
        it.bundle_task_state_name.take_if(|state| state == "none");
        it.group_names.truncate(1);
    }),
    ("service tags", |it| it.service_tag = None),
];

/// How much of each instance is told: 0 is everything, more is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Abridged(usize);

impl Abridged {
    /// What is left out, for the log.
    pub(crate) fn left_out(self) -> Vec<&'static str> {
        CUTS.iter().take(self.0).map(|(name, _)| *name).collect()
    }

    /// The instance as it is told.
    pub(crate) fn apply(self, instance: &Shared<cc::CcInstance>) -> Shared<cc::CcInstance> {
        let mut instance = instance.clone();
        if self.0 > 0 {
            let told = Shared::make_mut(&mut instance);
            CUTS.iter().take(self.0).for_each(|(_, cut)| cut(told));
        }
        instance
    }
}

/// Bytes an instance takes in a reply, by how much of it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths([u32; CUTS.len() + 1]);

impl Lengths {
    /// Those of one instance.
    pub(crate) fn of(instance: &cc::CcInstance) -> Self {
        const TAGS: usize = "<instances></instances>".len();
        let mut instance = Cow::Borrowed(instance);
        let mut lengths = [0; CUTS.len() + 1];
        for (at, length) in lengths.iter_mut().enumerate() {
            if let Some((_, cut)) = at.checked_sub(1).and_then(|before| CUTS.get(before)) {
                cut(instance.to_mut());
            }
            // A node's answer, and so an instance in it, is far below 4 GiB.
            *length = u32::try_from(TAGS + Encoder::short_length(&*instance)).unwrap_or(u32::MAX);
        }
        Self(lengths)
    }

    /// Of all these instances in one reply: how much of each is told, and how many bytes that takes. `rest` is
    /// what else is in the reply.
    pub(crate) fn fit(all: impl Iterator<Item = Self>, rest: usize) -> (Abridged, usize) {
        let mut sums = [rest; CUTS.len() + 1];
        for Self(lengths) in all {
            for (sum, length) in sums.iter_mut().zip(lengths) {
                *sum += length as usize;
            }
        }
        let fitting = sums.iter().position(|sum| *sum <= CLC_BODY_LIMIT).unwrap_or(CUTS.len());
        (Abridged(fitting), sums.get(fitting).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use euca_wire::{DateTime, Generation, Message as _};

    use super::*;

    fn instance(number: usize, user_data: usize) -> cc::CcInstance {
        let text = |text: &str| Some(text.to_owned());
        let mapping = cc::DeviceMapping { device_name: text("sda1"), ..Default::default() };
        cc::CcInstance {
            image_id: text("emi-12345678"),
            kernel_id: text("eki-12345678"),
            ramdisk_id: text("eri-12345678"),
            instance_id: Some(format!("i-{number:08X}")),
            instance_type: Some(cc::VirtualMachine {
                name: text("m1.small"),
                memory: Some(128),
                cores: Some(1),
                disk: Some(2),
                device_mapping: vec![mapping],
            }),
            key_name: Some("ssh-rsa ".to_owned() + &"A".repeat(370)),
            launch_time: Some(DateTime::from_unix(1_290_000_000)),
            state_name: text("Extant"),
            net_params: Some(cc::NetConfig {
                private_mac_address: "d0:0d:00:00:00:01".to_owned(),
                private_ip: "192.168.1.2".to_owned(),
                public_ip: "203.0.113.10".to_owned(),
                vlan: 10,
                network_index: 2,
            }),
            owner_id: text("admin"),
            reservation_id: text("r-41D30C2E"),
            service_tag: text("http://192.168.7.123:8775/axis2/services/EucalyptusNC"),
            user_data: Some("<é>".repeat(user_data)),
            launch_index: text("0"),
            platform: text("linux"),
            bundle_task_state_name: text("none"),
            group_names: vec!["default".to_owned(), "web".to_owned()],
            volumes: vec![cc::Volume { volume_id: text("vol-12345678"), ..Default::default() }],
        }
    }

    /// The reply with these instances, and what was expected of it.
    fn reply(instances: &[cc::CcInstance]) -> (Abridged, usize, Vec<u8>) {
        let answer =
            cc::DescribeInstances { correlation_id: Some("c".repeat(36)), ..Default::default() }.answer(true);
        let (abridged, length) = Lengths::fit(instances.iter().map(Lengths::of), answer.short_length());
        let told = instances.iter().map(|it| abridged.apply(&Shared::from(it.clone()))).collect();
        let mut out = Vec::new();
        let response = cc::DescribeInstancesResponse { instances: told, ..answer };
        response.write(&mut Encoder::new(&mut out, Generation::V2_0));
        (abridged, length, out)
    }

    #[test]
    fn two_thousand_instances_fit_into_a_reply_and_none_is_missing() {
        let mut before = Abridged::default();
        for count in [0, 10, 300, 700, 1000, 1300, 1600, 1800, 1900, 2000] {
            let instances: Vec<_> = (0..count).map(|number| instance(number, 100)).collect();
            let (abridged, length, reply) = reply(&instances);
            assert!(abridged >= before, "{count} instances: more is told than of fewer");
            assert!(reply.len() <= CLC_BODY_LIMIT, "{count} instances: {} bytes", reply.len());
            let reply = String::from_utf8(reply).unwrap();
            // With room to spare it keeps its prefixes.
            let short = reply.starts_with("<Describe");
            assert!(if short { length == reply.len() } else { length < reply.len() }, "{count} instances");
            for number in 0..count {
                assert!(
                    reply.contains(&format!("<instanceId>i-{number:08X}</instanceId>"))
                        || reply.contains(&format!("<n:instanceId>i-{number:08X}</n:instanceId>"))
                );
            }
            before = abridged;
        }
        assert_eq!(before.left_out().len(), CUTS.len());
    }

    #[test]
    fn what_is_left_out_goes_in_order_and_what_a_clc_polls_for_stays() {
        let whole = instance(7, 10);
        let mut last = u32::MAX;
        let Lengths(lengths) = Lengths::of(&whole);
        for (cuts, length) in lengths.into_iter().enumerate() {
            assert!(length < last, "cut {cuts} saves something");
            last = length;
            let told = Abridged(cuts).apply(&Shared::from(whole.clone()));
            assert_eq!(told.user_data.is_some(), cuts < 1);
            assert_eq!(told.key_name.is_some(), cuts < 2);
            assert_eq!(told.image_id.is_some(), cuts < 3);
            assert_eq!(told.volumes.is_empty(), cuts >= 4);
            assert_eq!(told.group_names.len(), if cuts < 5 { 2 } else { 1 });
            assert_eq!(told.service_tag.is_some(), cuts < 6);
            assert_eq!((&told.net_params, &told.platform), (&whole.net_params, &whole.platform));
            assert_eq!((&told.owner_id, &told.state_name), (&whole.owner_id, &whole.state_name));
        }
        let bundling = cc::CcInstance { bundle_task_state_name: Some("bundling".into()), ..whole };
        let told = Abridged(CUTS.len()).apply(&bundling.into());
        assert_eq!(told.bundle_task_state_name.as_deref(), Some("bundling"));
    }

    #[test]
    fn more_than_fits_is_told_all_the_same() {
        let instances: Vec<_> = (0..3000).map(|number| instance(number, 0)).collect();
        let (abridged, length, reply) = reply(&instances);
        assert_eq!(abridged, Abridged(CUTS.len()));
        assert!(length > CLC_BODY_LIMIT);
        assert_eq!(length, reply.len());
    }
}

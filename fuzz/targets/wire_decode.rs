//! Any text as the body element of any message: the decoder never fails otherwise than with an error. What the
//! envelope scan lets through, as everything that reaches the decoder in a daemon, is refused with a short reason,
//! or read, and then what is written from it is ASCII and reads as the same message.

#![no_main]

use std::fmt::Debug;

use euca_wire::{Element, Encoder, Generation, Message, NAMESPACE, cc, gl, nc};
use euca_wsse::{Limits, Version, scan, write_envelope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let scope = [("", NAMESPACE), ("n", NAMESPACE), ("xsi", "http://www.w3.org/2001/XMLSchema-instance")];
    // Only the message of that name can be read; asking all 66 each time would be slow.
    let start = text.trim_start().trim_start_matches('<');
    let name = start.split([' ', '>', '/', '\t', '\n', '\r']).next().unwrap_or_default();
    let name = name.split_once(':').map_or(name, |(_, local)| local);
    read(name, &Element { xml: text, scope: &scope }, false);

    let mut document = Vec::new();
    write_envelope(Version::Soap11, b"", data, &mut document);
    if let Ok(envelope) = scan(&document, &Limits::default())
        && let Some(body) = envelope.body()
    {
        read(body.local_name, &Element { xml: body.xml, scope: &body.scope }, true);
    }
});

fn check<M: Message + Debug + PartialEq>(name: &str, element: &Element<'_>, scanned: bool) {
    if name != M::NAME {
        return;
    }
    let result = M::read(element);
    if !scanned {
        return;
    }
    match result {
        Ok(message) => {
            let mut written = Vec::new();
            message.write(&mut Encoder::new(&mut written, Generation::V2_0));
            assert!(written.is_ascii());
            let xml = std::str::from_utf8(&written).expect("ASCII");
            let again = M::read(&Element { xml, scope: &[] });
            assert_eq!(again.as_ref(), Ok(&message), "{xml}");
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && text.len() < 1024, "{text}");
        }
    }
}

macro_rules! messages {
    ($($module:ident { $($message:ident)* })*) => {
        fn read(name: &str, element: &Element<'_>, scanned: bool) {
            $($(check::<$module::$message>(name, element, scanned);)*)*
        }
    };
}

messages! {
    cc {
        AssignAddress AssignAddressResponse AttachVolume AttachVolumeResponse BundleInstance BundleInstanceResponse
        CancelBundleTask CancelBundleTaskResponse ConfigureNetwork ConfigureNetworkResponse DescribeBundleTasks
        DescribeBundleTasksResponse DescribeInstances DescribeInstancesResponse DescribeNetworks
        DescribeNetworksResponse DescribePublicAddresses DescribePublicAddressesResponse DescribeResources
        DescribeResourcesResponse DetachVolume DetachVolumeResponse GetConsoleOutput GetConsoleOutputResponse
        RebootInstances RebootInstancesResponse RunInstances RunInstancesResponse StartNetwork StartNetworkResponse
        StopNetwork StopNetworkResponse TerminateInstances TerminateInstancesResponse UnassignAddress
        UnassignAddressResponse
    }
    nc {
        NcAttachVolume NcAttachVolumeResponse NcBundleInstance NcBundleInstanceResponse NcCancelBundleTask
        NcCancelBundleTaskResponse NcDescribeBundleTasks NcDescribeBundleTasksResponse NcDescribeInstances
        NcDescribeInstancesResponse NcDescribeResource NcDescribeResourceResponse NcDetachVolume
        NcDetachVolumeResponse NcGetConsoleOutput NcGetConsoleOutputResponse NcPowerDown NcPowerDownResponse
        NcRebootInstance NcRebootInstanceResponse NcRunInstance NcRunInstanceResponse NcStartNetwork
        NcStartNetworkResponse NcTerminateInstance NcTerminateInstanceResponse
    }
    gl { GetKeys GetKeysResponse GetLogs GetLogsResponse }
}

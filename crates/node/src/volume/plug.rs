//! Into the guest and out of it, with a look at the live document afterwards: what a hypervisor promises and what a
//! guest does are two things.

use std::time::Duration;

use euca_hypervisor::{BlockDisk, DomainName, Hypervisor};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Between two looks whether the guest has let go.
const LOOK: Duration = Duration::from_millis(500);

/// How a guest came to be without a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unplugged {
    /// It gave it back, or did not have it.
    Free,
    /// There is no guest.
    NoDomain,
}

/// Refuses a name that another disk of the guest has; a domain must be there.
pub(crate) async fn check<H: Hypervisor>(hypervisor: &H, id: &DomainName, name: &str) -> Result<(), Error> {
    let disks = hypervisor.disks(id).await?.ok_or_else(|| Error::NoDomain(id.clone()))?;
    match disks.iter().any(|disk| disk.target == name) {
        true => Err(Error::DeviceTaken { instance: id.clone(), device: name.to_owned() }),
        false => Ok(()),
    }
}

/// Plugs the disk in. An error does not mean that it is not in, nor that it never will be: [`unplug`].
pub(crate) async fn plug<H: Hypervisor>(
    hypervisor: &H,
    id: &DomainName,
    disk: &BlockDisk,
) -> Result<(), Error> {
    hypervisor.attach_disk(id, disk).await?;
    match look(hypervisor, id, disk).await? {
        Some(Place::Ours) => Ok(()),
        Some(_) => Err(Error::NotPlugged(id.clone())),
        None => Err(Error::NoDomain(id.clone())),
    }
}

/// Takes the disk out, unless it is out already. An error means that it may be in still.
///
/// A disk that is not there may come yet, from an order to plug it in that was not answered in time. The order to take it
/// out stands in line behind that: it is out when this one was answered.
pub(crate) async fn unplug<H: Hypervisor>(
    hypervisor: &H,
    id: &DomainName,
    disk: &BlockDisk,
    limit: Duration,
    abort: &CancellationToken,
) -> Result<Unplugged, Error> {
    let began = Instant::now();
    let was_there = match look(hypervisor, id, disk).await? {
        None => return Ok(Unplugged::NoDomain),
        Some(Place::Anothers) => return Ok(Unplugged::Free),
        Some(place) => place == Place::Ours,
    };
    let refused = hypervisor.detach_disk(id, disk).await.err();
    let answered = !refused.as_ref().is_some_and(euca_hypervisor::Error::is_unknown);
    loop {
        match look(hypervisor, id, disk).await? {
            None => return Ok(Unplugged::NoDomain),
            Some(Place::Free | Place::Anothers) if was_there || answered => return Ok(Unplugged::Free),
            Some(_) => {}
        }
        if let Some(refused) = refused {
            return Err(refused.into());
        }
        if began.elapsed() >= limit {
            return Err(Error::Clinging { instance: id.clone(), limit });
        }
        abort.run_until_cancelled(sleep(LOOK)).await.ok_or(Error::Canceled)?;
    }
}

/// What a guest has under the name of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Free,
    Ours,
    /// A disk with another source, which is not ours to touch.
    Anothers,
}

/// Looks for the disk in the live document. `None` when there is no guest.
async fn look<H: Hypervisor>(
    hypervisor: &H,
    id: &DomainName,
    disk: &BlockDisk,
) -> Result<Option<Place>, Error> {
    let (name, disks) = (disk.name(), hypervisor.disks(id).await?);
    Ok(disks.map(|disks| match disks.iter().find(|found| found.target == name.as_str()) {
        None => Place::Free,
        Some(found) if found.source.as_deref() == Some(&*disk.source) => Place::Ours,
        Some(_) => Place::Anothers,
    }))
}

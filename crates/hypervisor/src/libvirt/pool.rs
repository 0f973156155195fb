//! Dedicated threads for blocking calls, with a deadline for whoever waits.
//!
//! A caller that gives up does not free the thread: libvirt's calls cannot be interrupted. What it does free is
//! itself, and a call that still waits for a thread or a connection is then never made.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use euca_observe::metrics::{self, Gauge, Raised};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use virt::connect::Connect;

use super::Connection;
use crate::error::Error;

type Job = Box<dyn FnOnce(&mut Session) + Send>;

/// Whether a call changes something. Changes may take long, so some threads are kept free of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Query,
    Change,
}

/// A call, for its caller and for the log.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub call: &'static str,
    pub subject: String,
    pub limit: Duration,
    pub kind: Kind,
}

#[derive(Debug)]
pub(super) struct Pool {
    jobs: SyncSender<Job>,
    changes: Arc<Semaphore>,
    metrics: metrics::Hypervisor,
}

/// With whoever waits for a call. When he leaves before its end, the call is counted as blocked until its end: the
/// other end of the channel is with the job, and what is in the channel goes with it.
struct Wait {
    left: Option<oneshot::Sender<Raised>>,
    blocked: Gauge,
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(left) = self.left.take() {
            let _ = left.send(Raised::new(&self.blocked));
        }
    }
}

impl Pool {
    pub fn start(uri: &str, threads: usize, queue: usize) -> Result<Self, Error> {
        let threads = threads.max(3);
        let (jobs, waiting) = sync_channel::<Job>(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads {
            let (uri, waiting) = (uri.to_owned(), Arc::clone(&waiting));
            thread::Builder::new()
                .name(format!("libvirt-{number}"))
                .spawn(move || work(Session { uri, connection: None }, &waiting))
                .map_err(|source| Error::Unreachable {
                    uri: "a new thread".to_owned(),
                    source: source.into(),
                })?;
        }
        let metrics = metrics::Hypervisor::default();
        Ok(Self { jobs, changes: Arc::new(Semaphore::new(threads - 2)), metrics })
    }

    /// What is counted of the calls.
    pub fn metrics(&self) -> metrics::Hypervisor {
        self.metrics.clone()
    }

    /// Runs `act` on a thread with a connection that answers, and waits for it until the request's limit.
    pub async fn call<T: Send + 'static>(
        &self,
        request: Request,
        act: impl FnOnce(&Connect) -> Result<T, virt::error::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Request { call, subject, limit, .. } = request.clone();
        let begun = Instant::now();
        let result = match tokio::time::timeout(limit, self.submit(request, act)).await {
            Ok(result) => result,
            Err(_) => {
                tracing::warn!(call, subject, ?limit, "libvirt does not answer");
                Err(Error::Deadline { call, subject, limit })
            }
        };
        self.metrics.called(call, outcome(&result), begun.elapsed());
        result
    }

    async fn submit<T: Send + 'static>(
        &self,
        request: Request,
        act: impl FnOnce(&Connect) -> Result<T, virt::error::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.permit(request.kind).await;
        let (reply, answer) = oneshot::channel();
        let (left, alone) = oneshot::channel();
        let _wait = Wait { left: Some(left), blocked: self.metrics.calls_blocked.clone() };
        let running = self.metrics.calls_running.clone();
        let (call, subject) = (request.call, request.subject.clone());
        let job = Box::new(move |session: &mut Session| {
            let _permit = permit;
            if reply.is_closed() {
                return;
            }
            let counted = (Raised::new(&running), alone);
            let started = Instant::now();
            let result = match session.connection() {
                // Getting through to a libvirtd that hung may have taken longer than anybody waited.
                Ok(_) if reply.is_closed() => return,
                Ok(connection) => act(&connection.0).map_err(|error| session.failure(&request, error)),
                Err(error) => Err(error),
            };
            drop(counted);
            if reply.send(result).is_err() {
                let Request { call, subject, .. } = request;
                tracing::warn!(call, subject, took = ?started.elapsed(), "libvirt answered too late");
            }
        });
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.jobs.try_send(job) {
            return Err(Error::Busy { call, subject });
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Error::Failed { call, subject, source: "the call panicked".into() }))
    }

    /// Held by the job, not by the caller: a change that hangs keeps its place until it ends.
    async fn permit(&self, kind: Kind) -> Option<OwnedSemaphorePermit> {
        match kind {
            Kind::Query => None,
            Kind::Change => Arc::clone(&self.changes).acquire_owned().await.ok(),
        }
    }
}

fn outcome<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(Error::Deadline { .. }) => "deadline",
        Err(Error::Unreachable { .. }) => "unreachable",
        Err(Error::Busy { .. }) => "busy",
        Err(_) => "failed",
    }
}

fn work(mut session: Session, waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A panic below libvirt's bindings fails its call and costs a connection, not the thread.
        if catch_unwind(AssertUnwindSafe(|| job(&mut session))).is_err() {
            session.connection = None;
        }
    }
}

/// One thread's connection.
struct Session {
    uri: String,
    connection: Option<Connection>,
}

impl Session {
    /// A connection that answered just now. Asking first keeps a restarted libvirtd from failing the call: after
    /// the call it could not be told whether a change took effect.
    fn connection(&mut self) -> Result<&Connection, Error> {
        let usable = self.connection.take().filter(Connection::answers);
        let connection = match usable {
            Some(connection) => connection,
            None => Connection::open(&self.uri)
                .map_err(|source| Error::Unreachable { uri: self.uri.clone(), source: source.into() })?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Tells a refusal from a connection that broke during the call, whose outcome nobody knows.
    fn failure(&mut self, request: &Request, error: virt::error::Error) -> Error {
        let source = error.into();
        if self.connection.as_ref().is_some_and(Connection::answers) {
            Error::Failed { call: request.call, subject: request.subject.clone(), source }
        } else {
            self.connection = None;
            Error::Unreachable { uri: self.uri.clone(), source }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(kind: Kind, limit: u64) -> Request {
        Request { call: "test", subject: "i-1".to_owned(), limit: Duration::from_millis(limit), kind }
    }

    /// libvirt's own mock driver: everything in the process, nothing on the host.
    fn pool(threads: usize, queue: usize) -> Arc<Pool> {
        virt::error::clear_error_callback();
        Arc::new(Pool::start("test:///default", threads, queue).unwrap())
    }

    /// Occupies a thread with a call that ends when what this returns is dropped.
    async fn hang(pool: &Arc<Pool>, kind: Kind) -> SyncSender<()> {
        let ((held, release), (begun, wait)) = (sync_channel(0), oneshot::channel());
        let pool = Arc::clone(pool);
        tokio::spawn(async move {
            let hung = move |_: &Connect| {
                let _ = begun.send(());
                let _ = release.recv();
                Ok(())
            };
            pool.call(request(kind, 60_000), hung).await
        });
        wait.await.unwrap();
        held
    }

    #[tokio::test]
    async fn changes_that_hang_leave_threads_for_questions() {
        let pool = pool(4, 8);
        let _hung = [hang(&pool, Kind::Change).await, hang(&pool, Kind::Change).await];
        let third = pool.call(request(Kind::Change, 50), |_| Ok(())).await;
        assert!(matches!(third, Err(Error::Deadline { .. })), "{third:?}");
        assert_eq!(pool.call(request(Kind::Query, 30_000), Connect::get_type).await.unwrap(), "TEST");
    }

    #[tokio::test]
    async fn a_call_is_counted_when_it_ends_for_its_caller_and_blocked_until_it_ends() {
        let pool = pool(3, 8);
        let ((held, release), metrics) = (sync_channel::<()>(0), pool.metrics());
        let hung = pool.call(request(Kind::Query, 50), move |_| {
            let _ = release.recv();
            Ok(())
        });
        assert!(matches!(hung.await, Err(Error::Deadline { .. })));
        assert_eq!((metrics.calls_running.get(), metrics.calls_blocked.get()), (1, 1));
        drop(held);
        let ended = async {
            while metrics.calls_blocked.get() + metrics.calls_running.get() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ended).await.unwrap();
        pool.call(request(Kind::Query, 30_000), Connect::get_type).await.unwrap();
        for outcome in ["deadline", "ok"] {
            let call = metrics::HypervisorCall { call: "test", outcome };
            assert_eq!(metrics.calls.get_or_create(&call).get(), 1, "{outcome}");
        }
        assert_eq!((metrics.calls_running.get(), metrics.calls_blocked.get()), (0, 0));
    }

    #[tokio::test]
    async fn a_full_queue_is_a_refusal_and_not_a_wait() {
        let pool = pool(3, 2);
        let mut hung = Vec::new();
        for _ in 0..3 {
            hung.push(hang(&pool, Kind::Query).await);
        }
        for _ in 0..2 {
            let queued = pool.call(request(Kind::Query, 50), Connect::get_type).await;
            assert!(matches!(queued, Err(Error::Deadline { .. })), "{queued:?}");
        }
        let refused = pool.call(request(Kind::Query, 30_000), Connect::get_type).await;
        assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_panic_fails_one_call_and_no_thread() {
        let pool = pool(3, 8);
        for _ in 0..5 {
            let panicked =
                pool.call(request(Kind::Query, 30_000), |_| -> Result<(), _> { panic!("by plan") }).await;
            assert!(matches!(panicked, Err(Error::Failed { .. })), "{panicked:?}");
        }
        assert_eq!(pool.call(request(Kind::Query, 30_000), Connect::get_type).await.unwrap(), "TEST");
    }

    #[tokio::test]
    async fn an_unreachable_hypervisor_is_named() {
        let pool = Pool::start("qemu+unix:///system?socket=/nonexistent/libvirt-sock", 3, 8).unwrap();
        let error = pool.call(request(Kind::Query, 30_000), Connect::get_type).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("/nonexistent/libvirt-sock"), "{error}");
    }
}

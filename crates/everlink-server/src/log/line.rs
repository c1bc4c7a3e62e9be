//! What waits for a log's thread, and what it shares with the handles.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::batch::Outcome;
use super::error::LogError;
use super::followers::{Followers, guarded};
use super::options::{LogOptions, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX};
use super::orphans::Orphans;
use super::record::{Append, Body, Head};
use super::tables::Totals;
use super::{Done, LogStatus};

/// Something to be carried out in order.
#[derive(Debug)]
pub(super) enum Work {
    Append(Pending),
    Begin(Arc<str>, Answer),
    Trim(Arc<str>, u64, Answer),
}

/// Where the bounds of a channel are asked for.
pub(super) type Answer = oneshot::Sender<Result<Head, LogError>>;

/// A message that waits for a commit. Whatever happens to it, its outcome is told.
pub(super) struct Pending {
    pub(super) append: Append,
    pub(super) bytes: usize,
    done: Option<Done>,
}

impl Pending {
    pub(super) fn finish(mut self, outcome: Outcome) {
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Outcome) {
        if let Some(done) = self.done.take() {
            guarded("an append", || done(outcome));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.tell(Err(LogError::Closed));
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("append", &self.append).finish_non_exhaustive()
    }
}

/// Guarded by one lock, never held while something is stored or told.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) works: VecDeque<Work>,
    /// With how many in line the thread wants to be woken; it sleeps or is busy until then.
    pub(super) wanted: usize,
    /// Messages that are in line or being stored.
    pub(super) pending: usize,
    pub(super) pending_bytes: usize,
    pub(super) totals: Totals,
    pub(super) fault: Option<String>,
    /// No more is taken; what is in line is carried out.
    pub(super) closing: bool,
    /// The thread is gone.
    pub(super) stopped: bool,
    pub(super) ended: Vec<oneshot::Sender<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) kind: &'static str,
    pub(super) options: LogOptions,
    pub(super) followers: Followers,
    line: Mutex<Line>,
    orphans: Mutex<Orphans>,
    /// Rung for the thread.
    pub(super) work: Condvar,
    /// Rung by the thread when it ends.
    pub(super) stopped: Condvar,
}

impl Shared {
    pub(super) fn new(kind: &'static str, options: LogOptions, totals: Totals) -> Self {
        Self {
            kind,
            options,
            followers: Followers::default(),
            line: Mutex::new(Line { totals, ..Line::default() }),
            orphans: Mutex::default(),
            work: Condvar::new(),
            stopped: Condvar::new(),
        }
    }

    /// Every change under the lock is complete before it can panic, so a poisoned lock is sound.
    pub(super) fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn orphans(&self) -> MutexGuard<'_, Orphans> {
        self.orphans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn append(&self, append: Append, done: Done) {
        let bytes = size(&append);
        let mut line = self.lock();
        match self.check(&line, &append, bytes) {
            Ok(()) => {
                line.pending += 1;
                line.pending_bytes += bytes;
                self.put_in_line(line, Work::Append(Pending { append, bytes, done: Some(done) }));
            }
            Err(refused) => {
                // Still under the lock: a later one must not get in line before this is noted.
                self.orphans().failed(&append.channel, &append.producer, append.sequence);
                drop(line);
                guarded("an append", || done(Err(refused)));
            }
        }
    }

    /// Puts a question in line and waits for its answer.
    pub(super) async fn ask(&self, work: impl FnOnce(Answer) -> Work) -> Result<Head, LogError> {
        self.put(work)?.await.unwrap_or(Err(LogError::Closed))
    }

    /// Puts a question in line.
    pub(super) fn put(
        &self,
        work: impl FnOnce(Answer) -> Work,
    ) -> Result<oneshot::Receiver<Result<Head, LogError>>, LogError> {
        let line = self.lock();
        if line.closing {
            return Err(LogError::Closed);
        }
        if line.works.len() >= self.options.pending_max.saturating_mul(2) {
            return Err(self.busy(&line));
        }
        let (answer, answered) = oneshot::channel();
        self.put_in_line(line, work(answer));
        Ok(answered)
    }

    fn put_in_line(&self, mut line: MutexGuard<'_, Line>, work: Work) {
        line.works.push_back(work);
        let is_wanted = line.works.len() >= line.wanted;
        drop(line);
        if is_wanted {
            self.work.notify_one();
        }
    }

    /// Takes nothing more; the receiver resolves when all is stored and the thread has ended.
    pub(super) fn close(&self) -> Option<oneshot::Receiver<()>> {
        let mut line = self.lock();
        line.closing = true;
        self.work.notify_one();
        let (held, ended) = oneshot::channel();
        (!line.stopped).then(|| {
            line.ended.push(held);
            ended
        })
    }

    pub(super) fn status(&self) -> LogStatus {
        let line = self.lock();
        LogStatus {
            kind: self.kind,
            channels: line.totals.channels,
            records: line.totals.records,
            bytes: line.totals.bytes,
            pending: line.pending as u64,
            fault: line.fault.clone(),
        }
    }

    fn check(&self, line: &Line, append: &Append, bytes: usize) -> Result<(), LogError> {
        if line.closing {
            return Err(LogError::Closed);
        }
        check_lengths(append)?;
        let fits = line.pending_bytes.saturating_add(bytes) <= self.options.pending_bytes_max;
        if line.pending < self.options.pending_max && (fits || line.pending == 0) {
            return Ok(());
        }
        Err(self.busy(line))
    }

    fn busy(&self, line: &Line) -> LogError {
        LogError::Busy {
            pending: line.pending,
            pending_max: self.options.pending_max,
            bytes: line.pending_bytes,
            bytes_max: self.options.pending_bytes_max,
        }
    }
}

pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), LogError> {
    check_length(what, name.len(), NAME_BYTES_MAX)
}

fn check_lengths(append: &Append) -> Result<(), LogError> {
    check_name("the channel's name", &append.channel)?;
    check_name("the producer's name", &append.producer)?;
    check_name("the message's name", append.id.as_deref().unwrap_or_default())?;
    check_name("the user's name", append.user.as_deref().unwrap_or_default())?;
    check_length("the payload", payload(append), PAYLOAD_BYTES_MAX)
}

fn check_length(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), LogError> {
    (bytes <= bytes_max).then_some(()).ok_or(LogError::TooLong { what, bytes, bytes_max })
}

fn payload(append: &Append) -> usize {
    match &append.body {
        Body::Message(message) => message.len(),
        Body::Skip | Body::Refused(_) => 0,
    }
}

fn size(append: &Append) -> usize {
    let name = |name: &Option<Arc<str>>| name.as_ref().map_or(0, |name| name.len());
    append.channel.len()
        + append.producer.len()
        + name(&append.id)
        + name(&append.user)
        + payload(append)
}

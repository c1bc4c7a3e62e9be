//! The one thread that changes a store: it gathers, commits, tells and tidies up.

use std::fmt;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::batch::{Batch, Outcome, Stored};
use super::error::LogError;
use super::line::{Answer, Line, Pending, Shared, Work};
use super::options::{BATCH_RECORDS_MAX, BATCH_WAIT_MAX};
use super::record::Head;
use super::tables::{Tables, Totals};
use super::tidy::Tidy;

/// Where transactions are carried out.
pub(super) trait Store: fmt::Debug + Send + 'static {
    /// Runs `work` and, if it returns `true`, makes what it did durable; otherwise nothing of it is
    /// left. `bytes` is how much it will write at least.
    fn transact(
        &mut self,
        bytes: usize,
        work: &mut dyn FnMut(&mut dyn Tables) -> Result<bool, LogError>,
    ) -> Result<(), LogError>;

    /// Does what is to be done before the thread ends.
    fn close(&mut self) {}
}

#[derive(Debug)]
pub(super) struct Writer<S> {
    shared: Arc<Shared>,
    store: S,
    tidy: Tidy,
    /// How many works the last batch had: so many are expected to come along again.
    expected: usize,
    /// How long the last commit took: waiting longer than that for company does not pay.
    took: Duration,
    /// Channels whose last commit may or may not have happened, with their heads before it.
    unsure: Vec<(Arc<str>, u64)>,
    /// When a store that failed is tried again although nobody asks.
    retry_at: Option<Instant>,
}

/// How the works of one batch ended.
#[derive(Debug, Default)]
struct Carried {
    outcomes: Vec<Outcome>,
    heads: Vec<Result<Head, LogError>>,
    stored: Vec<Stored>,
    found: Vec<Stored>,
    totals: Totals,
}

impl<S: Store> Writer<S> {
    pub(super) fn new(shared: Arc<Shared>, store: S) -> Self {
        Self {
            shared,
            store,
            tidy: Tidy::new(),
            expected: 0,
            took: Duration::ZERO,
            unsure: Vec::new(),
            retry_at: None,
        }
    }

    /// Runs until the log is closed and everything is stored.
    pub(super) fn run(mut self) {
        let _ends = EndsWithThread(Arc::clone(&self.shared));
        loop {
            let (works, closing) = self.gather();
            if !works.is_empty() {
                self.carry_out(works);
            } else if closing {
                self.store.close();
                return;
            } else {
                self.use_idle_time();
            }
        }
    }

    fn gather(&mut self) -> (Vec<Work>, bool) {
        let shared = Arc::clone(&self.shared);
        let mut line = self.wait_for_work(&shared);
        line = self.wait_for_company(line, &shared);
        let count = line.works.len().min(BATCH_RECORDS_MAX);
        self.expected = count;
        line.wanted = usize::MAX; // Nobody needs to wake a thread that is busy.
        (line.works.drain(..count).collect(), line.closing)
    }

    /// Waits for work, or until there is something to do without.
    fn wait_for_work<'a>(&mut self, shared: &'a Shared) -> MutexGuard<'a, Line> {
        let mut line = shared.lock();
        line.wanted = 1;
        let began = Instant::now();
        while line.works.is_empty() && !line.closing {
            let until = self.retry_at.unwrap_or_else(|| self.tidy.next_sweep());
            let is_healthy = self.retry_at.is_none();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || (is_healthy && self.tidy.has_work()) {
                break;
            }
            let waited = shared.work.wait_timeout(line, left);
            line = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if began.elapsed() > BATCH_WAIT_MAX {
            self.expected = 0; // Whoever came along last time is long gone.
        }
        line
    }

    /// Waits until as many are in line as came last time, but only for a moment: a lone publisher
    /// never waits, and a crowd shares one sync.
    fn wait_for_company<'a>(
        &self,
        mut line: MutexGuard<'a, Line>,
        shared: &'a Shared,
    ) -> MutexGuard<'a, Line> {
        if line.works.is_empty() || line.works.len() >= self.expected {
            return line;
        }
        let wants_more = |line: &mut Line| line.works.len() < self.expected && !line.closing;
        line.wanted = self.expected;
        let wait = self.took.min(BATCH_WAIT_MAX);
        let waited = shared.work.wait_timeout_while(line, wait, wants_more);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn carry_out(&mut self, works: Vec<Work>) {
        let began = Instant::now();
        let carried = self.transact(&works);
        self.took = began.elapsed();
        match carried {
            Ok(carried) => self.succeeded(works, carried),
            Err(error) => self.failed(works, error),
        }
    }

    fn transact(&mut self, works: &[Work]) -> Result<Carried, LogError> {
        let Self { shared, store, tidy, unsure, .. } = self;
        let (mut carried, mut touched) = (Carried::default(), Vec::new());
        let result = store.transact(bytes_of(works), &mut |tables| {
            carried = Carried { found: find(tables, unsure)?, ..Carried::default() };
            let mut batch = Batch::new(&shared.options, tables)?;
            for work in works {
                apply(work, &mut batch, tables, shared, &mut carried)?;
            }
            batch.write(tables)?;
            touched = batch.touched();
            tidy.touched(&shared.options, batch.states());
            carried.stored = batch.stored();
            tidy.step(tables, &shared.options, works.len() * TIDY_FACTOR)?;
            if tidy.is_overdue() {
                tidy.sweep(tables, &shared.options)?;
            }
            carried.totals = tables.totals()?;
            Ok(true)
        });
        match result {
            Ok(()) => {
                unsure.clear();
                Ok(carried)
            }
            Err(error) => {
                let known = |name: &Arc<str>| unsure.iter().any(|(other, _)| other == name);
                let new: Vec<_> = touched.into_iter().filter(|(name, _)| !known(name)).collect();
                unsure.extend(new);
                Err(error)
            }
        }
    }

    fn succeeded(&mut self, works: Vec<Work>, carried: Carried) {
        let Carried { outcomes, heads, stored, found, totals } = carried;
        self.healthy(totals);
        self.shared.followers.tell(&found);
        self.shared.followers.tell(&stored);
        self.leave_line(&works);
        let (mut outcomes, mut heads) = (outcomes.into_iter(), heads.into_iter());
        for work in works {
            match work {
                Work::Append(pending) => {
                    self.finish(pending, outcomes.next().unwrap_or(Err(LogError::Closed)));
                }
                Work::Begin(_, answer) | Work::Trim(_, _, answer) => {
                    reply(answer, heads.next().unwrap_or(Err(LogError::Closed)));
                }
            }
        }
    }

    fn failed(&mut self, works: Vec<Work>, error: LogError) {
        tracing::warn!(%error, works = works.len(), "a log could not store");
        self.faulty(&error);
        self.leave_line(&works);
        for work in works {
            match work {
                Work::Append(pending) => self.finish(pending, Err(error.clone())),
                Work::Begin(_, answer) | Work::Trim(_, _, answer) => {
                    reply(answer, Err(error.clone()))
                }
            }
        }
    }

    /// Messages that are not in line any more make room for others, before any of their publishers goes on.
    fn leave_line(&self, works: &[Work]) {
        let appends = works.iter().filter_map(|work| match work {
            Work::Append(pending) => Some(pending.bytes),
            Work::Begin(..) | Work::Trim(..) => None,
        });
        let (count, bytes) = appends.fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes));
        let mut line = self.shared.lock();
        line.pending -= count;
        line.pending_bytes -= bytes;
    }

    fn finish(&self, pending: Pending, outcome: Outcome) {
        if outcome.is_err() {
            // Under the lock: a later one must not get in line before this is noted.
            let _line = self.shared.lock();
            let append = &pending.append;
            self.shared.orphans().failed(&append.channel, &append.producer, append.sequence);
        }
        pending.finish(outcome);
    }

    /// Tidies up a little, or finds out whether a store that failed works again.
    fn use_idle_time(&mut self) {
        self.shared.orphans().expire();
        let Self { shared, store, tidy, retry_at, unsure, .. } = self;
        let is_probe = retry_at.is_some();
        let (mut totals, mut found) = (Totals::default(), Vec::new());
        let result = store.transact(0, &mut |tables| {
            found = find(tables, unsure)?;
            let mut changed = tidy.step(tables, &shared.options, IDLE_RECORDS)?;
            if !changed {
                changed = tidy.sweep(tables, &shared.options)?;
            }
            totals = tables.totals()?;
            Ok(changed || is_probe)
        });
        match result {
            Ok(()) => {
                unsure.clear();
                self.healthy(totals);
                self.shared.followers.tell(&found);
            }
            Err(error) => self.faulty(&error),
        }
    }

    fn healthy(&mut self, totals: Totals) {
        if self.retry_at.take().is_some() {
            tracing::info!("a log that could not store does so again");
        }
        let mut line = self.shared.lock();
        (line.totals, line.fault) = (totals, None);
    }

    fn faulty(&mut self, error: &LogError) {
        self.retry_at = Some(Instant::now() + RETRY_EVERY);
        self.shared.lock().fault = Some(error.to_string());
    }
}

fn apply(
    work: &Work,
    batch: &mut Batch<'_>,
    tables: &mut dyn Tables,
    shared: &Shared,
    carried: &mut Carried,
) -> Result<(), LogError> {
    match work {
        Work::Append(pending) => {
            let outcome = batch.append(tables, &mut shared.orphans(), &pending.append)?;
            carried.outcomes.push(outcome);
        }
        Work::Begin(channel, _) => carried.heads.push(batch.begin(tables, channel)?),
        Work::Trim(channel, before, _) => {
            carried.heads.push(Ok(batch.trim(tables, channel, *before)?));
        }
    }
    Ok(())
}

/// Looks what became of commits that failed and may have happened all the same.
fn find(tables: &dyn Tables, unsure: &[(Arc<str>, u64)]) -> Result<Vec<Stored>, LogError> {
    let mut found = Vec::new();
    for (channel, before) in unsure {
        let Some(state) = tables.channel(channel)?.filter(|state| state.head > *before) else {
            continue;
        };
        let records = tables.records(state.number, before + 1, state.head)?;
        found.push(Stored { channel: Arc::clone(channel), head: state.head(), records });
    }
    Ok(found)
}

fn bytes_of(works: &[Work]) -> usize {
    let bytes = |work: &Work| match work {
        Work::Append(pending) => pending.bytes,
        Work::Begin(channel, _) | Work::Trim(channel, _, _) => channel.len(),
    };
    works.iter().map(bytes).fold(0, usize::saturating_add)
}

fn reply(answer: Answer, head: Result<Head, LogError>) {
    // Whoever asked may have gone.
    let _ = answer.send(head);
}

/// Says that the thread has ended, even if it panicked; whoever still waits is told.
#[derive(Debug)]
struct EndsWithThread(Arc<Shared>);

impl Drop for EndsWithThread {
    fn drop(&mut self) {
        let mut line = self.0.lock();
        line.closing = true;
        line.stopped = true;
        if std::thread::panicking() {
            line.fault = Some("the log's thread has panicked".to_owned());
        }
        let works = std::mem::take(&mut line.works);
        line.ended.clear();
        drop(line);
        drop(works);
        self.0.stopped.notify_all();
    }
}

/// Records that are removed with a commit, for each that it stores: more than one, so that a limit holds.
const TIDY_FACTOR: usize = 2;

/// Records that are removed at once in idle time.
const IDLE_RECORDS: usize = 256;

/// How often a store that failed is tried again although nobody asks.
const RETRY_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError, Weak, mpsc};

    use everlink_engine::server::Refusals;
    use everlink_wire::Message;

    use super::*;
    use crate::log::handle::Handle;
    use crate::log::memory::Memory;
    use crate::log::{Append, Appended, Body, Follower, LogOptions, Record};

    /// Stores what it says it could not, as a disk whose sync fails may do.
    #[derive(Debug, Default)]
    struct Liar {
        memory: Memory,
        transactions_with_bytes: u64,
    }

    impl Store for Liar {
        fn transact(
            &mut self,
            bytes: usize,
            work: &mut dyn FnMut(&mut dyn Tables) -> Result<bool, LogError>,
        ) -> Result<(), LogError> {
            self.memory.transact(bytes, work)?;
            self.transactions_with_bytes += u64::from(bytes > 0);
            match self.transactions_with_bytes {
                2 if bytes > 0 => Err(LogError::Unavailable { reason: "a lie".to_owned() }),
                _ => Ok(()),
            }
        }
    }

    #[derive(Debug, Default)]
    struct Told(Mutex<Vec<u64>>);

    impl Follower for Told {
        fn stored(&self, _: &Arc<str>, _: Head, records: &[Arc<Record>]) {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.extend(records.iter().map(|record| record.offset));
        }
    }

    fn append(handle: &Handle, sequence: u64) -> Outcome {
        let (done, outcome) = mpsc::channel();
        let append = Append {
            channel: "room".into(),
            producer: "ann".into(),
            sequence,
            before: sequence - 1,
            id: None,
            user: None,
            first: false,
            refused: Refusals::new(),
            body: Body::Message(Message::from("hello")),
        };
        handle.append(append, Box::new(move |outcome| done.send(outcome).unwrap()));
        outcome.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    #[test]
    fn a_commit_that_failed_and_happened_all_the_same_is_told_to_followers_and_then_known() {
        let options = LogOptions::default();
        let handle = Handle::start("liar", options, Totals::default(), Liar::default()).unwrap();
        let told = Arc::new(Told::default());
        handle.follow(Arc::downgrade(&told) as Weak<dyn Follower>);
        assert!(matches!(append(&handle, 1), Ok(Appended::New { offset: 1, .. })));
        assert!(matches!(append(&handle, 2), Err(LogError::Unavailable { .. })));
        assert!(matches!(append(&handle, 2), Ok(Appended::Known { last, .. }) if last.offset == 2));
        assert!(matches!(append(&handle, 3), Ok(Appended::New { offset: 3, .. })));
        assert_eq!(*told.0.lock().unwrap(), [1, 2, 3], "each once, in order");
    }

    #[test]
    fn a_follower_or_an_outcome_that_panics_ends_nothing() {
        #[derive(Debug)]
        struct Panics;

        impl Follower for Panics {
            fn stored(&self, _: &Arc<str>, _: Head, _: &[Arc<Record>]) {
                panic!("as this test wants it");
            }
        }

        let options = LogOptions::default();
        let handle =
            Handle::start("memory", options, Totals::default(), Memory::default()).unwrap();
        let panics = Arc::new(Panics);
        handle.follow(Arc::downgrade(&panics) as Weak<dyn Follower>);
        assert!(append(&handle, 1).is_ok());
        assert!(append(&handle, 2).is_ok());
    }
}

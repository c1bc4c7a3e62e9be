//! What the parts of the contract share: short words for what they do, and a follower that notes all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use everlink_engine::server::Refusals;
use everlink_wire::Message;
use tokio::sync::oneshot;

use super::WAIT;
use crate::log::{
    Append, Appended, Body, Follower, Head, Log, LogError, LogStatus, Page, PageLimit, Record,
};

/// A message that follows from its channel, its producer and its number.
pub(super) fn message(channel: &str, producer: &str, sequence: u64) -> Append {
    let text = format!("{channel}/{producer}/{sequence}");
    Append {
        channel: channel.into(),
        producer: producer.into(),
        sequence,
        before: sequence - 1,
        id: None,
        user: None,
        first: false,
        refused: Refusals::new(),
        body: Body::Message(Message::from(text)),
    }
}

pub(super) fn skip(channel: &str, producer: &str, sequence: u64) -> Append {
    Append { body: Body::Skip, ..message(channel, producer, sequence) }
}

pub(super) fn refuse(channel: &str, producer: &str, sequence: u64) -> Append {
    Append { body: Body::Refused(CODE), ..message(channel, producer, sequence) }
}

/// The code that refusals of these tests have.
pub(super) const CODE: u32 = 4403;

/// Hands a message over at once; the receiver hears the outcome.
pub(super) fn hand_over(
    log: &dyn Log,
    append: Append,
) -> oneshot::Receiver<Result<Appended, LogError>> {
    let (done, outcome) = oneshot::channel();
    log.append(append, Box::new(|outcome| drop(done.send(outcome))));
    outcome
}

pub(super) async fn outcome(
    outcome: oneshot::Receiver<Result<Appended, LogError>>,
) -> Result<Appended, LogError> {
    bounded(outcome).await.expect("the outcome of every append is told")
}

pub(super) async fn append(log: &dyn Log, append: Append) -> Result<Appended, LogError> {
    outcome(hand_over(log, append)).await
}

/// Stores a message that is new, and returns its offset.
#[track_caller]
pub(super) fn store(log: &dyn Log, message: Append) -> impl Future<Output = u64> {
    let outcome = append(log, message);
    async move {
        match outcome.await {
            Ok(Appended::New { offset, .. }) => offset,
            other => panic!("a new message was not stored: {other:?}"),
        }
    }
}

pub(super) async fn head(log: &dyn Log, channel: &str) -> Head {
    bounded(log.head(channel)).await.expect("a channel's head can be read")
}

pub(super) async fn trim(log: &dyn Log, channel: &str, before: u64) -> Head {
    bounded(log.trim(channel, before)).await.expect("a channel can be trimmed")
}

pub(super) async fn read(log: &dyn Log, channel: &str, after: u64) -> Page {
    let limit = PageLimit { records: usize::MAX, bytes: usize::MAX };
    bounded(log.read(channel, after, limit)).await.expect("a channel can be read")
}

pub(super) fn offsets(records: &[Arc<Record>]) -> Vec<u64> {
    records.iter().map(|record| record.offset).collect()
}

/// Waits until the log's status is as it should be.
pub(super) async fn settled(log: &dyn Log, is_right: impl Fn(&LogStatus) -> bool) {
    let settles = async {
        while !is_right(&log.status()) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    let in_time = tokio::time::timeout(WAIT, settles).await;
    in_time.unwrap_or_else(|_| panic!("the status stays {:?}", log.status()));
}

pub(super) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(WAIT, future).await.expect("this should not take so long")
}

/// Notes all that it is told, and that each channel's offsets follow one another.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<BTreeMap<Arc<str>, Vec<Arc<Record>>>>);

impl Notes {
    pub(super) fn of(&self, channel: &str) -> Vec<Arc<Record>> {
        let notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.get(channel).cloned().unwrap_or_default()
    }

    pub(super) fn knows(&self, channel: &str, offset: u64) -> bool {
        self.of(channel).last().is_some_and(|record| record.offset >= offset)
    }
}

impl Follower for Notes {
    fn stored(&self, channel: &Arc<str>, head: Head, records: &[Arc<Record>]) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = notes.entry(Arc::clone(channel)).or_default();
        noted.extend(records.iter().cloned());
        let last = records.last().map(|record| record.offset);
        assert_eq!(last, Some(head.head), "a follower is told the head with its record");
    }
}

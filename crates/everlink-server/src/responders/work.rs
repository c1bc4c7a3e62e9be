//! Works at one channel: reads it from a place on, and answers one message after the other.

use std::sync::Arc;
use std::time::Duration;

use everlink_engine::Epoch;
use everlink_engine::server::Refusals;
use tokio::sync::oneshot;

use super::answer::{answer, is_answer, producer};
use super::feed::Feed;
use crate::log::{Append, Appended, Body, LogError, PageLimit};
use crate::server::Server;
use crate::speech::Name;

/// Where a responder is in a channel.
#[derive(Clone, Copy, Debug)]
struct Place {
    epoch: Epoch,
    after: u64,
}

/// Works at a channel until there is nothing more.
pub(super) async fn work(feed: Arc<Feed>, channel: Name, after: Option<u64>) {
    let Ok(_turn) = feed.turns.acquire().await else {
        return;
    };
    let mut place = after.map(|after| Place { epoch: Epoch(0), after });
    loop {
        match step(&feed, &channel, &mut place).await {
            Ok(true) => {}
            Ok(false) if feed.goes_on(&channel) => {}
            Ok(false) => return,
            Err(error) => {
                let responder = feed.name();
                tracing::warn!(%error, %responder, %channel, "a channel cannot be read");
                if !feed.rest(LOG_RETRY).await {
                    return;
                }
            }
        }
    }
}

/// Answers a page of messages. Returns whether there may be more.
async fn step(feed: &Feed, channel: &Name, place: &mut Option<Place>) -> Result<bool, LogError> {
    let Some(server) = feed.server() else {
        return Ok(false);
    };
    let head = server.log().read(channel, 0, NOTHING).await?.head;
    let at = match *place {
        Some(at) if at.epoch == head.epoch => at,
        // It was fed by this log, or it is not known yet where it was.
        Some(at) if at.epoch == Epoch(0) => Place { epoch: head.epoch, ..at },
        Some(_) | None => locate(&server, feed, channel).await?,
    };
    *place = Some(at);
    let page = server.log().read(channel, at.after, PAGE).await?;
    if page.head.epoch != at.epoch {
        *place = None;
        return Ok(true);
    }
    // The server may go while the answers take their time.
    drop(server);
    for record in &page.records {
        let is_done = is_answer(record) || answer(feed, channel, at.epoch, record).await?;
        if !is_done {
            return Ok(false);
        }
        *place = Some(Place { after: record.offset, ..at });
    }
    Ok(!page.records.is_empty())
}

/// Finds where a responder was, by what the log knows of its last answer.
async fn locate(server: &Server, feed: &Feed, channel: &Name) -> Result<Place, LogError> {
    let head = server.log().read(channel, 0, NOTHING).await?.head;
    let begin = head.first.saturating_sub(1);
    if head.epoch == Epoch(0) {
        return Ok(Place { epoch: head.epoch, after: begin });
    }
    let producer = producer(feed.name(), head.epoch);
    let after = match use_up(server, channel, producer, 1).await? {
        Appended::Known { last, .. } | Appended::Hole(last) => last.sequence,
        // It has never answered here: what is too old is left alone, so not all of it is read.
        Appended::New { .. } | Appended::Refused { .. } => {
            head.head.saturating_sub(LOOKED_BACK_MAX)
        }
    };
    Ok(Place { epoch: head.epoch, after: after.max(begin).min(head.head) })
}

/// Uses a number of a responder up, so that the log knows how far it is.
pub(super) async fn use_up(
    server: &Server,
    channel: &Name,
    producer: Name,
    sequence: u64,
) -> Result<Appended, LogError> {
    let (told, outcome) = oneshot::channel();
    let append = Append {
        channel: Arc::clone(channel),
        producer,
        sequence,
        before: 0,
        id: None,
        user: None,
        first: false,
        refused: Refusals::new(),
        body: Body::Skip,
    };
    let done = Box::new(move |outcome| {
        // Nobody may wait for it any more.
        let _ = told.send(outcome);
    });
    server.log().append(append, done);
    outcome.await.unwrap_or(Err(LogError::Closed))
}

/// Only where the log is.
const NOTHING: PageLimit = PageLimit { records: 0, bytes: 0 };

/// Messages that are read at once.
const PAGE: PageLimit = PageLimit { records: 32, bytes: 256 * 1024 };

/// In a channel where it has never answered, a responder looks back at so many messages.
const LOOKED_BACK_MAX: u64 = 1000;

/// How long to wait before a log is read again that could not be.
const LOG_RETRY: Duration = Duration::from_secs(1);

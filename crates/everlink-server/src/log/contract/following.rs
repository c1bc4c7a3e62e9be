//! Followers: all of it, in order, once, and before the publisher hears of it.

use std::sync::{Arc, Weak};

use super::probe::{Notes, hand_over, head, message, offsets, outcome, read, store};
use super::{Setup, Subject};
use crate::log::{Appended, Follower};

/// Every follower is told of every message, each channel in order, before the outcome is told.
pub async fn followers_hear_all_in_order_before_the_outcome(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let followers = [Arc::new(Notes::default()), Arc::new(Notes::default())];
    for follower in &followers {
        let follower: Weak<Notes> = Arc::downgrade(follower);
        log.follow(follower);
    }
    let mut outcomes = Vec::new();
    for sequence in 1..=500 {
        for channel in ["room", "hall"] {
            let (done, heard) = tokio::sync::oneshot::channel();
            let follower = Arc::clone(&followers[1]);
            let append = message(channel, "ann", sequence);
            log.append(
                append,
                Box::new(move |outcome| {
                    let was_told = match outcome {
                        Ok(Appended::New { offset, .. }) => follower.knows(channel, offset),
                        Ok(_) | Err(_) => false,
                    };
                    let _ = done.send(was_told);
                }),
            );
            outcomes.push(heard);
        }
    }
    for heard in outcomes {
        let was_told = super::probe::bounded(heard).await.expect("each outcome is told");
        assert!(was_told, "an outcome was told before the followers were");
    }
    let again = outcome(hand_over(&*log, message("room", "ann", 500))).await;
    assert!(matches!(again, Ok(Appended::Known { .. })), "{again:?}");
    for follower in &followers {
        for channel in ["room", "hall"] {
            let told = follower.of(channel);
            assert_eq!(offsets(&told), (1..=500).collect::<Vec<_>>(), "all, in order, once");
            assert_eq!(told, read(&*log, channel, 0).await.records, "and the same as is read");
        }
    }
}

/// What was stored before a follower came can be read, what comes later it is told: no hole between.
pub async fn late_followers_hear_what_comes_later(subject: &mut dyn Subject) {
    let log = subject.open(&Setup::standard());
    let publisher = {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            for sequence in 1..=300 {
                store(&*log, message("room", "ann", sequence)).await;
            }
        })
    };
    let mut notes = Vec::new();
    while !publisher.is_finished() {
        let follower = Arc::new(Notes::default());
        let weak: Weak<dyn Follower> = Arc::downgrade(&follower) as Weak<dyn Follower>;
        log.follow(weak);
        notes.push((follower, head(&*log, "room").await.head));
        tokio::task::yield_now().await;
        if notes.len() > 100 {
            notes.remove(0);
        }
    }
    super::probe::bounded(publisher).await.expect("the publisher ends");
    for (follower, read_until) in notes {
        let told = offsets(&follower.of("room"));
        assert!(told.is_sorted_by(|a, b| a + 1 == *b), "in order, once: {told:?}");
        let first = told.first().copied().unwrap_or(301);
        assert!(first <= read_until + 1, "between {read_until} and {first} some are missing");
        assert!(told.is_empty() || told.last() == Some(&300), "to the end");
    }
}

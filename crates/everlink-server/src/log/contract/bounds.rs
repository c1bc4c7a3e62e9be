//! Everything has its bound, and says so.

use std::sync::mpsc;

use super::probe::{append, bounded, hand_over, head, message, offsets, outcome, read, store};
use super::{Setup, Subject, WAIT};
use crate::log::{Appended, LogError};

/// Beyond its bound a log takes nothing more for the moment, and nothing slips in behind what it refused.
pub async fn busy_when_too_much_waits(subject: &mut dyn Subject) {
    let mut setup = Setup::standard();
    setup.pending_max = 4;
    let log = subject.open(&setup);
    // The log's thread is held up in an outcome, so that everything else waits.
    let (release, held) = mpsc::channel::<()>();
    let (entered, holds) = tokio::sync::oneshot::channel();
    log.append(
        message("room", "gate", 1),
        Box::new(move |_| {
            let _ = entered.send(());
            let _ = held.recv_timeout(WAIT);
        }),
    );
    bounded(holds).await.expect("an outcome is told");
    let handed: Vec<_> =
        (1..=6).map(|sequence| hand_over(&*log, message("room", "ann", sequence))).collect();
    let other = hand_over(&*log, message("room", "ben", 1));
    assert_eq!(log.status().pending, 4, "{:?}", log.status());
    drop(release);
    let mut outcomes = Vec::new();
    for handed in handed {
        outcomes.push(outcome(handed).await);
    }
    for (outcome, sequence) in outcomes.iter().zip(1..) {
        match outcome {
            Ok(Appended::New { .. }) => assert!(sequence <= 4, "{sequence} was too much"),
            Err(LogError::Busy { pending: 4, pending_max: 4, .. }) => assert!(sequence > 4),
            other => panic!("{sequence} came to {other:?}"),
        }
    }
    assert!(matches!(outcome(other).await, Err(LogError::Busy { .. })));
    let behind = append(&*log, message("room", "ben", 2)).await;
    assert!(
        matches!(behind, Ok(Appended::Hole(_))),
        "the log does not know its producer, but one before it was refused: {behind:?}"
    );
    assert_eq!(store(&*log, message("room", "ben", 1)).await, 6, "it comes again");
    assert_eq!(store(&*log, message("room", "ben", 2)).await, 7);
    assert_eq!(store(&*log, message("room", "ann", 5)).await, 8);
    assert_eq!(offsets(&read(&*log, "room", 0).await.records), [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// There are so many channels at most; those that are there go on.
pub async fn channels_are_bounded(subject: &mut dyn Subject) {
    let mut setup = Setup::standard();
    setup.channels_max = 2;
    let log = subject.open(&setup);
    store(&*log, message("one", "ann", 1)).await;
    head(&*log, "two").await;
    let refused = append(&*log, message("three", "ann", 1)).await;
    assert_eq!(refused, Err(LogError::TooManyChannels { channels_max: 2 }));
    let refused = bounded(log.head("three")).await;
    assert_eq!(refused, Err(LogError::TooManyChannels { channels_max: 2 }));
    assert_eq!(store(&*log, message("one", "ann", 2)).await, 2);
    assert_eq!(store(&*log, message("two", "ann", 1)).await, 1);
    assert_eq!(log.status().channels, 2);
}

/// So many producers are remembered at most; no one is forgotten early to make room for another.
pub async fn producers_are_bounded(subject: &mut dyn Subject) {
    let mut setup = Setup::standard();
    setup.producers_max = 3;
    let log = subject.open(&setup);
    for producer in ["ann", "ben", "cid"] {
        store(&*log, message("room", producer, 1)).await;
    }
    let refused = append(&*log, message("room", "dan", 1)).await;
    assert_eq!(refused, Err(LogError::TooManyProducers { producers_max: 3 }));
    assert_eq!(store(&*log, message("room", "ann", 2)).await, 4, "those who are known go on");
    setup.pass(setup.origin_ttl + WAIT);
    store(&*log, message("room", "ann", 3)).await;
    let takes_a_new_one = async {
        while append(&*log, message("room", "dan", 1)).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    bounded(takes_a_new_one).await;
}

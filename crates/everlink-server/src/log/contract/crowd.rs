//! Many at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::probe::{Notes, bounded, hand_over, message, offsets, outcome, read};
use super::{Setup, Subject};
use crate::log::Appended;

/// Messages of one publisher to one channel are stored in their order, whoever else publishes.
pub async fn many_appenders_keep_their_order(subject: &mut dyn Subject) {
    const APPENDERS: u64 = 32;
    const MESSAGES: u64 = 60;
    let log = subject.open(&Setup::standard());
    let notes = Arc::new(Notes::default());
    let weak: std::sync::Weak<Notes> = Arc::downgrade(&notes);
    log.follow(weak);
    let appenders = (0..APPENDERS).map(|appender| {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let (channel, producer) = (format!("room {}", appender % 3), format!("p {appender}"));
            let messages = (1..=MESSAGES).map(|sequence| message(&channel, &producer, sequence));
            // All are handed over before the first outcome is known, every second one twice.
            let handed: Vec<_> = messages
                .flat_map(|message| {
                    let again = message.sequence.is_multiple_of(2).then(|| message.clone());
                    [Some(message), again].into_iter().flatten()
                })
                .map(|message| hand_over(&*log, message))
                .collect();
            let (mut new, mut known) = (Vec::new(), 0);
            for handed in handed {
                match outcome(handed).await {
                    Ok(Appended::New { offset, .. }) => new.push(offset),
                    Ok(Appended::Known { .. }) => known += 1,
                    other => panic!("{producer}: {other:?}"),
                }
            }
            assert_eq!((new.len() as u64, known), (MESSAGES, MESSAGES / 2));
            assert!(new.is_sorted_by(|a, b| a < b), "{producer}: {new:?}");
        })
    });
    for appender in appenders.collect::<Vec<_>>() {
        bounded(appender).await.expect("every message was stored once");
    }
    let mut stored = 0;
    for room in 0..3 {
        let channel = format!("room {room}");
        let page = read(&*log, &channel, 0).await;
        assert_eq!(offsets(&page.records), (1..=page.head.head).collect::<Vec<_>>());
        let mut last = BTreeMap::new();
        for record in &page.records {
            let before = last.insert(Arc::clone(&record.producer), record.sequence).unwrap_or(0);
            assert_eq!(record.sequence, before + 1, "{} of {channel}", record.producer);
        }
        assert_eq!(notes.of(&channel), page.records);
        stored += page.records.len() as u64;
    }
    assert_eq!(stored, APPENDERS * MESSAGES);
    let status = log.status();
    assert_eq!((status.channels, status.records, status.pending), (3, stored, 0), "{status:?}");
}

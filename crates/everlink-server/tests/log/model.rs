//! Both logs against a model of a few lines, over any sequence of operations, with the store closed
//! and opened again in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use everlink_engine::server::LastStored;
use everlink_server::log::contract::{Setup, Subject};
use everlink_server::log::{Append, Appended, Body, Head, Log};
use proptest::prelude::*;

use crate::support::{InMemory, OnDisk, bounded, hand_over, message, records};

#[derive(Clone, Debug)]
enum Step {
    /// Appends that are handed over together.
    Append(Vec<Origin>),
    Trim {
        channel: u8,
        before: u64,
    },
    Head {
        channel: u8,
    },
    Reopen,
}

#[derive(Clone, Debug)]
struct Origin {
    channel: u8,
    producer: u8,
    /// Relative to the producer's last number: 0 is the last one again, 1 the next, 2 leaves one out.
    ahead: u64,
    /// How many of those left out were dropped by policy.
    dropped: u64,
    is_skip: bool,
    is_refused: bool,
    is_first: bool,
}

fn origins() -> impl Strategy<Value = Origin> {
    (0u8..3, 0u8..3, prop_oneof![1 => 0u64..2, 6 => Just(1u64), 1 => 2u64..4], 0u64..3, any::<u8>())
        .prop_map(|(channel, producer, ahead, dropped, kind)| Origin {
            channel,
            producer,
            ahead,
            dropped,
            is_skip: kind < 15,
            is_refused: (15..60).contains(&kind),
            is_first: kind.is_multiple_of(4),
        })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => proptest::collection::vec(origins(), 1..8).prop_map(Step::Append),
        1 => (0u8..3, 0u64..12).prop_map(|(channel, before)| Step::Trim { channel, before }),
        1 => (0u8..3).prop_map(|channel| Step::Head { channel }),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..30)
}

/// What a channel should be: its messages by offset from `first` on, and its producers.
#[derive(Clone, Debug, Default)]
struct Channel {
    has_begun: bool,
    first: u64,
    messages: Vec<(String, u64)>,
    producers: BTreeMap<String, (u64, u64)>,
    refused: BTreeMap<String, BTreeMap<u64, u32>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Came {
    New(u64),
    Known(u64, u64),
    Refused(u32),
    Hole(u64, u64),
}

impl Channel {
    fn append(&mut self, append: &Append) -> Came {
        let name = append.producer.to_string();
        let known = self.producers.get(&name).copied();
        let refused = self.refused.entry(name.clone()).or_default();
        if append.first {
            refused.retain(|number, _| *number >= append.sequence);
        }
        if let Some((last, offset)) = known {
            if append.sequence <= last {
                if let Some(code) = refused.get(&append.sequence) {
                    return Came::Refused(*code);
                }
                return Came::Known(last, offset);
            }
            if append.before > last {
                return Came::Hole(last, offset);
            }
        }
        if !matches!(append.body, Body::Message(_)) {
            let Some((last, offset)) = self.producers.get_mut(&name) else { return Came::New(0) };
            if let Body::Refused(code) = append.body {
                // Numbers between that were dropped by policy are not sent again.
                let among = refused.get(&append.before) == Some(&code);
                let begin = if among { append.before + 1 } else { append.sequence };
                refused.extend((begin..=append.sequence).map(|number| (number, code)));
            }
            *last = append.sequence;
            return Came::New(*offset);
        }
        self.begin();
        self.messages.push((name.clone(), append.sequence));
        let offset = self.messages.len() as u64;
        self.producers.insert(name, (append.sequence, offset));
        Came::New(offset)
    }

    fn begin(&mut self) {
        self.has_begun = true;
        self.first = self.first.max(1);
    }
}

async fn run(subject: &mut dyn Subject, steps: &[Step]) {
    let setup = Setup::standard();
    let mut log = subject.open(&setup);
    let mut model: BTreeMap<u8, Channel> = BTreeMap::new();
    let mut epochs = BTreeMap::new();
    for step in steps {
        match step {
            Step::Append(origins) => append(&*log, &mut model, origins).await,
            Step::Trim { channel, before } => {
                let head = bounded(log.trim(&name(*channel), *before)).await.unwrap();
                let model = model.entry(*channel).or_default();
                if model.has_begun {
                    model.first = model.first.max((*before).min(model.messages.len() as u64 + 1));
                }
                check(head, model);
            }
            Step::Head { channel } => {
                let head = bounded(log.head(&name(*channel))).await.unwrap();
                let model = model.entry(*channel).or_default();
                model.begin();
                check(head, model);
                let epoch = *epochs.entry(*channel).or_insert(head.epoch);
                assert_eq!(epoch, head.epoch, "a life keeps its number");
            }
            Step::Reopen => {
                drop(log);
                log = subject.open(&setup);
                if !subject.is_durable() {
                    model.clear();
                    epochs.clear();
                }
            }
        }
        compare(&*log, &model).await;
    }
}

async fn append(log: &dyn Log, model: &mut BTreeMap<u8, Channel>, origins: &[Origin]) {
    let mut handed = Vec::new();
    for origin in origins {
        let channel = model.entry(origin.channel).or_default();
        let producer = format!("producer-{}", origin.producer);
        let last = channel.producers.get(&producer).map_or(0, |(last, _)| *last);
        let sequence = (last + origin.ahead).max(1);
        let before = (sequence - 1).saturating_sub(origin.dropped);
        let mut append = message(&name(origin.channel), &producer, sequence);
        append.before = before;
        append.first = origin.is_first;
        if origin.is_skip {
            append.body = Body::Skip;
        } else if origin.is_refused {
            append.body = Body::Refused(4403 + u32::from(origin.producer));
        }
        let expected = channel.append(&append);
        handed.push((expected, hand_over(log, append)));
    }
    for (expected, outcome) in handed {
        let came = match bounded(outcome).await.unwrap().unwrap() {
            Appended::New { offset, .. } => Came::New(offset),
            Appended::Known { last: LastStored { sequence, offset }, .. } => {
                Came::Known(sequence, offset)
            }
            Appended::Refused { code } => Came::Refused(code),
            Appended::Hole(LastStored { sequence, offset }) => Came::Hole(sequence, offset),
        };
        assert_eq!(came, expected);
    }
}

fn check(head: Head, model: &Channel) {
    let (first, last) = (model.first.max(1), model.messages.len() as u64);
    assert_eq!((head.first, head.head), (first, last));
    assert_eq!(head.epoch.0 != 0, model.has_begun);
}

async fn compare(log: &dyn Log, model: &BTreeMap<u8, Channel>) {
    for (channel, model) in model {
        let kept = model.messages.iter().zip(1..).filter(|(_, offset)| *offset >= model.first);
        let expected: Vec<_> = kept
            .map(|((producer, sequence), offset)| (offset, producer.clone(), *sequence))
            .collect();
        let found = records(log, &name(*channel)).await;
        let found: Vec<_> = found
            .iter()
            .map(|record| (record.offset, record.producer.to_string(), record.sequence))
            .collect();
        assert_eq!(found, expected);
    }
    let begun = model.values().filter(|channel| channel.has_begun).count() as u64;
    assert_eq!(log.status().channels, begun);
}

fn name(channel: u8) -> Arc<str> {
    format!("channel-{channel}").into()
}

fn in_runtime(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.unwrap().block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_log_in_memory_does_what_its_model_does(steps in steps()) {
        in_runtime(run(&mut InMemory, &steps));
    }

    #[test]
    fn fault_32_a_log_on_disk_does_what_its_model_does(steps in steps()) {
        in_runtime(run(&mut OnDisk::new(), &steps));
    }
}

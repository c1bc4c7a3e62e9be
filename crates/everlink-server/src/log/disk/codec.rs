//! The binary form of what is stored: format 2.
//!
//! Each value begins with the number of its form: 1, or 2 for what format 1 did not know. Numbers are in base 128, low digits first, in the
//! shortest form; names have their length before them; the payload is the rest. Whatever this
//! version would not have written is refused, never guessed at.
//!
//! | value | content |
//! |---|---|
//! | channel | form, number, epoch, stored from, first, head, last at, bytes |
//! | producer | 1, sequence, offset, at |
//! | producer with refusals | 2, sequence, offset, at, (numbers in between, further numbers, code)+ |
//! | record | form, flags, at, sequence, producer, id?, user?, payload |
//!
//! Keys: a record has its channel's number and its offset, a producer its channel's number and its
//! name; numbers there have 8 bytes, high ones first, so that they sort.

use std::str;
use std::sync::Arc;

use bytes::Bytes;
use everlink_engine::Epoch;
use everlink_engine::server::{LastStored, Refusals, RefusedNumbers};
use everlink_wire::Message;
use everlink_wire::ws::Text;

use crate::log::record::Record;
use crate::log::tables::{ChannelState, ProducerState};

/// A record's key: its channel's number and its offset.
pub(super) type RecordKey = [u8; 16];

pub(super) fn record_key(channel: u64, offset: u64) -> RecordKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&channel.to_be_bytes());
    key[8..].copy_from_slice(&offset.to_be_bytes());
    key
}

pub(super) fn offset_of(key: &RecordKey) -> u64 {
    key[8..].iter().fold(0, |offset, byte| offset << 8 | u64::from(*byte))
}

pub(super) fn producer_key(channel: u64, name: &str) -> Vec<u8> {
    [&channel.to_be_bytes(), name.as_bytes()].concat()
}

pub(super) fn producer_of(key: &[u8]) -> Option<(u64, Arc<str>)> {
    let (number, name) = key.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), str::from_utf8(name).ok()?.into()))
}

pub(super) fn write_channel(state: &ChannelState) -> Vec<u8> {
    let numbers = [
        state.number,
        state.epoch.0,
        state.stored_from,
        state.first,
        state.head,
        state.last_at,
        state.bytes,
    ];
    write_numbers(&numbers)
}

pub(super) fn read_channel(value: &[u8]) -> Option<ChannelState> {
    let [number, epoch, stored_from, first, head, last_at, bytes] = read_numbers(value)?;
    let is_sound = (1..EPOCH_END).contains(&epoch)
        && (1..=first).contains(&stored_from)
        && head.checked_add(1).is_some_and(|end| first <= end);
    let epoch = Epoch(epoch);
    is_sound.then_some(ChannelState { number, epoch, stored_from, first, head, last_at, bytes })
}

pub(super) fn write_producer(state: &ProducerState) -> Vec<u8> {
    let mut value = write_numbers(&[state.last.sequence, state.last.offset, state.at]);
    if state.refusals.is_empty() {
        return value;
    }
    value[0] = FORM_REFUSALS;
    let mut end = 0;
    for RefusedNumbers { first, last, code } in state.refusals.entries() {
        for number in [first - end - 1, last - first, u64::from(*code)] {
            write_number(number, &mut value);
        }
        end = *last;
    }
    value
}

pub(super) fn read_producer(value: &[u8]) -> Option<ProducerState> {
    let mut reader = Reader(value);
    let form = reader.byte()?;
    let (sequence, offset, at) = (reader.number()?, reader.number()?, reader.number()?);
    let refusals = match form {
        FORM => Refusals::new(),
        FORM_REFUSALS => reader.refusals()?,
        _ => return None,
    };
    let is_sound = reader.0.is_empty() && refusals.is_empty() == (form == FORM);
    let last = LastStored { sequence, offset };
    is_sound.then_some(ProducerState { last, refusals, at })
}

/// Writes a record without its offset, which is in the key.
pub(super) fn write_record(record: &Record, into: &mut Vec<u8>) {
    into.clear();
    let is_text = matches!(record.payload, Message::Text(_));
    let flag = |flag: u8, is_set: bool| if is_set { flag } else { 0 };
    let named = flag(HAS_ID, record.id.is_some()) | flag(HAS_USER, record.user.is_some());
    into.extend([FORM, flag(IS_TEXT, is_text) | named]);
    write_number(record.at, into);
    write_number(record.sequence, into);
    for name in
        [Some(&record.producer), record.id.as_ref(), record.user.as_ref()].into_iter().flatten()
    {
        write_number(name.len() as u64, into);
        into.extend_from_slice(name.as_bytes());
    }
    into.extend_from_slice(record.payload.as_bytes());
}

/// Reads records; those of one producer or user share his name.
#[derive(Debug, Default)]
pub(super) struct RecordReader {
    producer: Option<Arc<str>>,
    user: Option<Arc<str>>,
}

impl RecordReader {
    pub(super) fn read(&mut self, offset: u64, value: &[u8]) -> Option<Record> {
        let mut reader = Reader(value);
        let flags = reader.record_flags()?;
        let (at, sequence) = (reader.number()?, reader.number()?);
        let producer = shared(&mut self.producer, reader.name()?);
        let id = if flags & HAS_ID == 0 { None } else { Some(reader.name()?.into()) };
        let user =
            if flags & HAS_USER == 0 { None } else { Some(shared(&mut self.user, reader.name()?)) };
        let payload = Bytes::copy_from_slice(reader.0);
        let payload = if flags & IS_TEXT == 0 {
            Message::Binary(payload)
        } else {
            Message::Text(Text::try_from(payload).ok()?)
        };
        Some(Record { offset, producer, sequence, id, user, at, payload })
    }
}

/// Reads when a record was stored and how many bytes its names and its payload have.
pub(super) fn read_size(value: &[u8]) -> Option<(u64, u64)> {
    let mut reader = Reader(value);
    let flags = reader.record_flags()?;
    let at = reader.number()?;
    reader.number()?;
    let mut names = reader.name()?.len();
    for flag in [HAS_ID, HAS_USER] {
        if flags & flag != 0 {
            names += reader.name()?.len();
        }
    }
    Some((at, (names + reader.0.len()) as u64))
}

fn shared(last: &mut Option<Arc<str>>, name: &str) -> Arc<str> {
    match last {
        Some(last) if **last == *name => Arc::clone(last),
        Some(_) | None => Arc::clone(last.insert(name.into())),
    }
}

fn write_numbers(numbers: &[u64]) -> Vec<u8> {
    let mut value = vec![FORM];
    numbers.iter().for_each(|number| write_number(*number, &mut value));
    value
}

fn read_numbers<const N: usize>(value: &[u8]) -> Option<[u64; N]> {
    let mut reader = Reader(value);
    (reader.byte()? == FORM).then_some(())?;
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = reader.number()?;
    }
    reader.0.is_empty().then_some(numbers)
}

fn write_number(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// What is left to be read.
#[derive(Debug)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn record_flags(&mut self) -> Option<u8> {
        (self.byte()? == FORM).then_some(())?;
        self.byte().filter(|flags| flags & !(IS_TEXT | HAS_ID | HAS_USER) == 0)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let digit = u64::from(byte & 0x7f);
            if digit << shift >> shift != digit {
                return None; // Above 2^64.
            }
            number |= digit << shift;
            if byte < 0x80 {
                // A last digit of 0 would be a longer form of the same number.
                return (digit > 0 || shift == 0).then_some(number);
            }
        }
        None
    }

    fn refusals(&mut self) -> Option<Refusals> {
        let (mut entries, mut end) = (Vec::new(), 0u64);
        while !self.0.is_empty() && entries.len() < Refusals::ENTRIES_MAX {
            let first = end.checked_add(self.number()?)?.checked_add(1)?;
            let last = first.checked_add(self.number()?)?;
            let code = u32::try_from(self.number()?).ok()?;
            entries.push(RefusedNumbers { first, last, code });
            end = last;
        }
        Refusals::from_entries(entries)
    }

    fn name(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (name, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(name).ok()
    }
}

const FORM: u8 = 1;
const FORM_REFUSALS: u8 = 2;

const IS_TEXT: u8 = 1;
const HAS_ID: u8 = 2;
const HAS_USER: u8 = 4;

const EPOCH_END: u64 = 1 << 48;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names() -> impl Strategy<Value = Arc<str>> {
        ".{0,40}".prop_map(Arc::from)
    }

    prop_compose! {
        fn records()(
            offset in 1u64..,
            producer in names(),
            sequence: u64,
            id in proptest::option::of(names()),
            user in proptest::option::of(names()),
            at: u64,
            payload in prop_oneof![
                ".{0,80}".prop_map(Message::from),
                proptest::collection::vec(any::<u8>(), 0..80).prop_map(Message::from),
            ],
        ) -> Record {
            Record { offset, producer, sequence, id, user, at, payload }
        }
    }

    fn written(record: &Record) -> Vec<u8> {
        let mut value = Vec::new();
        write_record(record, &mut value);
        value
    }

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written(record in records()) {
            let value = written(&record);
            let read = RecordReader::default().read(record.offset, &value).unwrap();
            prop_assert_eq!(&read, &record);
            let bytes = crate::log::tables::bytes_of(&record);
            prop_assert_eq!(read_size(&value), Some((record.at, bytes)));
        }

        #[test]
        fn any_bytes_are_read_as_what_writes_them_again_or_are_refused(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            begin in 0u8..8,
        ) {
            let value = [&[FORM, begin], &bytes[..]].concat();
            if let Some(record) = RecordReader::default().read(1, &value) {
                prop_assert_eq!(written(&record), value.clone());
            }
            let value = [&[FORM], &bytes[..]].concat();
            if let Some(state) = read_channel(&value) {
                prop_assert_eq!(write_channel(&state), value.clone());
            }
            for form in [FORM, FORM_REFUSALS] {
                let value = [&[form], &bytes[..]].concat();
                if let Some(state) = read_producer(&value) {
                    prop_assert_eq!(write_producer(&state), value);
                }
            }
        }

        #[test]
        fn a_producer_is_read_as_it_was_written(
            numbers: [u64; 3],
            refused in proptest::collection::vec((0u64..3, 0u32..2), 0..300),
        ) {
            let [sequence, offset, at] = numbers;
            let (mut refusals, mut number) = (Refusals::new(), 0);
            for (dropped, code) in refused {
                number += 1 + dropped;
                let _ = refusals.add(number, number - 1, code);
            }
            let state = ProducerState { last: LastStored { sequence, offset }, refusals, at };
            prop_assert_eq!(read_producer(&write_producer(&state)), Some(state));
        }

        #[test]
        fn numbers_and_keys_are_read_as_they_were_written(numbers: [u64; 3], name in names()) {
            prop_assert_eq!(read_numbers::<3>(&write_numbers(&numbers)), Some(numbers));
            let [channel, offset, _] = numbers;
            prop_assert_eq!(offset_of(&record_key(channel, offset)), offset);
            prop_assert_eq!(producer_of(&producer_key(channel, &name)), Some((channel, name)));
        }
    }

    #[test]
    fn what_this_version_does_not_write_is_refused() {
        let state = ChannelState::new(1, Epoch(7));
        let value = write_channel(&state);
        assert_eq!(read_channel(&value), Some(state));
        assert_eq!(read_channel(&[&value[..], &[0]].concat()), None, "something behind it");
        assert_eq!(read_channel(&value[..value.len() - 1]), None, "cut short");
        assert_eq!(read_channel(&[&[2], &value[1..]].concat()), None, "a later form");
        assert_eq!(read_channel(&write_channel(&ChannelState::new(1, Epoch(0)))), None);
        assert_eq!(read_channel(&write_channel(&ChannelState { first: 9, ..state })), None);
        assert_eq!(read_numbers::<1>(&[FORM, 0x81, 0x00]), None, "a longer form of 1");
        assert_eq!(read_numbers::<1>(&[&[FORM][..], &[0xff; 9], &[0x02]].concat()), None, "2^64");
        assert_eq!(read_producer(&[FORM_REFUSALS, 1, 1, 1]), None, "no refusals in their form");
        let refused = read_producer(&[FORM_REFUSALS, 9, 1, 1, 1, 0, 7]).unwrap().refusals;
        assert_eq!((refused.find(1), refused.find(2), refused.find(3)), (None, Some(7), None));
        let mut reader = RecordReader::default();
        assert_eq!(reader.read(1, &[FORM, 8, 0, 0, 0]), None, "an unknown flag");
        assert_eq!(reader.read(1, &[FORM, IS_TEXT, 0, 0, 0, 0xff]), None, "no UTF-8");
    }
}

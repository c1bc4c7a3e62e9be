//! The desk answers everything with a number: bad handles, bad words, too much of something.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use everlink_engine::limits::CHANNELS_MAX;
use everlink_engine::{Random, Timestamp};
use everlink_wasm::{Desk, ENGINES_MAX, Status, WORDS_MAX};

/// Profile standard, dialect everlink, one endpoint, no credentials, a seed, no overrides, no settings.
const EVERLINK: [f64; 8] = [0.0, 1.0, 4.0, 1.0, 0.0, 7.0, 0.0, 0.0];

fn put(desk: &mut Desk, words: &[f64]) -> u32 {
    let count = words.len() as u32;
    desk.scratch(count).unwrap()[..words.len()].copy_from_slice(words);
    count
}

fn create(desk: &mut Desk, words: &[f64]) -> Result<u32, Status> {
    let count = put(desk, words);
    desk.create(count)
}

fn input(desk: &mut Desk, words: &[f64]) -> Result<(), Status> {
    let count = put(desk, words);
    desk.input(0, 0.0, count)
}

#[test]
fn an_engine_that_is_not_there_is_an_error_number() {
    let mut desk = Desk::new();
    for number in [0, 1, u32::MAX] {
        assert_eq!(desk.output(number), Err(Status::NoEngine));
        assert_eq!(desk.timeout(number), Err(Status::NoEngine));
        assert_eq!(desk.info(number, 0.0), Err(Status::NoEngine));
        assert_eq!(desk.state(number), Err(Status::NoEngine));
        assert_eq!(desk.cursor(number, 0), Err(Status::NoEngine));
        assert_eq!(desk.overlaps(number), Err(Status::NoEngine));
        assert_eq!(desk.drop_engine(number), Err(Status::NoEngine));
    }
    let engine = create(&mut desk, &EVERLINK).unwrap();
    assert_eq!(desk.drop_engine(engine), Ok(()));
    assert_eq!(desk.drop_engine(engine), Err(Status::NoEngine));
    assert_eq!(input(&mut desk, &[0.0]), Err(Status::NoEngine));
}

#[test]
fn words_that_make_nothing_are_an_error_number_and_change_nothing() {
    let mut desk = Desk::new();
    create(&mut desk, &EVERLINK).unwrap();
    let bad: [&[f64]; 8] = [
        &[],
        &[15.0],
        &[-1.0],
        &[0.5],
        &[f64::NAN],
        &[f64::INFINITY],
        // More than the input has.
        &[0.0, 0.0],
        // A transport of 2^32.
        &[9.0, 4_294_967_296.0, 0.0],
    ];
    for words in bad {
        assert_eq!(input(&mut desk, words), Err(Status::BadWords), "{words:?}");
    }
    assert_eq!(desk.input(0, f64::NAN, 1), Err(Status::BadWords));
    assert_eq!(desk.input(0, 0.0, u32::MAX), Err(Status::BadWords));
    assert_eq!(desk.output(0), Ok(0));
}

#[test]
fn options_that_make_nothing_are_refused() {
    let mut desk = Desk::new();
    let with = |at: usize, word: f64| {
        let mut words = EVERLINK;
        words[at] = word;
        words
    };
    assert_eq!(create(&mut desk, &with(0, 6.0)), Err(Status::BadWords));
    assert_eq!(create(&mut desk, &with(2, 5.0)), Err(Status::BadWords));
    assert_eq!(create(&mut desk, &with(3, 65_536.0)), Err(Status::BadWords));
    assert_eq!(create(&mut desk, &with(3, 0.0)), Err(Status::Refused));
    // One setting: the 1000th; then `backoff_min` of an hour, a word that is none, and a flag that is off.
    for (place, value) in [(1000.0, 1.0), (1.0, 3_600_000.0), (0.0, 17.0)] {
        let words = [&EVERLINK[..7], &[1.0, place, 1.0, value]].concat();
        assert_eq!(create(&mut desk, &words), Err(Status::Refused), "{place}");
    }
    let words = [&EVERLINK[..7], &[1.0, 5.0, 0.0]].concat();
    assert_eq!(create(&mut desk, &words), Err(Status::Refused));
}

#[test]
fn there_are_only_so_many_engines_and_words() {
    let mut desk = Desk::new();
    for number in 0..ENGINES_MAX {
        assert_eq!(create(&mut desk, &EVERLINK), Ok(number as u32));
    }
    assert_eq!(create(&mut desk, &EVERLINK), Err(Status::Full));
    desk.drop_engine(17).unwrap();
    assert_eq!(create(&mut desk, &EVERLINK), Ok(17));
    assert!(desk.scratch(WORDS_MAX).is_some());
    assert!(desk.scratch(WORDS_MAX + 1).is_none());
}

#[test]
fn one_channel_too_many_is_refused() {
    let mut desk = Desk::new();
    create(&mut desk, &EVERLINK).unwrap();
    for channel in 0..CHANNELS_MAX {
        assert_eq!(input(&mut desk, &[4.0, channel as f64, 0.0]), Ok(()));
    }
    assert_eq!(input(&mut desk, &[4.0, CHANNELS_MAX as f64, 0.0]), Err(Status::Refused));
    // The last of the refusals, and how many there can be.
    assert_eq!(desk.scratch(2).unwrap()[..2], [12.0, CHANNELS_MAX as f64]);
}

#[test]
fn random_words_never_panic() {
    let mut random = Random::new(5);
    for round in 0..2000 {
        let mut desk = Desk::new();
        create(&mut desk, &EVERLINK).unwrap();
        for _ in 0..20 {
            let count = 1 + random.next_u32() % 12;
            let words: Vec<f64> = (0..count)
                .map(|_| f64::from(random.next_u32() % 20) - f64::from(random.next_u32() % 64 / 63))
                .collect();
            let count = put(&mut desk, &words);
            let _ = desk.input(0, f64::from(round), count);
            while desk.output(0).unwrap() > 0 {}
        }
    }
}

#[test]
fn a_deadline_reads_back_as_no_earlier_than_it_is() {
    let mut random = Random::new(9);
    let mut desk = Desk::new();
    create(&mut desk, &EVERLINK).unwrap();
    let mut now = 0.0;
    input(&mut desk, &[0.0]).unwrap();
    for _ in 0..1000 {
        now += f64::from(random.next_u32()) / 997.0;
        let words = put(&mut desk, &[14.0]);
        desk.input(0, now, words).unwrap();
        while desk.output(0).unwrap() > 0 {}
        if desk.timeout(0).unwrap() > 0 {
            let at = desk.scratch(1).unwrap()[0];
            assert!(at >= 0.0 && Timestamp::from_nanos((at * 1e6) as u64) > Timestamp::ZERO);
            // At exactly its deadline a timer has something to do: the deadline moves.
            let words = put(&mut desk, &[14.0]);
            desk.input(0, at.max(now), words).unwrap();
            now = at.max(now);
            let moved = desk.timeout(0).unwrap() == 0 || desk.scratch(1).unwrap()[0] > at;
            assert!(moved, "the deadline {at} is still there");
        }
    }
}

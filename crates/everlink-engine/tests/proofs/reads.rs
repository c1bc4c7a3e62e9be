//! Questions for pages of history: each has one answer, and none waits for ever.

use everlink_engine::{AwayReason, Cause, Input, InputError, News, Received, limits};

use crate::bench::{Bench, CHANNEL, everlink, ms, page, plain, secs, welcome};

fn read(request: u32) -> Input<u32> {
    Input::Read { request, channel: CHANNEL, after: 3, limit: 20 }
}

#[test]
fn a_page_answers_its_question_once() {
    let mut bench = Bench::up(everlink());
    bench.give(read(4));
    bench.expect(&["t1 > read r4 c1 20 after 3"]);
    bench.frame(1, page(5));
    bench.expect(&[]);
    bench.frame(1, page(4));
    bench.expect(&["page r4 [55]"]);
    bench.frame(1, page(4));
    bench.frame(1, Received::ReadErr { request: 4, code: 403 });
    bench.expect(&[]);
}

#[test]
fn a_refused_question_names_the_code_of_the_server() {
    let mut bench = Bench::up(everlink());
    bench.give(read(4));
    bench.drain();
    bench.frame(1, Received::ReadErr { request: 4, code: 403 });
    bench.expect(&["read r4 failed: Refused { code: 403 }"]);
}

#[test]
fn a_question_fails_with_its_transport() {
    for end in ["lost", "disconnect", "reconnect", "moved"] {
        let mut bench = Bench::up(everlink());
        bench.give(read(1));
        bench.drain();
        match end {
            "lost" => bench.lost(1, Cause::Reset),
            "disconnect" => bench.give(Input::Disconnect),
            "reconnect" => bench.give(Input::Reconnect),
            _ => {
                bench.frame(
                    1,
                    Received::Away { reason: AwayReason::Age, slot: secs(0), endpoint: None },
                );
                bench.pass(ms(0));
                bench.news(2, News::Opened);
                bench.frame(2, welcome());
            }
        }
        let words = bench.words();
        let failed = words.iter().filter(|word| *word == "read r1 failed: Lost").count();
        assert_eq!(failed, 1, "{end}: {words:?}");
    }
}

#[test]
fn a_question_that_nobody_answers_fails_after_the_greetings_time() {
    let mut bench = Bench::up(everlink().greeting_timeout(secs(5)));
    bench.give(read(1));
    bench.pass(secs(4));
    bench.give(read(2));
    bench.drain();
    bench.pass(ms(999));
    bench.expect(&[]);
    bench.pass(ms(1));
    bench.expect(&["read r1 failed: TimedOut"]);
    bench.pass(secs(4));
    bench.expect(&["read r2 failed: TimedOut"]);
    bench.frame(1, page(1));
    bench.expect(&[]);
}

#[test]
fn a_question_is_refused_where_nobody_could_answer_it() {
    let mut bench = Bench::new(everlink());
    bench.give(Input::Connect);
    assert_eq!(bench.try_give(read(1)), Err(InputError::NotConnected));
    let mut bench = Bench::up(plain());
    assert!(matches!(bench.try_give(read(1)), Err(InputError::NoHistory { .. })));
    let mut bench = Bench::up(everlink());
    for request in 0..limits::READS_MAX as u32 {
        bench.give(read(request));
    }
    let refused = bench.try_give(read(99));
    assert!(matches!(refused, Err(InputError::TooManyReads { .. })), "{refused:?}");
    bench.frame(1, page(7));
    bench.give(read(99));
}

//! What the server asked for is kept, whatever the platform says meanwhile.

use std::time::Duration;

use everlink_engine::{
    Cause, Config, Engine, Failure, Input, News, Output, Profile, Timestamp, TransportId,
};

fn dials(engine: &mut Engine<u8>) -> Vec<TransportId> {
    let outputs = std::iter::from_fn(|| engine.poll_output());
    outputs
        .filter_map(|output| match output {
            Output::Dial(dial) => Some(dial.transport),
            Output::HangUp { .. } | Output::Transmit { .. } | Output::Event(_) => None,
        })
        .collect()
}

/// The slow ladder waits at least 15 s; the server asks for 10 s: a new network may shorten the
/// ladder, but not the server's 10 s.
#[test]
fn fault_09_a_new_network_does_not_shorten_a_hint_that_the_ladder_exceeds() {
    let config = Config::builder(Profile::Standard).build().unwrap();
    let mut engine = Engine::<u8>::new(config, 3);
    engine.handle_input(Timestamp::from_millis(0), Input::Connect).unwrap();
    let [transport] = dials(&mut engine)[..] else { panic!("one dial") };
    let hint = Duration::from_secs(10);
    let failure = Failure::new(Cause::HttpStatus(429)).with_retry_after(hint);
    let news = News::Failed { failure, verdict: None };
    engine.handle_input(Timestamp::from_millis(100), Input::Transport(transport, news)).unwrap();
    engine.handle_input(Timestamp::from_millis(5000), Input::NetworkChanged).unwrap();
    assert_eq!(dials(&mut engine), [], "within the 10 s that the server asked for");
    engine.handle_input(Timestamp::from_millis(12_000), Input::NetworkChanged).unwrap();
    assert_eq!(dials(&mut engine).len(), 1, "after them, before the ladder's end");
}

//! A peer that accepts and then says nothing is not given a new connection every few seconds.

use std::time::Duration;

use everlink_engine::{Config, Engine, Event, Input, News, Output, Profile, Timestamp};

/// Opens every dial at once and never answers; the platform keeps reporting changes of network.
#[test]
fn fault_17_a_mute_peer_gets_ten_connects_in_two_minutes_even_through_successors() {
    let config = Config::builder(Profile::Rooms).attempts_max(None).build().unwrap();
    let mut engine = Engine::<u8>::new(config, 1);
    let (mut stood, mut attempts) = (Vec::new(), Vec::new());
    for second in 0..600 {
        let now = Timestamp::from_millis(second * 1000);
        let input = match second {
            0 => Input::Connect,
            _ if second % 7 == 0 => Input::NetworkChanged,
            _ => Input::Timeout,
        };
        engine.handle_input(now, input).unwrap();
        while let Some(output) = engine.poll_output() {
            match output {
                Output::Dial(dial) => {
                    let opened = Input::Transport(dial.transport, News::Opened);
                    engine.handle_input(now, opened).unwrap();
                }
                Output::Event(Event::Connected { .. } | Event::Reconnected { .. }) => {
                    stood.push(now);
                }
                Output::Event(Event::Reconnecting { attempt, .. }) => attempts.push(attempt),
                Output::HangUp { .. } | Output::Transmit { .. } | Output::Event(_) => {}
            }
        }
    }
    for window in stood.windows(11) {
        let time = window[10].since(window[0]);
        assert!(time >= Duration::from_secs(120), "11 connects in {time:?}");
    }
    assert!(attempts.iter().any(|attempt| *attempt > 5), "attempts rise: {attempts:?}");
}

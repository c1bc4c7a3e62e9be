//! Silence is noticed in time, whatever the platform says meanwhile.

use everlink_engine::{Config, Engine, Input, News, Output, Profile, Timestamp};

/// The heartbeat of 20 s is out for 9.9 of its 10 s when the platform says `online`.
#[test]
fn fault_45_a_probe_does_not_put_off_the_death_that_a_heartbeat_announced() {
    let config = Config::builder(Profile::Standard).probe_dials(false).build().unwrap();
    let mut engine = Engine::<u8>::new(config, 1);
    let mut hung_up = Vec::new();
    let inputs = [
        (0, Input::Connect),
        (20_000, Input::Timeout),
        (29_900, Input::Online),
        (30_000, Input::Timeout),
    ];
    for (millis, input) in inputs {
        let now = Timestamp::from_millis(millis);
        engine.handle_input(now, input).unwrap();
        while let Some(output) = engine.poll_output() {
            let news = match output {
                Output::Dial(dial) => (dial.transport, News::Opened),
                Output::Transmit { transport, .. } => (transport, News::Written { frames: 1 }),
                Output::HangUp { .. } => {
                    hung_up.push(millis);
                    continue;
                }
                Output::Event(_) => continue,
            };
            engine.handle_input(now, Input::Transport(news.0, news.1)).unwrap();
        }
    }
    assert_eq!(hung_up, [30_000]);
}

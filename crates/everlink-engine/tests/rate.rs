//! The peer's rate limit, as the peer counts it: by what arrives.

use std::time::Duration;

use everlink_engine::{
    Config, Engine, Input, MessageId, News, Outgoing, Output, Profile, SendPolicy, Timestamp,
};

/// Frames that left a second apart arrive together when the first of them is 200 ms late.
#[test]
fn req_f03_the_rate_limit_leaves_room_for_frames_that_bunch_up_on_their_way() {
    let config = Config::builder(Profile::MarketFeed).build().unwrap();
    let mut engine = Engine::<u64>::new(config, 1);
    let mut sent = Vec::new();
    engine.handle_input(Timestamp::ZERO, Input::Connect).unwrap();
    for id in 1..=40 {
        let policy = SendPolicy::Wait;
        let message = Outgoing::new(MessageId(id), None, 1, policy, id);
        engine.handle_input(Timestamp::ZERO, Input::Send(message)).unwrap();
    }
    for millis in 0..10_000 {
        let now = Timestamp::from_millis(millis);
        engine.handle_input(now, Input::Timeout).unwrap();
        while let Some(output) = engine.poll_output() {
            let news = match output {
                Output::Dial(dial) => (dial.transport, News::Opened),
                Output::Transmit { transport, .. } => {
                    sent.push(now);
                    (transport, News::Written { frames: 1 })
                }
                Output::HangUp { .. } | Output::Event(_) => continue,
            };
            engine.handle_input(now, Input::Transport(news.0, news.1)).unwrap();
        }
    }
    assert!(sent.len() >= 23, "it goes on: {}", sent.len());
    // The fifth of each second is for our answer to a ping of the exchange's, which it counts too.
    for window in sent.windows(5) {
        let time = window[4].since(window[0]);
        assert!(time >= Duration::from_millis(1200), "5 frames in {time:?}");
    }
}

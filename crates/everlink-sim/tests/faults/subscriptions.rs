//! Subscriptions at an exchange.

use everlink_engine::{ChannelId, ConnectionState, Input};
use everlink_sim::{Fault, Scene};

use super::{HOUR, MINUTE, s};

#[test]
fn req_f03_every_stream_is_subscribed_again_in_batches_within_the_rate() {
    let mut world = Scene::exchange(900).world();
    world.subscribe(900).connect().run_for(s(10));
    let told = world.told();
    assert_eq!(told.last().map(String::as_str), Some("all 900 subscribed"));
    world.fault(Fault::Cut).run_for(s(10));
    let told = world.told();
    assert_eq!(told.first().map(String::as_str), Some("lost, attempt 1 next"));
    assert_eq!(told.last().map(String::as_str), Some("all 900 subscribed"));
    assert_eq!(world.figures().rate_limited, 0);
}

/// The exchange closes at the sixth frame of a second; a thousand messages want out.
#[test]
fn req_f03_a_burst_of_messages_never_breaks_the_rate_limit() {
    let scene = Scene::exchange(3).busy(s(2));
    let mut world = scene.settings(|builder| builder.queue_messages_max(2000)).world();
    world.subscribe(3).connect();
    for _ in 0..1000 {
        world.send().unwrap();
    }
    world.run_for(HOUR);
    assert_eq!((world.figures().rate_limited, world.figures().cuts), (0, 0));
    assert_eq!(world.info().queued_messages, 0);
    world.expect_no_violation();
}

#[test]
fn req_f03_a_refused_stream_is_reported_and_not_asked_for_again() {
    let mut world = Scene::exchange(3).world();
    world.subscribe(3).connect().told();
    world.give(Input::Subscribe { channel: ChannelId(1000), from: None }).run_for(s(5));
    assert!(world.told().contains(&"refused 1000".to_owned()));
    world.fault(Fault::Cut).run_for(MINUTE);
    let told = world.told();
    assert!(!told.contains(&"refused 1000".to_owned()), "{told:?}");
    assert!(told.contains(&"all 3 subscribed".to_owned()), "{told:?}");
    assert_eq!(world.state(), ConnectionState::Connected);
}

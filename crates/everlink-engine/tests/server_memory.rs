//! What an idle session costs, and that news of a channel asks for no memory.

use std::alloc::System;
use std::sync::Arc;

use everlink_engine::server::{
    Bounds, Hello, Place, Publish, ReadOrder, Request, Session, SessionConfig, SessionInput,
};
use everlink_engine::{Epoch, Timestamp};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes of an idle session with one channel, in all.
const IDLE_BYTES_MAX: usize = 600;

type Name = Arc<str>;

fn reading() -> (Session<Name, Arc<[u8]>>, Name) {
    let channel: Name = "room".into();
    let mut session = Session::new(Arc::new(SessionConfig::new("node".into())), Timestamp::ZERO);
    let hello = Request::Hello(Hello {
        version: 1,
        client: "client".into(),
        producer: "producer".into(),
        auth: None,
        channels: vec![Place { channel: channel.clone(), from: None }],
        frame_max: None,
        last: None,
    });
    let bounds = Bounds { epoch: Epoch(1), first: 1, head: 5 };
    let joined = SessionInput::Joined { channel: channel.clone(), join: 1, bounds };
    let admitted = SessionInput::Admitted { suffix: None, expires: None };
    for input in [SessionInput::Frame { frame: hello, bytes: 90 }, admitted, joined] {
        session.handle_input(Timestamp::ZERO, input);
        while session.poll_output().is_some() {}
    }
    session.release();
    (session, channel)
}

/// Does a bit of everything, and compares what the session says it holds with what was asked for.
fn check_heap_bytes() {
    let config = Arc::new(SessionConfig::new("node"));
    let region = Region::new(ALLOCATOR);
    let mut session: Session<&str, u64> = Session::new(config, Timestamp::ZERO);
    let places = |names: &[&'static str]| {
        names.iter().map(|channel| Place { channel: *channel, from: None }).collect()
    };
    let hello = Request::Hello(Hello {
        version: 1,
        client: "client",
        producer: "producer",
        auth: None,
        channels: places(&["a", "b", "c"]),
        frame_max: None,
        last: None,
    });
    let mut give = |input| session.handle_input(Timestamp::ZERO, input);
    give(SessionInput::Frame { frame: hello, bytes: 90 });
    give(SessionInput::Admitted { suffix: None, expires: None });
    for (channel, sequence) in [("a", 1), ("b", 1), ("b", 2), ("b", 3), ("b", 4), ("b", 5)] {
        let (producer, before, payload) = (None, None, 0);
        let publish = Publish { channel, producer, sequence, before, payload };
        give(SessionInput::Frame { frame: Request::Publish(publish), bytes: 10 });
    }
    let change = region.change();
    let held = change.bytes_allocated - change.bytes_deallocated;
    assert_eq!(session.info().heap_bytes, held, "{change:?}");
}

// One test, as the allocator counts for the whole process.
#[test]
fn an_idle_session_is_small_and_a_live_reader_asks_for_no_memory() {
    check_heap_bytes();
    let (mut session, channel) = reading();
    let bytes = size_of_val(&session) + session.info().heap_bytes;
    assert!(bytes <= IDLE_BYTES_MAX, "{bytes} bytes, {} of them inside", size_of_val(&session));

    let region = Region::new(ALLOCATOR);
    for head in 6..1_000 {
        let bounds = Bounds { epoch: Epoch(1), first: 1, head };
        let advanced = SessionInput::Advanced { channel: channel.clone(), bounds };
        session.handle_input(Timestamp::ZERO, advanced);
        assert!(session.poll_output().is_none());
        let ReadOrder { channel, epoch, after, head } = session.next_read().unwrap();
        let sent = SessionInput::Sent { channel, epoch, first: after + 1, through: head };
        session.handle_input(Timestamp::ZERO, sent);
        assert!(session.poll_output().is_none());
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}

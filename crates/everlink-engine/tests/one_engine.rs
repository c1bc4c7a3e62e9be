//! One engine behind every client: its decisions depend on time and input, and on nothing else.

#![expect(clippy::unwrap_used, reason = "a test says by a panic that it failed")]

use everlink_engine::{
    Cause, Config, Engine, Failure, Input, MessageId, News, Outgoing, Output, Profile, Random,
    SendPolicy, Timestamp, TransportId,
};

/// Drives an engine by a script drawn from `seed`; returns all it said, without the payloads.
fn trace<P: Clone + std::fmt::Debug>(seed: u32, payload: impl Fn(u64) -> P) -> Vec<String> {
    let config = Config::builder(Profile::ALL[seed as usize % Profile::ALL.len()]).build().unwrap();
    let mut engine = Engine::new(config, seed);
    let mut script = Random::new(seed);
    let (mut said, mut now, mut last) = (Vec::new(), 0, TransportId(0));
    for step in 1..=400 {
        now += u64::from(script.next_u32() % 3_000);
        let input = match script.next_u32() % 8 {
            0 => Input::Connect,
            1 => Input::Transport(last, News::Opened),
            2 => {
                let failure = Failure::new(Cause::EndedAbruptly);
                Input::Transport(last, News::Lost { failure, verdict: None })
            }
            3 => Input::Transport(last, News::Heard { data: true }),
            4 => Input::Transport(last, News::Written { frames: 2 }),
            5 => {
                let policy = SendPolicy::DropOldest;
                Input::Send(Outgoing::new(MessageId(step), None, 8, policy, payload(step)))
            }
            _ => Input::Timeout,
        };
        let taken = engine.handle_input(Timestamp::from_millis(now), input);
        said.push(format!("{now} {taken:?} {:?}", engine.poll_timeout()));
        while let Some(output) = engine.poll_output() {
            if let Output::Dial(dial) = &output {
                last = dial.transport;
            }
            said.push(without_payload(&output));
        }
    }
    said
}

fn without_payload<P: std::fmt::Debug>(output: &Output<P>) -> String {
    match output {
        Output::Transmit { transport, .. } => format!("transmit on {transport:?}"),
        Output::Dial(_) | Output::HangUp { .. } | Output::Event(_) => format!("{output:?}"),
    }
}

#[test]
fn req_n02_a_number_and_a_text_as_payload_lead_to_the_same_decisions() {
    let mut dials = 0;
    for seed in 0..60 {
        let numbers = trace(seed, |step| step);
        let texts = trace(seed, |step| format!("message {step}"));
        assert_eq!(numbers, texts, "seed {seed}");
        dials += numbers.iter().filter(|line| line.starts_with("Dial")).count();
    }
    assert!(dials > 100, "the scripts reach something: {dials} dials");
}

//! Arbitrary settings: what is accepted is what is said to be, errors name what is wrong, and an
//! engine runs with whatever was built.
#![no_main]

use std::time::Duration;

use everlink_engine::{
    Accepted, Cause, Config, ConfigBuilder, ConfigError, Engine, Failure, Input, News, Output,
    Profile, SETTINGS, Setting, SettingValue, Timestamp,
};
use libfuzzer_sys::fuzz_target;

/// Most time-outs of one run; a configuration can ask for many.
const TIMEOUTS_MAX: usize = 200;

fuzz_target!(|data: &[u8]| {
    let Some((profile, mut rest)) = data.split_first() else { return };
    let mut builder = Config::builder(Profile::ALL[usize::from(*profile) % Profile::ALL.len()]);
    while let Some((entry, more)) = rest.split_first_chunk::<10>() {
        rest = more;
        set(&mut builder, entry);
    }
    match builder.build() {
        Ok(config) => run(config),
        Err(error) => assert!(matches!(error, ConfigError::Crossed { .. }), "{error}"),
    }
});

/// Sets one setting; checks that it is taken if and only if the documentation says so.
fn set(builder: &mut ConfigBuilder, entry: &[u8; 10]) {
    let [index, kind, number @ ..] = *entry;
    let number = u64::from_le_bytes(number);
    let Some(setting) = SETTINGS.get(usize::from(index)) else {
        let key = format!("no_such_{index}");
        let error = builder.set(&key, SettingValue::Flag(true)).unwrap_err();
        assert!(error.to_string().contains(&key));
        return;
    };
    let value = value(setting, kind, number);
    let accepted = setting.accepted.accepts(value);
    match builder.set(setting.key, value) {
        Ok(()) => assert!(accepted, "{} took {value}", setting.key),
        Err(error) => {
            let words = error.to_string();
            assert!(!accepted && words.contains(setting.key), "{words}");
            assert!(words.contains(&setting.accepted.to_string()), "{words}");
        }
    }
}

fn value(setting: &Setting, kind: u8, number: u64) -> SettingValue {
    match (kind % 8, setting.accepted) {
        (0, _) => SettingValue::Duration(None),
        (1, _) => SettingValue::Count(None),
        (2, _) => SettingValue::Duration(Some(Duration::from_nanos(number))),
        (3, _) => SettingValue::Number(f64::from_bits(number)),
        (4, _) => SettingValue::Flag(number & 1 == 0),
        (_, Accepted::Duration(low, high, _)) => {
            let span = (high - low).as_nanos() as u64;
            let inside = Duration::from_nanos(number % span.saturating_add(1));
            SettingValue::Duration(Some(low + inside))
        }
        (_, Accepted::Count(low, high, _)) => {
            SettingValue::Count(Some(low + (number as u32) % (high - low).max(1)))
        }
        (_, Accepted::Number(low, high)) => {
            SettingValue::Number(low + (high - low) * (number % 1001) as f64 / 1000.0)
        }
        (_, Accepted::Flag) => SettingValue::Flag(number & 1 == 0),
        (_, Accepted::Choice(words)) => {
            SettingValue::Choice(words[number as usize % words.len()])
        }
    }
}

/// A connection whose every second dial fails, and which is cut once it stands.
fn run(config: Config) {
    for setting in SETTINGS {
        let value = config.settings().get(setting.key).expect("every setting has a value");
        assert!(setting.accepted.accepts(value), "{} is {value}", setting.key);
    }
    let mut engine = Engine::<u32>::new(config, 1);
    let mut now = Timestamp::ZERO;
    give(&mut engine, now, Input::Connect);
    for _ in 0..TIMEOUTS_MAX {
        let Some((at, _)) = engine.poll_timeout() else { break };
        now = now.max(at);
        give(&mut engine, now, Input::Timeout);
    }
    give(&mut engine, now, Input::Disconnect);
    assert!(!engine.info(now).is_connected());
}

fn give(engine: &mut Engine<u32>, now: Timestamp, input: Input<u32>) {
    let mut inputs = vec![input];
    let mut dials = 0;
    while let Some(input) = inputs.pop() {
        engine.handle_input(now, input).expect("nothing is sent");
        while let Some(output) = engine.poll_output() {
            if let Output::Dial(dial) = output {
                dials += 1;
                let failure = Failure::new(Cause::Refused);
                // Without delay and budget a dial may follow a dial for ever: the user asked for it.
                let fails = dial.transport.0.is_multiple_of(2) && dials < 10;
                let news =
                    if fails { News::Failed { failure, verdict: None } } else { News::Opened };
                inputs.push(Input::Transport(dial.transport, news));
            }
        }
    }
}

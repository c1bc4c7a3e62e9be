//! One run: an engine of one of the scenes, and what it is told.

use std::error::Error;
use std::time::Duration;

use everlink_engine::{
    Cause, Causes, ChannelId, Config, ConfigBuilder, Dialect, Engine, Input, News, Numbered,
    Outgoing, ProducerId, Profile, SendPolicy, SettingValue, Timestamp, TransportId, Verdict,
};
use everlink_wasm::shape::{Shape, shapes};
use serde_json::{Value, json};

use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::json::{input as input_json, millis, output as output_json, word};
use crate::news::{error as error_json, info as info_json};
use crate::peer::Peer;

/// How many scenes there are before they come again with another seed.
pub(crate) const SCENES: u32 = 72;

const STEPS: u32 = 300;

/// What an engine is made of, in both languages.
struct Scene {
    builder: ConfigBuilder,
    options: Value,
}

impl Scene {
    fn new(seed: u32) -> Result<Self, Box<dyn Error>> {
        let profile = Profile::ALL[(seed % 6) as usize];
        let endpoints = 1 + (seed / 6 % 3) as u16;
        let credentials = seed.is_multiple_of(2);
        let mut scene = Self {
            builder: Config::builder(profile).endpoints(endpoints).credentials(credentials),
            options: json!({
                "profile": camel(profile.word()), "endpoints": endpoints, "credentials": credentials,
                "seed": seed, "settings": {}, "verdicts": [],
            }),
        };
        if seed % 6 < 2 || seed % 12 == 9 {
            scene.builder = scene.builder.dialect(Dialect::EVERLINK);
            scene.options["dialect"] = json!("everlink");
        }
        scene.choose(seed / 6)?;
        Ok(scene)
    }

    /// Settings that bring the rarer timers and events about.
    fn choose(&mut self, kind: u32) -> Result<(), Box<dyn Error>> {
        let ms = |millis| SettingValue::Duration(Some(Duration::from_millis(millis)));
        let count = |count| SettingValue::Count(Some(count));
        match kind % 4 {
            0 => {}
            1 => {
                self.set("stale_after", ms(3000))?;
                self.set("queue_messages_max", count(6))?;
                self.set("breaker_failures", count(2))?;
                self.set("attempts_max", SettingValue::Count(None))?;
            }
            2 => {
                self.set("renew_after", ms(20_000))?;
                self.set("heartbeat", SettingValue::Choice("application"))?;
                self.set("overflow", SettingValue::Choice("drop_oldest"))?;
                self.set("queue_messages_max", count(4))?;
                self.set("quality_good", ms(120))?;
            }
            _ => {
                self.set("attempts_max", count(2))?;
                self.set("supervisor_attempts_max", count(5))?;
                self.set("queue", SettingValue::Flag(false))?;
                self.set("backoff_multiplier", SettingValue::Number(1.25))?;
                self.set("return_window", SettingValue::Duration(None))?;
                self.override_verdicts();
            }
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: SettingValue) -> Result<(), Box<dyn Error>> {
        self.builder.set(key, value)?;
        let (name, value) = match value {
            SettingValue::Duration(time) => (camel(key) + "Ms", json!(time.map(millis))),
            SettingValue::Count(count) => (camel(key), json!(count)),
            SettingValue::Number(number) => (camel(key), json!(number)),
            SettingValue::Flag(flag) => (camel(key), json!(flag)),
            SettingValue::Choice(word) => (camel(key), json!(camel(word))),
        };
        self.options["settings"][name] = value;
        Ok(())
    }

    fn override_verdicts(&mut self) {
        let rows = [
            (
                Causes::One(Cause::Refused),
                Verdict::RetryThrice,
                json!({ "type": "one", "cause": { "type": "refused" } }),
            ),
            (
                Causes::One(Cause::Closed(1008)),
                Verdict::Retry,
                json!({ "type": "one", "cause": { "type": "closed", "code": 1008 } }),
            ),
            (
                Causes::HttpStatuses(400, 404),
                Verdict::GiveUp,
                json!({ "type": "httpStatuses", "first": 400, "last": 404 }),
            ),
            (
                Causes::CloseCodes(4300, 4310),
                Verdict::Retry,
                json!({ "type": "closeCodes", "first": 4300, "last": 4310 }),
            ),
            (
                Causes::ProxyRefusals(0, 9),
                Verdict::GiveUp,
                json!({ "type": "proxyRefusals", "first": 0, "last": 9 }),
            ),
            (Causes::Redirects, Verdict::Retry, json!({ "type": "redirects" })),
        ];
        let mut shown = Vec::new();
        for (causes, verdict, causes_shown) in rows {
            self.builder = self.builder.clone().verdict(causes, verdict);
            shown.push(json!({ "causes": causes_shown, "verdict": word(verdict) }));
        }
        self.options["verdicts"] = json!(shown);
    }
}

/// Returns the lines of a run.
pub(crate) fn run(seed: u32, coverage: &mut Coverage) -> Result<Vec<Value>, Box<dyn Error>> {
    let scene = Scene::new(seed)?;
    let engine = Engine::new(scene.builder.build()?, seed);
    let mut run = Run {
        engine,
        now: 0,
        dice: Dice::new(seed),
        peer: Peer::default(),
        coverage,
        lines: Vec::new(),
    };
    run.lines.push(json!({ "options": scene.options }));
    run.begin(seed);
    for _ in 0..STEPS {
        let input = run.draw(seed);
        run.step(input);
    }
    Ok(run.lines)
}

/// An engine on its way.
struct Run<'a> {
    engine: Engine<u64>,
    /// In nanoseconds.
    now: u64,
    dice: Dice,
    peer: Peer,
    coverage: &'a mut Coverage,
    lines: Vec<Value>,
}

impl Run<'_> {
    /// What chance would hardly ever bring about.
    fn begin(&mut self, seed: u32) {
        self.step(Input::Connect);
        match seed {
            0 => self.fill_producers(),
            6 => self.fill_reads(),
            _ => {}
        }
    }

    fn fill_producers(&mut self) {
        for producer in 1..=1200 {
            let origin = Numbered {
                producer: ProducerId(producer),
                sequence: 1,
                before: None,
                age: Duration::from_millis(5),
            };
            let message = Outgoing { origin: Some(origin), ..self.dice.outgoing() };
            let (channel, policy) = (Some(ChannelId(0)), SendPolicy::Wait);
            self.step(Input::Send(Outgoing { channel, policy, bytes: 1, ..message }));
        }
        self.step(Input::Disconnect);
        self.step(Input::Connect);
    }

    fn fill_reads(&mut self) {
        self.peer.opened(TransportId(1));
        self.step(Input::Transport(TransportId(1), News::Opened));
        let welcome = self.dice.welcome();
        self.step(Input::Transport(TransportId(1), News::Frame(welcome)));
        for _ in 0..65 {
            let read = self.dice.read();
            self.step(read);
        }
    }

    /// The first half of a run, mostly what can be; in every third one, anything.
    fn draw(&mut self, seed: u32) -> Input<u64> {
        if (seed + seed / 6) % 3 == 2 {
            self.now += self.dice.time().as_nanos() as u64;
            return self.dice.input();
        }
        self.now += u64::from(self.dice.below(40)) * 1_000_000;
        match self.dice.below(20) {
            0..=3 => self.time_out(),
            4..=7 => self.dice.wish(),
            8 if self.dice.one_in(8) => self.dice.read(),
            _ => match self.peer.next(&mut self.dice) {
                Some(input) => input,
                None => self.time_out(),
            },
        }
    }

    /// The deadline comes; now and then a timer is late, or the machine was asleep.
    fn time_out(&mut self) -> Input<u64> {
        if let Some((at, _)) = self.engine.poll_timeout() {
            self.now = self.now.max(at.as_nanos());
        }
        match self.dice.below(24) {
            0 => self.now += 2_000_000_000,
            1 => self.now += 100_000_000_000,
            _ => {}
        }
        Input::Timeout
    }

    fn step(&mut self, input: Input<u64>) {
        let now = Timestamp::from_nanos(self.now);
        let mut line = json!({ "now": self.now as f64 / 1e6, "input": input_json(&input) });
        let answer = self.engine.handle_input(now, input);
        if let Err(error) = &answer {
            line["error"] = error_json(error);
            self.note("inputError", &line["error"]);
        }
        let mut outputs = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            self.peer.take(&mut self.dice, &output);
            let output = output_json(&output);
            self.note("output", &output);
            outputs.push(output);
        }
        line["outputs"] = outputs.into();
        if let Some((at, timer)) = self.engine.poll_timeout() {
            line["timeout"] = json!({ "at": at.as_nanos() as f64 / 1e6, "timer": word(timer) });
            self.note("deadline", &line["timeout"]);
        }
        line["overlapping"] = self.engine.is_overlapping().into();
        line["state"] = word(self.engine.state()).into();
        line["cursor"] = json!(self.engine.cursor(ChannelId(0)).map(crate::json::cursor));
        line["info"] = info_json(&self.engine.info(now));
        self.note("input", &line["input"]);
        self.note("state", &line["state"]);
        self.note("info", &line["info"]);
        self.lines.push(line);
    }

    fn note(&mut self, name: &str, value: &Value) {
        let shape = shapes().into_iter().find(|(known, _)| *known == name);
        self.coverage.note(value, shape.map_or(Shape::Fraction, |(_, shape)| shape));
    }
}

fn camel(word: &str) -> String {
    let mut words = word.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &word[..1].to_uppercase() + &word[1..])
}

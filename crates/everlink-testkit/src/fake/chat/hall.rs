//! What all connections of a chat share, and how each is served.

use super::counters::ChatCounters;
use super::room::{Person, Queue, Room};
use super::rules::ChatRules;
use super::script::{What, person};
use super::speakers::{Speakers, checked};
use crate::chaos::Rejected;
use crate::chaos::fields::Fields;
use crate::fake::gate::{Asked, Cuts, Ending, Host, Observer, Orders, Pipe, Reply, json_reply};
use crate::fake::limits::{FRAMES_A_TURN_MAX, WRITE_BYTES_MAX};
use bytes::Bytes;
use everlink_wire::ws::Item;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// A chat.
#[derive(Debug)]
pub(crate) struct Hall {
    rules: ChatRules,
    /// Those who are known, by their token; where nobody is, a token is a nick.
    people: BTreeMap<String, Person>,
    pub(super) counters: watch::Sender<ChatCounters>,
    orders: watch::Sender<Orders>,
    observer: Observer,
    room: Mutex<Room>,
    speakers: Mutex<Speakers>,
}

/// One connection.
struct Visit<'a> {
    hall: &'a Hall,
    number: u64,
    person: Option<&'a Person>,
    queue: Queue,
    heard: Instant,
    ping_at: Instant,
}

impl Hall {
    pub(super) fn new(
        rules: ChatRules,
        people: BTreeMap<String, Person>,
        orders: watch::Sender<Orders>,
        observer: Observer,
    ) -> Self {
        Self {
            rules,
            people,
            counters: watch::Sender::default(),
            orders,
            observer,
            room: Mutex::default(),
            speakers: Mutex::default(),
        }
    }

    fn count(&self, change: impl FnOnce(&mut ChatCounters)) {
        self.counters.send_modify(change);
    }

    /// Does what stands in the script.
    pub(super) fn perform(&self, what: &What) {
        match what {
            What::Message(person, text) => self.say(person, text),
            What::Line(text) => lock(&self.room).tell_all(text),
        }
    }

    fn say(&self, person: &Person, text: &str) {
        lock(&self.room).say(person, text);
        self.count(|counters| counters.messages += 1);
        self.observer.tell(&format!("{}: {text}", person.nick));
    }

    /// Finds out who asks: by cookie, by Authorization header or by query.
    fn person(&self, asked: &Asked<'_>) -> Option<Person> {
        let bearer = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let cookies = ["authtoken", "jwt", "sid"].into_iter().find_map(|name| asked.cookie(name));
        let token = bearer.or(cookies).map(str::to_owned).or_else(|| asked.parameter("token"))?;
        match self.people.is_empty() {
            true => person(&token).ok(),
            false => self.people.get(&token).cloned(),
        }
    }

    /// Takes a message; an error is the word for it.
    fn take_message(&self, from: Option<&Person>, fields: &str) -> Result<(), &'static str> {
        let fields: Value = serde_json::from_str(fields).map_err(|_| "protocolerror")?;
        let text = fields.get("data").and_then(Value::as_str).ok_or("protocolerror")?;
        let person = from.ok_or("needlogin")?;
        let text = checked(&self.rules, text)?;
        if !person.features.iter().any(|feature| feature == BOT) {
            lock(&self.speakers).judge(&self.rules, &person.nick, text, Instant::now())?;
        }
        self.say(person, text);
        Ok(())
    }

    async fn serve(
        &self,
        visit: &mut Visit<'_>,
        pipe: &mut Pipe,
        mut seen: watch::Receiver<Orders>,
        cuts: Cuts,
    ) -> Ending {
        loop {
            let orders = *seen.borrow_and_update();
            if let Some(cut) = orders.cut_after(cuts) {
                self.count(|counters| counters.ended_by_order += 1);
                return cut.into();
            }
            let wake = match visit.turn(pipe, &orders) {
                Ok(true) => Instant::now(),
                Ok(false) => visit.ping_at.min(visit.heard + self.rules.quiet_max),
                Err(ending) => return ending,
            };
            let has_room = pipe.frames.len() < WRITE_BYTES_MAX;
            tokio::select! {
                biased;
                changed = seen.changed() => if changed.is_err() { return Ending::Fin },
                moved = pipe.moved() => if moved.is_err() { return Ending::Gone },
                _ = &mut visit.queue.overflowed => {
                    self.count(|counters| counters.ended_slow += 1);
                    return Ending::Close(POLICY_VIOLATION, "too slow");
                }
                Some(line) = visit.queue.lines.recv(), if has_room => {
                    visit.send(&line, pipe, orders.is_silent);
                }
                () = sleep_until(wake) => {}
            }
        }
    }
}

impl Visit<'_> {
    /// Takes what has come, and does what is due; returns whether more may have come already.
    fn turn(&mut self, pipe: &mut Pipe, orders: &Orders) -> Result<bool, Ending> {
        let now = Instant::now();
        let mut left = FRAMES_A_TURN_MAX;
        while left > 0
            && let Some(item) = pipe.next_item()?
        {
            left -= 1;
            self.heard = now;
            self.hear(item, pipe, orders.is_silent)?;
        }
        if now >= self.heard + self.hall.rules.quiet_max {
            self.hall.count(|counters| counters.ended_quiet += 1);
            return Err(Ending::Close(GOING_AWAY, "nothing heard"));
        }
        if now >= self.ping_at {
            self.ping_at = now + self.hall.rules.ping_every;
            pipe.frames.ping(b"");
        }
        Ok(left == 0)
    }

    fn hear(&mut self, item: Item, pipe: &mut Pipe, is_silent: bool) -> Result<(), Ending> {
        match item {
            Item::Text(text) => self.take_line(text.as_str()),
            Item::Ping(payload) => {
                // After all that was said before, so that the pong tells that it was sent.
                let mut left = self.queue.lines.len();
                while left > 0
                    && let Ok(line) = self.queue.lines.try_recv()
                {
                    self.send(&line, pipe, is_silent);
                    left -= 1;
                }
                pipe.frames.pong(&payload);
            }
            Item::Close(close) => {
                pipe.frames.close_echo(close.map(|close| close.code));
                return Err(Ending::Answered);
            }
            Item::Pong(_) | Item::Binary(_) => {}
        }
        Ok(())
    }

    /// Obeys a line; one of a name that is not known is passed over, as the public server does.
    fn take_line(&mut self, line: &str) {
        let hall = self.hall;
        hall.count(|counters| counters.lines_in += 1);
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        match name {
            "MSG" => {
                if let Err(word) = hall.take_message(self.person, rest) {
                    hall.count(|counters| counters.errors += 1);
                    lock(&hall.room).tell(self.number, &format!("ERR \"{word}\""));
                }
            }
            "PING" => lock(&hall.room).tell(self.number, format!("PONG {rest}").trim_end()),
            _ => {}
        }
    }

    fn send(&mut self, line: &Bytes, pipe: &mut Pipe, is_silent: bool) {
        if !is_silent {
            pipe.frames.encoded(line);
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        lock(&self.hall.room).leave(self.number);
        let is_anonymous = self.person.is_none();
        self.hall.count(|counters| {
            counters.connections_open -= 1;
            counters.anonymous_open -= u64::from(is_anonymous);
        });
    }
}

impl Host for Hall {
    type Guest = Option<Person>;

    fn admit(&self, asked: &Asked<'_>) -> Result<Option<Person>, Box<Reply>> {
        match asked.path {
            "/" | "/ws" => Ok(self.person(asked)),
            _ => Err(json_reply(404, &json!({ "error": "the chat is at /ws" })).into()),
        }
    }

    fn answer(&self, _: &Asked<'_>) -> Option<Reply> {
        None
    }

    fn command(&self, name: &str, fields: &mut Fields) -> Option<Result<Value, Rejected>> {
        let done = match name {
            "say" => fields.required("nick", "a nick").and_then(|nick| {
                let text = fields.required("text", "what is said")?;
                self.say(&person(&nick)?, &text);
                Ok(())
            }),
            "line" => fields.required("text", "a line").map(|text| {
                lock(&self.room).tell_all(&text);
            }),
            _ => return None,
        };
        Some(done.map(|()| json!({})))
    }

    fn state(&self) -> Value {
        let orders = *self.orders.borrow();
        json!({ "counters": *self.counters.borrow(), "silent": orders.is_silent })
    }

    async fn talk(
        self: Arc<Self>,
        guest: Option<Person>,
        mut pipe: Pipe,
        orders: watch::Receiver<Orders>,
        cuts: Cuts,
    ) {
        pipe.message_bytes_max(self.rules.frame_bytes_max);
        let who = guest.as_ref().map_or("somebody", |person| &person.nick).to_owned();
        let entered = lock(&self.room).enter(&self.rules, guest.as_ref());
        let (number, queue) = match entered {
            Ok(entered) => entered,
            Err(word) => {
                self.count(|counters| counters.errors += 1);
                self.observer.tell(&format!("{who} refused: {word}"));
                pipe.frames.text(&format!("ERR \"{word}\""));
                return pipe.end(Ending::Fin).await;
            }
        };
        self.count(|counters| {
            counters.connections += 1;
            counters.connections_open += 1;
            counters.anonymous_open += u64::from(guest.is_none());
        });
        self.observer.tell(&format!("connection {number} open, {who}"));
        let now = Instant::now();
        let ping_at = now + self.rules.ping_every;
        let person = guest.as_ref();
        let mut visit = Visit { hall: &self, number, person, queue, heard: now, ping_at };
        let ending = self.serve(&mut visit, &mut pipe, orders, cuts).await;
        drop(visit);
        self.observer.tell(&format!("connection {number} ended: {ending}"));
        pipe.end(ending).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The feature of those who are not throttled.
pub(super) const BOT: &str = "bot";

/// Close codes (RFC 6455, section 7.4.1).
const GOING_AWAY: u16 = 1001;
const POLICY_VIOLATION: u16 = 1008;

//! Who is there, and the lines that all are sent in one order.

use super::rules::ChatRules;
use bytes::Bytes;
use everlink_wire::ws::server_text_frame;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};

/// Somebody with a nick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) nick: String,
    pub(crate) features: Vec<String>,
}

/// Everybody who is connected.
#[derive(Debug, Default)]
pub(crate) struct Room {
    members: BTreeMap<u64, Member>,
    last: u64,
}

#[derive(Debug)]
struct Member {
    person: Option<Person>,
    /// `None` once its client was too slow.
    queue: Option<(mpsc::Sender<Bytes>, oneshot::Sender<Infallible>)>,
}

/// What a member's task gets: its lines, and the end of its queue when that has overflowed.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) lines: mpsc::Receiver<Bytes>,
    pub(crate) overflowed: oneshot::Receiver<Infallible>,
}

impl Room {
    /// Lets somebody in: a list of those who are there, to the newcomer, then the news to all.
    pub(crate) fn enter(
        &mut self,
        rules: &ChatRules,
        person: Option<&Person>,
    ) -> Result<(u64, Queue), &'static str> {
        if let Some(person) = person
            && self.connections_of(&person.nick) >= rules.connections_max
        {
            return Err("toomanyconnections");
        }
        let (lines, lines_out) = mpsc::channel(rules.lines_max);
        let (end, overflowed) = oneshot::channel();
        self.last += 1;
        let number = self.last;
        let (person_in, queue) = (person.cloned(), Some((lines, end)));
        self.members.insert(number, Member { person: person_in, queue });
        self.tell(number, &format!("NAMES {}", self.names()));
        if let Some(person) = person {
            self.tell_all(&line("JOIN", person, None));
        }
        Ok((number, Queue { lines: lines_out, overflowed }))
    }

    pub(crate) fn leave(&mut self, number: u64) {
        let member = self.members.remove(&number);
        if let Some(person) = member.and_then(|member| member.person) {
            self.tell_all(&line("QUIT", &person, None));
        }
    }

    /// Sends a message to all, its sender included.
    pub(crate) fn say(&mut self, person: &Person, text: &str) {
        self.tell_all(&line("MSG", person, Some(text)));
    }

    /// Sends a line to one.
    pub(crate) fn tell(&mut self, number: u64, line: &str) {
        let frame = server_text_frame(line);
        if let Some(member) = self.members.get_mut(&number) {
            member.put(&frame);
        }
    }

    /// Sends a line to all.
    pub(crate) fn tell_all(&mut self, line: &str) {
        let frame = server_text_frame(line);
        self.members.values_mut().for_each(|member| member.put(&frame));
    }

    fn connections_of(&self, nick: &str) -> usize {
        let people = self.members.values().filter_map(|member| member.person.as_ref());
        people.filter(|person| person.nick == nick).count()
    }

    fn names(&self) -> Value {
        let people = self.members.values().filter_map(|member| member.person.as_ref());
        let people: BTreeMap<_, _> = people.map(|person| (&person.nick, person)).collect();
        let users: Vec<_> = people
            .values()
            .map(|person| json!({ "nick": person.nick, "features": person.features }))
            .collect();
        json!({ "connectioncount": self.members.len(), "users": users })
    }
}

impl Member {
    fn put(&mut self, frame: &Bytes) {
        let is_lost = |queue: &(mpsc::Sender<Bytes>, _)| queue.0.try_send(frame.clone()).is_err();
        if self.queue.as_ref().is_some_and(is_lost) {
            // Its task finds the queue gone, and ends the connection as too slow.
            self.queue = None;
        }
    }
}

fn line(name: &str, person: &Person, text: Option<&str>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let mut fields = json!({ "nick": person.nick, "features": person.features, "timestamp": now });
    if let Some(text) = text {
        fields["data"] = text.into();
    }
    format!("{name} {fields}")
}

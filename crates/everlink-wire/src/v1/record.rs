//! Objects and fields of several keys that stand in frames.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use everlink_engine::Cursor;
use everlink_engine::server::{Last, Place, Stored};

use super::define::{fields, record};
use super::error::{Accepted, Problem};
use super::field::{Fault, Field, Optional, Put, missing};
use super::fields::Fields;
use super::kind::{
    Channel, CloseCode, Count0, Count1, EpochNumber, Kind, List, Millis, Name, OriginName, Place0,
    Place1, PutKind,
};
use super::limits::BATCH_MAX;
use super::payload::Payload;
use super::table::FieldRow;
use super::value::Value;
use super::write::Write;
use crate::message::Message;

record! {
    /// A channel and where to go on in it.
    PlaceEntry reads Place<Cow<'a, str>>, writes [N: AsRef<str>] &Place<N>: Place {
        /// the channel
        "c" Channel => channel;
        /// where to go on; without it from now on
        "ep" Going => from;
    }
}

record! {
    /// How the connection before ended.
    LastEntry reads Last, writes [] &Last: Last {
        /// its close code, 1006 if there was none
        "code" CloseCode => code;
        /// how long it stood
        "up_ms" Millis<0> => up;
        /// how many attempts it took to come back
        "try" Count0 => attempts;
    }
}

record! {
    /// What a client can take.
    Abilities reads u32, writes [] &u32: {
        /// the largest frame that the client takes, in bytes
        "max_frame" Count1 => frame_max;
    }
}

record! {
    /// What a server asks its clients to keep.
    Limits reads (u32, Option<u32>, Duration),
        writes [] (&u32, &Option<u32>, &Duration): {
        /// the largest frame that the server takes, in bytes
        "frame" Count1 => frame_max;
        /// how many messages a second this client may publish; without it without limit
        "rate" Optional<Count1> => rate;
        /// how long a log remembers a producer
        "origin_ttl_ms" Millis<0> => origin_ttl;
    }
}

record! {
    /// How a server wants its clients to come back.
    Hints reads (Option<Duration>, Option<Duration>),
        writes [] (&Option<Duration>, &Option<Duration>): {
        /// over which time to return after a loss
        "window_ms" Optional<Millis<0>> => return_window;
        /// the longest back-off that the server wishes for
        "cap_ms" Optional<Millis<0>> => backoff_max;
    }
}

record! {
    /// A message in a page, whose channel the page names.
    PageEntry reads Stored<Cow<'a, str>, Message>,
        writes [N: AsRef<str>] &Stored<N, Message>: Stored {
        /// its place in the log
        "o" Place1 => offset;
        /// who published it, with the suffix of its user
        "p" OriginName => producer;
        /// as which of his in this channel
        "s" Place1 => sequence;
        /// its name, where it has another than `p` and `s` make
        "id" Optional<Name> => id;
        /// the user who published it
        "u" Optional<Name> => user;
        /// when it was stored, in milliseconds since 1970
        "at" Place0 => at;
        /// what was published
        "d" Payload => payload;
        with channel: Cow::Borrowed(""), epoch: None;
    }
}

/// A cursor as two keys, `ep` and `o`, of which both stand there or neither.
pub(super) struct Going;

const OFFSET_KEY: &str = "o";

impl Field for Going {
    type Value<'a> = Option<Cursor>;

    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![
            FieldRow::new::<EpochNumber>(key, about, true),
            FieldRow::new::<Place0>(
                OFFSET_KEY,
                "the last offset that was handled; beside `ep`",
                true,
            ),
        ]
    }

    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Option<Cursor>, Fault> {
        let epoch = <Optional<EpochNumber> as Field>::read(fields, key)?;
        let offset = <Optional<Place0> as Field>::read(fields, OFFSET_KEY)?;
        let unpaired = |beside| Fault::from(Problem::Unpaired { beside });
        match (epoch, offset) {
            (Some(epoch), Some(offset)) => Ok(Some(Cursor { epoch, offset })),
            (Some(_), None) => Err(unpaired(key).at(OFFSET_KEY)),
            (None, Some(_)) => Err(unpaired(OFFSET_KEY).at(key)),
            (None, None) => Ok(None),
        }
    }
}

impl Put<&Option<Cursor>> for Going {
    fn count(value: &Option<Cursor>) -> usize {
        if value.is_some() { 2 } else { 0 }
    }

    fn put(key: &'static str, value: &Option<Cursor>, out: &mut impl Write) {
        if let Some(Cursor { epoch, offset }) = value {
            <EpochNumber as Put<_>>::put(key, epoch, out);
            <Place0 as Put<_>>::put(OFFSET_KEY, offset, out);
        }
    }
}

/// Two times in a list: how often to ping, and how long to wait.
pub(super) struct Heartbeat;

impl Kind for Heartbeat {
    type Value<'a> = (Duration, Duration);

    const ACCEPTS: Accepted = Accepted::List(2, 2);

    const ENTRY: Option<Accepted> = Some(<Millis<1> as Kind>::ACCEPTS);

    fn parse<'a>(value: Value<'a>, source: &'a Bytes) -> Result<(Duration, Duration), Fault> {
        let mut times = Vec::with_capacity(2);
        value.each(Self::ACCEPTS, 2, &mut |value| {
            times.push(Millis::<1>::parse(value, source)?);
            Ok(())
        })?;
        match times[..] {
            [interval, timeout] => Ok((interval, timeout)),
            _ => Err(Problem::Count { accepted: Self::ACCEPTS }.into()),
        }
    }
}

impl PutKind<(&Duration, &Duration)> for Heartbeat {
    fn say((interval, timeout): (&Duration, &Duration), out: &mut impl Write) {
        out.list(2);
        for time in [interval, timeout] {
            out.entry();
            <Millis<1> as PutKind<_>>::say(time, out);
        }
        out.list_end();
    }
}

/// [`Hints`], left out if there are none.
pub(super) struct Retry;

impl Field for Retry {
    type Value<'a> = (Option<Duration>, Option<Duration>);

    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![FieldRow::new::<Hints>(key, about, true)]
    }

    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Self::Value<'a>, Fault> {
        Ok(<Optional<Hints> as Field>::read(fields, key)?.unwrap_or_default())
    }
}

impl Put<(&Option<Duration>, &Option<Duration>)> for Retry {
    fn count((window, cap): (&Option<Duration>, &Option<Duration>)) -> usize {
        usize::from(window.is_some() || cap.is_some())
    }

    fn put(key: &'static str, value: (&Option<Duration>, &Option<Duration>), out: &mut impl Write) {
        if <Self as Put<_>>::count(value) > 0 {
            <Hints as Put<_>>::put(key, value, out);
        }
    }
}

/// The messages of a page, to which the channel is added that stands beside them.
pub(super) struct PageMessages;

type PageList = List<PageEntry, 0>;

impl Field for PageMessages {
    type Value<'a> = Vec<Stored<Cow<'a, str>, Message>>;

    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![FieldRow::new::<PageList>(key, about, false)]
    }

    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Self::Value<'a>, Fault> {
        let channel = <Channel as Field>::read(fields, "c")?;
        let Some(value) = fields.get(key) else {
            return Err(missing(key, Accepted::List(0, BATCH_MAX)));
        };
        let mut messages = PageList::parse(value, fields.source).map_err(|fault| fault.at(key))?;
        for message in &mut messages {
            message.channel = channel.clone();
        }
        Ok(messages)
    }
}

impl<N: AsRef<str>> Put<&Vec<Stored<N, Message>>> for PageMessages {
    fn count(_: &Vec<Stored<N, Message>>) -> usize {
        1
    }

    fn put(key: &'static str, value: &Vec<Stored<N, Message>>, out: &mut impl Write) {
        <PageList as Put<_>>::put(key, value, out);
    }
}

//! The frames of `everlink.v1`: under which keys their fields stand, and what is accepted there.
//!
//! Both encodings and the reference in the documentation come from these two tables.

use std::borrow::Cow;

use everlink_engine::server::{Hello, Publish, Reply, Request, Stored, Welcome};
use everlink_engine::{AwayReason, GapCause, Kept};

use super::define::{fields, frames};
use super::error::Side;
use super::field::{Fault, Field, Optional, Put};
use super::fields::Fields;
use super::kind::{
    Channel, Count0, Count1, EpochNumber, Flag, List, Millis, Name, OriginName, Place0, Place1,
    Small, TYPE_KEY, Token, Why, Word,
};
use super::payload::Payload;
use super::record::{Abilities, Heartbeat, LastEntry, Limits, PageMessages, PlaceEntry, Retry};
use super::table::{FieldRow, FrameRow};
use super::write::{Incoming, Outgoing, Write};
use crate::message::Message;

/// The type of the greeting, whose length is limited.
pub(super) const HELLO: &str = "hello";

frames! { Request from Client, described by request_rows:
    /// The greeting: the first frame of a connection, once.
    "hello" => Hello(Hello {
        /// the version of the protocol: 1
        "v" Count1 => version;
        /// names the client for as long as it lives; a new connection takes over from an older one
        "client" Name => client;
        /// names the producer of publishes that name none
        "producer" Name => producer;
        /// the token, where the client has one
        "auth" Optional<Token> => auth;
        /// the desired channels; further ones follow by `sub`
        "subs" List<PlaceEntry, 0> => channels;
        /// what the client can take
        "caps" Optional<Abilities> => frame_max;
        /// how the connection before ended, for statistics
        "last" Optional<LastEntry> => last;
    })
    /// A numbered message for a channel's log. Answered by `ack` or `nack`.
    "pub" => Publish(Publish {
        /// the channel
        "c" Channel => channel;
        /// the producer, where it is not the one of the greeting
        "p" Optional<Name> => producer;
        /// the producer's number in this channel
        "s" Place1 => sequence;
        /// the number before it, where that is not `s - 1`
        "b" Optional<Place0> => before;
        /// what to store
        "d" Payload => payload;
    })
    /// Asks for channels. Each is answered by `sub_ok` or `sub_err`.
    "sub" => Subscribe {
        /// the channels, and where to go on in each
        "subs" List<PlaceEntry, 1> => channels;
    }
    /// Gives channels up. Answered by `unsub_ok`.
    "unsub" => Unsubscribe {
        /// numbers the request
        "n" Count0 => request;
        /// the channels
        "cs" List<Channel, 1> => channels;
    }
    /// A value that is neither stored nor repeated, such as typing.
    "vol" => Volatile {
        /// the channel
        "c" Channel => channel;
        /// which kind of value
        "k" Name => key;
        /// the value
        "d" Payload => payload;
    }
    /// Asks for a page of a channel's history. Answered by `page` or `read_err`.
    "read" => Read {
        /// numbers the request
        "n" Count0 => request;
        /// the channel
        "c" Channel => channel;
        /// the page begins behind this offset
        "after" Place0 => after;
        /// most messages in the page
        "limit" Small<1, 256> => limit;
    }
    /// Fresh credentials for a connection that stands. Answered by `auth_ok` or `err`.
    "auth" => Auth {
        /// the token
        "token" Token => token;
    }
    /// A heartbeat. Answered by `pong`.
    "ping" => Ping {
        /// names it
        "n" Count0 => nonce;
    }
    /// Answers a heartbeat of the server.
    "pong" => Pong {
        /// the name of the ping
        "n" Count0 => nonce;
    }
    /// Ends the session for good, before a close with 1000.
    "bye" => Bye {}
}

frames! { Reply from Server, described by reply_rows:
    /// Answers the greeting.
    "welcome" => Welcome(Welcome {
        /// the server node
        "node" Name => node;
        /// how often the client should ping and how long it should wait for the pong, in milliseconds
        "hb" Heartbeat => heartbeat_interval, heartbeat_timeout;
        /// what the client must keep
        "lim" Limits => frame_max, rate, origin_ttl;
        /// how the server wants its clients to come back
        "retry" Retry => return_window, backoff_max;
        /// how safe an acknowledged message is
        "kept" Word<Kept> => kept;
        /// what the server appends to the names of this client's producers
        "suffix" Optional<Name> => suffix;
    })
    /// All messages of a producer in a channel up to a number are stored.
    "ack" => Ack {
        /// the channel
        "c" Channel => channel;
        /// the producer, where it is not the one of the greeting
        "p" Optional<Name> => producer;
        /// its last stored number
        "s" Place1 => sequence;
        /// the offset of that message; 0 where it is not known any more
        "o" Place0 => offset;
    }
    /// A message is refused for good; its number is used up.
    "nack" => Nack {
        /// the channel
        "c" Channel => channel;
        /// the producer, where it is not the one of the greeting
        "p" Optional<Name> => producer;
        /// the number that is refused
        "s" Place1 => sequence;
        /// why, as a number
        "code" Count0 => code;
        /// why, in words
        "why" Why => why;
    }
    /// An entry of a log.
    "msg" => Message(Stored {
        /// the channel
        "c" Channel => channel;
        /// its place in the log
        "o" Place1 => offset;
        /// the life of the log, where it differs from the one told before
        "ep" Optional<EpochNumber> => epoch;
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
    })
    /// A channel is attached; replay up to `head` follows.
    "sub_ok" => SubscribeOk {
        /// the channel
        "c" Channel => channel;
        /// the life of its log
        "ep" EpochNumber => epoch;
        /// the last offset in it now; 0 when it is empty
        "head" Place0 => head;
        /// how many messages will be replayed
        "n" Place0 => replay;
    }
    /// A channel is refused.
    "sub_err" => SubscribeErr {
        /// the channel
        "c" Channel => channel;
        /// why, as a number
        "code" Count0 => code;
        /// why, in words
        "why" Why => why;
    }
    /// Channels are given up.
    "unsub_ok" => UnsubscribeOk {
        /// the request
        "n" Count0 => request;
    }
    /// A range that will not come, before the first message behind it. `to` below `from` is an empty
    /// range, which only tells the new epoch.
    "gap" => Gap {
        /// the channel
        "c" Channel => channel;
        /// the first offset that is missing
        "from" Place1 => from;
        /// the last offset that is missing
        "to" Place0 => to;
        /// why
        "why" Word<GapCause> => cause;
        /// the epoch that holds from here on, where it changed
        "ep" Optional<EpochNumber> => epoch;
    }
    /// A value that is neither stored nor repeated, of someone in the channel.
    "vol" => Volatile {
        /// the channel
        "c" Channel => channel;
        /// which kind of value
        "k" Name => key;
        /// whose it is, where that is known
        "u" Optional<Name> => user;
        /// the value
        "d" Payload => payload;
    }
    /// A last value, sent again at each attach.
    "ret" => Retained {
        /// the channel
        "c" Channel => channel;
        /// which kind of value
        "k" Name => key;
        /// its version; it never goes back
        "v" Place0 => version;
        /// the value
        "d" Payload => payload;
    }
    /// A page of history.
    "page" => Page {
        /// the request
        "n" Count0 => request;
        /// the channel
        "c" Channel => channel;
        /// the life of its log
        "ep" EpochNumber => epoch;
        /// the first offset that the log still has
        "first" Place0 => first;
        /// the last offset in it
        "head" Place0 => head;
        /// the messages, in order
        "msgs" PageMessages => messages;
    }
    /// A page is refused.
    "read_err" => ReadErr {
        /// the request
        "n" Count0 => request;
        /// why, as a number
        "code" Count0 => code;
        /// why, in words
        "why" Why => why;
    }
    /// Fresh credentials are taken.
    "auth_ok" => AuthOk {
        /// how long they last, where they end
        "exp_ms" Optional<Millis<0>> => expires;
    }
    /// A heartbeat of the server, when it heard nothing for long. Answered by `pong`.
    "ping" => Ping {
        /// names it
        "n" Count0 => nonce;
    }
    /// Answers a heartbeat.
    "pong" => Pong {
        /// the name of the ping
        "n" Count0 => nonce;
        /// the window over which to return after a loss, where it is another than before
        "w" Optional<Millis<0>> => window;
    }
    /// Asks to come back elsewhere or later.
    "away" => Away {
        /// why
        "why" Word<AwayReason> => reason;
        /// when, from now
        "slot_ms" Millis<0> => slot;
        /// where, if not here
        "url" Optional<Name> => url;
    }
    /// Something went wrong.
    "err" => Err {
        /// what, as a number
        "code" Count0 => code;
        /// whether the connection ends
        "fatal" Flag => fatal;
        /// when to try again, where that is known
        "retry_ms" Optional<Millis<0>> => retry;
        /// what, in words
        "why" Why => why;
    }
    /// Ends the session for good.
    "bye" => Bye {}
}

/// Returns what the documentation says, requests first.
pub(super) fn rows() -> Vec<FrameRow> {
    let mut rows = request_rows();
    rows.extend(reply_rows());
    rows
}

/// Runs a reader in which `?` ends only the reader.
fn attempt<T>(read: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    read()
}

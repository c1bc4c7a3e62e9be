//! `everlink.v1` on one transport: frames into its buffer, and what the server says out of order.

use std::time::Duration;

use everlink_engine::server::Request;
use everlink_engine::{Cause, News, Received, Transmit, Wanted};
use everlink_wire::v1::{BATCH_MAX, encode_request, message_of};
use everlink_wire::{Channels, Message};

use super::V1;
use super::reply::{Arriving, Heard};
use super::request::{greet, places};
use crate::client::Event;
use crate::driver::options::Options;
use crate::driver::state::State;
use crate::driver::transport::{Ended, Transport};

/// What one transport remembers. It holds a secret, so that nothing shows it.
#[derive(Default)]
pub(in super::super) struct Speech {
    /// Proves who we are.
    token: Option<String>,
    /// Channels for which the greeting had no room.
    later: Vec<Wanted>,
    /// When the server wants us back, after it said that the connection ends.
    hint: Option<Duration>,
    /// How long the credentials last, as the server said just now.
    renewed: Option<Option<Duration>>,
}

impl Speech {
    pub(in super::super) fn new(token: Option<String>) -> Self {
        Self { token, ..Self::default() }
    }

    /// Returns when the server wants us back, if it said so.
    pub(in super::super) fn hint(&self) -> Option<Duration> {
        self.hint
    }

    /// Returns once that fresh credentials were taken, and how long they last.
    pub(in super::super) fn take_renewed(&mut self) -> Option<Option<Duration>> {
        self.renewed.take()
    }

    /// Says a frame of the engine; `None` where there is nothing to say.
    pub(in super::super) fn say(
        &mut self,
        frame: &Transmit<Message>,
        channels: &Channels,
        v1: &V1,
    ) -> Option<Message> {
        let Transmit::Hello { channels: wanted, last } = frame else {
            return said(v1, &v1.request(frame, channels)?);
        };
        let (hello, later) = greet(v1, (wanted, *last), self.token.as_deref(), channels);
        self.later = later.to_vec();
        said(v1, &hello)
    }

    /// Asks for the channels for which the greeting had no room.
    fn say_later(&mut self, channels: &Channels, v1: &V1) -> Vec<Message> {
        let later = std::mem::take(&mut self.later);
        let frame = |wanted: &[Wanted]| {
            said(v1, &Request::Subscribe { channels: places(channels, wanted) })
        };
        later.chunks(BATCH_MAX).filter_map(frame).collect()
    }

    /// Says fresh credentials.
    pub(in super::super) fn authenticate(&mut self, token: String, v1: &V1) -> Option<Message> {
        let message = said(v1, &Request::Auth { token: token.as_str() });
        self.token = Some(token);
        message
    }
}

fn said(v1: &V1, request: &Request<&str, Message>) -> Option<Message> {
    let mut buffer = Vec::new();
    encode_request(v1.encoding, request, &mut buffer);
    message_of(v1.encoding, buffer)
}

/// Takes a message of the server in. An error ends the transport.
pub(in super::super) fn hear(
    transport: &mut Transport,
    state: &mut State,
    message: &Message,
    options: &Options,
) -> Result<News<Message>, Ended> {
    let Some(v1) = &mut state.v1 else { return Ok(News::Heard { data: true }) };
    let heard = match v1.hear(message, &state.channels) {
        Ok(heard) => heard,
        Err(error) => {
            state.news.push(Event::BadMessage { error: error.to_string().into() });
            let cause = match error.close_code() {
                1003 | 1007 => Cause::PeerDataInvalid,
                1009 => Cause::PeerMessageTooBig,
                _ => Cause::PeerProtocolError,
            };
            return Err(transport.breaks(
                cause,
                error.close_code(),
                format!("the peer sent: {error}"),
            ));
        }
    };
    match heard {
        Heard::Frame(mut frame) => {
            if let Received::Welcome { .. } = frame {
                for message in transport.speech.say_later(&state.channels, v1) {
                    transport.say(&message);
                }
            }
            if let Received::Away { endpoint, .. } = &mut frame {
                let wanted = std::mem::take(&mut v1.arriving);
                if let Arriving::Elsewhere(url) = wanted {
                    *endpoint = state.sent_elsewhere(&url, options);
                }
            }
            return Ok(News::Frame(frame));
        }
        Heard::Life => {}
        Heard::Authenticated(lasts) => {
            transport.speech.renewed = Some(lasts);
            state.news.push(Event::CredentialsRenewed { lasts });
        }
        Heard::Trouble { code, fatal, retry, why } => {
            transport.speech.hint = retry.or(transport.speech.hint);
            state.news.push(Event::ServerError { code, fatal, why });
        }
    }
    Ok(News::Heard { data: true })
}

/// What the frame said is told, or was about nothing that is known.
pub(in super::super) fn told(state: &mut State) {
    if let Some(v1) = &mut state.v1 {
        v1.arriving = Arriving::Nothing;
    }
}

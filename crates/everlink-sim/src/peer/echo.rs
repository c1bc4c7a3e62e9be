//! A server that sends every message back, and answers pings.

use everlink_engine::{PingLevel, Received, Transmit, TransportId};

use crate::world::Core;

/// Sends messages back. With `answers` it knows JSON pings too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo {
    pub(crate) answers: bool,
}

impl Echo {
    pub(crate) fn received(self, core: &mut Core, transport: TransportId, frame: &Transmit<u64>) {
        match *frame {
            Transmit::Message { id, channel, payload } => {
                core.arrived(id);
                core.say(transport, Received::Message { channel, key: None, payload });
            }
            Transmit::Ping { level: PingLevel::Application, .. } if !self.answers => {}
            Transmit::Ping { level, nonce } => {
                // `{"type":"pong"}` names no ping; a WebSocket pong repeats its payload.
                let nonce = (level == PingLevel::Protocol).then_some(nonce);
                core.say(transport, Received::Pong { level, nonce, window: None });
            }
            Transmit::Publish { .. }
            | Transmit::Volatile { .. }
            | Transmit::Read { .. }
            | Transmit::Hello { .. }
            | Transmit::Subscribe { .. }
            | Transmit::Unsubscribe { .. }
            | Transmit::Pong { .. }
            | Transmit::Bye => {}
        }
    }
}

//! From the engine's frames to packets.

use bytes::Bytes;
use everlink_engine::{ChannelId, PingLevel, Transmit};
use everlink_wire::Message;
use everlink_wire::engineio::Packet as Transported;
use everlink_wire::socketio::{Body, Event, Packet};
use everlink_wire::ws::Text;

use super::dialog::Asked;
use super::{Parcel, Role, SocketIo, ack_id};
use crate::driver::transport::Transport;

/// Says a frame of the engine.
pub(in super::super) fn say(
    transport: &mut Transport,
    sio: &mut SocketIo,
    frame: &Transmit<Message>,
) {
    match frame {
        Transmit::Message { id, payload, .. } => {
            let Some(Parcel { role, data, attachments }) = Parcel::unpack(payload) else {
                return;
            };
            let body = match role {
                Role::Tell => Body::Event(Event { id: None, data, attachments }),
                Role::Ask => Body::Event(Event { id: Some(ack_id(*id)), data, attachments }),
                Role::Answer(question) if sio.is_open(question) => {
                    Body::Ack { id: question.id, data, attachments }
                }
                // The session in which it was asked is over: its number means something else now.
                Role::Answer(_) | Role::Asked(_) => return,
            };
            put(transport, sio, body);
        }
        Transmit::Subscribe { request, channels } => {
            for wanted in channels {
                join(transport, sio, *request, wanted.channel);
            }
        }
        Transmit::Unsubscribe { request, channels } => {
            for channel in channels {
                leave(transport, sio, *request, *channel);
            }
        }
        Transmit::Ping { level: PingLevel::Protocol, nonce } => transport.put_ping(*nonce),
        Transmit::Pong { .. } => {
            transport.put(&Transported::Pong(Text::default()).into_message());
        }
        Transmit::Bye => put(transport, sio, Body::Disconnect),
        // The greeting is said when the server has opened the transport. The others the engine does not
        // make in this dialect.
        Transmit::Hello { .. }
        | Transmit::Ping { level: PingLevel::Application, .. }
        | Transmit::Publish { .. }
        | Transmit::Volatile { .. }
        | Transmit::Read { .. } => {}
    }
}

fn join(transport: &mut Transport, sio: &mut SocketIo, request: u32, channel: ChannelId) {
    let Some(join) = sio.joins.get(&channel) else { return };
    let (data, attachments) = join.enter();
    ask(transport, sio, Asked { request, channel, joins: true }, (data.into(), attachments));
}

fn leave(transport: &mut Transport, sio: &mut SocketIo, request: u32, channel: ChannelId) {
    let said = sio.leaves.get(&channel).and_then(|join| join.leave());
    if let Some((data, attachments)) = said {
        ask(transport, sio, Asked { request, channel, joins: false }, (data.into(), attachments));
    }
}

fn ask(
    transport: &mut Transport,
    sio: &mut SocketIo,
    asked: Asked,
    (data, attachments): (Text, Vec<Bytes>),
) {
    let id = sio.next_request();
    if let Some(dialog) = &mut transport.dialog {
        dialog.asks(id, asked);
    }
    put(transport, sio, Body::Event(Event { id: Some(id), data, attachments }));
}

/// Puts a packet into the transport's buffer, its attachments behind it.
fn put(transport: &mut Transport, sio: &SocketIo, body: Body) {
    let packet = Packet::new(sio.namespace.clone(), body);
    transport.put_packet(|out| {
        out.push(PREFIX);
        packet.write(out);
    });
    for attachment in packet.attachments() {
        transport.put(&Message::Binary(attachment.clone()));
    }
}

/// What stands before the text of a message in Engine.IO.
const PREFIX: u8 = b'4';

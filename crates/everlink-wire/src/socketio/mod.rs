//! Socket.IO 5: packets in messages and back, for clients and servers.
//!
//! Below it stands Engine.IO 4, whose messages these are; nothing here knows how they were carried.
//! Payloads are not parsed beyond what must be known: they stay JSON, share the memory of the message,
//! and [`Args`] takes them apart where somebody wants to look.
//!
//! # Examples
//!
//! ```
//! use everlink_wire::Message;
//! use everlink_wire::socketio::{Args, Assembler, Body, Event, Packet};
//!
//! let mut assembler = Assembler::default();
//! assert_eq!(assembler.take(Message::from(r#"51-/chat,7["photo",{"_placeholder":true,"num":0}]"#))?, None);
//! let packet = assembler.take(Message::from(vec![1, 2, 3]))?.expect("complete");
//! let Body::Event(Event { id: Some(7), data, attachments }) = &packet.body else { panic!() };
//! assert_eq!(Args::parse(data.as_str())?.event().as_deref(), Some("photo"));
//! assert_eq!(attachments[0], &[1, 2, 3][..]);
//!
//! let answer = Body::Ack { id: 7, data: r#"["seen"]"#.into(), attachments: Vec::new() };
//! assert_eq!(Packet::new(packet.namespace, answer).to_text(), r#"3/chat,7["seen"]"#);
//! # Ok::<(), everlink_wire::socketio::PacketError>(())
//! ```

mod args;
mod assembler;
mod error;
mod header;
mod limits;
mod packet;
mod placeholder;

pub use args::{Args, RESERVED_EVENTS, open_list, text, write_event, write_last_text, write_list};
pub use assembler::Assembler;
pub use error::PacketError;
pub use limits::{ACK_ID_MAX, Limits, NAMESPACE_BYTES_MAX};
pub use packet::{Body, Event, Packet, write_event_header};
pub use placeholder::{check_placeholders, placeholder};

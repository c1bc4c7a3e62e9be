//! The client: handles and streams over one connection that comes back.

mod build;
mod builder;
mod channel;
mod configured;
mod credentials;
mod error;
mod event;
mod events;
mod failure;
mod handle;
mod info;
mod messages;
mod payload;
mod publish;
mod send;
mod socketio;
mod subscription;
mod ticket;

pub use builder::ClientBuilder;
pub use channel::{
    AckError, Channel, ChannelBuilder, ChannelEvent, HistoryError, HistoryPage, LogMessage, Start,
};
pub(crate) use credentials::CredentialsSource;
pub use credentials::{Credentials, CredentialsRequest};
pub use error::{BuildError, ConnectError, NoRuntime, SendError, SubscribeError};
pub use event::Event;
pub use events::Events;
pub use failure::ConnectionError;
pub use handle::Client;
pub(crate) use handle::WeakClient;
pub use info::Info;
pub use messages::Messages;
pub use payload::Payload;
pub use publish::{Ack, PublishError, Stored};
pub use socketio::{
    Answer, AnswerError, Emit, EmitError, EventArgs, Join, JoinBuilder, Responder, SessionInfo,
    SocketEvent, SocketEvents,
};
pub use subscription::Subscription;
pub use ticket::{Delivery, Dropped, Ticket};

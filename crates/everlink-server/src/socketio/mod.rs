//! Socket.IO 5, as official clients speak it: namespaces, events, acknowledgements, rooms, and recovery on the log.
//!
//! A room is a channel, so that whoever is in it gets the same messages, from whichever endpoint they come and at
//! whichever endpoint he is: the room `x` of the namespace `/` is the channel `x`, the room `x` of `/admin` the channel
//! `/admin,x`. A message that has the form `{"event":…,"args":[…]}` arrives as that event; any other one as the event
//! `message`, with what clients of plain JSON get.
//!
//! With [`recovery`](SocketIoBuilder::recovery) a client that comes back gets all that it missed, in order, once, also
//! from a server that was started again. Nothing is remembered for it but what stands in logs.
//!
//! # Examples
//!
//! ```
//! use everlink_server::Server;
//! use everlink_server::socketio::{Namespace, SocketIo};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder().build()?;
//! let chat = Namespace::new("/")
//!     .on_connect(|socket, _auth| async move {
//!         // Answered once its user may read the room.
//!         let _joined = socket.join("lobby").await;
//!     })
//!     .on("say", |socket, args, ack| async move {
//!         let heard = socket.to("lobby").emit("said", args).await;
//!         ack.send(serde_json::json!(heard.is_ok()));
//!     });
//! let io = SocketIo::builder().namespace(chat).build(&server)?;
//! let app = server.router().merge(io.router());
//! # drop(app);
//! io.to("/", "lobby").emit("said", "it has begun").await?;
//! # Ok(())
//! # }
//! ```

mod ack;
mod args;
mod body;
mod broadcast;
mod builder;
mod carrying;
mod channels;
mod chat;
mod core;
mod entering;
mod handlers;
mod handshake;
mod held;
mod inbox;
mod member;
mod namespace;
mod offset;
mod personal;
mod restore;
mod room;
mod socket;
mod speech;

use std::sync::Arc;

use axum::Router;

pub use ack::{AckError, AckSender, EmitError};
pub use args::Args;
pub use broadcast::Broadcast;
pub use builder::SocketIoBuilder;
pub use handshake::Handshake;
pub use namespace::{Arrival, ConnectRefusal, Namespace};
pub(crate) use personal::RESERVED;
pub use socket::Socket;

use self::core::Core;

/// A Socket.IO server on a [`Server`](crate::Server). Cloning makes another handle of the same one.
#[derive(Clone, Debug)]
pub struct SocketIo {
    core: Arc<Core>,
    router: Router,
}

impl SocketIo {
    /// Starts to set one up.
    pub fn builder() -> SocketIoBuilder {
        SocketIoBuilder::new()
    }

    /// Returns its routes, to be served alone or merged with others.
    ///
    /// Serve with `into_make_service_with_connect_info::<std::net::SocketAddr>()`, so that hooks and limits know
    /// addresses.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Speaks to everyone in a room of a namespace.
    pub fn to(&self, namespace: &str, room: &str) -> Broadcast {
        Broadcast::new(Arc::clone(&self.core), room::channel_of(namespace, room), None)
    }
}

//! Events that come.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use everlink_wire::Message;
use everlink_wire::socketio::{Args, write_list};
use everlink_wire::ws::Text;
use futures_util::Stream;
use serde::Serialize;

use super::args::EventArgs;
use super::ask::{AnswerError, EmitError};
use super::emit::Emit;
use crate::client::handle::Client;
use crate::driver::{Parcel, Question, Role, Shared};

/// An event of the server.
#[derive(Debug)]
#[non_exhaustive]
pub struct SocketEvent {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: EventArgs,
    /// Answers it, if the server asks for that.
    pub ack: Option<Responder>,
}

/// Answers one event of the server.
pub struct Responder {
    shared: Arc<Shared>,
    question: Question,
}

/// The events of a client, as a [`Stream`], which is no handle: it ends with the last one.
#[derive(Debug)]
pub struct SocketEvents(Arc<Shared>);

impl Client {
    /// Returns the next event of the server (dialect `socketio`); `None` once none is left and the
    /// client was closed or gave up.
    ///
    /// At most `inbox_messages_max` wait here. When they are not taken, reading stops, which in time
    /// holds up the server: nothing is lost. Several takers share the events.
    ///
    /// # Cancel safety
    ///
    /// Cancelling loses no event.
    pub async fn recv_event(&self) -> Option<SocketEvent> {
        std::future::poll_fn(|cx| poll_event(self.shared(), cx)).await
    }

    /// Returns the events of the server as a [`Stream`] (dialect `socketio`).
    #[must_use]
    pub fn socket_events(&self) -> SocketEvents {
        SocketEvents(Arc::clone(self.shared()))
    }
}

impl Stream for SocketEvents {
    type Item = SocketEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
        poll_event(&self.0, cx)
    }
}

impl Responder {
    /// Answers with arguments, which are given as to [`Client::emit`].
    ///
    /// The answer goes over the connection as soon as there is one, but only in the session in which
    /// the server asked. That it arrives nobody can know: it is not sent again.
    ///
    /// # Errors
    ///
    /// [`AnswerError`] if it cannot be said, or the session is over.
    pub fn send(self, args: impl Serialize) -> Result<(), AnswerError> {
        let answer = Emit::new("answer").args(&args)?;
        self.answer(&answer)
    }

    /// Answers with the arguments of an [`Emit`], which may be bytes; its name is not said.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn answer(self, answer: &Emit) -> Result<(), AnswerError> {
        answer.check()?;
        let (list, attachments) = answer.said();
        let args = Args::parse(&list).map_err(|error| {
            let why = error.to_string();
            EmitError::NotJson { why }
        })?;
        let mut data = Vec::new();
        write_list(args.after_event().iter().map(|value| value.get()), &mut data);
        let data = Text::from(String::from_utf8_lossy(&data).into_owned());
        let parcel = Parcel { role: Role::Answer(self.question), data, attachments };
        drop(self.shared.answer(self.question, &parcel.pack())?);
        Ok(())
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Responder").field(&self.question.id).finish()
    }
}

fn poll_event(shared: &Arc<Shared>, cx: &mut Context<'_>) -> Poll<Option<SocketEvent>> {
    let Some(inbox) = shared.outlets.inbox.as_ref().filter(|_| shared.options.namespace.is_some())
    else {
        return Poll::Ready(None);
    };
    loop {
        match std::task::ready!(inbox.poll_pop(cx)) {
            None => return Poll::Ready(None),
            Some(message) => {
                if let Some(event) = event_of(shared, &message) {
                    return Poll::Ready(Some(event));
                }
            }
        }
    }
}

fn event_of(shared: &Arc<Shared>, message: &Message) -> Option<SocketEvent> {
    let Parcel { role, data, attachments } = Parcel::unpack(message)?;
    let name = Args::parse(data.as_str()).ok()?.event()?.into_owned();
    let ack = match role {
        Role::Asked(question) => Some(Responder { shared: Arc::clone(shared), question }),
        Role::Tell | Role::Ask | Role::Answer(_) => None,
    };
    Some(SocketEvent { name, args: EventArgs::of_event(data, attachments), ack })
}

/// Returns what came as a message: the event's list in JSON. Bytes beside it are left out.
pub(crate) fn as_message(message: Message) -> Message {
    match Parcel::unpack(&message) {
        Some(parcel) => Message::Text(parcel.data),
        None => message,
    }
}

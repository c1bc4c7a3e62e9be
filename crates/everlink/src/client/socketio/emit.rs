//! Events on their way out.

use bytes::Bytes;
use everlink_engine::SendPolicy;
use everlink_wire::socketio::{Args, RESERVED_EVENTS, placeholder, write_event};
use everlink_wire::ws::Text;
use serde::Serialize;

use super::ask::{Answer, EmitError};
use crate::client::error::SendError;
use crate::client::handle::Client;
use crate::client::ticket::Ticket;
use crate::driver::{Parcel, Role};

/// An event with its arguments, which may be bytes.
///
/// ```
/// use everlink::Emit;
///
/// let photo = Emit::new("photo").arg("ana")?.binary(vec![1, 2, 3]);
/// assert_eq!(photo.to_string(), r#"["photo","ana",{"_placeholder":true,"num":0}]"#);
/// # Ok::<(), everlink::EmitError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Emit {
    event: String,
    /// Each in JSON.
    args: Vec<String>,
    attachments: Vec<Bytes>,
}

impl Emit {
    /// Most attachments of one event.
    pub const ATTACHMENTS_MAX: usize = 64;

    /// Makes an event without arguments.
    pub fn new(event: impl Into<String>) -> Self {
        Self { event: event.into(), args: Vec::new(), attachments: Vec::new() }
    }

    /// Makes an event of its list in JSON, such as `["message","hi"]`.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotJson`] if it is no list that begins with a name.
    pub fn parse(list: &str) -> Result<Self, EmitError> {
        let why = "accepted: a list that begins with the event's name";
        let not_json = |why: String| EmitError::NotJson { why };
        let args = Args::parse(list).map_err(|error| not_json(format!("{error}; {why}")))?;
        let event = args.event().ok_or_else(|| not_json(why.to_owned()))?;
        let rest = args.after_event().iter().map(|value| value.get().to_owned()).collect();
        Ok(Self { args: rest, ..Self::new(event) })
    }

    /// Adds an argument.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotJson`] if it cannot be said in JSON.
    pub fn arg<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self, EmitError> {
        self.args.push(json(value)?);
        Ok(self)
    }

    /// Adds arguments: each of a tuple, a list or an array; anything else is one argument, and `()` none.
    ///
    /// # Errors
    ///
    /// [`EmitError::NotJson`] if one cannot be said in JSON.
    pub fn args<T: Serialize + ?Sized>(mut self, values: &T) -> Result<Self, EmitError> {
        let list = json(values)?;
        match list.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
            Some("") => {}
            Some(values) => self.args.push(values.to_owned()),
            None if list == "null" => {}
            None => self.args.push(list),
        }
        Ok(self)
    }

    /// Adds an argument of bytes.
    pub fn binary(mut self, bytes: impl Into<Bytes>) -> Self {
        self.args.push(placeholder(self.attachments.len()));
        self.attachments.push(bytes.into());
        self
    }

    /// Sends it, as [`Client::emit`] does.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::send`].
    pub async fn send(self, client: &Client) -> Result<Ticket, EmitError> {
        self.send_with(client, SendPolicy::Configured).await
    }

    /// Sends it with its own policy; [`SendPolicy::Volatile`] sends it now or not at all.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::send`].
    pub async fn send_with(self, client: &Client, policy: SendPolicy) -> Result<Ticket, EmitError> {
        let parcel = self.parcel(client, Role::Tell)?;
        Ok(client.send_message(parcel.pack(), policy).await?)
    }

    /// Sends it and asks for its answer, as [`Client::emit_with_ack`] does.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`Client::send`].
    pub async fn ask(self, client: &Client) -> Result<Answer, EmitError> {
        let parcel = self.parcel(client, Role::Ask)?;
        let ticket = client.send_message(parcel.pack(), SendPolicy::Configured).await?;
        Ok(Answer::new(client, ticket))
    }

    /// Checks what can be checked before it is sent, as all that send it do.
    ///
    /// # Errors
    ///
    /// [`EmitError::Reserved`] for a name that libraries keep for themselves, and
    /// [`EmitError::TooManyAttachments`].
    pub fn check(&self) -> Result<(), EmitError> {
        if RESERVED_EVENTS.contains(&self.event.as_str()) {
            return Err(EmitError::Reserved { event: self.event.clone() });
        }
        let given = self.attachments.len();
        if given > Self::ATTACHMENTS_MAX {
            return Err(EmitError::TooManyAttachments { given });
        }
        Ok(())
    }

    /// Returns the list that is said, and the attachments behind it.
    pub(crate) fn said(&self) -> (String, Vec<Bytes>) {
        (self.to_string(), self.attachments.clone())
    }

    fn parcel(self, client: &Client, role: Role) -> Result<Parcel, EmitError> {
        client.shared().check_socket_io()?;
        self.check()?;
        let data = Text::from(self.to_string());
        Ok(Parcel { role, data, attachments: self.attachments })
    }
}

/// The list of the event in JSON.
impl std::fmt::Display for Emit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut list = Vec::new();
        write_event(&self.event, self.args.iter().map(String::as_str), &mut list);
        f.write_str(&String::from_utf8_lossy(&list))
    }
}

impl Client {
    /// Emits an event (dialect `socketio`): nobody answers, and a cut can swallow it
    /// ([`Event::InDoubt`](crate::Event::InDoubt)); while the connection is down it waits.
    ///
    /// `args` are the arguments: a tuple, a list or an array; anything else is one argument, `()` none.
    /// [`Emit`] can have bytes as well.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn emit(&self, event: &str, args: impl Serialize) -> Result<Ticket, EmitError> {
        Emit::new(event).args(&args)?.send(self).await
    }

    /// Emits an event that asks for its answer (dialect `socketio`).
    ///
    /// Until the answer comes it is kept, and sent again after each reconnect, in order: it arrives at
    /// least once. A server that does not tell repeats apart handles one twice if only its answer was
    /// lost ([`Event::MaybeDoubled`](crate::Event::MaybeDoubled)); an id of the application's own among
    /// the arguments lets it. A server that never answers keeps it in the outbox for ever.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it was not taken.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send). The [`Answer`] may be dropped: the event goes its way regardless.
    pub async fn emit_with_ack(
        &self,
        event: &str,
        args: impl Serialize,
    ) -> Result<Answer, EmitError> {
        Emit::new(event).args(&args)?.ask(self).await
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, EmitError> {
    serde_json::to_string(value).map_err(|error| EmitError::not_json(&error))
}

impl From<EmitError> for SendError {
    fn from(error: EmitError) -> Self {
        if let EmitError::NotTaken(error) = error {
            return error;
        }
        Self::Event { why: error.to_string() }
    }
}

//! A packet as the engine carries it: one message, however many attachments it has.

use bytes::{Buf, Bytes};
use everlink_wire::Message;
use everlink_wire::ws::Text;

/// An event, or the answer to one, in either direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parcel {
    pub(crate) role: Role,
    /// A list in JSON: of an event its name and arguments, of an answer its arguments.
    pub(crate) data: Text,
    pub(crate) attachments: Vec<Bytes>,
}

/// What a packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An event.
    Tell,
    /// An event of ours that asks for its answer.
    Ask,
    /// An event of the peer that asks for its answer.
    Asked(Question),
    /// The answer to an event of the peer.
    Answer(Question),
}

/// Names an event of the peer that asks for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// The number that the peer gave it.
    pub(crate) id: u64,
    /// In which session: numbers of another one mean something else.
    pub(crate) session: u64,
}

impl Parcel {
    /// Packs it. An event without more is its text; nothing is copied then.
    pub(crate) fn pack(self) -> Message {
        if self.role == Role::Tell && self.attachments.is_empty() {
            return Message::Text(self.data);
        }
        let (kind, question) = match self.role {
            Role::Tell => (0, None),
            Role::Ask => (1, None),
            Role::Asked(question) => (2, Some(question)),
            Role::Answer(question) => (3, Some(question)),
        };
        let question = question.unwrap_or(Question { id: 0, session: 0 });
        let mut bytes = vec![kind];
        bytes.extend_from_slice(&question.id.to_be_bytes());
        bytes.extend_from_slice(&question.session.to_be_bytes());
        for part in std::iter::once(self.data.as_bytes())
            .chain(self.attachments.iter().map(|attachment| &attachment[..]))
        {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Message::Binary(bytes.into())
    }

    /// Unpacks a message; `None` for what was never packed, such as what a client of another dialect
    /// left in a durable outbox.
    pub(crate) fn unpack(message: &Message) -> Option<Self> {
        let mut bytes = match message {
            Message::Text(data) => {
                let data = data.clone();
                return Some(Self { role: Role::Tell, data, attachments: Vec::new() });
            }
            Message::Binary(bytes) => bytes.clone(),
        };
        let kind = bytes.try_get_u8().ok()?;
        let (id, session) = (bytes.try_get_u64().ok()?, bytes.try_get_u64().ok()?);
        let question = Question { id, session };
        let role = match kind {
            0 => Role::Tell,
            1 => Role::Ask,
            2 => Role::Asked(question),
            3 => Role::Answer(question),
            _ => return None,
        };
        let data = Text::try_from(part(&mut bytes)?).ok()?;
        let mut attachments = Vec::new();
        while !bytes.is_empty() {
            attachments.push(part(&mut bytes)?);
        }
        Some(Self { role, data, attachments })
    }

    /// Returns whether a message is an event of ours that asks for its answer.
    pub(crate) fn asks(message: &Message) -> bool {
        matches!(message, Message::Binary(bytes) if bytes.first() == Some(&1))
    }
}

fn part(bytes: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(bytes.try_get_u64().ok()?).ok()?;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use everlink_wire::Message;
    use proptest::prelude::*;

    use super::{Parcel, Question, Role};

    fn role() -> impl Strategy<Value = Role> {
        let question = (any::<u64>(), any::<u64>());
        let question = question.prop_map(|(id, session)| Question { id, session });
        prop_oneof![
            Just(Role::Tell),
            Just(Role::Ask),
            question.clone().prop_map(Role::Asked),
            question.prop_map(Role::Answer),
        ]
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked_as_it_was(
            role in role(),
            data in ".*",
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..4),
        ) {
            let attachments = parts.into_iter().map(Into::into).collect();
            let parcel = Parcel { role, data: data.into(), attachments };
            let packed = parcel.clone().pack();
            prop_assert_eq!(Parcel::asks(&packed), role == Role::Ask);
            prop_assert_eq!(Parcel::unpack(&packed), Some(parcel));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Parcel::unpack(&Message::from(bytes));
        }
    }
}

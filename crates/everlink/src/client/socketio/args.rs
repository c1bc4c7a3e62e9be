//! Arguments of events and of answers.

use bytes::Bytes;
use everlink_wire::socketio::Args;
use everlink_wire::ws::Text;
use serde::Deserialize;
use serde::de::value::{SeqAccessDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _};
use serde_json::value::RawValue;

/// The arguments of an event or of an answer, in JSON, with what came in bytes beside them.
///
/// The event of a server that recovers sessions has one argument more than the server's code gave it: a
/// text at the end, its position, which this client hands back after a loss. As in JavaScript, whoever
/// asks for fewer arguments than there are does not see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventArgs {
    /// A list, checked when it came.
    list: Text,
    /// How many values in front are no arguments: the name of an event.
    skipped: usize,
    attachments: Vec<Bytes>,
}

impl EventArgs {
    pub(crate) fn of_event(list: Text, attachments: Vec<Bytes>) -> Self {
        Self { list, skipped: 1, attachments }
    }

    pub(crate) fn of_answer(list: Text, attachments: Vec<Bytes>) -> Self {
        Self { list, skipped: 0, attachments }
    }

    /// Returns how many arguments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read(|values| values.len())
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns one argument, from 0, in JSON; `None` if there are not so many.
    #[must_use]
    pub fn json(&self, at: usize) -> Option<String> {
        self.read(|values| values.get(at).map(|value| value.get().to_owned()))
    }

    /// Parses one argument, from 0.
    ///
    /// # Errors
    ///
    /// When there are not so many, or it is not of that type.
    pub fn get<T: DeserializeOwned>(&self, at: usize) -> Result<T, serde_json::Error> {
        self.read(|values| match values.get(at) {
            Some(value) => serde_json::from_str(value.get()),
            None => Err(serde_json::Error::custom(format!(
                "argument {at} of {}; they are counted from 0",
                values.len()
            ))),
        })
    }

    /// Parses the arguments in their order, mostly as a tuple; those beyond are ignored.
    ///
    /// # Errors
    ///
    /// When there are too few, or one is not of its type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.read(|values| {
            let values = SeqDeserializer::new(values.iter().copied());
            T::deserialize(SeqAccessDeserializer::new(values))
        })
    }

    /// Returns all of them as a list in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.read(|values| {
            let values: Vec<_> = values.iter().map(|value| value.get()).collect();
            format!("[{}]", values.join(","))
        })
    }

    /// Returns the bytes for which placeholders, `{"_placeholder":true,"num":0}`, stand in the arguments.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Returns one argument, from 0, if it is nothing but bytes.
    #[must_use]
    pub fn bytes(&self, at: usize) -> Option<&Bytes> {
        #[derive(Deserialize)]
        struct Placeholder {
            #[serde(rename = "_placeholder")]
            is_one: bool,
            num: usize,
        }
        let Placeholder { is_one, num } = self.get(at).ok()?;
        self.attachments.get(num).filter(|_| is_one)
    }

    fn read<R>(&self, act: impl FnOnce(&[&RawValue]) -> R) -> R {
        let args = Args::parse(self.list.as_str());
        let values = args.as_ref().map_or(&[][..], |args| args.all());
        act(values.get(self.skipped..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::EventArgs;

    fn args(list: &'static str) -> EventArgs {
        EventArgs::of_event(list.into(), vec![vec![1, 2].into()])
    }

    #[test]
    fn arguments_are_read_by_place_and_as_a_tuple_and_those_beyond_are_ignored() {
        let args = args(r#"["photo","ana",{"_placeholder":true,"num":0},7,"0-position"]"#);
        assert_eq!((args.len(), args.is_empty()), (4, false));
        assert_eq!(args.get::<String>(0).unwrap(), "ana");
        assert_eq!(args.bytes(1).map(|bytes| &bytes[..]), Some(&[1, 2][..]));
        assert_eq!((args.bytes(0), args.bytes(9)), (None, None));
        let (who, _, number) = args.decode::<(String, serde_json::Value, u8)>().unwrap();
        assert_eq!((who.as_str(), number), ("ana", 7));
        assert_eq!(args.json(2).as_deref(), Some("7"));
        assert_eq!(args.to_json(), r#"["ana",{"_placeholder":true,"num":0},7,"0-position"]"#);
    }

    #[test]
    fn what_is_missing_or_of_another_type_is_an_error_that_says_so() {
        let args = args(r#"["event","ana"]"#);
        let error = args.get::<u8>(3).unwrap_err();
        assert_eq!(error.to_string(), "argument 3 of 1; they are counted from 0");
        assert!(args.get::<u8>(0).is_err());
        assert!(args.decode::<(String, u8)>().is_err());
    }
}

//! Fields: how keys of an object and fields of a frame belong together.

use super::Encoding;
use super::error::{Accepted, Problem, V1Error};
use super::fields::Fields;
use super::kind::{Kind, PutKind};
use super::table::FieldRow;
use super::write::{Incoming, Write};

/// A problem, and where in a frame.
#[derive(Debug)]
pub(super) struct Fault {
    path: [Option<&'static str>; 2],
    problem: Problem,
}

impl Fault {
    /// Says in which field the problem is.
    pub(super) fn at(self, key: &'static str) -> Self {
        Self { path: [Some(key), self.path[0]], problem: self.problem }
    }

    pub(super) fn in_frame<'a, F: Incoming<'a>>(
        self,
        encoding: Encoding,
        frame: Option<&'static str>,
    ) -> V1Error {
        let mut error = V1Error::new(F::SENDER, encoding, self.problem);
        error.frame = frame;
        error.field = self.path;
        error
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { path: [None, None], problem }
    }
}

/// A field of a frame, as one key of an object or several.
pub(super) trait Field {
    /// What it is in a frame that was read.
    type Value<'a>;

    /// Returns what the documentation says of its keys.
    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow>;

    /// Reads it.
    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Self::Value<'a>, Fault>;
}

/// A field that can be written, from a value of type `V`.
pub(super) trait Put<V>: Field {
    /// Returns how many keys it takes.
    fn count(value: V) -> usize;

    /// Writes it.
    fn put(key: &'static str, value: V, out: &mut impl Write);
}

impl<K: Kind> Field for K {
    type Value<'a> = <K as Kind>::Value<'a>;

    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![FieldRow::new::<K>(key, about, false)]
    }

    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Self::Value<'a>, Fault> {
        match fields.get(key) {
            Some(value) => K::parse(value, fields.source).map_err(|fault| fault.at(key)),
            None => Err(missing(key, K::ACCEPTS)),
        }
    }
}

impl<V, K: PutKind<V>> Put<V> for K {
    fn count(_: V) -> usize {
        1
    }

    fn put(key: &'static str, value: V, out: &mut impl Write) {
        out.key(key);
        K::say(value, out);
    }
}

/// A field that may lack.
pub(super) struct Optional<K>(K);

impl<K: Kind> Field for Optional<K> {
    type Value<'a> = Option<<K as Kind>::Value<'a>>;

    fn rows(key: &'static str, about: &'static str) -> Vec<FieldRow> {
        vec![FieldRow::new::<K>(key, about, true)]
    }

    fn read<'a>(fields: &Fields<'a>, key: &'static str) -> Result<Self::Value<'a>, Fault> {
        let value = fields.get(key).map(|value| K::parse(value, fields.source));
        value.transpose().map_err(|fault| fault.at(key))
    }
}

impl<'v, V, K: PutKind<&'v V>> Put<&'v Option<V>> for Optional<K> {
    fn count(value: &'v Option<V>) -> usize {
        usize::from(value.is_some())
    }

    fn put(key: &'static str, value: &'v Option<V>, out: &mut impl Write) {
        if let Some(value) = value {
            out.key(key);
            K::say(value, out);
        }
    }
}

/// Tells that a field lacks.
pub(super) fn missing(key: &'static str, accepted: Accepted) -> Fault {
    Fault::from(Problem::Missing { accepted }).at(key)
}

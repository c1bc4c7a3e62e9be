//! Kinds of values: what is accepted, how it is read and how it is written.

use std::borrow::Cow;
use std::marker::PhantomData;
use std::time::Duration;

use bytes::Bytes;
use everlink_engine::{AwayReason, Epoch, GapCause, Kept};

use super::error::{Accepted, Problem, excerpt};
use super::field::Fault;
use super::fields::Fields;
use super::limits::{
    BATCH_MAX, EPOCH_MAX, NAME_BYTES_MAX, NUMBER_MAX, ORIGIN_BYTES_MAX, TOKEN_BYTES_MAX,
    WHY_BYTES_MAX,
};
use super::table::FieldRow;
use super::value::Value;
use super::write::Write;
use crate::dialect::CHANNEL_NAME_BYTES_MAX;

/// The key under which the type of a frame stands.
pub(super) const TYPE_KEY: &str = "t";

/// Reads the type of a frame.
pub(super) fn frame_type<'a>(fields: &Fields<'a>) -> Result<Cow<'a, str>, Fault> {
    <Text<1, NAME_BYTES_MAX> as super::field::Field>::read(fields, TYPE_KEY)
}

/// A kind of value.
pub(super) trait Kind {
    /// What it is in a frame that was read.
    type Value<'a>;

    /// What is accepted.
    const ACCEPTS: Accepted;

    /// What each entry is, of a list of plain values.
    const ENTRY: Option<Accepted> = None;

    /// Reads a value of this kind.
    fn parse<'a>(value: Value<'a>, source: &'a Bytes) -> Result<Self::Value<'a>, Fault>;

    /// Returns what the documentation says of what stands inside.
    fn inner() -> Vec<FieldRow> {
        Vec::new()
    }
}

/// A kind of value that can be written, from a value of type `V`.
pub(super) trait PutKind<V>: Kind {
    /// Writes the value.
    fn say(value: V, out: &mut impl Write);
}

/// A text of `MIN` to `MAX` bytes.
pub(super) struct Text<const MIN: usize, const MAX: usize>;

pub(super) type Channel = Text<1, CHANNEL_NAME_BYTES_MAX>;
pub(super) type Name = Text<1, NAME_BYTES_MAX>;
pub(super) type OriginName = Text<1, ORIGIN_BYTES_MAX>;
pub(super) type Token = Text<1, TOKEN_BYTES_MAX>;
pub(super) type Why = Text<0, WHY_BYTES_MAX>;

impl<const MIN: usize, const MAX: usize> Kind for Text<MIN, MAX> {
    type Value<'a> = Cow<'a, str>;

    const ACCEPTS: Accepted = Accepted::Text(MIN, MAX);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<Cow<'a, str>, Fault> {
        let text = value.text(Self::ACCEPTS)?;
        if (MIN..=MAX).contains(&text.len()) {
            return Ok(text);
        }
        Err(Problem::Length { bytes: text.len(), accepted: Self::ACCEPTS }.into())
    }
}

impl<N: AsRef<str>, const MIN: usize, const MAX: usize> PutKind<&N> for Text<MIN, MAX> {
    fn say(value: &N, out: &mut impl Write) {
        out.text(value.as_ref());
    }
}

/// A whole number from `MIN` to `MAX`.
pub(super) struct Number<const MIN: u64, const MAX: u64>;

/// A place in a log, or a version; 0 is before the first.
pub(super) type Place0 = Number<0, NUMBER_MAX>;
/// A number of a message, which begins with 1.
pub(super) type Place1 = Number<1, NUMBER_MAX>;

impl<const MIN: u64, const MAX: u64> Kind for Number<MIN, MAX> {
    type Value<'a> = u64;

    const ACCEPTS: Accepted = Accepted::Number(MIN, MAX);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<u64, Fault> {
        Ok(value.number(MIN, MAX, Self::ACCEPTS)?)
    }
}

impl<const MIN: u64, const MAX: u64> PutKind<&u64> for Number<MIN, MAX> {
    fn say(value: &u64, out: &mut impl Write) {
        out.number(*value);
    }
}

/// A whole number from `MIN` to `MAX` in 32 bits.
pub(super) struct Small<const MIN: u32, const MAX: u32>;

/// A number that names a request, or counts.
pub(super) type Count0 = Small<0, { u32::MAX }>;
pub(super) type Count1 = Small<1, { u32::MAX }>;

impl<const MIN: u32, const MAX: u32> Kind for Small<MIN, MAX> {
    type Value<'a> = u32;

    const ACCEPTS: Accepted = Accepted::Number(MIN as u64, MAX as u64);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<u32, Fault> {
        small(value, MIN, MAX, Self::ACCEPTS)
    }
}

impl<const MIN: u32, const MAX: u32> PutKind<&u32> for Small<MIN, MAX> {
    fn say(value: &u32, out: &mut impl Write) {
        out.number(u64::from(*value));
    }
}

/// The close code of a connection, 1006 if there was none.
pub(super) struct CloseCode;

impl Kind for CloseCode {
    type Value<'a> = u16;

    const ACCEPTS: Accepted = Accepted::Number(1000, 4999);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<u16, Fault> {
        small(value, 1000, 4999, Self::ACCEPTS)
    }
}

impl PutKind<&u16> for CloseCode {
    fn say(value: &u16, out: &mut impl Write) {
        out.number(u64::from(*value));
    }
}

fn small<T: TryFrom<u64> + Into<u64>>(
    value: Value<'_>,
    min: T,
    max: T,
    accepted: Accepted,
) -> Result<T, Fault> {
    let number = value.number(min.into(), max.into(), accepted)?;
    T::try_from(number).map_err(|_| Problem::Range { found: number.to_string(), accepted }.into())
}

/// One life of a log.
pub(super) struct EpochNumber;

impl Kind for EpochNumber {
    type Value<'a> = Epoch;

    const ACCEPTS: Accepted = Accepted::Number(0, EPOCH_MAX);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<Epoch, Fault> {
        Ok(Epoch(value.number(0, EPOCH_MAX, Self::ACCEPTS)?))
    }
}

impl PutKind<&Epoch> for EpochNumber {
    fn say(value: &Epoch, out: &mut impl Write) {
        out.number(value.0);
    }
}

/// A time in milliseconds, at least `MIN`.
pub(super) struct Millis<const MIN: u64>;

impl<const MIN: u64> Kind for Millis<MIN> {
    type Value<'a> = Duration;

    const ACCEPTS: Accepted = Accepted::Millis(MIN, NUMBER_MAX);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<Duration, Fault> {
        Ok(Duration::from_millis(value.number(MIN, NUMBER_MAX, Self::ACCEPTS)?))
    }
}

impl<const MIN: u64> PutKind<&Duration> for Millis<MIN> {
    fn say(value: &Duration, out: &mut impl Write) {
        // No time in the engine comes near to what 64 bits of milliseconds hold.
        out.number(u64::try_from(value.as_millis()).unwrap_or(NUMBER_MAX));
    }
}

/// True or false.
pub(super) struct Flag;

impl Kind for Flag {
    type Value<'a> = bool;

    const ACCEPTS: Accepted = Accepted::Flag;

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<bool, Fault> {
        Ok(value.flag()?)
    }
}

impl PutKind<&bool> for Flag {
    fn say(value: &bool, out: &mut impl Write) {
        out.flag(*value);
    }
}

/// One of a few words.
pub(super) struct Word<T>(PhantomData<T>);

/// What has words.
pub(super) trait Wording: Copy + PartialEq + 'static {
    /// The words.
    const WORDS: &'static [&'static str];
    /// What they mean, in the same order.
    const MEANINGS: &'static [Self];
}

impl Wording for GapCause {
    const WORDS: &'static [&'static str] = &["expired", "epoch", "slow"];
    const MEANINGS: &'static [Self] = &[Self::Expired, Self::Epoch, Self::Slow];
}

impl Wording for Kept {
    const WORDS: &'static [&'static str] = &["memory", "disk", "replicated"];
    const MEANINGS: &'static [Self] = &[Self::Memory, Self::Disk, Self::Replicated];
}

impl Wording for AwayReason {
    const WORDS: &'static [&'static str] = &["drain", "age", "rebalance", "overload"];
    const MEANINGS: &'static [Self] = &[Self::Drain, Self::Age, Self::Rebalance, Self::Overload];
}

impl<T: Wording> Kind for Word<T> {
    type Value<'a> = T;

    const ACCEPTS: Accepted = Accepted::Word(T::WORDS);

    fn parse<'a>(value: Value<'a>, _source: &'a Bytes) -> Result<T, Fault> {
        let word = value.text(Self::ACCEPTS)?;
        let mut pairs = T::WORDS.iter().zip(T::MEANINGS);
        match pairs.find(|(known, _)| **known == word) {
            Some((_, meaning)) => Ok(*meaning),
            None => Err(Problem::Word { found: excerpt(&word), accepted: Self::ACCEPTS }.into()),
        }
    }
}

impl<T: Wording> PutKind<&T> for Word<T> {
    fn say(value: &T, out: &mut impl Write) {
        let mut pairs = T::WORDS.iter().zip(T::MEANINGS);
        let word = pairs.find(|(_, meaning)| *meaning == value).map(|(word, _)| *word);
        debug_assert!(word.is_some(), "every value has its word");
        out.text(word.unwrap_or_default());
    }
}

/// A list of `MIN` to [`BATCH_MAX`] entries.
pub(super) struct List<K, const MIN: usize>(PhantomData<K>);

impl<K: Kind, const MIN: usize> Kind for List<K, MIN> {
    type Value<'a> = Vec<K::Value<'a>>;

    const ACCEPTS: Accepted = Accepted::List(MIN, BATCH_MAX);

    const ENTRY: Option<Accepted> =
        if matches!(K::ACCEPTS, Accepted::Object) { None } else { Some(K::ACCEPTS) };

    fn parse<'a>(value: Value<'a>, source: &'a Bytes) -> Result<Self::Value<'a>, Fault> {
        let mut entries = Vec::new();
        value.each(Self::ACCEPTS, BATCH_MAX, &mut |value| {
            entries.push(K::parse(value, source)?);
            Ok(())
        })?;
        if entries.len() < MIN {
            return Err(Problem::Count { accepted: Self::ACCEPTS }.into());
        }
        Ok(entries)
    }

    fn inner() -> Vec<FieldRow> {
        K::inner()
    }
}

impl<'v, V, K: PutKind<&'v V>, const MIN: usize> PutKind<&'v Vec<V>> for List<K, MIN> {
    fn say(value: &'v Vec<V>, out: &mut impl Write) {
        out.list(value.len());
        for entry in value {
            out.entry();
            K::say(entry, out);
        }
        out.list_end();
    }
}

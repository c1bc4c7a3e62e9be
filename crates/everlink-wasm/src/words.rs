//! Words, and how types are made of them.

use alloc::vec::Vec;
use core::time::Duration;

use everlink_engine::{ChannelId, Epoch, MessageId, ProducerId, Timestamp, TransportId, ValueKey};

use crate::shape::{Shape, Shaped, WHOLE_MAX};

/// Writes words from the beginning of the scratch, which grows as needed.
#[derive(Debug)]
pub struct Writer<'a> {
    scratch: &'a mut Vec<f64>,
    at: usize,
}

impl<'a> Writer<'a> {
    /// Begins to write.
    pub fn new(scratch: &'a mut Vec<f64>) -> Self {
        Self { scratch, at: 0 }
    }

    /// Writes one word.
    #[inline(never)]
    pub fn word(&mut self, word: f64) {
        match self.scratch.get_mut(self.at) {
            Some(place) => *place = word,
            None => self.scratch.push(word),
        }
        self.at += 1;
    }

    /// Returns how many words were written.
    #[must_use]
    pub fn written(&self) -> u32 {
        self.at as u32
    }
}

/// Reads words one after the other.
///
/// What cannot be read is remembered, and reads as zero: the one place that asks for it at the end is smaller than a
/// way out after every word.
#[derive(Debug)]
pub struct Reader<'a> {
    words: core::slice::Iter<'a, f64>,
    bad: bool,
}

impl<'a> Reader<'a> {
    /// Begins to read.
    #[must_use]
    pub fn new(words: &'a [f64]) -> Self {
        Self { words: words.iter(), bad: false }
    }

    /// Reads one value of all words; `None` if they make none, or more than one.
    #[must_use]
    pub fn read<T: Take>(mut self) -> Option<T> {
        let value = T::take(&mut self);
        (!self.bad && self.words.len() == 0).then_some(value)
    }

    /// Takes note that the words make no value.
    pub fn refuse(&mut self) {
        self.bad = true;
    }

    /// Reads one word.
    #[inline(never)]
    pub fn word(&mut self) -> f64 {
        let Some(word) = self.words.next() else {
            self.refuse();
            return 0.0;
        };
        *word
    }

    /// Reads a whole number from 0 on.
    #[inline(never)]
    pub fn whole(&mut self) -> u64 {
        let word = self.word();
        let whole = word as u64;
        self.bad |= whole as f64 != word;
        whole
    }

    /// Reads a whole number from 0 to `max`.
    #[inline(never)]
    pub fn small(&mut self, max: u32) -> u32 {
        let whole = self.whole();
        if whole > u64::from(max) {
            self.refuse();
            return 0;
        }
        whole as u32
    }
}

/// A type that can be written.
pub trait Put {
    /// Writes it.
    fn put(&self, to: &mut Writer<'_>);
}

/// A type that can be read.
pub trait Take: Sized {
    /// Reads one.
    fn take(from: &mut Reader<'_>) -> Self;
}

/// A payload: a number that names a value of JavaScript's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle(pub u32);

impl Shaped for Handle {
    const SHAPE: Shape = Shape::Payload;
}

impl Put for Handle {
    fn put(&self, to: &mut Writer<'_>) {
        self.0.put(to);
    }
}

impl Take for Handle {
    fn take(from: &mut Reader<'_>) -> Self {
        Self(u32::take(from))
    }
}

/// Returns the point in time at `millis`; `None` if that is no time.
pub(crate) fn timestamp(millis: f64) -> Option<Timestamp> {
    nanos(millis).map(Timestamp::from_nanos)
}

/// Returns a deadline in milliseconds: never one that reads back as earlier, or a driver that wakes
/// exactly then would find nothing to do.
pub(crate) fn deadline_millis(at: Timestamp) -> f64 {
    let millis = at.as_nanos() as f64 / NANOS_A_MILLI;
    if nanos(millis) < Some(at.as_nanos()) { millis.next_up() } else { millis }
}

/// Returns a time in milliseconds; `None` if it is none.
pub(crate) fn duration(millis: f64) -> Option<Duration> {
    nanos(millis).map(Duration::from_nanos)
}

fn nanos(millis: f64) -> Option<u64> {
    (millis >= 0.0).then_some((millis * NANOS_A_MILLI + 0.5) as u64)
}

const NANOS_A_MILLI: f64 = 1e6;

impl Shaped for Duration {
    const SHAPE: Shape = Shape::Time;
}

impl Put for Duration {
    #[inline(never)]
    fn put(&self, to: &mut Writer<'_>) {
        to.word(self.as_secs() as f64 * 1e3 + f64::from(self.subsec_nanos()) / NANOS_A_MILLI);
    }
}

impl Take for Duration {
    #[inline(never)]
    fn take(from: &mut Reader<'_>) -> Self {
        let time = duration(from.word());
        time.unwrap_or_else(|| {
            from.refuse();
            Self::ZERO
        })
    }
}

impl Shaped for bool {
    const SHAPE: Shape = Shape::Flag;
}

impl Put for bool {
    fn put(&self, to: &mut Writer<'_>) {
        to.word(f64::from(u8::from(*self)));
    }
}

impl Take for bool {
    fn take(from: &mut Reader<'_>) -> Self {
        from.small(1) == 1
    }
}

impl Shaped for &'static str {
    const SHAPE: Shape = Shape::Text;
}

impl Put for &'static str {
    #[inline(never)]
    fn put(&self, to: &mut Writer<'_>) {
        to.word(self.len() as f64);
        for byte in self.bytes() {
            to.word(f64::from(byte));
        }
    }
}

impl<T: Shaped> Shaped for Option<T> {
    const SHAPE: Shape = Shape::Option(&T::SHAPE);
}

impl<T: Put> Put for Option<T> {
    fn put(&self, to: &mut Writer<'_>) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }
}

impl<T: Take> Take for Option<T> {
    fn take(from: &mut Reader<'_>) -> Self {
        if bool::take(from) { Some(T::take(from)) } else { None }
    }
}

impl<T: Shaped> Shaped for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
}

impl<T: Put> Put for Vec<T> {
    fn put(&self, to: &mut Writer<'_>) {
        to.word(self.len() as f64);
        for value in self {
            value.put(to);
        }
    }
}

/// Every value takes a word at least, so that what can be read is bounded by the scratch.
impl<T: Take> Take for Vec<T> {
    fn take(from: &mut Reader<'_>) -> Self {
        let count = u32::take(from);
        let mut values = Self::new();
        for _ in 0..count {
            if from.bad {
                break;
            }
            values.push(T::take(from));
        }
        values
    }
}

/// Numbers that are written as they are.
macro_rules! number {
    ($($type:ty: $take:ident($($max:expr)?), $shape:expr;)+) => { $(
        impl Shaped for $type { const SHAPE: Shape = $shape; }
        impl Put for $type {
            fn put(&self, to: &mut Writer<'_>) { to.word(*self as f64); }
        }
        impl Take for $type {
            fn take(from: &mut Reader<'_>) -> Self { from.$take($($max)?) as Self }
        }
    )+ };
}

number! {
    f64: word(), Shape::Fraction;
    u64: whole(), Shape::Whole(WHOLE_MAX);
    u32: small(u32::MAX), Shape::Whole(u32::MAX as u64);
    u16: small(u16::MAX.into()), Shape::Whole(u16::MAX as u64);
    usize: small(u32::MAX), Shape::Whole(u32::MAX as u64);
}

/// Numbers of something: written as the number in them.
macro_rules! numbered {
    ($($type:ident: $held:ty),+) => { $(
        impl Shaped for $type { const SHAPE: Shape = <$held>::SHAPE; }
        impl Put for $type {
            fn put(&self, to: &mut Writer<'_>) { self.0.put(to); }
        }
        impl Take for $type {
            fn take(from: &mut Reader<'_>) -> Self { $type(Take::take(from)) }
        }
    )+ };
}

numbered!(
    TransportId: u32, MessageId: u64, ChannelId: u32, ProducerId: u32, ValueKey: u32, Epoch: u64
);

/// A record: its fields one after the other. `put`, `take` or both are made.
macro_rules! record {
    (@put $type:ty { $($field:ident: $kind:ty),+ }) => {
        impl $crate::words::Put for $type {
            fn put(&self, to: &mut $crate::words::Writer<'_>) {
                $( <$kind as $crate::words::Put>::put(&self.$field, to); )+
            }
        }
    };
    (@take $type:ty { $($field:ident: $kind:ty),+ }) => {
        impl $crate::words::Take for $type {
            fn take(from: &mut $crate::words::Reader<'_>) -> Self {
                Self { $( $field: <$kind as $crate::words::Take>::take(from), )+ }
            }
        }
    };
    ($($way:ident)+: $type:ty { $($field:ident: $kind:ty),+ $(,)? }) => {
        impl $crate::shape::Shaped for $type {
            const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Record(&[
                $( (stringify!($field), <$kind as $crate::shape::Shaped>::SHAPE), )+
            ]);
        }
        $crate::words::record!(@ways [$($way)+] $type { $($field: $kind),+ });
    };
    (@ways [] $type:ty { $($fields:tt)* }) => {};
    (@ways [$way:ident $($rest:ident)*] $type:ty { $($fields:tt)* }) => {
        $crate::words::record!(@$way $type { $($fields)* });
        $crate::words::record!(@ways [$($rest)*] $type { $($fields)* });
    };
}
pub(crate) use record;

/// One of several: its number, then its fields. What stands in brackets is a pattern and an expression.
/// `put_open` is `put` for an enum that its crate may extend: what is unknown gets a number that no table has.
macro_rules! union {
    (@put $type:ty { $($name:ident [$($pattern:tt)+] { $($field:ident: $kind:ty),* })+ }) => {
        impl $crate::words::Put for $type {
            fn put(&self, to: &mut $crate::words::Writer<'_>) {
                enum Tag { $($name),+ }
                match self {
                    $( $($pattern)+ => {
                        to.word(f64::from(Tag::$name as u8));
                        $( <$kind as $crate::words::Put>::put($field, to); )*
                    } )+
                }
            }
        }
    };
    (@put_open $type:ty { $($name:ident [$($pattern:tt)+] { $($field:ident: $kind:ty),* })+ }) => {
        impl $crate::words::Put for $type {
            fn put(&self, to: &mut $crate::words::Writer<'_>) {
                enum Tag { $($name),+ }
                match self {
                    $( $($pattern)+ => {
                        to.word(f64::from(Tag::$name as u8));
                        $( <$kind as $crate::words::Put>::put($field, to); )*
                    } )+
                    _ => to.word(f64::from(u8::MAX)),
                }
            }
        }
    };
    (@take $type:ty {
        $zero:ident [$($made:tt)+] { $($given:ident: $of:ty),* }
        $($name:ident [$($pattern:tt)+] { $($field:ident: $kind:ty),* })+
    }) => {
        impl $crate::words::Take for $type {
            #[inline(never)]
            fn take(from: &mut $crate::words::Reader<'_>) -> Self {
                enum Tag { $zero, $($name),+ }
                const LAST: u32 = [$(Tag::$name),+].len() as u32;
                let tag = from.small(LAST);
                $( if tag == Tag::$name as u32 {
                    $( let $field = <$kind as $crate::words::Take>::take(from); )*
                    return $($pattern)+;
                } )+
                debug_assert_eq!(tag, Tag::$zero as u32);
                $( let $given = <$of as $crate::words::Take>::take(from); )*
                $($made)+
            }
        }
    };
    ($($way:ident)+: $type:ty { $($name:ident [$($pattern:tt)+] { $($field:ident: $kind:ty),* })+ }) => {
        impl $crate::shape::Shaped for $type {
            const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Union(&[
                $( (stringify!($name), &[
                    $( (stringify!($field), <$kind as $crate::shape::Shaped>::SHAPE), )*
                ]), )+
            ]);
        }
        $crate::words::union!(
            @ways [$($way)+] $type { $($name [$($pattern)+] { $($field: $kind),* })+ }
        );
    };
    (@ways [] $type:ty { $($variants:tt)* }) => {};
    (@ways [$way:ident $($rest:ident)*] $type:ty { $($variants:tt)* }) => {
        $crate::words::union!(@$way $type { $($variants)* });
        $crate::words::union!(@ways [$($rest)*] $type { $($variants)* });
    };
}
pub(crate) use union;

/// An enum without fields: one word.
macro_rules! word {
    ($($way:ident)+: $type:ident { $($name:ident),+ }) => {
        impl $crate::shape::Shaped for $type {
            const SHAPE: $crate::shape::Shape = $crate::shape::Shape::Word(&[ $(stringify!($name)),+ ]);
        }
        $crate::words::union!(@ways [$($way)+] $type { $($name [$type::$name] {})+ });
    };
}
pub(crate) use word;

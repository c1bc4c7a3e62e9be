//! Words, and how types are made of them.

use alloc::vec::Vec;
use core::time::Duration;

use everlink_engine::{ChannelId, Epoch, MessageId, ProducerId, Timestamp, TransportId, ValueKey};

use crate::scratch::{Reader, Writer};
use crate::shape::{Shape, Shaped, WHOLE_MAX};

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
        to.small(u32::from(*self));
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
            if from.is_bad() {
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
            fn put(&self, to: &mut $crate::scratch::Writer<'_>) {
                $( <$kind as $crate::words::Put>::put(&self.$field, to); )+
            }
        }
    };
    (@take $type:ty { $($field:ident: $kind:ty),+ }) => {
        impl $crate::words::Take for $type {
            fn take(from: &mut $crate::scratch::Reader<'_>) -> Self {
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
            fn put(&self, to: &mut $crate::scratch::Writer<'_>) {
                enum Tag { $($name),+ }
                match self {
                    $( $($pattern)+ => {
                        to.small(Tag::$name as u32);
                        $( <$kind as $crate::words::Put>::put($field, to); )*
                    } )+
                }
            }
        }
    };
    (@put_open $type:ty { $($name:ident [$($pattern:tt)+] { $($field:ident: $kind:ty),* })+ }) => {
        impl $crate::words::Put for $type {
            fn put(&self, to: &mut $crate::scratch::Writer<'_>) {
                enum Tag { $($name),+ }
                match self {
                    $( $($pattern)+ => {
                        to.small(Tag::$name as u32);
                        $( <$kind as $crate::words::Put>::put($field, to); )*
                    } )+
                    _ => to.small(u8::MAX.into()),
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
            fn take(from: &mut $crate::scratch::Reader<'_>) -> Self {
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

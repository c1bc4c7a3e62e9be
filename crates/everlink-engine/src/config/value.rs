//! What a setting can hold and accept.

use core::time::Duration;

use crate::time::Span;

/// A setting's value, as code, environment, file and command line have it in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SettingValue {
    /// A time; `None` is written `off`.
    Duration(Option<Duration>),
    /// A count; `None` is written `none`: without limit.
    Count(Option<u32>),
    /// A plain number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// One word of a few.
    Choice(&'static str),
}

/// What a setting accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accepted {
    /// A time from the first to the second, both included; `off` too if the third is true.
    Duration(Duration, Duration, bool),
    /// A count from the first to the second, both included; `none` too if the third is true.
    Count(u32, u32, bool),
    /// A number from the first to the second, both included.
    Number(f64, f64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
}

impl Accepted {
    /// Returns whether `value` is of the kind and within the range.
    #[must_use]
    pub fn accepts(&self, value: SettingValue) -> bool {
        match (*self, value) {
            (Self::Duration(low, high, _), SettingValue::Duration(Some(given))) => {
                (low..=high).contains(&given)
            }
            (Self::Duration(_, _, off), SettingValue::Duration(None)) => off,
            (Self::Count(low, high, _), SettingValue::Count(Some(given))) => {
                (low..=high).contains(&given)
            }
            (Self::Count(_, _, none), SettingValue::Count(None)) => none,
            (Self::Number(low, high), SettingValue::Number(given)) => (low..=high).contains(&given),
            (Self::Flag, SettingValue::Flag(_)) => true,
            (Self::Choice(words), SettingValue::Choice(given)) => words.contains(&given),
            _ => false,
        }
    }
}

impl core::fmt::Display for Accepted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Duration(low, high, off) => {
                write!(f, "{low:?} to {high:?}{}", if *off { ", or off" } else { "" })
            }
            Self::Count(low, high, none) => {
                write!(f, "{low} to {high}{}", if *none { ", or none" } else { "" })
            }
            Self::Number(low, high) => write!(f, "{low} to {high}"),
            Self::Flag => f.write_str("true or false"),
            Self::Choice(words) => {
                for (index, word) in words.iter().enumerate() {
                    write!(f, "{}{word}", if index == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl core::fmt::Display for SettingValue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Duration(Some(value)) => write!(f, "{value:?}"),
            Self::Duration(None) => f.write_str("off"),
            Self::Count(Some(value)) => write!(f, "{value}"),
            Self::Count(None) => f.write_str("none"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Flag(value) => write!(f, "{value}"),
            Self::Choice(value) => f.write_str(value),
        }
    }
}

/// A type that a setting has inside the engine.
pub(crate) trait Kind: Copy {
    /// What it is outside.
    type Shown;

    fn shown(self) -> Self::Shown;
    fn held(shown: Self::Shown) -> Self;
    fn slot(&mut self) -> Slot<'_>;
}

/// Where one setting is kept: what is done with any of them is done here once, and not once for each.
pub(crate) enum Slot<'a> {
    Span(&'a mut Span),
    SpanOrOff(&'a mut Option<Span>),
    Count(&'a mut u32),
    CountOrNone(&'a mut Option<u32>),
    Number(&'a mut f64),
    Flag(&'a mut bool),
    Choice(&'a mut dyn Choice),
}

impl Slot<'_> {
    pub(crate) fn value(&self) -> SettingValue {
        match self {
            Self::Span(held) => SettingValue::Duration(Some(held.duration())),
            Self::SpanOrOff(held) => SettingValue::Duration(held.map(Span::duration)),
            Self::Count(held) => SettingValue::Count(Some(**held)),
            Self::CountOrNone(held) => SettingValue::Count(**held),
            Self::Number(held) => SettingValue::Number(**held),
            Self::Flag(held) => SettingValue::Flag(**held),
            Self::Choice(held) => SettingValue::Choice(held.word()),
        }
    }

    /// Puts a value in that [`Accepted::accepts`] has let through; returns whether it is of this kind.
    pub(crate) fn put(self, value: SettingValue) -> bool {
        match (self, value) {
            (Self::Span(held), SettingValue::Duration(Some(given))) => *held = Span::of(given),
            (Self::SpanOrOff(held), SettingValue::Duration(given)) => *held = given.map(Span::of),
            (Self::Count(held), SettingValue::Count(Some(given))) => *held = given,
            (Self::CountOrNone(held), SettingValue::Count(given)) => *held = given,
            (Self::Number(held), SettingValue::Number(given)) => *held = given,
            (Self::Flag(held), SettingValue::Flag(given)) => *held = given,
            (Self::Choice(held), SettingValue::Choice(given)) => return held.set_word(given),
            _ => return false,
        }
        true
    }
}

/// A setting that is one word of a few.
pub(crate) trait Choice {
    fn word(&self) -> &'static str;
    fn set_word(&mut self, word: &str) -> bool;
}

macro_rules! kind {
    ($held:ty, $slot:ident) => {
        $crate::config::value::kind!($held, $slot, $held, held => held, shown => shown);
    };
    ($held:ty, $slot:ident, $shown:ty, $out:ident => $show:expr, $in:ident => $hold:expr) => {
        impl $crate::config::value::Kind for $held {
            type Shown = $shown;

            fn shown(self) -> $shown {
                let $out = self;
                $show
            }
            fn held($in: $shown) -> Self {
                $hold
            }
            fn slot(&mut self) -> $crate::config::value::Slot<'_> {
                $crate::config::value::Slot::$slot(self)
            }
        }
    };
}

pub(crate) use kind;

kind!(Span, Span, Duration, held => held.duration(), shown => Self::of(shown));
kind!(Option<Span>, SpanOrOff, Option<Duration>, held => held.map(Span::duration), shown => shown.map(Span::of));
kind!(u32, Count);
kind!(Option<u32>, CountOrNone);
kind!(f64, Number);
kind!(bool, Flag);

/// Makes an enum whose variants are the words of a choice.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant),+ }

        impl $name {
            /// Every word that names one, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            const EACH: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word for it in configuration.
            #[must_use]
            pub const fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }

            /// Returns the one that `word` names.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::EACH.get(Self::WORDS.iter().position(|known| *known == word)?).copied()
            }
        }

        $crate::config::value::kind!($name, Choice);

        impl $crate::config::value::Choice for $name {
            fn word(&self) -> &'static str {
                (*self).word()
            }
            fn set_word(&mut self, word: &str) -> bool {
                Self::from_word(word).map(|named| *self = named).is_some()
            }
        }
    };
}
pub(crate) use choice;

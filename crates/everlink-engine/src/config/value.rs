//! What a setting can hold and accept.

use core::time::Duration;

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

/// A Rust type that a setting can have.
pub(crate) trait Kind: Copy {
    fn to_value(&self) -> SettingValue;
    /// Takes a value that [`Accepted::accepts`] has let through.
    fn from_value(value: SettingValue) -> Option<Self>;

    /// Becomes such a value; returns whether it is of this kind.
    #[cfg_attr(target_arch = "wasm32", inline(never))]
    fn put(&mut self, value: SettingValue) -> bool {
        let taken = Self::from_value(value);
        let fits = taken.is_some();
        *self = taken.unwrap_or(*self);
        fits
    }
}

macro_rules! kind {
    ($type:ty, $variant:ident, $held:ident => $put:expr, $taken:pat => $take:expr) => {
        impl Kind for $type {
            #[cfg_attr(target_arch = "wasm32", inline(never))]
            fn to_value(&self) -> SettingValue {
                let $held = *self;
                SettingValue::$variant($put)
            }
            fn from_value(value: SettingValue) -> Option<Self> {
                if let SettingValue::$variant($taken) = value { Some($take) } else { None }
            }
        }
    };
}

kind!(Duration, Duration, held => Some(held), Some(taken) => taken);
kind!(Option<Duration>, Duration, held => held, taken => taken);
kind!(u32, Count, held => Some(held), Some(taken) => taken);
kind!(Option<u32>, Count, held => held, taken => taken);
kind!(f64, Number, held => held, taken => taken);
kind!(bool, Flag, held => held, taken => taken);

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

            /// Returns the word for it in configuration.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Returns the one that `word` names.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl $crate::config::value::Kind for $name {
            #[cfg_attr(target_arch = "wasm32", inline(never))]
            fn to_value(&self) -> $crate::config::SettingValue {
                $crate::config::SettingValue::Choice(self.word())
            }
            fn from_value(value: $crate::config::SettingValue) -> Option<Self> {
                if let $crate::config::SettingValue::Choice(word) = value {
                    Self::from_word(word)
                } else {
                    None
                }
            }
        }
    };
}
pub(crate) use choice;

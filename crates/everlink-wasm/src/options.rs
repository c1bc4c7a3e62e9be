//! What an engine needs to know before it starts, in words.

use alloc::vec::Vec;

use everlink_engine::{
    Accepted, Causes, Config, ConfigError, Dialect, Profile, SettingValue, Verdict,
};

use crate::words::{duration, record, word};

word!(take: Profile { Standard, ChatBot, ChatPage, Rooms, Messenger, MarketFeed });

/// What an engine is made of.
#[derive(Debug)]
pub struct Options {
    profile: Profile,
    dialect: Option<DialectName>,
    endpoints: u16,
    credentials: bool,
    /// Where the randomness begins.
    pub seed: u32,
    verdicts: Vec<Override>,
    settings: Vec<Chosen>,
}

record!(take: Options {
    profile: Profile,
    dialect: Option<DialectName>,
    endpoints: u16,
    credentials: bool,
    seed: u32,
    verdicts: Vec<Override>,
    settings: Vec<Chosen>,
});

impl Options {
    /// Checks them as any other configuration.
    ///
    /// # Errors
    ///
    /// As [`ConfigBuilder`](everlink_engine::ConfigBuilder) has them.
    pub fn config(self) -> Result<Config, ConfigError> {
        let mut builder =
            Config::builder(self.profile).endpoints(self.endpoints).credentials(self.credentials);
        if let Some(dialect) = self.dialect {
            builder = builder.dialect(dialect.dialect());
        }
        for Override { causes, verdict } in self.verdicts {
            builder = builder.verdict(causes, verdict);
        }
        for chosen in self.settings {
            // What makes no value is refused as one of the wrong kind.
            let value = chosen.value().unwrap_or(SettingValue::Choice(""));
            builder.set_nth(chosen.index as usize, value)?;
        }
        builder.build()
    }
}

/// A dialect by its name.
#[derive(Clone, Copy, Debug)]
enum DialectName {
    Plain,
    Json,
    ChatText,
    Exchange,
    Everlink,
}

word!(take: DialectName { Plain, Json, ChatText, Exchange, Everlink });

impl DialectName {
    const fn dialect(self) -> Dialect {
        match self {
            Self::Plain => Dialect::PLAIN,
            Self::Json => Dialect::JSON,
            Self::ChatText => Dialect::CHAT_TEXT,
            Self::Exchange => Dialect::EXCHANGE,
            Self::Everlink => Dialect::EVERLINK,
        }
    }
}

/// A row that goes before the table of verdicts.
#[derive(Debug)]
struct Override {
    causes: Causes,
    verdict: Verdict,
}

record!(take: Override { causes: Causes, verdict: Verdict });

/// A setting by its place in the engine's table, and its value as a number: milliseconds, a count, 0 or 1,
/// or the place of a word. None is `off`.
#[derive(Debug)]
struct Chosen {
    index: u32,
    value: Option<f64>,
}

record!(take: Chosen { index: u32, value: Option<f64> });

impl Chosen {
    fn value(&self) -> Option<SettingValue> {
        let accepted = Accepted::nth(self.index as usize)?;
        let Some(value) = self.value else {
            return match accepted {
                Accepted::Duration(..) => Some(SettingValue::Duration(None)),
                Accepted::Count(..) => Some(SettingValue::Count(None)),
                Accepted::Number(..) | Accepted::Flag | Accepted::Choice(_) => None,
            };
        };
        let whole = (f64::from(value as u32) == value).then_some(value as u32);
        Some(match accepted {
            Accepted::Duration(..) => SettingValue::Duration(Some(duration(value)?)),
            Accepted::Count(..) => SettingValue::Count(Some(whole?)),
            Accepted::Number(..) => SettingValue::Number(value),
            Accepted::Flag => SettingValue::Flag(value != 0.0),
            Accepted::Choice(words) => SettingValue::Choice(words.get(whole? as usize)?),
        })
    }
}

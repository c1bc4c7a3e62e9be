//! Settings: name, kind, range, and the defaults of each profile.

use everlink_engine::{Accepted, Config, Profile, SETTINGS, SettingValue};

use crate::{camel, quoted};

pub(crate) fn module() -> String {
    let rows: String = SETTINGS
        .iter()
        .map(|setting| {
            format!("  ['{}', {}],\n", name(setting.key, setting.accepted), range(setting.accepted))
        })
        .collect();
    let profiles: String = Profile::ALL.iter().map(|profile| defaults(*profile)).collect();
    format!(
        "import type {{ Profile, Settings }} from '../settings.js';\n\n\
         /** Name, kind or words, least, most, and whether `false` is accepted. */\n\
         export type SettingRow = readonly [\n  name: string,\n  kind: 'time' | 'count' | 'number' | 'flag' | readonly string[],\n  \
         low: number,\n  high: number,\n  canBeOff: boolean,\n];\n\n\
         /** Every setting, in the order in which the engine counts them. */\n\
         export const SETTINGS: readonly SettingRow[] = [\n{rows}];\n\n\
         /** What each profile begins with. */\n\
         export const DEFAULTS: Readonly<Record<Profile, Settings>> = {{\n{profiles}}};\n"
    )
}

fn defaults(profile: Profile) -> String {
    let Ok(config) = Config::builder(profile).build() else {
        return format!("  // {} has no defaults that are accepted.\n", profile.word());
    };
    let values: String = SETTINGS
        .iter()
        .filter_map(|setting| {
            let value = config.settings().get(setting.key)?;
            Some(format!("    {}: {},\n", name(setting.key, setting.accepted), literal(value)))
        })
        .collect();
    format!("  {}: {{\n{values}  }},\n", camel(profile.word()))
}

fn name(key: &str, accepted: Accepted) -> String {
    let unit = if matches!(accepted, Accepted::Duration(..)) { "Ms" } else { "" };
    format!("{}{unit}", camel(key))
}

fn range(accepted: Accepted) -> String {
    match accepted {
        Accepted::Duration(low, high, off) => {
            format!("'time', {}, {}, {off}", low.as_millis(), high.as_millis())
        }
        Accepted::Count(low, high, none) => format!("'count', {low}, {high}, {none}"),
        Accepted::Number(low, high) => format!("'number', {low}, {high}, false"),
        Accepted::Flag => "'flag', 0, 1, false".into(),
        Accepted::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
            format!("[{}], 0, 0, false", words.join(", "))
        }
    }
}

fn literal(value: SettingValue) -> String {
    match value {
        SettingValue::Duration(Some(time)) => format!("{}", time.as_secs_f64() * 1000.0),
        SettingValue::Count(Some(count)) => count.to_string(),
        SettingValue::Duration(None) | SettingValue::Count(None) => "false".into(),
        SettingValue::Number(number) => number.to_string(),
        SettingValue::Flag(flag) => flag.to_string(),
        SettingValue::Choice(word) => quoted(word),
    }
}

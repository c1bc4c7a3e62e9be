//! One option for each engine setting, from the engine's own table: what the engine knows can be
//! set, and nothing is written twice.

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches};
use everlink::config::setting_from_text;
use everlink_engine::{Accepted, SETTINGS, Setting, SettingValue};

/// The settings that were given on the command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct SettingsArgs {
    /// Key and value, in the order of the table.
    pub(crate) given: Vec<(&'static str, SettingValue)>,
}

impl Args for SettingsArgs {
    fn augment_args(command: Command) -> Command {
        let command = command.next_help_heading("Back-off, heartbeat and every other setting");
        SETTINGS.iter().fold(command, |command, setting| command.arg(option(setting)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingsArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut settings = Self::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        for setting in SETTINGS {
            if let Some(value) = matches.get_one::<SettingValue>(setting.key) {
                self.given.push((setting.key, *value));
            }
        }
        Ok(())
    }
}

fn option(setting: &'static Setting) -> Arg {
    let (short, long) = help(setting);
    Arg::new(setting.key)
        .long(setting.key.replace('_', "-"))
        .value_name(value_name(setting.accepted))
        .value_parser(move |text: &str| {
            setting_from_text(setting, text).map_err(|error| error.to_string())
        })
        .help(short)
        .long_help(long)
}

/// Returns the first sentence of the setting's doc comment, and all of it.
fn help(setting: &Setting) -> (String, String) {
    let text = setting.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "");
    let end = text.find(". ").map_or(text.len(), |at| at + 1);
    let default = text.find("Default: ").map(|at| {
        let rest = &text[at..];
        &rest[..rest.find(". ").unwrap_or(rest.len())]
    });
    let short = match default {
        Some(default) => format!("{} {}", &text[..end], default.trim_end_matches('.')),
        None => text[..end].to_owned(),
    };
    (short, text)
}

fn value_name(accepted: Accepted) -> &'static str {
    match accepted {
        Accepted::Duration(_, _, false) => "TIME",
        Accepted::Duration(_, _, true) => "TIME|off",
        Accepted::Count(_, _, false) => "N",
        Accepted::Count(_, _, true) => "N|none",
        Accepted::Number(..) => "NUMBER",
        Accepted::Flag => "true|false",
        Accepted::Choice(_) => "WORD",
    }
}

#[cfg(test)]
mod tests {
    use super::SettingsArgs;
    use clap::{Args as _, Command, FromArgMatches as _};
    use everlink_engine::{SETTINGS, SettingValue};
    use std::time::Duration;

    fn parse(args: &[&str]) -> Result<SettingsArgs, clap::Error> {
        let command = SettingsArgs::augment_args(Command::new("test"));
        let args = std::iter::once("test").chain(args.iter().copied());
        SettingsArgs::from_arg_matches(&command.try_get_matches_from(args)?)
    }

    #[test]
    fn every_setting_has_an_option() {
        let command = SettingsArgs::augment_args(Command::new("test"));
        assert_eq!(command.get_arguments().count(), SETTINGS.len());
    }

    #[test]
    fn a_setting_is_read_with_its_unit() {
        let settings = parse(&["--backoff-max", "1.5s", "--attempts-max", "none"]).unwrap();
        let expected = [
            ("backoff_max", SettingValue::Duration(Some(Duration::from_millis(1500)))),
            ("attempts_max", SettingValue::Count(None)),
        ];
        assert_eq!(settings.given, expected);
    }

    #[test]
    fn a_value_out_of_range_names_the_option_and_what_is_accepted() {
        let error = parse(&["--backoff-max", "20m"]).unwrap_err().to_string();
        assert!(error.contains("--backoff-max") && error.contains("15m"), "{error}");
    }
}

//! Puts the sources together, in their precedence.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use everlink_engine::{ConfigBuilder, Profile, SettingValue};

use super::aliases::{ALIASES, Alias, Reading};
use super::assemble::assemble;
use super::client::ClientSettings;
use super::collect::{Collected, Given, Item, Target, Value, nearest, unknown};
use super::file::{self, FileEntry};
use super::json::Node;
use super::keys::{self, FILE_VARIABLE, VARIABLE_PREFIX, variable_name};
use super::problem::{LoadError, Problem, Source};

/// Collects the sources; [`load`](Self::load) reads and checks them.
///
/// Nothing is read behind the caller's back: without [`environment`](Self::environment) no
/// variable counts, without [`file`](Self::file) no file does, unless the environment names one
/// by [`FILE_VARIABLE`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Loader {
    profile: Option<Profile>,
    arguments: Vec<(String, Given)>,
    variables: BTreeMap<String, OsString>,
    foreign_prefixes: Vec<String>,
    files: Vec<(PathBuf, Option<String>)>,
}

/// A configuration that was read and checked.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// Whose defaults hold.
    pub profile: Profile,
    /// The engine's settings and dialect; [`ConfigBuilder::build`] succeeds unless more is set.
    pub engine: ConfigBuilder,
    /// The client's own settings.
    pub client: ClientSettings,
    pub(super) sources: BTreeMap<&'static str, Source>,
}

impl Loaded {
    /// Returns where the value of a key comes from; `None` is the profile.
    #[must_use]
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.sources.get(key)
    }
}

impl Loader {
    /// Starts without any source.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the profile that holds where no source names one. Default: `standard`.
    pub const fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Sets a key by its text, as a command line does. A later one replaces an earlier one.
    pub fn argument(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        let given = Given::Node(Node::Scalar(text.into()), Reading::Same);
        self.arguments.push((key.into(), given));
        self
    }

    /// Sets a key that holds a list, such as `urls` or `subprotocols`.
    pub fn argument_list<T: Into<String>>(
        mut self,
        key: impl Into<String>,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        let texts = texts.into_iter().map(|text| Node::Scalar(text.into())).collect();
        self.arguments.push((key.into(), Given::Node(Node::List(texts), Reading::Same)));
        self
    }

    /// Sets a key by a value.
    pub fn setting(mut self, key: impl Into<String>, value: SettingValue) -> Self {
        self.arguments.push((key.into(), Given::Typed(value)));
        self
    }

    /// Gives the variables of the environment, mostly [`std::env::vars_os`].
    pub fn environment<N: Into<OsString>, V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        for (name, value) in variables {
            // A name that is no Unicode is none of ours.
            if let Ok(name) = name.into().into_string() {
                self.variables.insert(name, value.into());
            }
        }
        self
    }

    /// As [`environment`](Self::environment), by asking for each name that is understood.
    /// Mistyped names cannot be noticed this way.
    pub fn lookup(self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let own = keys::all().map(variable_name).chain([FILE_VARIABLE.to_owned()]);
        let names = own.chain(ALIASES.iter().map(|alias| alias.variable.to_owned()));
        let found: Vec<_> = names.filter_map(|name| Some((name.clone(), lookup(&name)?))).collect();
        self.environment(found)
    }

    /// Leaves variables that begin with `prefix` to others: `EVERLINK_SERVER_`, for instance.
    pub fn leave_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.foreign_prefixes.push(prefix.into());
        self
    }

    /// Reads a file; the end of its name says its format, `.toml` or `.json`. Of several files a
    /// later one goes before an earlier one.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push((path.into(), None));
        self
    }

    /// As [`file`](Self::file), with a text that was read already.
    pub fn file_text(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.files.push((path.into(), Some(text.into())));
        self
    }

    /// Reads the files, checks everything, and puts it together.
    ///
    /// # Errors
    ///
    /// [`LoadError`] with everything that is wrong, and where it stands.
    pub fn load(mut self) -> Result<Loaded, LoadError> {
        if let Some(path) = self.variables.get(FILE_VARIABLE).filter(|_| self.files.is_empty()) {
            self.files.push((path.into(), None));
        }
        let mut collected = Collected::default();
        let entries = self.entries(&mut collected.problems);
        let Some(profile) = self.find_profile(&entries, &mut collected.problems) else {
            return Err(LoadError { problems: collected.problems });
        };
        for (path, entry) in entries {
            self.take_entry(path, entry, profile, &mut collected);
        }
        self.take_variables(profile, &mut collected);
        self.take_arguments(profile, &mut collected);
        assemble(profile, collected)
    }

    fn entries(&self, problems: &mut Vec<Problem>) -> Vec<(&PathBuf, FileEntry)> {
        let mut entries = Vec::new();
        for (path, text) in &self.files {
            let text = text.clone().map_or_else(|| file::read(path), Ok);
            match text.and_then(|text| file::parse(path, &text)) {
                Ok(found) => entries.extend(found.into_iter().map(|entry| (path, entry))),
                Err(problem) => problems.push(problem),
            }
        }
        entries
    }

    /// The profile comes first, because it says which names are understood; `None` is a wrong one.
    fn find_profile(
        &self,
        entries: &[(&PathBuf, FileEntry)],
        problems: &mut Vec<Problem>,
    ) -> Option<Profile> {
        const KEY: &str = "profile";
        let target = Target::by_key(KEY)?;
        let mut named = Collected::default();
        for (path, entry) in entries.iter().filter(|(_, entry)| entry.key == KEY) {
            let source = Source::File { path: (*path).clone(), place: entry.place };
            let given = Given::Node(entry.node.clone(), Reading::Same);
            named.take(Item { source, name: KEY.to_owned(), target, given });
        }
        let variable = variable_name(KEY);
        if let Some(value) = self.variables.get(&variable) {
            named.take(variable_item(&variable, value, target, Reading::Same));
        }
        for (_, given) in self.arguments.iter().filter(|(key, _)| key == KEY) {
            let (source, name, given) = (Source::Argument, KEY.to_owned(), given.clone());
            named.take(Item { source, name, target, given });
        }
        if !named.problems.is_empty() {
            problems.append(&mut named.problems);
            return None;
        }
        match named.client(KEY).and_then(Value::setting) {
            Some(SettingValue::Choice(word)) => Profile::from_word(word),
            _ => Some(self.profile.unwrap_or(Profile::Standard)),
        }
    }

    fn take_entry(&self, path: &PathBuf, entry: FileEntry, profile: Profile, into: &mut Collected) {
        let source = Source::File { path: path.clone(), place: entry.place };
        let alias = ALIASES.iter().find(|alias| alias.file_key == Some(&entry.key));
        let found = match alias.filter(|alias| alias.belongs_to(profile)) {
            Some(alias) => Target::by_key(alias.key).map(|target| (target, alias.reading)),
            None => Target::by_key(&entry.key).map(|target| (target, Reading::Same)),
        };
        let Some((target, reading)) = found else {
            return into.problems.push(unknown(source, &entry.key, profile));
        };
        let given = Given::Node(entry.node, reading);
        // An own name goes before an alias, wherever they stand in the file.
        let is_taken = alias.is_some()
            && into.source(target.key()).is_some_and(|known| same_file(known, path));
        if !is_taken {
            into.take(Item { source, name: entry.key, target, given });
        }
    }

    fn take_variables(&self, profile: Profile, into: &mut Collected) {
        let understood = |alias: &&Alias| alias.belongs_to(profile);
        for alias in ALIASES.iter().filter(understood) {
            if let Some(value) = self.variables.get(alias.variable)
                && let Some(target) = Target::by_key(alias.key)
            {
                into.take(variable_item(alias.variable, value, target, alias.reading));
            }
        }
        let known: BTreeMap<_, _> = keys::all().map(|key| (variable_name(key), key)).collect();
        for (name, value) in &self.variables {
            match known.get(name).and_then(|key| Target::by_key(key)) {
                Some(target) => into.take(variable_item(name, value, target, Reading::Same)),
                None if self.is_mistyped(name) => {
                    let from = Source::Variable(name.clone());
                    let nearest = nearest(name, known.keys().cloned());
                    into.problems.push(Problem::UnknownKey { from, key: name.clone(), nearest });
                }
                None => {}
            }
        }
    }

    fn is_mistyped(&self, name: &str) -> bool {
        let is_foreign = |prefix: &String| name.starts_with(prefix.as_str());
        name.starts_with(VARIABLE_PREFIX)
            && name != FILE_VARIABLE
            && !self.foreign_prefixes.iter().any(is_foreign)
    }

    fn take_arguments(&self, profile: Profile, into: &mut Collected) {
        for (name, given) in &self.arguments {
            let source = Source::Argument;
            match Target::by_key(name) {
                Some(target) => {
                    let (name, given) = (name.clone(), given.clone());
                    into.take(Item { source, name, target, given });
                }
                None => into.problems.push(unknown(source, name, profile)),
            }
        }
    }
}

fn variable_item(name: &str, value: &OsString, target: Target, reading: Reading) -> Item {
    let source = Source::Variable(name.to_owned());
    let node = match value.to_str() {
        Some(text) => Node::Scalar(text.to_owned()),
        None => Node::Other("not Unicode".to_owned()),
    };
    let given = Given::Node(node, reading);
    Item { source, name: target.key().to_owned(), target, given }
}

fn same_file(source: &Source, path: &PathBuf) -> bool {
    matches!(source, Source::File { path: of, .. } if of == path)
}

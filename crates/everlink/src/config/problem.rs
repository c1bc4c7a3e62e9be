//! What is wrong with a configuration, and where it stands.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The program or its command line said so.
    Argument,
    /// A variable of the environment.
    Variable(String),
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// Line and column, from 1, where the format tells them.
        place: Option<(usize, usize)>,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument => f.write_str("argument"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File { path, place: None } => write!(f, "{}", path.display()),
            Self::File { path, place: Some((line, column)) } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// No setting has this name.
    #[error("{from}: `{key}` is not a setting{}", hint(.nearest))]
    #[non_exhaustive]
    UnknownKey {
        /// Where it stands.
        from: Source,
        /// The name.
        key: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// The name belongs to another profile.
    #[error(
        "{from}: `{key}` is understood under the profile `{owner}` only, not under `{profile}`; the setting is `{meant}`"
    )]
    #[non_exhaustive]
    ForeignKey {
        /// Where it stands.
        from: Source,
        /// The name.
        key: String,
        /// The profile that knows it.
        owner: &'static str,
        /// The profile in use.
        profile: &'static str,
        /// The key that every profile knows.
        meant: &'static str,
    },
    /// A value is of the wrong kind or out of range.
    #[error("{from}: `{key}` is {value}; accepted: {accepted}")]
    #[non_exhaustive]
    Refused {
        /// Where it stands.
        from: Source,
        /// The setting.
        key: String,
        /// The value, unless it may be a secret.
        value: String,
        /// What is accepted.
        accepted: String,
    },
    /// Two settings cannot stand together.
    #[error("{detail} ({first}; {second})")]
    #[non_exhaustive]
    Contradiction {
        /// Which settings, and what is accepted.
        detail: String,
        /// Where one stands.
        first: String,
        /// Where the other stands.
        second: String,
    },
    /// A file cannot be read.
    #[error("{}: {detail}; accepted: a readable .toml or .json file of at most {} bytes", path.display(), super::file::FILE_BYTES_MAX)]
    #[non_exhaustive]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// A file is not in its format.
    #[error("{from}: {detail}")]
    #[non_exhaustive]
    Syntax {
        /// Where the mistake stands.
        from: Source,
        /// What the parser says.
        detail: String,
    },
}

fn hint(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadError {
    /// At least one, in the order of the sources: files, environment, arguments.
    pub problems: Vec<Problem>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = &self.problems[..] {
            return write!(f, "configuration: {problem}");
        }
        write!(f, "configuration: {} problems", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for LoadError {}

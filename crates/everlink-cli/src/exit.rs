//! The exit codes of the `everlink` command: all of them, and nowhere else.

use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done; a connection that was closed on purpose, by us or by the server's `bye`, too.
    Ok,
    /// 1: something did not work, and the text on stderr says what.
    Failed,
    /// 2: wrong usage: an option, a value, a file or an environment variable.
    Usage,
    /// 3: the connection could not be kept: all attempts spent, or trying again cannot help.
    GaveUp,
    /// 4: the server refused our credentials.
    Unauthorized,
    /// 5: `--timeout` ran out before the work was done.
    TimedOut,
    /// 6: a check found what it looks for: a violation in the simulator, a message lost in a demo.
    Violation,
    /// 130: interrupted (Ctrl-C), after cleaning up.
    Interrupted,
    /// 141: whoever read the output has gone, as a shell says it of a command that SIGPIPE ended.
    Unread,
}

impl Exit {
    /// The table for `--help` and the man page.
    pub(crate) const TABLE: &'static str = "\
Exit codes:
  0    done, or closed on purpose
  1    something did not work; stderr says what
  2    wrong usage: an option, a value, a file or an environment variable
  3    gave up: all attempts spent, or trying again cannot help
  4    the server refused our credentials
  5    --timeout ran out
  6    a check found what it looks for (a violation, a lost message)
  130  interrupted by Ctrl-C, after cleaning up
  141  whoever read the output has gone";

    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::GaveUp => 3,
            Self::Unauthorized => 4,
            Self::TimedOut => 5,
            Self::Violation => 6,
            Self::Interrupted => 130,
            Self::Unread => 141,
        }
    }
}

/// Marks an error as wrong usage: code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(String);

/// Makes an error one of usage.
pub(crate) fn usage(error: impl std::fmt::Display) -> anyhow::Error {
    Usage(error.to_string()).into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_table_names_every_code() {
        let all = [
            Exit::Ok,
            Exit::Failed,
            Exit::Usage,
            Exit::GaveUp,
            Exit::Unauthorized,
            Exit::TimedOut,
            Exit::Violation,
            Exit::Interrupted,
            Exit::Unread,
        ];
        for exit in all {
            let row = format!("\n  {:<4} ", exit.code());
            assert!(Exit::TABLE.contains(&row), "no row for {exit:?}");
        }
    }
}

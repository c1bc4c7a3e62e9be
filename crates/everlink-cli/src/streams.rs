//! Standard output and standard error, of which either may be closed while the command runs.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// A stream was closed by whoever read it: `head` has seen enough.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct ReaderGone;

/// Standard output. Once nobody reads it an error says so, which [`is_reader_gone`] knows again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stdout;

/// Standard error for news that nobody depends on: what cannot be written is forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stderr;

/// Prints a line at once: whoever reads a pipe wants it now.
///
/// # Errors
///
/// When standard output cannot be written.
pub(crate) fn print(line: impl Display) -> io::Result<()> {
    Stdout.write_all(format!("{line}\n").as_bytes())
}

/// Tells a person a line, if there is one who reads it.
pub(crate) fn tell(line: impl Display) {
    // A `Stderr` has no failures.
    let _infallible = Stderr.write_all(format!("{line}\n").as_bytes());
}

/// Tells a line to whoever depends on it.
///
/// # Errors
///
/// When standard error cannot be written.
pub(crate) fn report(line: impl Display) -> io::Result<()> {
    io::stderr().write_all(format!("{line}\n").as_bytes()).map_err(told)
}

/// Returns whether a command failed for no other reason than that nobody reads it any more.
pub(crate) fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.is_some_and(|inner| inner.is::<ReaderGone>())
    })
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(told)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().map_err(told)
    }
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Nobody is left to be told that nobody is left.
        let _forgotten = io::stderr().write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Marks the end of a reader, so that it is not taken for that of a connection.
fn told(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::BrokenPipe {
        return io::Error::new(ErrorKind::BrokenPipe, ReaderGone);
    }
    error
}

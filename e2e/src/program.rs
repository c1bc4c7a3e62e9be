//! A command that is talked to line by line, such as `everlink connect … --json`.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A running command whose lines can be waited for; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    input: Mutex<Option<ChildStdin>>,
    lines: Lines,
}

/// A line of a [`Program`], and when it came.
#[derive(Clone, Debug)]
pub struct Line {
    /// When it was read.
    pub at: Instant,
    /// Whether it came on standard error.
    pub is_error: bool,
    /// Its text, without its end.
    pub text: String,
}

impl Line {
    /// Returns the line as JSON, or null.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Reports whether this is the JSON of an event of this name.
    #[must_use]
    pub fn is_event(&self, name: &str) -> bool {
        self.is_error && self.json()["event"] == name
    }
}

impl Program {
    /// Starts a command with pipes for all three streams.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let lines = Lines::default();
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        lines.read(output.context("no standard output")?, false);
        lines.read(errors.context("no standard error")?, true);
        Ok(Self { input: Mutex::new(child.stdin.take()), child, lines })
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    ///
    /// When its input is closed.
    pub fn say(&self, line: &str) -> Result<()> {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let input = input.as_mut().context("its input is closed")?;
        writeln!(input, "{line}").context("it does not read its input")
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        *self.input.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Sends it a signal.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.context("no process id")?, signal).context("cannot signal it")
    }

    /// Interrupts it, as Ctrl-C does.
    ///
    /// # Errors
    ///
    /// When it is gone.
    pub fn interrupt(&self) -> Result<()> {
        self.signal(Signal::INT)
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Returns the number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns how many lines have come.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lines.lock().len()
    }

    /// Returns every line so far.
    #[must_use]
    pub fn lines(&self) -> Vec<Line> {
        self.lines.lock().clone()
    }

    /// Returns the lines from the `from`th on.
    #[must_use]
    pub fn since(&self, from: usize) -> Vec<Line> {
        self.lines.lock().get(from..).unwrap_or_default().to_vec()
    }

    /// Returns the lines of standard output so far.
    #[must_use]
    pub fn output(&self) -> Vec<String> {
        let lines = self.lines().into_iter().filter(|line| !line.is_error);
        lines.map(|line| line.text).collect()
    }

    /// Waits for a line from the `from`th on that `wanted` accepts.
    ///
    /// # Errors
    ///
    /// When none came within `limit`; the error lists what came instead.
    pub fn wait(
        &self,
        from: usize,
        limit: Duration,
        wanted: impl Fn(&Line) -> bool,
    ) -> Result<Line> {
        let deadline = Instant::now() + limit;
        let mut lines = self.lines.lock();
        loop {
            let since = lines.get(from..).unwrap_or_default();
            if let Some(found) = since.iter().find(|line| wanted(line)) {
                return Ok(found.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let seen: Vec<&str> = since.iter().map(|line| line.text.as_str()).collect();
            anyhow::ensure!(!left.is_zero(), "not seen within {limit:?}; seen: {seen:#?}");
            let woken = self.lines.0.1.wait_timeout(lines, left);
            lines = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for an event of this name from the `from`th line on.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub fn event(&self, from: usize, limit: Duration, name: &str) -> Result<Line> {
        self.wait(from, limit, |line| line.is_event(name)).with_context(|| format!("event {name}"))
    }

    /// Waits for its end and for all that it printed; returns its exit code.
    ///
    /// # Errors
    ///
    /// When it still runs after `limit`, or was killed by a signal.
    pub fn ended(&mut self, limit: Duration) -> Result<i32> {
        let deadline = Instant::now() + limit;
        self.lines.ends(limit).with_context(|| format!("still runs; {:#?}", self.lines()))?;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return status.code().with_context(|| format!("it ended with {status}"));
            }
            anyhow::ensure!(Instant::now() < deadline, "it closed its output and still runs");
            // Its last handles are closed: the kernel needs but a moment.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already; there is nobody to tell otherwise.
        let _ = self.kill();
    }
}

/// The lines of both streams, in the order in which they were read.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<(Mutex<Vec<Line>>, Condvar, Mutex<u8>)>);

impl Lines {
    fn read(&self, stream: impl Read + Send + 'static, is_error: bool) {
        let lines = self.clone();
        std::thread::spawn(move || {
            for text in BufReader::new(stream).lines().map_while(Result::ok) {
                let line = Line { at: Instant::now(), is_error, text };
                lines.lock().push(line);
                lines.0.1.notify_all();
            }
            *lines.ended() += 1;
            lines.0.1.notify_all();
        });
    }

    /// Waits until both streams have ended.
    fn ends(&self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            let lines = self.lock();
            if *self.ended() == 2 {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            anyhow::ensure!(!left.is_zero(), "its output did not end within {limit:?}");
            // The bell may ring between the two locks: looked at in turns.
            drop(self.0.1.wait_timeout(lines, left.min(Duration::from_millis(50))));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> MutexGuard<'_, u8> {
        self.0.2.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

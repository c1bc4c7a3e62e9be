//! Runs named steps: one line each with its time; a failure shows its output and how to run it again.

use std::fs::{self, File};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tally::Tally;
use crate::{process, repository};

/// How steps are run.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Flags {
    /// Shows what each step prints while it runs
    #[arg(short, long)]
    pub(crate) verbose: bool,
    /// Goes on after a step that failed
    #[arg(short, long)]
    pub(crate) keep_going: bool,
    /// Runs only the steps with these names (as printed; may be given several times)
    #[arg(short, long, value_name = "STEP")]
    pub(crate) only: Vec<String>,
}

/// The steps of one word, and what came of them.
#[derive(Debug)]
pub(crate) struct Steps {
    options: Flags,
    names: Vec<&'static str>,
    failed: Vec<&'static str>,
    notes: Vec<String>,
    /// Tests, and steps that have no tests of their own.
    counted: Tally,
    started: Instant,
}

impl Steps {
    pub(crate) fn new(options: &Flags) -> Self {
        Self {
            options: options.clone(),
            names: Vec::new(),
            failed: Vec::new(),
            notes: Vec::new(),
            counted: Tally::default(),
            started: Instant::now(),
        }
    }

    /// Runs a command as a step; what it prints is kept in `target/xtask` and shown when it fails.
    pub(crate) fn command(&mut self, name: &'static str, mut command: Command) -> Result<()> {
        let again = process::shown(&command);
        let verbose = self.options.verbose;
        self.step(name, &again, |tests| {
            let log = log_path(name)?;
            let passed =
                if verbose { tee(&mut command, &log)? } else { capture(&mut command, &log)? };
            let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
            *tests = Tally::read(&text);
            if passed {
                return Ok(None);
            }
            let shown = if verbose { String::new() } else { tail(&text, SHOWN_LINES_MAX, &log) };
            anyhow::bail!("{shown}")
        })
    }

    /// Starts a command as a step beside those that follow: for one that mostly waits. [`Self::join`] ends it.
    pub(crate) fn start(&mut self, name: &'static str, mut command: Command) -> Result<Beside> {
        let again = process::shown(&command);
        let log = log_path(name)?;
        let child = match self.is_wanted(name) {
            true => Some(spawn(&mut command, &log)?),
            false => None,
        };
        Ok(Beside { name, again, log, child, started: Instant::now() })
    }

    /// Waits for a step that was started, and reports it.
    pub(crate) fn join(&mut self, mut beside: Beside) -> Result<()> {
        let (name, again) = (beside.name, std::mem::take(&mut beside.again));
        let started = beside.started;
        self.step_since(started, name, &again, |tests| {
            let passed = beside.wait()?;
            let text = String::from_utf8_lossy(&fs::read(&beside.log)?).into_owned();
            *tests = Tally::read(&text);
            anyhow::ensure!(passed, "{}", tail(&text, SHOWN_LINES_MAX, &beside.log));
            Ok(None)
        })
    }

    /// Runs a function as a step; `again` is the command that runs the same alone.
    pub(crate) fn check(
        &mut self,
        name: &'static str,
        again: &str,
        check: impl FnOnce() -> Result<Option<String>>,
    ) -> Result<()> {
        self.step(name, again, |_| check())
    }

    /// Prints the closing lines, and fails when a step did.
    pub(crate) fn finish(self) -> Result<()> {
        for wanted in &self.options.only {
            let known = self.names.join(", ");
            anyhow::ensure!(self.names.contains(&wanted.as_str()), "no step `{wanted}`: {known}");
        }
        self.close();
        anyhow::ensure!(self.failed.is_empty(), "failed: {}", self.failed.join(", "));
        Ok(())
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.options.only.is_empty() || self.options.only.iter().any(|only| only == name)
    }

    fn step(
        &mut self,
        name: &'static str,
        again: &str,
        body: impl FnOnce(&mut Tally) -> Result<Option<String>>,
    ) -> Result<()> {
        self.step_since(Instant::now(), name, again, body)
    }

    fn step_since(
        &mut self,
        started: Instant,
        name: &'static str,
        again: &str,
        body: impl FnOnce(&mut Tally) -> Result<Option<String>>,
    ) -> Result<()> {
        self.names.push(name);
        if !self.is_wanted(name) {
            return Ok(());
        }
        announce(name);
        let mut tests = Tally::default();
        let outcome = body(&mut tests);
        self.counted.add(tests.or_one(outcome.is_ok()));
        report(name, started.elapsed(), outcome.is_ok());
        match outcome {
            Ok(note) => self.notes.extend(note),
            Err(error) => self.failed(name, again, &error)?,
        }
        Ok(())
    }

    fn failed(&mut self, name: &'static str, again: &str, error: &anyhow::Error) -> Result<()> {
        println!(
            "{}\nstep `{name}` failed; run it again with\n    {again}",
            format!("{error:#}").trim_end()
        );
        self.failed.push(name);
        if !self.options.keep_going {
            self.close();
            anyhow::bail!("stopped at `{name}`; --keep-going runs the steps after it too");
        }
        Ok(())
    }

    fn close(&self) {
        for note in &self.notes {
            println!("{note}");
        }
        println!("all in {}", time(self.started.elapsed()).trim_start());
        println!("{} passed, {} failed", self.counted.passed, self.counted.failed);
    }
}

/// A step that runs while others do. Dropped, it is waited for: nothing of it outlives the run.
#[derive(Debug)]
pub(crate) struct Beside {
    name: &'static str,
    again: String,
    log: PathBuf,
    child: Option<Child>,
    started: Instant,
}

impl Beside {
    fn wait(&mut self) -> Result<bool> {
        let Some(mut child) = self.child.take() else { return Ok(true) };
        let status = child.wait().with_context(|| format!("cannot wait for `{}`", self.name))?;
        Ok(status.success())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // A step before has failed, and says so; this one only has to end.
        let _ = self.wait();
    }
}

/// Most lines of a failed step's output that are printed; the rest stays in its log.
const SHOWN_LINES_MAX: usize = 200;

fn announce(name: &str) {
    if std::io::stdout().is_terminal() {
        print!("...              {name}\r");
        // Only decoration: a terminal that cannot be flushed still gets the final line.
        let _ = std::io::stdout().flush();
    }
}

fn report(name: &str, elapsed: Duration, passed: bool) {
    println!("{} {}  {name}", if passed { "ok    " } else { "FAILED" }, time(elapsed));
}

fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    if seconds < 60.0 { format!("{seconds:7.1} s") } else { format!("{:5.1} min", seconds / 60.0) }
}

fn log_path(name: &str) -> Result<PathBuf> {
    let folder = repository::target().join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder.join(format!("{}.log", name.replace(' ', "-"))))
}

fn capture(command: &mut Command, log: &Path) -> Result<bool> {
    let status = spawn(command, log)?.wait();
    Ok(status.with_context(|| format!("cannot wait for `{}`", process::shown(command)))?.success())
}

fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
    child.with_context(|| format!("cannot start `{}`", process::shown(command)))
}

/// As `capture`, and on the terminal as well.
fn tee(command: &mut Command, log: &Path) -> Result<bool> {
    let (reader, writer) = std::io::pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    println!("        {}", process::shown(command));
    let mut child = command.spawn().context("cannot start")?;
    // The command holds the writing end too: without it the reader sees the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut file = File::create(log)?;
    copy_twice(reader, &mut file)?;
    Ok(child.wait()?.success())
}

fn copy_twice(mut reader: impl std::io::Read, file: &mut File) -> Result<()> {
    let mut buffer = [0; 8192];
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        file.write_all(&buffer[..read])?;
        std::io::stdout().write_all(&buffer[..read])?;
    }
}

fn tail(text: &str, lines_max: usize, log: &Path) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let hidden = lines.len().saturating_sub(lines_max);
    let shown = lines[hidden..].join("\n");
    if hidden == 0 {
        return shown;
    }
    format!("({hidden} lines before these are in {})\n{shown}", log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(options: Flags) -> Steps {
        Steps::new(&options)
    }

    #[test]
    fn a_step_that_fails_stops_the_run() {
        let mut steps = steps(Flags::default());
        let error = steps.check("bad", "again", || anyhow::bail!("broken")).unwrap_err();
        assert!(error.to_string().contains("stopped at `bad`"), "{error}");
    }

    #[test]
    fn with_keep_going_all_steps_run_and_the_word_still_fails() {
        let mut steps = steps(Flags { keep_going: true, ..Flags::default() });
        let mut ran = false;
        steps.check("bad", "again", || anyhow::bail!("broken")).unwrap();
        steps
            .check("good", "again", || {
                ran = true;
                Ok(None)
            })
            .unwrap();
        assert!(ran);
        assert_eq!(steps.counted, Tally { passed: 1, failed: 1 });
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: bad");
    }

    #[test]
    fn only_the_named_steps_run_and_an_unknown_name_is_an_error() {
        let mut steps = steps(Flags { only: vec!["god".into()], ..Flags::default() });
        steps.check("good", "again", || anyhow::bail!("must not run")).unwrap();
        assert_eq!(steps.finish().unwrap_err().to_string(), "no step `god`: good");
    }

    #[test]
    fn a_command_that_fails_shows_what_it_printed() {
        let mut steps = steps(Flags { keep_going: true, ..Flags::default() });
        steps.command("self test", process::command("sh", &["-c", "echo seen; exit 3"])).unwrap();
        assert_eq!(steps.failed, ["self test"]);
        assert_eq!(fs::read_to_string(log_path("self test").unwrap()).unwrap(), "seen\n");
    }

    #[test]
    fn a_step_beside_others_is_reported_when_it_is_joined() {
        let mut steps = steps(Flags { keep_going: true, ..Flags::default() });
        let beside = process::command("sh", &["-c", "echo beside; exit 3"]);
        let beside = steps.start("beside", beside).unwrap();
        steps.check("good", "again", || Ok(None)).unwrap();
        assert_eq!(steps.failed, [""; 0]);
        steps.join(beside).unwrap();
        assert_eq!(steps.failed, ["beside"]);
        assert_eq!(fs::read_to_string(log_path("beside").unwrap()).unwrap(), "beside\n");
    }

    #[test]
    fn a_step_beside_others_that_is_not_wanted_does_not_run() {
        let mut steps = steps(Flags { only: vec!["other".into()], ..Flags::default() });
        let beside = steps.start("unwanted", process::command("false", &[])).unwrap();
        steps.join(beside).unwrap();
        assert_eq!(steps.counted, Tally::default());
    }

    #[test]
    fn only_the_end_of_a_long_output_is_shown_with_the_place_of_the_rest() {
        let shown = tail("a\nb\nc", 2, Path::new("log"));
        assert_eq!(shown, "(1 lines before these are in log)\nb\nc");
    }
}

//! Looks again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use super::fetch::{Fetched, Source, Trouble};
use super::history::History;
use super::{plain, view};
use crate::exit::Exit;
use crate::signals::Interrupts;
use crate::streams::{self, tell};

type Looked = Result<Fetched, Trouble>;

/// Draws it anew with each look, until a key ends it.
///
/// # Errors
///
/// When the terminal cannot be used.
pub(super) fn on_terminal(source: &Source, every: Duration) -> anyhow::Result<Exit> {
    let interrupted = watch_signals()?;
    let looks = look_on(source.clone(), every);
    // From here on a panic restores the terminal too.
    let mut terminal = ratatui::try_init().context("cannot draw on this terminal")?;
    let ended = draw_on(&mut terminal, source, &looks, &interrupted);
    ratatui::try_restore().context("cannot restore the terminal")?;
    ended
}

/// Prints a line with each look, until it is interrupted.
///
/// # Errors
///
/// When signals cannot be listened for.
pub(super) fn in_lines(source: &Source, every: Duration, json: bool) -> anyhow::Result<Exit> {
    let interrupted = watch_signals()?;
    let looks = look_on(source.clone(), every);
    let mut history = History::default();
    while !interrupted.load(Ordering::Acquire) {
        match looks.recv_timeout(BLINK) {
            Ok(looked) => print(looked, &mut history, json)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("looking has ended"),
        }
    }
    Ok(Exit::Interrupted)
}

fn print(looked: Looked, history: &mut History, json: bool) -> anyhow::Result<()> {
    let line = match &looked {
        Ok(fetched) if json => Some(serde_json::to_string(&fetched.object)?),
        Ok(fetched) => Some(plain::line(&fetched.seen)),
        Err(_) => None,
    };
    let now = Instant::now();
    history.take(looked, now);
    if let Some((away, why)) = history.away(now) {
        tell(format_args!("unreachable since {} s; trying again ({why})", away.as_secs()));
    }
    if let Some(line) = line {
        streams::print(line).context("cannot print")?;
    }
    Ok(())
}

fn draw_on(
    terminal: &mut DefaultTerminal,
    source: &Source,
    looks: &Receiver<Looked>,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let mut history = History::default();
    loop {
        while let Ok(looked) = looks.try_recv() {
            history.take(looked, Instant::now());
        }
        let url = source.url().as_str();
        terminal.draw(|frame| view::draw(frame, url, &history, Instant::now()))?;
        if interrupted.load(Ordering::Acquire) {
            return Ok(Exit::Interrupted);
        }
        if event::poll(BLINK)?
            && let Some(exit) = ending(&event::read()?)
        {
            return Ok(exit);
        }
    }
}

/// Returns how a key ends the view, if it does. Ctrl-C is a key here: the terminal sends no signal for it.
fn ending(event: &Event) -> Option<Exit> {
    let Event::Key(key) = event else { return None };
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.kind == KeyEventKind::Release {
        None
    } else if is_control && key.code == KeyCode::Char('c') {
        Some(Exit::Interrupted)
    } else {
        [KeyCode::Char('q'), KeyCode::Esc].contains(&key.code).then_some(Exit::Ok)
    }
}

/// Looks from a thread of its own, so that a server that does not answer holds up nothing.
fn look_on(source: Source, every: Duration) -> Receiver<Looked> {
    let (looks, received): (SyncSender<Looked>, _) = sync_channel(1);
    thread::spawn(move || {
        loop {
            let next = Instant::now() + every;
            if looks.send(source.fetch()).is_err() {
                return;
            }
            thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    });
    received
}

/// Returns a flag that Ctrl-C and SIGTERM set.
fn watch_signals() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut interrupts = {
        let _entered = runtime.enter();
        Interrupts::listen().context("cannot listen for signals")?
    };
    let raised = Arc::clone(&flag);
    thread::spawn(move || {
        if runtime.block_on(interrupts.next()).is_ok() {
            raised.store(true, Ordering::Release);
        }
    });
    Ok(flag)
}

/// How often keys and signals are looked for.
const BLINK: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyEvent;

    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Exit> {
        ending(&Event::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn q_and_ctrl_c_end_the_view_and_other_keys_do_not() {
        assert_eq!(pressed(KeyCode::Char('q'), KeyModifiers::NONE), Some(Exit::Ok));
        assert_eq!(pressed(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Exit::Interrupted));
        assert_eq!(pressed(KeyCode::Char('c'), KeyModifiers::NONE), None);
        assert_eq!(ending(&Event::Resize(3, 4)), None);
    }
}

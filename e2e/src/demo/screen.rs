//! What a watcher sees while it runs, on standard error.

use std::io::IsTerminal as _;
use std::time::Duration;

use everlink::{ConnectionState, Info};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::fault::FaultKind;
use super::ledger::Totals;

/// Lines as things happen, and on a terminal one line that moves. Cloning gives the same screen.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    bar: Option<ProgressBar>,
    shows: bool,
    started: Instant,
}

impl Screen {
    pub(crate) fn new(shows: bool, length: Duration) -> Self {
        let bar = (shows && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(length.as_secs());
            let form = "{spinner} {bar:16} {pos} of {len} s  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar
        });
        Self { bar, shows, started: Instant::now() }
    }

    /// Tells something that stays.
    pub(crate) fn say(&self, text: &str) {
        if !self.shows {
            return;
        }
        let line = format!("{:5.1} s  {text}", self.started.elapsed().as_secs_f64());
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    pub(crate) fn fault(&self, kind: FaultKind) {
        self.say(&format!("{} …", kind.name()));
    }

    pub(crate) fn survived(
        &self,
        kind: FaultKind,
        noticed: Duration,
        back: Duration,
        attempts: u32,
    ) {
        let tries = if attempts == 1 { "attempt" } else { "attempts" };
        let (name, noticed, back) = (kind.name(), span(noticed), span(back));
        self.say(&format!(
            "{name:<24} noticed after {noticed}, back {back} after its end, {attempts} {tries}"
        ));
    }

    /// Moves the line that moves.
    pub(crate) fn show(&self, info: &Info, totals: Totals) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(self.started.elapsed().as_secs());
        let mark = if info.state == ConnectionState::Connected { "●" } else { "○" };
        let latency = info.latency.map(|latency| format!(" · {}", span(latency)));
        bar.set_message(format!(
            "{mark} {} · sent {} · echoed {} · queued {}{}",
            info.state.name(),
            totals.sent,
            totals.echoed,
            info.queued_messages,
            latency.unwrap_or_default(),
        ));
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Returns a time as people read it.
pub(crate) fn span(time: Duration) -> String {
    match time {
        nothing if nothing < Duration::from_millis(1) => "under 1 ms".to_owned(),
        short if short < Duration::from_millis(10) => {
            format!("{:.1} ms", short.as_secs_f64() * 1e3)
        }
        middle if middle < Duration::from_secs(1) => format!("{} ms", middle.as_millis()),
        long if long.subsec_millis() == 0 => format!("{} s", long.as_secs()),
        long => format!("{:.2} s", long.as_secs_f64()),
    }
}

//! What a watcher sees while it runs, on standard error.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::judge::Totals;

/// Lines as things happen, and one that moves on a terminal or is told now and then elsewhere.
#[derive(Debug)]
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    started: Instant,
    told_at: std::cell::Cell<Instant>,
}

impl Screen {
    pub(super) fn new(length: Duration) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(length.as_secs());
            if let Ok(style) = ProgressStyle::with_template("{bar:16} {pos} of {len} s  {wide_msg}")
            {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        Self { bar, started: now, told_at: std::cell::Cell::new(now) }
    }

    /// Tells something that stays.
    pub(super) fn say(&self, text: &str) {
        let line = format!("{:6.1} s  {text}", self.started.elapsed().as_secs_f64());
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    /// Tells how far it is.
    pub(super) fn show(&self, totals: &Totals) {
        let text = format!(
            "taken {} · delivered {} · again after a crash {} · on the way {} · doubled {} · out of order {} · odd {}",
            totals.taken,
            totals.delivered,
            totals.delivered_again,
            totals.lost,
            totals.doubled,
            totals.reordered,
            totals.odd + totals.foreign,
        );
        if let Some(bar) = &self.bar {
            bar.set_position(self.started.elapsed().as_secs());
            bar.set_message(text);
        } else if self.told_at.get().elapsed() >= TELL_EVERY {
            self.told_at.set(Instant::now());
            self.say(&text);
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How often it is told where nothing can move.
const TELL_EVERY: Duration = Duration::from_secs(10);

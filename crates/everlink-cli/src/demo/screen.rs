//! What a watcher sees while it runs, on standard error.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::Instant;

use super::book::Totals;
use crate::streams::tell;

/// Lines as things happen, and on a terminal one line that moves.
#[derive(Debug)]
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    started: Instant,
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
        Self { bar, started: Instant::now() }
    }

    /// Tells something that stays.
    pub(super) fn say(&self, text: &str) {
        let line = format!("{:5.1} s  {text}", self.started.elapsed().as_secs_f64());
        match &self.bar {
            Some(bar) => bar.println(line),
            None => tell(line),
        }
    }

    /// Moves the line that moves.
    pub(super) fn show(&self, totals: &Totals) {
        let Some(bar) = &self.bar else { return };
        bar.set_position(self.started.elapsed().as_secs());
        bar.set_message(format!(
            "sent {} · stored {} · delivered {} · on the way {} · doubled {} · out of order {} · links lost {}",
            totals.sent,
            totals.acked,
            totals.delivered,
            totals.lost,
            totals.doubled,
            totals.reordered,
            totals.cuts
        ));
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

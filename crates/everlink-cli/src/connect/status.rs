//! What is told on standard error: one line that changes, lines, JSON, or nothing.

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use everlink::{ConnectionState, Info};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::news::News;
use crate::streams::report;

/// How often the status line is renewed.
const TICK: Duration = Duration::from_millis(500);

/// Tells what happens to the connection.
#[derive(Debug)]
pub(super) struct Status {
    form: Form,
    ticks: Interval,
}

#[derive(Debug)]
enum Form {
    /// One line that changes.
    Line(ProgressBar),
    /// A line each time something happens.
    Lines,
    /// A JSON object each time something happens.
    Json,
    Quiet,
}

impl Status {
    pub(super) fn new(json: bool, quiet: bool) -> Self {
        let form = if json {
            Form::Json
        } else if quiet {
            Form::Quiet
        } else if io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            Form::Line(bar)
        } else {
            Form::Lines
        };
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { form, ticks }
    }

    /// Waits until the status line wants to be renewed.
    pub(super) async fn tick(&mut self) {
        match self.form {
            Form::Line(_) => {
                self.ticks.tick().await;
            }
            Form::Lines | Form::Json | Form::Quiet => std::future::pending().await,
        }
    }

    /// Renews the status line.
    pub(super) fn show(&self, info: &Info) {
        if let Form::Line(bar) = &self.form {
            bar.set_message(line(info));
            bar.tick();
        }
    }

    /// Tells what happened.
    pub(super) fn tell(&self, news: &News) -> io::Result<()> {
        match &self.form {
            Form::Json => report(&news.json),
            Form::Lines => match &news.text {
                Some(text) => report(format_args!("everlink: {text}")),
                None => Ok(()),
            },
            Form::Line(bar) => {
                if let Some(text) = news.text.as_ref().filter(|_| news.lasting) {
                    bar.println(format!("everlink: {text}"));
                }
                Ok(())
            }
            Form::Quiet => Ok(()),
        }
    }

    /// Prints something else without disturbing the status line.
    pub(super) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.form {
            Form::Line(bar) => bar.suspend(print),
            Form::Lines | Form::Json | Form::Quiet => print(),
        }
    }

    /// Takes the status line away.
    pub(super) fn finish(&self) {
        if let Form::Line(bar) = &self.form {
            bar.finish_and_clear();
        }
    }
}

fn line(info: &Info) -> String {
    let mut parts = vec![info.state.name().to_owned()];
    match info.state {
        ConnectionState::Connected => {
            parts[0] += &format!(" ({} s)", info.connected_for.as_secs());
            if let Some(latency) = info.latency {
                parts.push(format!("{latency:.1?} {}", info.quality.name()));
            }
        }
        ConnectionState::Connecting
        | ConnectionState::Disconnected
        | ConnectionState::Reconnecting => {
            parts.push(format!("attempt {}", info.attempts));
            if let Some(next) = info.next_attempt {
                parts.push(format!("next in {:.1} s", next.as_secs_f64()));
            }
            if let Some(error) = &info.last_error {
                parts.push(error.to_string());
            }
        }
        ConnectionState::Closed | ConnectionState::Error => {}
    }
    parts.push(format!("sent {}", info.messages_sent));
    parts.push(format!("received {}", info.messages_received));
    parts.push(format!("queued {}", info.queued_messages));
    parts.join(" · ")
}

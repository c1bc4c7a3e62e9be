//! What `everlink chaos` says while it runs.

use everlink_testkit::chaos::{ChaosProxy, Counters, InForce};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes addresses, counters and a summary, for people or for programs.
#[derive(Debug)]
pub(crate) struct Report<W> {
    is_json: bool,
    out: W,
    last: (Counters, Vec<String>),
    live: ProgressBar,
}

impl<W: Write> Report<W> {
    pub(crate) fn new(is_json: bool, out: W) -> Self {
        // Draws on standard error, and nothing where that is no terminal.
        let live = if is_json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        let style = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self { is_json, out, last: Default::default(), live: live.with_style(style) }
    }

    pub(crate) fn started(&mut self, proxy: &ChaosProxy, to: &str, seed: u64) -> io::Result<()> {
        let control = proxy.control_addr().map(|address| format!("http://{address}/"));
        if self.is_json {
            let faults: Value = proxy.in_force().iter().map(InForce::to_json).collect();
            let listen = proxy.local_addr();
            return self.json(&json!({
                "event": "started",
                "listen": listen,
                "to": to,
                "control": control,
                "seed": seed,
                "faults": faults,
            }));
        }
        let mut text = format!("listening on   {}\nforwarding to  {to}\n", proxy.local_addr());
        if let Some(control) = control {
            writeln!(text, "control port   {control}").map_err(io::Error::other)?;
        }
        for entry in proxy.in_force() {
            writeln!(text, "fault          {}", entry.fault).map_err(io::Error::other)?;
        }
        writeln!(text, "seed           {seed}\nCtrl-C ends.").map_err(io::Error::other)?;
        self.text(&text)
    }

    /// Shows the counters; as JSON only when they or the faults have changed.
    pub(crate) fn ticked(&mut self, proxy: &ChaosProxy) -> io::Result<()> {
        let counters = proxy.counters();
        let in_force = proxy.in_force();
        let kinds: Vec<_> = in_force.iter().map(|entry| entry.fault.to_string()).collect();
        self.live.set_message(format!("{} | {}", line(&counters), faults(&kinds)));
        let news = (counters, kinds);
        if !self.is_json || news == self.last {
            return Ok(());
        }
        let line = json!({ "event": "counters", "counters": news.0, "faults": news.1 });
        self.last = news;
        self.json(&line)
    }

    pub(crate) fn ended(&mut self, counters: &Counters) -> io::Result<()> {
        self.live.finish_and_clear();
        if self.is_json {
            return self.json(&json!({ "event": "ended", "counters": counters }));
        }
        self.text(&summary(counters))
    }

    fn json(&mut self, value: &Value) -> io::Result<()> {
        self.text(&format!("{value}\n"))
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

fn line(counters: &Counters) -> String {
    format!(
        "{} open of {} | up {} | down {}",
        counters.connections_open,
        counters.connections,
        HumanBytes(counters.bytes_up),
        HumanBytes(counters.bytes_down),
    )
}

fn faults(kinds: &[String]) -> String {
    if kinds.is_empty() { "no fault".to_owned() } else { kinds.join(", ") }
}

fn summary(counters: &Counters) -> String {
    format!(
        "connections    {} (cut {}, reset {}, refused {}, upstream not reached {})\n\
         up             {}, swallowed {}, changed {}\n\
         down           {}, swallowed {}, changed {}\n\
         faults applied {}\n",
        counters.connections,
        counters.connections_cut,
        counters.connections_reset,
        counters.connections_refused,
        counters.upstream_failures,
        HumanBytes(counters.bytes_up),
        counters.swallowed_up,
        counters.corrupted_up,
        HumanBytes(counters.bytes_down),
        counters.swallowed_down,
        counters.corrupted_down,
        counters.faults_applied,
    )
}

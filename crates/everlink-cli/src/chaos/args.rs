//! The flags of `everlink chaos`.

use clap::{Parser, ValueEnum};
use everlink_testkit::chaos::limits::CONNECTIONS_DEFAULT;
use everlink_testkit::chaos::{Direction, Fault, Refusal, Schedule, Way};
use std::path::PathBuf;
use std::time::Duration;

/// Break connections on purpose: a TCP proxy with faults.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ChaosArgs {
    /// Where clients connect to; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: String,

    /// Where connections are forwarded to
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) to: String,

    /// Hold bytes back for this long
    #[arg(long, value_name = "TIME", help_heading = FAULTS)]
    latency: Option<humantime::Duration>,

    /// Hold each piece back for up to this much longer
    #[arg(long, value_name = "TIME", help_heading = FAULTS)]
    jitter: Option<humantime::Duration>,

    /// Hand on at most so many bytes a second, such as 64k
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = FAULTS)]
    bandwidth: Option<u64>,

    /// Read at most so many bytes a second, so that writes pile up
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = FAULTS)]
    slow_reader: Option<u64>,

    /// Swallow everything, sockets stay open
    #[arg(long, help_heading = FAULTS)]
    blackhole: bool,

    /// Swallow one way: up is from client to server
    #[arg(long, value_name = "WAY", help_heading = FAULTS)]
    half_open: Option<OneWay>,

    /// Stop reading and writing
    #[arg(long, help_heading = FAULTS)]
    freeze: bool,

    /// Accept connections and never forward them
    #[arg(long, help_heading = FAULTS)]
    stall: bool,

    /// Close every connection at once, without a word
    #[arg(long, help_heading = FAULTS)]
    drop: bool,

    /// Refuse new connections: reset them, or close the listener
    #[arg(long, value_name = "HOW", num_args = 0..=1, default_missing_value = "reset", help_heading = FAULTS)]
    refuse: Option<How>,

    /// Close a connection after so many bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = FAULTS)]
    close_at: Option<u64>,

    /// Reset a connection after so many bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = FAULTS)]
    reset_after: Option<u64>,

    /// Change each byte with this probability, 0.0 to 1.0
    #[arg(long, value_name = "P", help_heading = FAULTS)]
    corrupt: Option<f64>,

    /// Change the byte at this position, counted from 0
    #[arg(long, value_name = "N", help_heading = FAULTS)]
    corrupt_at: Option<u64>,

    /// The way that faults without one of their own act on
    #[arg(long, value_name = "WAY", default_value = "both", help_heading = FAULTS)]
    direction: Ways,

    /// Faults by the clock: AT:FAULT[:LENGTH], with commas between
    #[arg(long, value_name = "ITEMS", help_heading = CLOCK)]
    pub(crate) schedule: Option<Schedule>,

    /// Faults by the clock, from a JSON file
    #[arg(long, value_name = "FILE", conflicts_with = "schedule", help_heading = CLOCK)]
    pub(crate) schedule_file: Option<PathBuf>,

    /// Play the schedule over and over
    #[arg(long, help_heading = CLOCK)]
    pub(crate) repeat: bool,

    /// Seed of all decisions by chance
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Open an HTTP control port; without an address on a free port
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:0")]
    pub(crate) control: Option<String>,

    /// Allow a control port that other machines can reach; it has no authentication
    #[arg(long, requires = "control")]
    pub(crate) control_public: bool,

    /// Most connections at once
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS_DEFAULT)]
    pub(crate) connections_max: usize,

    /// Receive buffer of the kernel for clients, in bytes
    #[arg(long, value_name = "BYTES")]
    pub(crate) receive_buffer: Option<u32>,

    /// Write JSON lines instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

impl ChaosArgs {
    /// Returns the faults that the flags ask for.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let direction = self.direction.into();
        let latency = (self.latency.is_some() || self.jitter.is_some()).then(|| Fault::Latency {
            direction,
            delay: self.latency.map_or(Duration::ZERO, Into::into),
            jitter: self.jitter.map_or(Duration::ZERO, Into::into),
        });
        let bandwidth = |bytes_per_second| Fault::Bandwidth { direction, bytes_per_second };
        let slow_reader = |bytes_per_second| Fault::SlowReader { direction, bytes_per_second };
        let faults = [
            latency,
            self.bandwidth.map(bandwidth),
            self.slow_reader.map(slow_reader),
            self.blackhole.then_some(Fault::BlackHole),
            self.half_open.map(|way| Fault::HalfOpen { swallowed: way.into() }),
            self.freeze.then_some(Fault::Freeze),
            self.stall.then_some(Fault::Stall),
            self.drop.then_some(Fault::Drop),
            self.refuse.map(|how| Fault::Refuse { how: how.into() }),
            self.close_at.map(|bytes| Fault::CloseAfter { direction, bytes }),
            self.reset_after.map(|bytes| Fault::ResetAfter { direction, bytes }),
            self.corrupt.map(|probability| Fault::Corrupt { direction, probability }),
            self.corrupt_at.map(|byte| Fault::CorruptAt { direction, byte }),
        ];
        faults.into_iter().flatten().collect()
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    parse_size::parse_size(text)
        .map_err(|error| format!("{error}; accepted: bytes, such as 1500, 64k (64000) or 64KiB"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OneWay {
    Up,
    Down,
}

impl From<OneWay> for Way {
    fn from(way: OneWay) -> Self {
        match way {
            OneWay::Up => Self::Up,
            OneWay::Down => Self::Down,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ways {
    Up,
    Down,
    Both,
}

impl From<Ways> for Direction {
    fn from(ways: Ways) -> Self {
        match ways {
            Ways::Up => Self::Up,
            Ways::Down => Self::Down,
            Ways::Both => Self::Both,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum How {
    Reset,
    Closed,
}

impl From<How> for Refusal {
    fn from(how: How) -> Self {
        match how {
            How::Reset => Self::Reset,
            How::Closed => Self::Closed,
        }
    }
}

const FAULTS: &str = "Faults from the start";
const CLOCK: &str = "Faults by the clock";

const EXAMPLES: &str = "\
Examples:
  A slow, uneven line in front of a server on port 9000:
    everlink chaos --listen 127.0.0.1:9001 --to 127.0.0.1:9000 --latency 200ms --jitter 100ms

  A black hole of 3 s after 5 s, a reset at 12 s, over and over:
    everlink chaos --to 127.0.0.1:9000 --schedule 5s:blackhole:3s,12s:reset --repeat

  Faults on demand:
    everlink chaos --listen 127.0.0.1:9001 --to 127.0.0.1:9000 --control 127.0.0.1:9002
    curl -d '{\"fault\": \"half-open=up\", \"for\": \"30s\"}' http://127.0.0.1:9002/fault
    curl -X POST http://127.0.0.1:9002/cut
    curl http://127.0.0.1:9002/status

Faults in a schedule: latency=TIME[+jitter=TIME] bandwidth=BYTES slow-reader=BYTES blackhole
half-open=up|down freeze stall drop reset refuse[=reset|closed] close-after=BYTES reset-after=BYTES
corrupt=P corrupt-at=N; most take +direction=up|down|both.";

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(flags: &str) -> Vec<String> {
        let line = format!("chaos --to 127.0.0.1:9 {flags}");
        let args = ChaosArgs::try_parse_from(line.split_whitespace()).unwrap();
        args.faults().into_iter().map(|fault| fault.to_string()).collect()
    }

    #[test]
    fn req_n07_every_fault_flag_gives_its_fault() {
        for (flags, expected) in [
            ("", &[][..]),
            ("--latency 50ms --jitter 20ms", &["latency=50ms+jitter=20ms+direction=both"]),
            ("--jitter 20ms --direction up", &["latency=0s+jitter=20ms+direction=up"]),
            ("--bandwidth 64k", &["bandwidth=64000+direction=both"]),
            ("--slow-reader 1KiB --direction down", &["slow-reader=1024+direction=down"]),
            ("--blackhole --freeze --stall", &["blackhole", "freeze", "stall"]),
            ("--half-open up --drop", &["half-open=up", "drop"]),
            ("--refuse", &["refuse=reset"]),
            ("--refuse closed", &["refuse=closed"]),
            (
                "--close-at 10 --reset-after 9",
                &["close-after=10+direction=both", "reset-after=9+direction=both"],
            ),
            (
                "--corrupt 0.5 --corrupt-at 3",
                &["corrupt=0.5+direction=both", "corrupt-at=3+direction=both"],
            ),
        ] {
            assert_eq!(faults(flags), expected, "{flags}");
        }
    }

    #[test]
    fn req_n07_a_bad_flag_is_answered_with_its_name_value_and_what_is_accepted() {
        for (flags, parts) in [
            ("--latency 50", ["'50' for '--latency", "time unit needed"]),
            ("--bandwidth fast", ["'fast' for '--bandwidth", "accepted: bytes, such as 1500"]),
            ("--half-open both", ["'both' for '--half-open", "possible values: up, down"]),
            (
                "--schedule 5s:rest",
                ["'5s:rest' for '--schedule", "schedule item 1: kind is \"rest\""],
            ),
            ("--schedule 5s:drop --schedule-file f", ["--schedule", "cannot be used with"]),
        ] {
            let line = format!("chaos --to 127.0.0.1:9 {flags}");
            let error = ChaosArgs::try_parse_from(line.split_whitespace()).unwrap_err().to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{flags}: {error}");
        }
    }
}

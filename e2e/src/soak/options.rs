//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// Kills publishers, subscribers and the server with -9 and breaks links, and accounts for every message
///
/// Exit codes: 0 every message came once and in order, 1 one did not or the run did not work, 2 wrong usage,
/// 130 interrupted.
#[derive(Debug, clap::Parser)]
#[command(name = "soak")]
pub(super) struct Options {
    /// How long things are broken; fractions are fine
    #[arg(long, value_name = "MINUTES", default_value = "10", value_parser = minutes)]
    pub(super) minutes: Duration,
    /// The number from which faults are drawn [default: by chance]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u32>,
    /// Prints the result as one JSON object instead of a table
    #[arg(long)]
    pub(super) json: bool,
    /// Processes that publish
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(super) publishers: u16,
    /// Processes that read every room
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(super) subscribers: u16,
    /// Rooms that messages go to
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=20))]
    pub(super) rooms: u16,
    /// Messages of each publisher in a second
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    pub(super) rate: u16,
    #[command(subcommand)]
    pub(super) role: Option<Role>,
}

/// A process of the run.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Role {
    /// Publishes numbers from its journal on, until standard input ends and all are stored
    #[command(hide = true)]
    Publisher(PublisherSeat),
    /// Notes what it handles, until standard input ends
    #[command(hide = true)]
    Subscriber(SubscriberSeat),
}

/// Where a publisher sits.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PublisherSeat {
    pub(super) url: String,
    pub(super) folder: PathBuf,
    pub(super) index: u16,
    pub(super) room: u16,
    pub(super) rate: u16,
}

/// Where a subscriber sits.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct SubscriberSeat {
    pub(super) url: String,
    pub(super) folder: PathBuf,
    pub(super) index: u16,
    pub(super) rooms: u16,
}

fn minutes(text: &str) -> Result<Duration, String> {
    let accepted = || format!("{text} is no number of minutes; accepted: 0.1 to 1440");
    let minutes: f64 = text.parse().map_err(|_| accepted())?;
    if !(0.1..=1440.0).contains(&minutes) {
        return Err(accepted());
    }
    Ok(Duration::from_secs_f64(minutes * 60.0))
}

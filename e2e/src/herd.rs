//! How a million clients come back to a server that was away for a moment.
#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use everlink_engine::server::ReturnWindow;
use everlink_engine::{Config, Dialect, Profile};
use everlink_sim::{Herd, Returned, Told};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Simulates a herd of clients, each with an engine of its own, that lose their server together.
#[derive(Debug, Parser)]
#[command(name = "bench_herd")]
struct Options {
    /// How many clients
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    clients: u32,
    /// How many connections the server accepts in a second
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    accepts: u32,
    /// How long the server is down
    #[arg(long, default_value = "2s", value_name = "TIME")]
    outage: humantime::Duration,
    /// The number from which all chance comes
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Prints one object a policy instead of a table
    #[arg(long)]
    json: bool,
}

/// Runs every policy, one after the other.
///
/// # Errors
///
/// When a setting is not accepted.
pub fn main() -> Result<()> {
    let options = Options::parse();
    // 1.5 times what the server needs to take them all, as our server names it.
    let window = Duration::from_secs(u64::from(options.clients) * 3 / 2)
        .checked_div(options.accepts)
        .context("the rate of accepts is 0")?;
    let both = Told::All(window, Some(ReturnWindow::backoff_max(window)));
    // As fast as the server takes them.
    let gathered = Told::Gathering { over: window * 2 / 3, after: Duration::from_secs(2) };
    let policies = [
        ("standard, window and cap by the server", Profile::Standard, both),
        ("standard, window by the server", Profile::Standard, Told::All(window, None)),
        ("standard, lost 2 s after gathering", Profile::Standard, gathered),
        ("standard, nothing named", Profile::Standard, Told::Nothing),
        ("rooms (5 tries, 1 to 5 s)", Profile::Rooms, Told::Nothing),
        ("messenger (10 tries, jitter)", Profile::Messenger, Told::Nothing),
        ("chat_page (1, 2, 4, 8, 16 s, no jitter)", Profile::ChatPage, Told::Nothing),
    ];
    if !options.json {
        println!(
            "{} clients, {} accepts a second, server away for {}",
            options.clients, options.accepts, options.outage
        );
        println!(
            "{:<40} {:>8} {:>9} {:>9} {:>9} {:>9} {:>10}",
            "policy", "back", "50 %", "99 %", "100 %", "wasted", "peak a s"
        );
    }
    for (name, profile, told) in policies {
        let started = Instant::now();
        let returned = run(&options, name, profile, told)?;
        report(&options, name, returned, started.elapsed());
    }
    Ok(())
}

fn run(options: &Options, name: &'static str, profile: Profile, told: Told) -> Result<Returned> {
    let config = Config::builder(profile).dialect(Dialect::EVERLINK).build()?;
    let herd = Herd {
        clients: options.clients,
        accepts_per_second: options.accepts,
        outage: *options.outage,
        told,
        config,
        seed: options.seed,
    };
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {percent} % back")?;
    let bar = ProgressBar::new(u64::from(options.clients)).with_style(style).with_message(name);
    let returned = herd.run(|back| bar.set_position(u64::from(back)));
    bar.finish_and_clear();
    Ok(returned)
}

fn report(options: &Options, name: &str, returned: Returned, took: Duration) {
    let share = f64::from(returned.back) / f64::from(options.clients);
    if options.json {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let object = json!({
            "policy": name, "clients": options.clients, "accepts_per_second": options.accepts,
            "back": share, "half_s": seconds(returned.half), "most_s": seconds(returned.most),
            "all_s": seconds(returned.all), "wasted_per_client": returned.wasted,
            "peak_per_second": returned.peak_per_second,
            "peak_to_accepts": f64::from(returned.peak_per_second) / f64::from(options.accepts),
            "took_s": took.as_secs_f64(),
        });
        println!("{object}");
        return;
    }
    let time = |time: Option<Duration>| match time {
        Some(time) => format!("{:.1} s", time.as_secs_f64()),
        None => "never".to_owned(),
    };
    println!(
        "{name:<40} {:>6.1} % {:>9} {:>9} {:>9} {:>9.3} {:>10}",
        share * 100.0,
        time(returned.half),
        time(returned.most),
        time(returned.all),
        returned.wasted,
        returned.peak_per_second
    );
}

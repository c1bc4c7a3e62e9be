//! Shows the client through every fault; `cargo xtask demo` runs it.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use everlink_e2e::demo;
use tokio::signal::unix::{SignalKind, signal};

/// Breaks a client's connection to a server that nobody here wrote, in every way, and counts messages.
///
/// Exit codes: 0 nothing was lost in silence or doubled, 1 something was or did not work, 2 wrong usage,
/// 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Options {
    /// How long to go on, such as `30s` or `2h`; each kind of fault has a turn in any case.
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = length)]
    time: Duration,
    /// Prints the result as one JSON object, the last line, instead of a table.
    #[arg(long)]
    json: bool,
}

const LENGTH_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

fn length(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let fits = (Duration::from_secs(1)..=LENGTH_MAX).contains(&length);
    if fits { Ok(length) } else { Err("accepted: 1s to 7d".to_owned()) }
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    // Its end waits for threads that start or end a server, so that none is left behind.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        tokio::select! {
            report = demo::run(options.time, true) => show(&report?, options.json),
            interrupted = interrupted() => {
                interrupted?;
                eprintln!("\ninterrupted; servers and sockets are gone");
                Ok(ExitCode::from(130))
            }
        }
    })
}

fn show(report: &demo::Report, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string(report)?);
    } else {
        println!("\n{report}");
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn interrupted() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

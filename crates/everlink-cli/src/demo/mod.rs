//! `everlink demo`: the whole system, broken on purpose, with every message counted.

mod book;
mod breaker;
mod browser;
mod host;
mod people;
mod report;
mod screen;

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use everlink_testkit::chaos::ChaosProxy;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::exit::Exit;
use crate::signals::Interrupts;
use crate::streams::{print, tell};
use book::Book;
use breaker::Breaker;
use host::Host;
use people::People;
use report::Report;
use screen::Screen;

/// Shows that nothing is lost: a server on disk, publishers and subscribers, and every kind of fault.
///
/// Links are cut, frozen and reset, and the server is killed with -9 and started again, while numbered
/// messages go through rooms. Meanwhile the server's page shows a chat that lives through the same. At the end every message is accounted for by its content. Ends with
/// code 1 when one was lost, doubled or out of order.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How long to go on breaking things.
    #[arg(long = "for", value_name = "TIME", default_value = "30s", value_parser = length)]
    length: Duration,
    /// Clients that publish.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    publishers: u16,
    /// Clients that read every room.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=200))]
    subscribers: u16,
    /// Rooms that messages go to.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    rooms: u16,
    /// Messages of each publisher in a second.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rate: u16,
    /// The number from which the order of faults is drawn. [default: by chance]
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Goes on serving the page when everything is accounted for, until Ctrl-C.
    #[arg(long)]
    stay: bool,
    /// Opens no browser; the page's address is printed either way.
    #[arg(long)]
    no_browser: bool,
    /// Prints the result as one JSON object on standard output.
    #[arg(long)]
    json: bool,
}

/// Runs the demonstration.
///
/// # Errors
///
/// When the server cannot be started, or a client cannot be made.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    let mut interrupts = Interrupts::listen().context("cannot listen for signals")?;
    let (report, mut breaker) = tokio::select! {
        shown = demonstrate(&args) => shown?,
        pressed = interrupts.next() => {
            pressed.context("cannot listen for signals")?;
            return Ok(Exit::Interrupted);
        }
    };
    let exit = conclude(&args, &report)?;
    if args.stay {
        let place = breaker.page().unwrap_or("the page is not part of this build");
        tell(format_args!("the server stays, with its page: {place}; Ctrl-C ends both"));
        tokio::select! {
            broken = breaker.watch() => broken?,
            pressed = interrupts.next() => pressed.context("cannot listen for signals")?,
        }
    }
    Ok(exit)
}

async fn demonstrate(args: &DemoArgs) -> anyhow::Result<(Report, Breaker)> {
    let screen = Screen::new(args.length);
    let host = Host::start().await?;
    let proxy = ChaosProxy::builder().upstream(host.address()).build().await?;
    let seed = args.seed.unwrap_or_else(by_chance);
    screen.say(&format!(
        "server on {}, messages in {}; {} publishers, {} subscribers, {} rooms; seed {seed}",
        host.address(),
        host.folder().display(),
        args.publishers,
        args.subscribers,
        args.rooms
    ));
    show(args, &host, &screen);
    let book = Book::new(args.publishers, args.subscribers, args.rooms);
    let mut people = People::start(args, proxy.local_addr(), &book)?;
    people.all_connected().await?;
    let mut breaker = Breaker::new(host, proxy, book.clone(), seed);
    let end = Instant::now() + args.length;
    let watching = async {
        loop {
            screen.show(&book.totals());
            sleep_until(Instant::now() + REFRESH).await;
        }
    };
    tokio::select! {
        // What does not end in time is let go: faults end with the time.
        broken = timeout_at(end, breaker.run(&screen)) => if let Ok(broken) = broken { broken? },
        () = watching => {}
    }
    breaker.calm().await?;
    screen.say("the network is whole again; waiting for the last message");
    tokio::select! {
        () = people.settle(Instant::now() + PATIENCE) => {}
        broken = breaker.watch() => broken?,
    }
    screen.finish();
    Ok((Report::new(&book.totals(), breaker.server_kills(), breaker.faults()), breaker))
}

/// Tells where the page is, and opens it where somebody can see it.
fn show(args: &DemoArgs, host: &Host, screen: &Screen) {
    let Some(page) = host.page() else {
        screen.say("the page is not part of this build; cargo xtask page builds it");
        return;
    };
    let opened = !args.no_browser && browser::open(page);
    screen.say(&format!("page: {page}{}", if opened { " (opened in a browser)" } else { "" }));
}

fn conclude(args: &DemoArgs, report: &Report) -> io::Result<Exit> {
    if args.json {
        print(report.json())?
    } else {
        print(report.table())?
    }
    Ok(if report.is_whole() { Exit::Ok } else { Exit::Failed })
}

fn length(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
        return Err(format!("{text} is out of range; accepted: 1s to 24h"));
    }
    Ok(length)
}

fn by_chance() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    (RandomState::new().hash_one(std::process::id()) & u64::from(u32::MAX)) as u32
}

const LENGTH_MIN: Duration = Duration::from_secs(1);
const LENGTH_MAX: Duration = Duration::from_secs(24 * 3600);

/// How often the moving line is drawn.
const REFRESH: Duration = Duration::from_millis(100);

/// How long the last messages may take once nothing is broken any more.
const PATIENCE: Duration = Duration::from_secs(30);

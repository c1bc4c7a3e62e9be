//! A run from its start to its report.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use everlink_testkit::chaos::ChaosProxy;
use tokio::time::{Instant, sleep, timeout_at};

use super::breaker::Breaker;
use super::judge::Judge;
use super::options::Options;
use super::party::{Kind, Party};
use super::report::Report;
use super::screen::Screen;
use super::server::Server;

/// Breaks things for as long as is wished, mends them, and waits for the last message.
pub(super) async fn run(options: &Options) -> Result<Report> {
    let seed = options.seed.unwrap_or_else(by_chance);
    // Before anything can fail: without it a failure could not be looked at again.
    eprintln!("seed {seed}");
    let folder = tempfile::Builder::new().prefix("everlink-soak-").tempdir()?;
    match break_and_judge(options, seed, folder.path()).await {
        Ok(mut report) => {
            if !report.is_whole() {
                report.kept = Some(folder.keep());
            }
            Ok(report)
        }
        Err(error) => {
            let kept = folder.keep();
            Err(error.context(format!("seed {seed}, files of all processes in {}", kept.display())))
        }
    }
}

async fn break_and_judge(options: &Options, seed: u32, folder: &Path) -> Result<Report> {
    let server = Server::start(folder).await?;
    let proxy = ChaosProxy::builder().upstream(server.address()).build().await?;
    let party = Party::start(options, folder, proxy.local_addr())?;
    let mut judge = Judge::new(folder, options.publishers, options.subscribers, options.rooms);
    let mut breaker = Breaker::new(server, proxy, party, seed);
    let (started, screen) = (Instant::now(), Screen::new(options.minutes));
    tokio::select! {
        // What does not end in time is let go: what it has broken is mended below.
        broken = timeout_at(started + options.minutes, breaker.run(&screen)) => {
            if let Ok(broken) = broken { broken? }
        }
        watched = watch(&mut judge, &screen) => watched?,
    }
    breaker.mend().await?.into_iter().for_each(|text| judge.accuse(text));
    screen.say("all is whole again; waiting for the last message, and for a late reader");
    // One more reads everything only now, from the first message on.
    breaker.party.add(Kind::Subscriber, options.subscribers)?;
    judge.add_subscriber(folder, options.subscribers);
    settle(&mut breaker.party, &mut judge).await?;
    screen.finish();
    Ok(Report {
        seed,
        seconds: started.elapsed().as_secs_f64(),
        totals: judge.totals(),
        counts: breaker.counts().clone(),
        findings: judge.findings(),
        kept: None,
    })
}

/// Lets publishers end, which waits until all of theirs is stored, and then everybody read to the end.
async fn settle(party: &mut Party, judge: &mut Judge) -> Result<()> {
    let told = party.end(Kind::Publisher, SETTLE_MAX).await?;
    told.into_iter().for_each(|text| judge.accuse(text));
    let end = Instant::now() + SETTLE_MAX;
    while judge.read()? || (judge.missing() > 0 && Instant::now() < end) {
        sleep(LOOK).await;
    }
    // What would come twice would come now.
    sleep(AFTERMATH).await;
    let told = party.end(Kind::Subscriber, END_MAX).await?;
    told.into_iter().for_each(|text| judge.accuse(text));
    while judge.read()? {}
    Ok(())
}

async fn watch(judge: &mut Judge, screen: &Screen) -> Result<()> {
    loop {
        judge.read()?;
        screen.show(&judge.totals());
        sleep(REFRESH).await;
    }
}

fn by_chance() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    (RandomState::new().hash_one(std::process::id()) & u64::from(u32::MAX)) as u32
}

/// How often files are looked at while things are broken.
const REFRESH: Duration = Duration::from_millis(300);

/// How often it is looked whether everything has come.
const LOOK: Duration = Duration::from_millis(50);

/// How long the last messages may take once nothing is broken any more.
const SETTLE_MAX: Duration = Duration::from_secs(60);

/// How long to go on reading when everything has come.
const AFTERMATH: Duration = Duration::from_millis(1000);

/// How long a subscriber may take to end.
const END_MAX: Duration = Duration::from_secs(15);

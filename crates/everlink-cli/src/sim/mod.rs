//! `everlink sim`: the engine in simulated worlds, judged after every step.

mod plot;

use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use everlink_sim::{FAULT_KINDS, Figures, Kind, NANOS_A_YEAR, Run, Verdict, run_seed};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::json;

use crate::exit::Exit;
use crate::signals::interrupted;
use crate::streams::Stdout;

/// Runs the engine through seeded faults in virtual time, and judges every step by a reference model.
///
/// Each seed is one connection with its own profile, peer, network and faults; one in eight is a
/// cluster of clients and server nodes. The same seed gives the same run. Ends with code 6 when a rule is broken.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    word: Option<SimWord>,
    /// How many seeds to run.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    from: u64,
    /// Simulated time of each seed, in years of 365 days.
    #[arg(long, value_name = "Y", default_value_t = 0.1, value_parser = years)]
    years: f64,
    /// Only worlds with this peer, instead of each seed's own.
    #[arg(long, value_name = "PEER", value_parser = ["plain", "json", "exchange", "resume", "sessions", "cluster"])]
    only: Option<String>,
    /// Threads; the result does not depend on it. [default: one for each processor]
    #[arg(long, value_name = "T", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Prints the last events of every seed, and more of them for a failing one.
    #[arg(long)]
    trace: bool,
    /// Prints one JSON object as the last line.
    #[arg(long)]
    json: bool,
}

/// What else the simulator can do.
#[derive(Debug, Subcommand)]
enum SimWord {
    Plot(plot::PlotArgs),
}

/// Lines of a trace that are printed unless more are asked for.
const TRACE_LINES: usize = 40;
/// Failing seeds that are printed; all are counted.
const FAILURES_SHOWN: usize = 5;

/// Runs the seeds, or draws.
///
/// # Errors
///
/// When output cannot be written or signals cannot be listened for.
pub(crate) fn run(args: &SimArgs) -> anyhow::Result<Exit> {
    if let Some(SimWord::Plot(plot)) = &args.word {
        return plot::run(plot);
    }
    let stop = Arc::new(AtomicBool::new(false));
    stop_when_interrupted(&stop)?;
    let (wall, cpu) = (Instant::now(), cpu_time());
    let outcome = run_all(args, &stop)?;
    let speed = Speed { wall: wall.elapsed(), cpu: cpu_time().saturating_sub(cpu) };
    outcome.print(args, &speed).context("cannot write the result")?;
    Ok(match (outcome.failed, stop.load(Ordering::Relaxed)) {
        (1.., _) => Exit::Violation,
        (0, true) => Exit::Interrupted,
        (0, false) => Exit::Ok,
    })
}

#[derive(Default)]
struct Outcome {
    seeds: u64,
    figures: Figures,
    /// Of all seeds, whatever thread ran them.
    trace_hash: u64,
    failed: u64,
    shown: Vec<Verdict>,
}

struct Speed {
    wall: Duration,
    cpu: Duration,
}

fn run_all(args: &SimArgs, stop: &AtomicBool) -> anyhow::Result<Outcome> {
    let progress = progress(args.seeds)?;
    let outcome = Mutex::new(Outcome::default());
    let next = AtomicU64::new(0);
    let threads = args.threads.map_or_else(processors, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(seed) = claim(args, &next, stop) {
                    let verdict = run_one(args, seed, stop);
                    progress.inc(1);
                    take_in(&outcome, verdict, args.trace);
                }
            });
        }
    });
    progress.finish_and_clear();
    Ok(outcome.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Takes the next seed, unless the work is done or stopped.
fn claim(args: &SimArgs, next: &AtomicU64, stop: &AtomicBool) -> Option<u64> {
    if stop.load(Ordering::Relaxed) {
        return None;
    }
    let at = next.fetch_add(1, Ordering::Relaxed);
    (at < args.seeds).then(|| args.from.wrapping_add(at))
}

/// Runs a seed; one that fails is run again with its trace.
fn run_one(args: &SimArgs, seed: u64, stop: &AtomicBool) -> Verdict {
    let only = args.only.as_deref();
    let only = only.and_then(|name| Kind::ALL.into_iter().find(|kind| kind.name() == name));
    let time = Duration::from_secs_f64(args.years * NANOS_A_YEAR / 1e9);
    let run = Run { time, only, record: args.trace, stop: Some(stop) };
    let verdict = run_seed(seed, run);
    if verdict.violation.is_none() || args.trace {
        return verdict;
    }
    run_seed(seed, Run { record: true, stop: None, ..run })
}

fn take_in(outcome: &Mutex<Outcome>, verdict: Verdict, all: bool) {
    let mut outcome = outcome.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    outcome.seeds += 1;
    outcome.figures.add(&verdict.figures);
    let mixed = (verdict.trace_hash ^ verdict.seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    outcome.trace_hash = outcome.trace_hash.wrapping_add(mixed);
    let failed = verdict.violation.is_some();
    outcome.failed += u64::from(failed);
    // The lowest seeds are shown, whatever thread was first.
    outcome.shown.extend((failed || all).then_some(verdict));
    outcome.shown.sort_by_key(|verdict| (verdict.violation.is_none(), verdict.seed));
    if !all {
        outcome.shown.truncate(FAILURES_SHOWN);
    }
}

impl Outcome {
    fn print(&self, args: &SimArgs, speed: &Speed) -> std::io::Result<()> {
        let mut out = BufWriter::new(Stdout);
        for verdict in &self.shown {
            print_trace(&mut out, verdict, args)?;
        }
        self.print_figures(&mut out, speed)?;
        if args.json {
            writeln!(out, "{}", self.json(speed))?;
        }
        out.flush()
    }

    fn print_figures(&self, out: &mut impl std::io::Write, speed: &Speed) -> std::io::Result<()> {
        let Figures { connects, cuts, sent, delivered, in_doubt, gaps, .. } = self.figures;
        let Figures { duplicates, moves, inputs, faults, .. } = self.figures;
        let years = self.figures.years();
        writeln!(
            out,
            "{} seeds, {years:.2} connection-years in {:.1} s: {:.2} s of one processor a year",
            HumanCount(self.seeds),
            speed.wall.as_secs_f64(),
            speed.cpu_a_year(years),
        )?;
        let rows = [
            ("connects", connects),
            ("cuts", cuts),
            ("planned moves", moves),
            ("messages sent", sent),
            ("messages delivered", delivered),
            ("lost, each announced", in_doubt),
            ("gaps told", gaps),
            ("copies dropped", duplicates),
            ("engine inputs", inputs),
        ];
        for (name, count) in rows {
            writeln!(out, "  {name:<22}{:>16}", HumanCount(count).to_string())?;
        }
        writeln!(out, "faults")?;
        for (name, count) in FAULT_KINDS.iter().zip(faults) {
            writeln!(out, "  {name:<22}{:>16}", HumanCount(count).to_string())?;
        }
        writeln!(out, "violations: {}", self.failed)
    }

    fn json(&self, speed: &Speed) -> serde_json::Value {
        let years = self.figures.years();
        let faults: serde_json::Map<_, _> = FAULT_KINDS
            .iter()
            .zip(self.figures.faults)
            .map(|(name, count)| ((*name).to_owned(), json!(count)))
            .collect();
        json!({
            "seeds": self.seeds,
            "connection_years": years,
            "cuts": self.figures.cuts,
            "messages": self.figures.sent + self.figures.delivered,
            "faults": faults,
            "violations": self.failed,
            "connects": self.figures.connects,
            "trace_hash": format!("{:016x}", self.trace_hash),
            "cpu_seconds_per_year": speed.cpu_a_year(years),
            "wall_seconds": speed.wall.as_secs_f64(),
        })
    }
}

impl Speed {
    fn cpu_a_year(&self, years: f64) -> f64 {
        if years > 0.0 { self.cpu.as_secs_f64() / years } else { 0.0 }
    }
}

/// Prints the last events of a seed, what was broken, and how to see it again.
fn print_trace(
    out: &mut impl std::io::Write,
    verdict: &Verdict,
    args: &SimArgs,
) -> std::io::Result<()> {
    let seed = verdict.seed;
    writeln!(out, "seed {seed}")?;
    let most = if args.trace { usize::MAX } else { TRACE_LINES };
    let from = verdict.trace.len().saturating_sub(most);
    for line in &verdict.trace[from..] {
        writeln!(out, "  {line}")?;
    }
    let Some(violation) = &verdict.violation else {
        return writeln!(out);
    };
    writeln!(out, "  {violation}")?;
    let only = args.only.as_ref().map(|only| format!(" --only {only}")).unwrap_or_default();
    let years = args.years;
    writeln!(out, "again: everlink sim --seeds 1 --from {seed} --years {years}{only} --trace\n")
}

fn progress(seeds: u64) -> anyhow::Result<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} seeds, {eta} left")?;
    Ok(ProgressBar::new(seeds).with_style(style))
}

/// Sets a flag at Ctrl-C or SIGTERM; a second one ends the process as usual.
fn stop_when_interrupted(stop: &Arc<AtomicBool>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stop = Arc::clone(stop);
    std::thread::spawn(move || {
        if runtime.block_on(interrupted()).is_ok() {
            stop.store(true, Ordering::Relaxed);
        }
    });
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Returns the processor time of this process so far.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn years(text: &str) -> Result<f64, String> {
    let years: f64 = text.parse().map_err(|_| YEARS_ACCEPTED.to_owned())?;
    if (0.0001..=100.0).contains(&years) { Ok(years) } else { Err(YEARS_ACCEPTED.to_owned()) }
}

const YEARS_ACCEPTED: &str = "accepted: 0.0001 to 100";

#[cfg(test)]
mod tests {
    use super::{Outcome, SimArgs, run_all};
    use clap::Parser as _;
    use std::sync::atomic::AtomicBool;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        sim: SimArgs,
    }

    fn run(words: &[&str]) -> Outcome {
        let line = Line::parse_from(["sim"].iter().chain(words));
        run_all(&line.sim, &AtomicBool::new(false)).unwrap()
    }

    #[test]
    fn req_n03_the_result_does_not_depend_on_the_number_of_threads() {
        let one = run(&["--seeds", "8", "--years", "0.001", "--threads", "1"]);
        let four = run(&["--seeds", "8", "--years", "0.001", "--threads", "4"]);
        assert_eq!(one.trace_hash, four.trace_hash);
        assert_eq!(one.figures, four.figures);
        assert_eq!((one.seeds, one.failed), (8, four.failed));
    }

    #[test]
    fn a_stopped_run_ends_with_the_figures_so_far() {
        let line = Line::parse_from(["sim", "--seeds", "1000000"]);
        let outcome = run_all(&line.sim, &AtomicBool::new(true)).unwrap();
        assert_eq!((outcome.seeds, outcome.failed), (0, 0));
    }

    #[test]
    fn years_out_of_range_are_refused() {
        for wrong in ["0", "-1", "1e9", "nan", "soon"] {
            let words = ["sim", "--years", wrong];
            assert!(Line::try_parse_from(words).is_err(), "{wrong}");
        }
    }
}

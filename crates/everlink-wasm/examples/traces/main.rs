//! Prints what the Rust engine does with inputs drawn from seeds, for other builds of it to be held to.
//!
//! `traces FILE [SEEDS]` writes one run a seed, each of a header line and a line for each step, and fails if
//! a kind of input, output, refusal or timer is in none of them.

mod coverage;
mod dice;
mod json;
mod news;
mod peer;
mod run;

use std::error::Error;
use std::io::Write as _;

use everlink_wasm::shape::shapes;

use coverage::Coverage;

/// Kinds that no run of this size can show, each with why.
const EXCUSED: [&str; 2] = [
    // Takes 65,536 channels; a test of the desk fills it.
    "TooManyChannels",
    // No dialect has it.
    "atLeastOnce",
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("which file? traces FILE [SEEDS]")?;
    let seeds: u32 = arguments.next().map_or(Ok(run::SCENES), |seeds| seeds.parse())?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    let mut coverage = Coverage::default();
    for seed in 0..seeds {
        for line in run::run(seed, &mut coverage)? {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    let crossing =
        shapes().into_iter().filter(|(name, _)| !["options", "configError"].contains(name));
    let missing: Vec<String> =
        crossing.flat_map(|(_, shape)| coverage.missing(shape, &EXCUSED)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("no run shows {missing:#?}").into()) }
}

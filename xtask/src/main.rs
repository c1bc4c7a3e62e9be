//! What CI does, one word locally.
//!
//! Each word of `cargo xtask` has a file of its own here. A word that takes several steps gives them to
//! [`steps::Steps`], which prints one line for each and, for one that failed, how to run it again.
#![expect(clippy::print_stdout, reason = "printing is what this program is for")]

use std::process::ExitCode;

use clap::Parser as _;

mod bench;
mod browser;
mod cli;
mod compare;
mod conformance;
mod demo;
mod deny;
mod docs;
mod e2e;
mod everlink;
mod fuzz;
mod mutants;
mod package;
mod page;
mod process;
mod python;
mod repository;
mod sim;
mod soak;
mod steps;
mod tally;
mod test;
mod tidy;
mod tool;
mod wasm;
mod web;

fn main() -> ExitCode {
    match run(cli::Arguments::parse().word) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(word: cli::Word) -> anyhow::Result<()> {
    match word {
        cli::Word::Test(options) => test::run(&options),
        cli::Word::Tidy(options) => tidy::run(&options),
        cli::Word::Conformance(options) => conformance::run(&options),
        cli::Word::Demo(options) => demo::run(&options),
        cli::Word::Bench(options) => bench::run(&options),
        cli::Word::E2e(options) => e2e::run(&options),
        cli::Word::Sim(options) => sim::run(&options),
        cli::Word::Soak(options) => soak::run(&options),
        cli::Word::Fuzz(options) => fuzz::run(&options),
        cli::Word::Mutants(options) => mutants::run(&options),
        cli::Word::Browser(options) => browser::run(&options),
        cli::Word::Package(options) => package::run(&options),
        cli::Word::Compare(options) => compare::run(&options),
        cli::Word::Python(options) => python::run(&options),
        cli::Word::Page => page::run(),
        cli::Word::Wasm => wasm::run(),
        cli::Word::Web => web::run(),
        cli::Word::Deny(options) => deny::run(&options),
        cli::Word::Docs => docs::run(),
    }
}

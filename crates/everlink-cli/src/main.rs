//! The `everlink` command: WebSocket connections that do not break.
#![expect(clippy::print_stdout, reason = "standard output is what a command is for")]

mod chaos;
mod dial_args;
mod doctor;
mod exit;
mod logging;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Exit;

/// Keeps WebSocket connections alive, breaks them on purpose, and says what an endpoint does.
#[derive(Parser, Debug)]
#[command(name = "everlink", version, after_help = Exit::TABLE, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand, Debug)]
enum Word {
    Chaos(Box<chaos::ChaosArgs>),
    Doctor(doctor::DoctorArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start();
    match run(cli.word) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("everlink: {error:#}");
            Exit::Failed.into()
        }
    }
}

fn run(word: Word) -> anyhow::Result<Exit> {
    match word {
        Word::Chaos(args) => block_on(chaos::run(*args)),
        Word::Doctor(args) => block_on(doctor::run(args)),
    }
}

/// Runs a word that talks to the network; one thread is enough for one connection.
fn block_on(word: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(word);
    // A read from standard input cannot be interrupted: it must not hold the process.
    runtime.shutdown_background();
    ended
}

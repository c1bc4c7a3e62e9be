//! The `everlink` command: WebSocket connections that do not break.
// They panic where their stream is closed; `streams` does not.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod chaos;
mod completions;
mod connect;
mod demo;
mod doctor;
mod endpoint_args;
mod exit;
mod fake;
mod logging;
mod serve;
mod settings_args;
mod signals;
mod sim;
mod status;
mod streams;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use exit::{Exit, Usage};
use streams::{is_reader_gone, tell};

/// Keeps WebSocket connections alive, breaks them on purpose, and says what an endpoint does.
#[derive(Parser, Debug)]
#[command(name = "everlink", version, after_help = Exit::TABLE, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    word: Word,
}

#[derive(Subcommand, Debug)]
enum Word {
    Connect(Box<connect::ConnectArgs>),
    Serve(Box<serve::ServeArgs>),
    Demo(demo::DemoArgs),
    Chaos(Box<chaos::ChaosArgs>),
    Fake(fake::FakeArgs),
    Doctor(Box<doctor::DoctorArgs>),
    Status(status::StatusArgs),
    Sim(sim::SimArgs),
    Completions(completions::CompletionsArgs),
    /// Prints the manual page; save it as `everlink.1`.
    Man,
    /// Prints the reference documents that are made from the code.
    Reference(completions::ReferenceArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    logging::start();
    match run(cli.word) {
        Ok(exit) => exit.into(),
        Err(error) if is_reader_gone(&error) => Exit::Unread.into(),
        Err(error) => {
            tell(format_args!("everlink: {error:#}"));
            let exit = if error.is::<Usage>() { Exit::Usage } else { Exit::Failed };
            exit.into()
        }
    }
}

fn run(word: Word) -> anyhow::Result<Exit> {
    match word {
        Word::Connect(args) => block_on(connect::run(*args)),
        Word::Serve(args) => serve::run(&args),
        Word::Demo(args) => block_on(demo::run(args)),
        Word::Chaos(args) => block_on(chaos::run(*args)),
        Word::Fake(args) => block_on(fake::run(args)),
        Word::Doctor(args) => block_on(doctor::run(*args)),
        Word::Status(args) => status::run(&args),
        Word::Sim(args) => sim::run(&args),
        Word::Completions(args) => completions::print_completions(&args, &mut Cli::command()),
        Word::Man => completions::print_manual(Cli::command()),
        Word::Reference(args) => completions::print_reference(&args, &Cli::command()),
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

//! Shell completions, the manual page, and the reference documents that are made from the code.

use std::io::Write as _;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use everlink::config::{settings_reference, verdict_reference};

use crate::exit::Exit;
use crate::streams::Stdout;

/// Prints shell completions: `everlink completions bash > /etc/bash_completion.d/everlink`.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Which document.
#[derive(Args, Debug)]
pub(crate) struct ReferenceArgs {
    /// The document.
    #[arg(value_enum)]
    document: Document,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Document {
    /// Every setting, with its key, option, variable, default and range.
    Settings,
    /// From the cause of a failure to what is done about it.
    Failures,
    /// The six states and their transitions, as a diagram.
    States,
    /// Every metric, with its kind, labels and meaning.
    Metrics,
    /// Every word and option of this command.
    Commands,
}

pub(crate) fn print_completions(
    args: &CompletionsArgs,
    command: &mut Command,
) -> anyhow::Result<Exit> {
    // Into memory first: it panics where it cannot write.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, command, "everlink", &mut text);
    Stdout.write_all(&text)?;
    Ok(Exit::Ok)
}

pub(crate) fn print_manual(command: Command) -> anyhow::Result<Exit> {
    clap_mangen::Man::new(command).render(&mut Stdout)?;
    Ok(Exit::Ok)
}

pub(crate) fn print_reference(args: &ReferenceArgs, command: &Command) -> anyhow::Result<Exit> {
    let text = match args.document {
        Document::Settings => settings_reference(),
        Document::Failures => verdict_reference(),
        Document::States => everlink_engine::docs::state_diagram(),
        Document::Metrics => everlink::metrics_reference(),
        Document::Commands => commands(command),
    };
    Stdout.write_all(text.as_bytes())?;
    Ok(Exit::Ok)
}

fn commands(command: &Command) -> String {
    let mut text = String::from("# Commands\n");
    for word in command.get_subcommands() {
        let mut word = word.clone();
        let help = word.render_long_help();
        text += &format!("\n## everlink {}\n\n```text\n{help}\n```\n", word.get_name());
    }
    text
}

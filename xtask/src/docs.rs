//! `cargo xtask docs`: the reference, written from the code into `target/`.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use crate::{cli, everlink, process, repository};

pub(crate) fn run() -> Result<()> {
    process::run(process::cargo(&["doc", "--workspace", "--no-deps"]))?;
    let folder = repository::target().join("docs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let page = folder.join("commands.md");
    fs::write(&page, commands()?).with_context(|| format!("cannot write {}", page.display()))?;
    let picture = folder.join("backoff.svg");
    let mut plot = process::program("everlink");
    plot.args(["sim", "plot"]).arg(&picture);
    process::run(plot)?;
    println!("the API:      {}", repository::target().join("doc/everlink/index.html").display());
    println!("the commands: {}", page.display());
    println!("back-off:     {}", picture.display());
    Ok(())
}

fn commands() -> Result<String> {
    let mut page =
        String::from("# Commands\n\nWritten by `cargo xtask docs` from the programs' own help.\n");
    for word in everlink::words()? {
        section(&mut page, &format!("everlink {word}"), &everlink::help(&[&word])?);
    }
    for word in cli::Arguments::command().get_subcommands_mut() {
        let help = word.render_long_help().to_string();
        section(&mut page, &format!("cargo xtask {}", word.get_name()), &help);
    }
    Ok(page)
}

fn section(page: &mut String, title: &str, help: &str) {
    write!(page, "\n## {title}\n\n```text\n{}\n```\n", help.trim_end())
        .expect("a String takes all");
}

//! The `everlink` program, asked about itself.

use anyhow::Result;

use crate::process;

/// Returns the subcommands that `everlink --help` lists.
pub(crate) fn words() -> Result<Vec<String>> {
    Ok(listed(&help(&[])?))
}

/// Returns what `everlink WORDS --help` prints.
pub(crate) fn help(words: &[&str]) -> Result<String> {
    let mut everlink = process::program("everlink");
    everlink.args(words).arg("--help");
    process::stdout(everlink)
}

/// Returns the same, with that of every subcommand under it.
pub(crate) fn whole_help(word: &str) -> Result<String> {
    let mut text = help(&[word])?;
    for under in listed(&text).iter().filter(|under| *under != "help") {
        text += &help(&[word, under])?;
    }
    Ok(text)
}

fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let entries = commands.take_while(|line| !line.is_empty());
    // A wrapped description goes on further to the right than the two columns of a name.
    let names = entries.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_the_commands_are_read_from_the_help() {
        let help = "About\n\nUsage: everlink <COMMAND>\n\nCommands:\n  connect  Opens\n           more\n  sim      Runs\n\nOptions:\n  -h  Help\n";
        assert_eq!(listed(help), ["connect", "sim"]);
        assert!(listed("").is_empty());
    }
}

//! The words and their help.

use crate::{
    bench, browser, compare, conformance, demo, deny, e2e, fuzz, mutants, package, python, sim,
    soak, test, tidy,
};

/// What CI does, one word locally.
#[derive(Debug, clap::Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    after_help = "Start with `cargo xtask demo` to see the client survive, on a page too, and with `cargo xtask test` \
                  before you send a change. What a word needs and this machine lacks, it fetches into \
                  target/ and says so."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) word: Word,
}

/// One word each.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Word {
    /// Runs every check and every test, the cheap ones first; this is what CI runs
    #[command(visible_alias = "ci")]
    Test(test::Options),
    /// Checks what no compiler checks: crate arrows, requirements without a test, stale documents
    Tidy(tidy::Options),
    /// Shows that nothing is lost: clients and a server on disk, cut, frozen, reset and killed with -9
    Demo(demo::Options),
    /// Measures client, server, store and policy beside their peers, in one run, as ratios
    Bench(bench::Options),
    /// Sets up the foreign servers under target/e2e, then runs the tests that use them
    E2e(e2e::Options),
    /// Runs the public conformance suite of WebSocket (Autobahn) against our server and our client
    Conformance(conformance::Options),
    /// Simulates years of bad network in virtual time, and checks that a seed gives the same trace twice
    Sim(sim::Options),
    /// Kills clients and the server with -9 and breaks links, for minutes or hours; counts every message
    Soak(soak::Options),
    /// Feeds random bytes to what reads from the network
    Fuzz(fuzz::Options),
    /// Breaks the engine in small ways and looks for breaks that no test notices
    Mutants(mutants::Options),
    /// Drives pages in Chromium through cuts, crashes, freezes and kills, and looks at what they show
    Browser(browser::Options),
    /// Packs the npm package and uses it as others do: bundlers, Node, Next, TypeScript, a strict policy
    Package(package::Options),
    /// Measures the client of a page beside others: size, and what each does in ten faults
    Compare(compare::Options),
    /// Builds the Python package, installs it where nothing else is, and runs its types, tests and examples
    Python(python::Options),
    /// Builds the page that `everlink serve` serves, into target/web/page
    Page,
    /// Builds the engine for WebAssembly, and for a target that has no standard library
    Wasm,
    /// Builds the engine as a page loads it into packages/web, and measures it
    Web,
    /// Checks licences and sources of the dependencies
    Deny(deny::Options),
    /// Writes the API and command reference to target/doc and target/docs
    Docs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_words_and_their_flags_do_not_contradict_each_other() {
        super::Arguments::command().debug_assert();
    }
}

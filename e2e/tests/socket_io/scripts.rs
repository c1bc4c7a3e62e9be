//! The two scripts of `examples/socket-io`, as a user runs them.

use std::time::Duration;

use everlink_e2e::{Environment, Program, Store};

use crate::support::Bed;

/// Runs a script to its end; returns its exit code, and its last line.
fn run(script: &str, url: &str) -> (i32, String) {
    let mut command = Environment::set_up().unwrap().node_example(script);
    let mut program = Program::start(command.arg(url)).unwrap();
    let code = program.ended(RUN_MAX).unwrap();
    let last = program.lines().pop().map(|line| line.text).unwrap_or_default();
    (code, last)
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r11_the_basic_script_connects_joins_says_something_and_leaves() {
    let bed = Bed::new(Store::Memory, &[]).await;
    assert_eq!(run("basic.js", &bed.direct()), (0, "all is well".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r11_the_comprehensive_script_goes_through_an_interruption_and_has_everything() {
    let bed = Bed::new(Store::Disk, &[]).await;
    assert_eq!(run("comprehensive.js", &bed.direct()), (0, "all is well".to_owned()));
    // A second run finds the rooms of the first.
    assert_eq!(run("comprehensive.js", &bed.direct()), (0, "all is well".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn req_r11_a_script_says_what_is_wrong_where_nobody_answers() {
    let bed = Bed::new(Store::Memory, &["--socket-io-path", "/elsewhere"]).await;
    for script in ["basic.js", "comprehensive.js"] {
        let (code, last) = run(script, &bed.direct());
        assert_eq!(code, 1, "{script}");
        assert!(last.starts_with("FAILED "), "{script}: {last}");
    }
}

/// Longest run of a script.
const RUN_MAX: Duration = Duration::from_secs(60);

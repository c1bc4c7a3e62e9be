//! Counts tests from what nextest and the doc test runner print.

/// Tests that passed, and tests that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds up every closing line in an output.
    pub(crate) fn read(output: &str) -> Self {
        let mut tally = Self::default();
        let lines = || output.lines().map(str::trim_start);
        // nextest shows what a failed test printed, and that has closing lines of its own.
        let is_nextest = lines().any(|line| line.starts_with(NEXTEST));
        let closing = if is_nextest { NEXTEST } else { DOC_TESTS };
        for line in lines().filter(|line| line.starts_with(closing)) {
            tally.passed += before(line, "passed");
            tally.failed += FAILURES.iter().map(|word| before(line, word)).sum::<u64>();
        }
        tally
    }

    /// Counts a step as one when it counted nothing itself, or failed although all it counted passed.
    pub(crate) fn or_one(self, step_passed: bool) -> Self {
        let one = u64::from(self == Self::default());
        let failed = if step_passed { self.failed } else { self.failed.max(1) };
        Self { passed: self.passed + if step_passed { one } else { 0 }, failed }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

const NEXTEST: &str = "Summary [";
const DOC_TESTS: &str = "test result:";
const FAILURES: [&str; 3] = ["failed", "timed out", "exec failed"];

/// Returns the number right before `word`, or 0 when the line does not have it.
fn before(line: &str, word: &str) -> u64 {
    let start = |at: usize| line[..at].trim_end().rsplit([' ', ':']).next();
    let number = |at: usize| start(at).and_then(|number| number.parse::<u64>().ok());
    line.match_indices(word).find_map(|(at, _)| number(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_nextest_is_counted() {
        let line = "     Summary [   1.2s] 9 tests run: 5 passed (1 slow), 2 failed, 1 timed out, 1 exec failed, 3 skipped";
        assert_eq!(Tally::read(line), Tally { passed: 5, failed: 4 });
    }

    #[test]
    fn the_closing_lines_of_doc_tests_are_added_up() {
        let output = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n\
                      test result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(Tally::read(output), Tally { passed: 4, failed: 2 });
    }

    #[test]
    fn what_a_failed_test_printed_is_not_counted_again() {
        let output = "test result: FAILED. 0 passed; 1 failed;\n Summary [ 1s] 1 test run: 0 passed, 1 failed";
        assert_eq!(Tally::read(output), Tally { passed: 0, failed: 1 });
    }

    #[test]
    fn a_step_without_tests_counts_as_one() {
        let none = Tally::default();
        assert_eq!(none.or_one(true), Tally { passed: 1, failed: 0 });
        assert_eq!(none.or_one(false), Tally { passed: 0, failed: 1 });
        let five = Tally { passed: 5, failed: 0 };
        assert_eq!(five.or_one(true), five);
        assert_eq!(five.or_one(false), Tally { passed: 5, failed: 1 });
    }

    #[test]
    fn a_test_that_prints_such_words_is_not_counted() {
        assert_eq!(Tally::read("5 passed, 7 failed"), Tally::default());
    }
}

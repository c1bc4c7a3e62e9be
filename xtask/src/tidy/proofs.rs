//! Every requirement and every fault stands in the name of a test, or on the one list of what is not yet due.
//!
//! A test names what it proves: `fn req_x01_…`, `fn fault_20_…`, or `/// Req: X01` above it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use regex::Regex;

use super::source::Tree;

const REQUIREMENTS: &str = "docs/requirements.txt";
const FAULTS: &str = "docs/faults.txt";
const NOT_YET_DUE: &str = "docs/not-yet-due.txt";

pub(super) fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut known = entries(tree, REQUIREMENTS)?;
    known.extend(entries(tree, FAULTS)?);
    let later = entries(tree, NOT_YET_DUE)?;
    let proven = proven(tree)?;
    let mut complaints = Vec::new();
    for (id, title) in &known {
        complaints.extend(judge(id, title, proven.contains(id), later.get(id)));
    }
    let all = later.keys().chain(&proven);
    let unknown: BTreeSet<_> = all.filter(|id| !known.contains_key(*id)).collect();
    complaints
        .extend(unknown.iter().map(|id| format!("{id} is in neither {REQUIREMENTS} nor {FAULTS}")));
    Ok(complaints)
}

fn judge(id: &str, title: &str, proven: bool, later: Option<&String>) -> Option<String> {
    match (proven, later) {
        (false, None) => Some(format!("no test shows {id}: {title}")),
        (true, Some(reason)) if !reason.starts_with("partly") => Some(format!(
            "a test shows {id}: take it off {NOT_YET_DUE}, or say there what is `partly` left"
        )),
        (true | false, _) => None,
    }
}

/// Reads lines of the form `ID text`; a fault's id is two digits.
fn entries(tree: &Tree, path: &str) -> Result<BTreeMap<String, String>> {
    let text = tree.text(path).with_context(|| format!("{path} is missing"))?;
    let mut entries = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (id, text) =
            line.split_once(' ').with_context(|| format!("{path}: no text: {line}"))?;
        let twice = entries.insert(id.to_owned(), text.trim().to_owned());
        anyhow::ensure!(twice.is_none(), "{path}: {id} stands there twice");
    }
    Ok(entries)
}

fn proven(tree: &Tree) -> Result<BTreeSet<String>> {
    let name = Regex::new(r"(?:req_([a-z]\d\d)|fault_(\d\d))_")?;
    let comment = Regex::new(r"\b(?:([XBCRMFN]\d\d)|[Ff]ault (\d\d))\b")?;
    let mut proven = BTreeSet::new();
    for (path, text) in tree.texts(&[".rs", ".py", ".ts", ".tsx"]) {
        for test in tests(path, text) {
            let in_name = name.captures_iter(&test.name);
            let in_comment = comment.captures_iter(&test.claims);
            let ids = in_name.chain(in_comment).filter_map(|found| found.get(1).or(found.get(2)));
            proven.extend(ids.map(|id| id.as_str().to_uppercase()));
        }
    }
    Ok(proven)
}

/// A test: the line with its name, and what its `Req:` comments say.
#[derive(Debug, Default)]
struct Test {
    name: String,
    claims: String,
}

fn tests(path: &str, text: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut head = Head::default();
    for line in text.lines().map(str::trim) {
        if let Some(test) = head.take(line, is_test_file(path)) {
            tests.push(test);
        }
    }
    tests
}

fn is_test_file(path: &str) -> bool {
    [".test.ts", ".test.tsx", ".spec.ts"].iter().any(|end| path.ends_with(end))
        || path
            .rsplit('/')
            .next()
            .is_some_and(|file| file.starts_with("test_") && file.ends_with(".py"))
}

/// The attributes and comments read so far that belong to the next function.
#[derive(Debug, Default)]
struct Head {
    is_test: bool,
    claims: String,
}

impl Head {
    fn take(&mut self, line: &str, in_test_file: bool) -> Option<Test> {
        let opens = ["fn ", "async fn ", "def ", "async def ", "test(", "it("];
        let comment =
            ["///", "//", "#", "*", "/**"].iter().find_map(|mark| line.strip_prefix(mark));
        if line.starts_with("#[") {
            // `#[test]`, `#[tokio::test(…)]`, a case table's `#[test_case(…)]`; not `#[cfg(test)]`.
            self.is_test |= line.contains("test") && !line.starts_with("#[cfg");
        } else if let Some(claims) = comment.and_then(|text| text.split_once("Req:")) {
            self.claims.push_str(claims.1);
        } else if opens.iter().any(|open| line.starts_with(open)) {
            let head = std::mem::take(self);
            let test = Test { name: line.to_owned(), claims: head.claims };
            return (head.is_test || in_test_file).then_some(test);
        } else if comment.is_none() {
            *self = Self::default();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_with(rust: &str, later: &str) -> Vec<String> {
        check(&Tree::of(&[
            (REQUIREMENTS, "X01 Six states\n"),
            (FAULTS, "# comment\n20 Half-open\n"),
            (NOT_YET_DUE, later),
            ("src/a.rs", rust),
        ]))
        .unwrap()
    }

    const BOTH: &str = "#[test]\nfn req_x01_fault_20_a_dead_peer_is_noticed() {}";

    #[test]
    fn what_no_test_names_is_found() {
        assert!(check_with(BOTH, "").is_empty());
        assert_eq!(
            check_with("#[test]\nfn req_x01_works() {}", ""),
            ["no test shows 20: Half-open"]
        );
    }

    #[test]
    fn a_name_that_is_not_a_test_proves_nothing() {
        assert_eq!(
            check_with("fn req_x01_fault_20_helper() {}\n// req_x01_ fault_20_", "").len(),
            2
        );
        assert_eq!(check_with("#[test]\nfn other() {}\nfn req_x01_fault_20_x() {}", "").len(), 2);
    }

    #[test]
    fn a_comment_above_a_test_counts_too() {
        let rust =
            "/// Req: X01, fault 20\n#[tokio::test(start_paused = true)]\nasync fn it_works() {}";
        assert!(check_with(rust, "").is_empty());
    }

    #[test]
    fn what_is_not_yet_due_needs_no_test_and_must_not_have_one() {
        assert!(check_with("", "X01 needs the page\n20 later\n").is_empty());
        assert_eq!(check_with(BOTH, "20 later\n").len(), 1);
        assert!(check_with(BOTH, "20 partly: only at the client\n").is_empty());
    }

    #[test]
    fn an_id_that_nobody_knows_is_found() {
        assert_eq!(check_with(BOTH, "X99 later\n").len(), 1);
        assert_eq!(check_with(&format!("{BOTH}\n#[test]\nfn fault_99_x() {{}}"), "").len(), 1);
    }

    #[test]
    fn a_test_in_python_or_typescript_counts() {
        let tree = |path, text| Tree::of(&[(path, text)]);
        let python = tree("tests/test_a.py", "def test_req_b02_x():");
        assert!(proven(&python).unwrap().contains("B02"));
        let page = tree("src/a.test.ts", "  test(\"req_c01_x\", () => {");
        assert!(proven(&page).unwrap().contains("C01"));
        assert!(proven(&tree("src/a.py", "def req_b02_x():")).unwrap().is_empty());
    }
}

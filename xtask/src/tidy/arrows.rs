//! Which of our crates may use which; arrows point at what is used.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::source::Tree;
use crate::process;

/// A crate, what it may use, and what its tests may use besides.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    tests: &'static [&'static str],
}

const ARROWS: [Arrow; 11] = [
    Arrow { from: "everlink-engine", to: &[], tests: &["everlink-sim"] },
    Arrow { from: "everlink-wire", to: &["everlink-engine"], tests: &[] },
    Arrow { from: "everlink-sim", to: &["everlink-engine"], tests: &[] },
    Arrow { from: "everlink-wasm", to: &["everlink-engine"], tests: &[] },
    Arrow { from: "everlink-testkit", to: &["everlink-wire"], tests: &["everlink-engine"] },
    Arrow {
        from: "everlink-server",
        to: &["everlink-engine", "everlink-wire"],
        tests: &["everlink", "everlink-testkit"],
    },
    Arrow {
        from: "everlink",
        to: &["everlink-engine", "everlink-wire"],
        tests: &["everlink-server", "everlink-sim", "everlink-testkit"],
    },
    Arrow { from: "everlink-python", to: &["everlink"], tests: &[] },
    Arrow {
        from: "everlink-cli",
        to: &[
            "everlink",
            "everlink-engine",
            "everlink-server",
            "everlink-sim",
            "everlink-testkit",
            "everlink-wire",
        ],
        tests: &["everlink-e2e"],
    },
    Arrow {
        from: "everlink-e2e",
        to: &[
            "everlink",
            "everlink-engine",
            "everlink-server",
            "everlink-sim",
            "everlink-testkit",
            "everlink-wire",
        ],
        tests: &[],
    },
    Arrow { from: "xtask", to: &[], tests: &[] },
];

pub(super) fn check(_: &Tree) -> Result<Vec<String>> {
    let metadata =
        process::stdout(process::cargo(&["metadata", "--no-deps", "--format-version", "1"]))?;
    complaints(&serde_json::from_str(&metadata)?)
}

fn complaints(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata: no packages")?;
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut complaints = Vec::new();
    for package in packages {
        let from = package["name"].as_str().context("cargo metadata: a package without a name")?;
        let Some(arrow) = ARROWS.iter().find(|arrow| arrow.from == from) else {
            complaints.push(format!("crate {from} has no row in {}", file!()));
            continue;
        };
        let dependencies = package["dependencies"].as_array().context("no dependencies")?;
        complaints.extend(dependencies.iter().filter_map(|used| forbidden(arrow, used, &ours)));
    }
    Ok(complaints)
}

fn forbidden(arrow: &Arrow, dependency: &Value, ours: &[&str]) -> Option<String> {
    let name = dependency["name"].as_str()?;
    let in_tests = dependency["kind"] == "dev";
    // The tests of a crate may switch on features of the crate itself.
    let in_own_tests = in_tests && name == arrow.from;
    let allowed =
        in_own_tests || arrow.to.contains(&name) || (in_tests && arrow.tests.contains(&name));
    let kind = if in_tests { " in its tests" } else { "" };
    (ours.contains(&name) && !allowed).then(|| {
        format!("{} must not use {name}{kind}; the arrows stand in {}", arrow.from, file!())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(package: &str, uses: &str, kind: Option<&str>) -> Vec<String> {
        let used = json!({ "name": uses, "dependencies": [] });
        let package = json!({ "name": package, "dependencies": [{ "name": uses, "kind": kind }] });
        complaints(&json!({ "packages": [package, used] })).unwrap()
    }

    #[test]
    fn the_engine_may_use_none_of_ours() {
        let found = check("everlink-engine", "everlink-wire", None);
        assert!(found[0].starts_with("everlink-engine must not use everlink-wire;"), "{found:?}");
    }

    #[test]
    fn tests_may_use_more_but_not_all() {
        assert!(check("everlink", "everlink-testkit", Some("dev")).is_empty());
        assert_eq!(check("everlink", "everlink-testkit", None).len(), 1);
        assert_eq!(check("everlink-wire", "everlink-sim", Some("dev")).len(), 1);
        assert!(check("everlink-server", "everlink-server", Some("dev")).is_empty());
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert!(check("everlink-new", "xtask", None)[0].contains("everlink-new has no row"));
    }
}

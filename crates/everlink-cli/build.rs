//! Takes the page that `cargo xtask page` has built into the command, if it is there.
//!
//! The page is looked for in `target/web/page`, or where `EVERLINK_PAGE` says. Without it the command is built all the
//! same, and says at `/` how to build the page.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=EVERLINK_PAGE");
    let page = PathBuf::from(env::var_os("OUT_DIR").ok_or("no OUT_DIR")?).join("page");
    if page.exists() {
        fs::remove_dir_all(&page)?;
    }
    fs::create_dir_all(&page)?;
    let given = env::var_os("EVERLINK_PAGE").map(PathBuf::from);
    let built = match &given {
        Some(given) => given.clone(),
        None => default_folder()?,
    };
    if given.is_some() && !built.join(ENTRY).is_file() {
        let place = built.display();
        return Err(format!("EVERLINK_PAGE={place}: there is no {ENTRY}; accepted: a folder that `cargo xtask page` has built").into());
    }
    // What does not exist would make cargo build the command anew each time. Where it cannot be made, that is so.
    let _may_fail = fs::create_dir_all(&built);
    println!("cargo::rerun-if-changed={}", built.display());
    if built.join(ENTRY).is_file() {
        copy(&built, &page)?;
    }
    Ok(())
}

fn default_folder() -> Result<PathBuf, Box<dyn Error>> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let workspace = here.join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    Ok(workspace.join(target).join("web/page"))
}

fn copy(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// Without it, there is no page.
const ENTRY: &str = "index.html";

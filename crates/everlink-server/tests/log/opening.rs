//! Files that cannot be opened, and what is said of each.

use std::fs;
use std::path::Path;

use everlink_server::log::{Appended, Log, LogError, RedbLog, RedbOptions};
use redb::{Database, ReadableDatabase as _, TableDefinition};

use crate::support::{append, bounded, message, open, records};

fn refusal(path: &Path) -> LogError {
    let error = RedbLog::open(RedbOptions::new(path)).unwrap_err();
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    error
}

#[tokio::test]
async fn a_store_of_a_newer_format_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = open(&path);
    append(&log, message("room", "ann", 1)).await.unwrap();
    bounded(log.close()).await;
    set_format(&path, 3);
    let error = refusal(&path);
    assert!(matches!(error, LogError::NewerFormat { found: 3, supported: 2, .. }), "{error:?}");
    assert!(error.to_string().contains("use a newer everlink"), "{error}");
    set_format(&path, 2);
    assert_eq!(records(&open(&path), "room").await.len(), 1);
}

/// Without refusals a store of format 2 holds what format 1 wrote, byte for byte.
#[tokio::test]
async fn a_store_of_the_older_format_is_read_and_then_refused_by_the_older_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = open(&path);
    append(&log, message("room", "ann", 1)).await.unwrap();
    bounded(log.close()).await;
    set_format(&path, 1);
    let log = open(&path);
    assert_eq!(records(&log, "room").await.len(), 1);
    let again = append(&log, message("room", "ann", 1)).await;
    assert!(matches!(again, Ok(Appended::Known { .. })), "{again:?}");
    bounded(log.close()).await;
    assert_eq!(format(&path), 2, "values of format 2 may be in it from now on");
}

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

fn format(path: &Path) -> u64 {
    let read = Database::open(path).unwrap().begin_read().unwrap();
    read.open_table(META).unwrap().get("format").unwrap().unwrap().value()
}

fn set_format(path: &Path, format: u64) {
    let write = Database::open(path).unwrap().begin_write().unwrap();
    write.open_table(META).unwrap().insert("format", format).unwrap();
    write.commit().unwrap();
}

#[tokio::test]
async fn a_store_that_is_in_use_is_refused_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let log = open(&path);
    let error = refusal(&path);
    assert!(matches!(error, LogError::Locked { .. }), "{error:?}");
    bounded(log.close()).await;
    open(&path);
    assert_eq!(append(&log, message("room", "ann", 1)).await, Err(LogError::Closed));
    assert_eq!(bounded(log.head("room")).await, Err(LogError::Closed));
    assert_eq!(bounded(log.trim("room", 1)).await, Err(LogError::Closed));
}

#[test]
fn what_the_system_refuses_is_said_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "a file").unwrap();
    for (path, advice) in [
        (folder.path().to_owned(), "name a file in it"),
        (folder.path().join("missing").join("store"), "make the folder first"),
        (file.join("store"), "not a file"),
    ] {
        let error = refusal(&path);
        assert!(matches!(error, LogError::Open { .. }), "{error:?}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

/// Nobody is refused who may do everything, so this needs a user who may not.
#[cfg(unix)]
#[test]
fn a_store_without_permission_is_refused_with_advice() {
    use std::os::unix::fs::PermissionsExt as _;

    if rustix::process::geteuid().is_root() {
        return as_nobody();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(open(&path));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    assert!(refusal(&path).to_string().contains("grant read and write access"));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o500)).unwrap();
    assert!(
        refusal(&folder.path().join("new")).to_string().contains("grant read and write access")
    );
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
}

/// Runs the test above as another user, where the system has a word for that.
#[cfg(unix)]
fn as_nobody() {
    let program = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(program);
    command.args(["--exact", "opening::a_store_without_permission_is_refused_with_advice"]);
    let Ok(output) = command.env("TMPDIR", "/tmp").output() else {
        return eprintln!("skipped: no setpriv here");
    };
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    if said.contains("Permission denied") && !said.contains("1 passed") && !said.contains("FAILED")
    {
        return eprintln!("skipped: another user may not run this program");
    }
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for text in ["", "a", "shopping: milk, bread and many other things"] {
        fs::write(&path, text).unwrap();
        let error = refusal(&path);
        assert!(matches!(error, LogError::Damaged { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn a_redb_file_of_something_else_is_refused_and_left_as_it_is() {
    const OTHER: TableDefinition<'_, &str, u64> = TableDefinition::new("other");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.redb");
    let write = Database::create(&path).unwrap().begin_write().unwrap();
    write.open_table(OTHER).unwrap().insert("a", 1).unwrap();
    write.commit().unwrap();
    let error = refusal(&path);
    assert!(matches!(error, LogError::Damaged { .. }), "{error:?}");
    let read = redb::ReadableDatabase::begin_read(&Database::open(&path).unwrap()).unwrap();
    assert_eq!(read.list_tables().unwrap().count(), 1);
}

#[tokio::test]
async fn making_the_file_leaves_nothing_else_in_its_folder_and_only_its_owner_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    append(&open(&path), message("room", "ann", 1)).await.unwrap();
    let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["store"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

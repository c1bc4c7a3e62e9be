//! Files that are cut short, overwritten, foreign or from the future.

use std::fs;
use std::path::{Path, PathBuf};

use everlink::outbox::{DurableOutbox, OutboxError, OutboxLimits};
use everlink_engine::Random;
use redb::{Database, TableDefinition};

use crate::support::{assert_whole, bounded, entry, ids, open};

const COUNT: u64 = 60;

/// A file with entries, once closed in order and once as a crash would leave it.
async fn files(folder: &Path) -> [PathBuf; 2] {
    let (closed, crashed) = (folder.join("closed"), folder.join("crashed"));
    let outbox = open(&closed);
    for id in 1..=COUNT {
        bounded(outbox.append(entry(id))).await.unwrap();
    }
    fs::copy(&closed, &crashed).unwrap();
    bounded(outbox.close()).await.unwrap();
    [closed, crashed]
}

/// It opens with whole entries only, or says in a typed error what is wrong. A file that was
/// closed in order never opens with less than all; after a crash a damaged last commit cannot be
/// told from one that the crash cut short.
async fn check(path: &Path, what: &str) {
    match DurableOutbox::open(path, OutboxLimits::default()) {
        Ok(outbox) => {
            let entries =
                bounded(outbox.load()).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            entries.iter().for_each(assert_whole);
            let lost = COUNT as usize - entries.len();
            assert!(
                lost == 0 || (lost == 1 && what.contains("crashed")),
                "{what}: {lost} lost in silence"
            );
            bounded(outbox.append(entry(outbox.last_id() + 1))).await.unwrap();
        }
        Err(error @ OutboxError::Damaged { .. }) => {
            let text = error.to_string();
            assert!(
                text.contains(&*path.to_string_lossy()) && text.contains("move it away"),
                "{what}: {text}"
            );
        }
        Err(error) => panic!("{what}: {error:?}"),
    }
}

#[tokio::test]
async fn fault_59_a_file_cut_short_opens_or_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    for source in files(folder.path()).await {
        let bytes = fs::read(&source).unwrap();
        let steps = (0..=64).map(|step| bytes.len() * step / 64).chain(1..40);
        for length in steps.filter(|length| *length < bytes.len()) {
            let path = folder.path().join("cut");
            fs::write(&path, &bytes[..length]).unwrap();
            check(&path, &format!("{} cut to {length}", source.display())).await;
        }
    }
}

#[tokio::test]
async fn fault_59_a_file_with_overwritten_bytes_opens_or_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(59);
    for source in files(folder.path()).await {
        let bytes = fs::read(&source).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for round in 0..200 {
            let mut damaged = bytes.clone();
            let end = if round % 2 == 0 { 512 } else { used };
            let at = below(&mut random, end);
            let length = (1 + below(&mut random, 64)).min(bytes.len() - at);
            for byte in &mut damaged[at..at + length] {
                *byte = below(&mut random, 256) as u8;
            }
            let path = folder.path().join("overwritten");
            fs::write(&path, &damaged).unwrap();
            check(&path, &format!("{} at {at}, {length} bytes", source.display())).await;
        }
    }
}

#[tokio::test]
async fn fault_59_zeroed_pages_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for source in files(folder.path()).await {
        let bytes = fs::read(&source).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        for page in (0..used).step_by(4096) {
            let mut damaged = bytes.clone();
            let end = (page + 4096).min(bytes.len());
            damaged[page..end].fill(0);
            let path = folder.path().join("zeroed");
            fs::write(&path, &damaged).unwrap();
            check(&path, &format!("{} without the page at {page}", source.display())).await;
        }
    }
}

#[tokio::test]
async fn a_file_that_is_no_outbox_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for text in ["", "a", "shopping: milk, bread and many other things"] {
        fs::write(&path, text).unwrap();
        let error = DurableOutbox::open(&path, OutboxLimits::default()).unwrap_err();
        assert!(matches!(error, OutboxError::Damaged { .. }), "{error:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[tokio::test]
async fn making_the_file_leaves_nothing_else_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox"));
    bounded(outbox.append(entry(1))).await.unwrap();
    let names = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["outbox"]);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
    const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let outbox = open(&path);
    bounded(outbox.append(entry(1))).await.unwrap();
    bounded(outbox.close()).await.unwrap();
    set_version(&path, META, 2);

    let error = DurableOutbox::open(&path, OutboxLimits::default()).unwrap_err();
    let OutboxError::NewerVersion { found: 2, supported: 1, .. } = error else {
        panic!("{error:?}");
    };
    assert!(error.to_string().contains("use a newer program"), "{error}");

    set_version(&path, META, 1);
    assert_eq!(ids(&bounded(open(&path).load()).await.unwrap()), [1]);
}

fn set_version(path: &Path, meta: TableDefinition<'_, &str, u64>, version: u64) {
    let write = Database::open(path).unwrap().begin_write().unwrap();
    write.open_table(meta).unwrap().insert("schema_version", version).unwrap();
    write.commit().unwrap();
}

fn below(random: &mut Random, end: usize) -> usize {
    random.next_u32() as usize % end
}

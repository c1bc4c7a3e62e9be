//! Files of lines that survive the process that writes them, and their reader.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a publisher notes, number by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// `publish` is about to be called.
    Begun(u64),
    /// `publish` returned: the message must arrive.
    Taken(u64),
    /// `publish` failed: the message must not arrive.
    Refused(u64, String),
    /// The acknowledgement of a message that was taken says that it will not be stored.
    Dropped(u64, String),
}

impl Step {
    /// Returns the number that it is about.
    pub(super) const fn number(&self) -> u64 {
        match self {
            Self::Begun(number)
            | Self::Taken(number)
            | Self::Refused(number, _)
            | Self::Dropped(number, _) => *number,
        }
    }
}

/// What a subscriber notes, for each room in a file of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Happening {
    /// A new process reads from here on.
    Life,
    /// A message, noted before it is acknowledged.
    Message { epoch: u64, offset: u64, content: Content },
    /// Everything up to this offset is acknowledged, and the cursor is on disk.
    Kept(u64),
    /// Something that never should come: a gap, a refusal.
    Odd(String),
}

/// What a message says: who sends it, and as which of his.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) publisher: u16,
    pub(super) number: u64,
}

/// Returns the file of a publisher.
pub(super) fn journal(folder: &Path, publisher: u16) -> PathBuf {
    folder.join(format!("publisher-{publisher}.lines"))
}

/// Returns the file of a subscriber and a room.
pub(super) fn record(folder: &Path, subscriber: u16, room: u16) -> PathBuf {
    folder.join(format!("subscriber-{subscriber}-room-{room}.lines"))
}

/// The writing end.
#[derive(Debug)]
pub(super) struct Writer {
    file: File,
}

impl Writer {
    /// Opens a file behind its last whole line: a half one belongs to nothing that was done.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let (start, end) = ending(&mut file)?;
        let whole = end.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1);
        file.set_len(start + whole)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self { file })
    }

    /// Adds lines; returns once they are on disk.
    pub(super) fn write<T: Serialize>(&mut self, lines: &[T]) -> Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        self.file.write_all(&text)?;
        self.file.sync_data().context("cannot sync")
    }

    /// Returns the last lines, oldest first: all that fit into [`ENDING_BYTES`].
    pub(super) fn last<T: DeserializeOwned>(&mut self) -> Result<Vec<T>> {
        let (start, end) = ending(&mut self.file)?;
        let text = String::from_utf8(end).context("the file is not text")?;
        // Where the file is longer the first line is cut in half.
        let lines = text.lines().skip(usize::from(start > 0));
        lines.map(|line| serde_json::from_str(line).context("a line is damaged")).collect()
    }
}

fn ending(file: &mut File) -> Result<(u64, Vec<u8>)> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(ENDING_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok((start, end))
}

/// The reading end, which follows a file that grows.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    read: u64,
}

impl Follower {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, read: 0 }
    }

    /// Returns the whole lines that are new, at most [`LINES_MAX`].
    pub(super) fn follow<T: DeserializeOwned>(&mut self) -> Result<Vec<T>> {
        let mut file = match File::open(&self.path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).context(self.path.display().to_string()),
        };
        file.seek(SeekFrom::Start(self.read))?;
        let (mut lines, mut line) = (Vec::new(), String::new());
        while lines.len() < LINES_MAX {
            line.clear();
            let bytes = file.read_line(&mut line)?;
            let Some(text) = line.strip_suffix('\n') else { break };
            let parsed = serde_json::from_str(text);
            lines.push(parsed.with_context(|| format!("{}: {text}", self.path.display()))?);
            self.read += bytes as u64;
        }
        Ok(lines)
    }
}

/// How much of a file's end is looked at when it is opened.
const ENDING_BYTES: u64 = 64 * 1024;

/// Most lines that are taken at once.
const LINES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_line_is_taken_away_and_the_file_goes_on_behind_the_last_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = journal(folder.path(), 0);
        let mut writer = Writer::open(&path).unwrap();
        writer.write(&[Step::Begun(1), Step::Taken(1)]).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"be").unwrap();
        let mut follower = Follower::new(path.clone());
        assert_eq!(follower.follow::<Step>().unwrap(), [Step::Begun(1), Step::Taken(1)]);
        let mut writer = Writer::open(&path).unwrap();
        writer.write(&[Step::Begun(2)]).unwrap();
        assert_eq!(follower.follow::<Step>().unwrap(), [Step::Begun(2)]);
        assert_eq!(writer.last::<Step>().unwrap().len(), 3);
    }
}

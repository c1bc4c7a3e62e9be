//! Where `everlink serve` keeps messages.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use everlink_server::log::{
    Log, LogOptions, MemoryLog, RedbLog, RedbOptions, Retention, RetentionPolicy,
};

use super::args::ServeArgs;
use crate::exit::usage;

/// A log, and how to end it.
pub(super) enum Store {
    Memory(Arc<MemoryLog>),
    Disk(Arc<RedbLog>),
}

impl Store {
    pub(super) fn open(args: &ServeArgs) -> anyhow::Result<Self> {
        let options = LogOptions::default().retention(vec![RetentionPolicy::new("*", kept(args))]);
        if args.memory {
            return Ok(Self::Memory(Arc::new(MemoryLog::new(options).map_err(usage)?)));
        }
        let folder = args.data.clone().map_or_else(default_folder, Ok)?;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the directory {}", folder.display()))?;
        let file = folder.join(FILE);
        let log = RedbLog::open(RedbOptions::new(file).log(options))?;
        Ok(Self::Disk(Arc::new(log)))
    }

    pub(super) fn log(&self) -> Arc<dyn Log> {
        match self {
            Self::Memory(log) => Arc::clone(log) as Arc<dyn Log>,
            Self::Disk(log) => Arc::clone(log) as Arc<dyn Log>,
        }
    }

    /// Says where messages are.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Memory(_) => "in memory, until this process ends".to_owned(),
            Self::Disk(log) => log.path().display().to_string(),
        }
    }

    /// Stores what is in line, and frees the file.
    pub(super) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Disk(log) => log.close().await,
        }
    }
}

fn kept(args: &ServeArgs) -> Retention {
    let mut kept = Retention::ALL;
    if let Some(age) = args.keep_age {
        kept = kept.max_age(age);
    }
    if let Some(messages) = args.keep_messages {
        kept = kept.max_records(messages);
    }
    if let Some(bytes) = args.keep_bytes {
        kept = kept.max_bytes(bytes);
    }
    kept
}

/// As the XDG base directory specification says where a program keeps a user's data.
fn default_folder() -> anyhow::Result<PathBuf> {
    let absolute =
        |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    let data = data.ok_or_else(|| usage("no place for messages: neither XDG_DATA_HOME nor HOME is set; give --data DIR or --memory"))?;
    Ok(data.join("everlink"))
}

/// The file in the directory.
const FILE: &str = "messages.redb";

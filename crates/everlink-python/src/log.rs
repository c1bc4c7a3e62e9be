//! What is logged goes to Python's `logging`, by a thread of its own: the network's never waits for Python's
//! lock, and a level that nobody wants costs one comparison.

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread::JoinHandle;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

/// The lowest level that Python wants, in its numbers.
static LEVEL: AtomicU32 = AtomicU32::new(NEVER);

static SINK: Mutex<Option<Sink>> = Mutex::new(None);

struct Sink {
    records: SyncSender<Record>,
    thread: JoinHandle<()>,
}

struct Record {
    level: u32,
    target: String,
    text: String,
    fields: Vec<(&'static str, String)>,
}

/// Starts to give what is logged to a function, from a level on.
#[pyfunction]
pub(crate) fn log_start(emit: Py<PyAny>, level: u32) -> PyResult<()> {
    static ONCE: Once = Once::new();
    let mut sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
    if sink.is_none() {
        let (records, taken) = sync_channel(RECORDS_MAX);
        let thread = std::thread::Builder::new()
            .name("everlink-log".to_owned())
            .spawn(move || pass_on(&taken, emit))?;
        *sink = Some(Sink { records, thread });
    }
    drop(sink);
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(ToPython);
        // Nobody else sets one: this library has its own copy of `tracing`.
        let _set = tracing::subscriber::set_global_default(subscriber);
    });
    log_level(level);
    Ok(())
}

/// Sets the lowest level that is wanted.
#[pyfunction]
pub(crate) fn log_level(level: u32) {
    if LEVEL.swap(level, Ordering::Relaxed) != level {
        tracing::callsite::rebuild_interest_cache();
    }
}

/// Passes on what is left, and ends; called before Python does.
#[pyfunction]
pub(crate) fn log_stop(py: Python<'_>) {
    log_level(NEVER);
    let sink = SINK.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Sink { records, thread }) = sink {
        drop(records);
        // The thread may be waiting for Python's lock.
        let _ended = py.detach(|| thread.join());
    }
}

/// In the child after a fork the thread is not here; the next client starts another one.
pub(crate) fn forked() {
    let parents = SINK.lock().unwrap_or_else(PoisonError::into_inner).take();
    std::mem::forget(parents);
}

fn pass_on(taken: &Receiver<Record>, emit: Py<PyAny>) {
    while let Ok(record) = taken.recv() {
        // None while Python is going away: then nobody reads it.
        let _passed = Python::try_attach(|py| {
            if let Err(error) = give(py, &emit, record) {
                error.write_unraisable(py, None);
            }
        });
    }
    let _dropped = Python::try_attach(|_| drop(emit));
}

fn give(py: Python<'_>, emit: &Py<PyAny>, record: Record) -> PyResult<()> {
    let fields = PyDict::new(py);
    for (name, value) in record.fields {
        fields.set_item(name, value)?;
    }
    emit.call1(py, (record.level, record.target, record.text, fields)).map(drop)
}

struct ToPython;

impl<S: Subscriber> Layer<S> for ToPython {
    /// Asked again whenever the level changes.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_wanted(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match LEVEL.load(Ordering::Relaxed) {
            0..=5 => LevelFilter::TRACE,
            6..=10 => LevelFilter::DEBUG,
            11..=20 => LevelFilter::INFO,
            21..=30 => LevelFilter::WARN,
            31..=40 => LevelFilter::ERROR,
            _ => LevelFilter::OFF,
        })
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_wanted(metadata)
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let metadata = event.metadata();
        let record = Record {
            level: number(*metadata.level()),
            target: metadata.target().replace("::", "."),
            text: words.text,
            fields: words.fields,
        };
        let sink = SINK.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = &*sink {
            // A full queue loses it: the network waits for no log.
            let _queued = sink.records.try_send(record);
        }
    }
}

fn is_wanted(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("everlink")
        && number(*metadata.level()) >= LEVEL.load(Ordering::Relaxed)
}

/// The numbers of Python's `logging`; its own have none for `TRACE`.
fn number(level: Level) -> u32 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        Level::INFO => 20,
        Level::DEBUG => 10,
        Level::TRACE => 5,
    }
}

/// An event's message with its fields behind it, and the fields apart.
#[derive(Default)]
struct Words {
    text: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.text.insert_str(0, &format!("{value:?}"));
            return;
        }
        let value = format!("{value:?}");
        let _written = write!(self.text, " {}={value}", field.name());
        self.fields.push((field.name(), value));
    }
}

/// How many records wait for Python.
const RECORDS_MAX: usize = 1024;

/// Above every level of Python.
const NEVER: u32 = u32::MAX;

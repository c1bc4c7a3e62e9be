//! Things that come one after the other, taken many at a time.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::UNIX_EPOCH;

use everlink::{Channel, ChannelEvent, Event, LogMessage, Message, Subscription};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::bell::{Rope, Token};
use crate::runtime::Own;
use crate::{error, event, message};

/// A subscription, a client's events, or a channel's log.
#[pyclass(frozen)]
pub(crate) struct Stream {
    token: Token,
    source: Own<Mutex<Source>>,
}

pub(crate) enum Source {
    Subscription(Subscription),
    Events(Box<dyn futures_util::Stream<Item = Event> + Send + Unpin>),
    Channel(Channel),
}

impl Stream {
    pub(crate) fn new(rope: &Arc<Rope>, source: Source) -> Self {
        Self { token: Token::new(rope), source: Own::new(Mutex::new(source)) }
    }

    fn source(&self) -> PyResult<MutexGuard<'_, Source>> {
        Ok(self.source.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Stream {
    #[getter]
    fn token(&self) -> u64 {
        self.token.number
    }

    /// Returns up to `limit` things; none of them at the end, and nothing while there are none.
    fn take<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        let mut cx = Context::from_waker(&self.token.waker);
        match &mut *self.source()? {
            Source::Subscription(subscription) => {
                let mut batch = Vec::new();
                let taken = subscription.poll_next_many(&mut cx, &mut batch, limit);
                taken.is_ready().then(|| messages(py, &batch)).transpose()
            }
            Source::Events(events) => collect(py, events, &mut cx, limit, |event| {
                event::to_python(py, &event)?.into_bound_py_any(py)
            }),
            // Asking for the next says that the one before is handled: one at a time.
            Source::Channel(channel) => {
                collect(py, channel, &mut cx, 1, |event| channel_event(py, event))
            }
        }
    }

    /// How many messages were dropped because they were not taken in time.
    fn missed(&self) -> PyResult<u64> {
        let source = self.source()?;
        Ok(if let Source::Subscription(taken) = &*source { taken.missed() } else { 0 })
    }

    fn ack(&self, offset: u64) -> PyResult<()> {
        if let Source::Channel(channel) = &*self.source()? {
            channel.ack(offset).map_err(|error| PyValueError::new_err(error.to_string()))?;
        }
        Ok(())
    }

    fn handled(&self) -> PyResult<Option<(u64, u64)>> {
        let source = self.source()?;
        let handled =
            if let Source::Channel(channel) = &*source { channel.handled() } else { None };
        Ok(handled.map(|cursor| (cursor.epoch.0, cursor.offset)))
    }

    fn retained(&self, py: Python<'_>, key: &str) -> PyResult<Option<Py<PyAny>>> {
        let source = self.source()?;
        let found =
            if let Source::Channel(channel) = &*source { channel.retained(key) } else { None };
        found.map(|payload| message::payload_to_python(py, &payload)).transpose()
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stream").field(&self.token.number).finish()
    }
}

/// Makes a list of messages.
pub(crate) fn messages<'py>(py: Python<'py>, batch: &[Message]) -> PyResult<Bound<'py, PyList>> {
    PyList::new(py, batch.iter().map(|message| message::to_python(py, message)))
}

fn collect<'py, S: futures_util::Stream + Unpin>(
    py: Python<'py>,
    stream: &mut S,
    cx: &mut Context<'_>,
    limit: usize,
    convert: impl Fn(S::Item) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyList>>> {
    let list = PyList::empty(py);
    while list.len() < limit {
        match Pin::new(&mut *stream).poll_next(cx) {
            Poll::Ready(Some(item)) => list.append(convert(item)?)?,
            Poll::Pending if list.is_empty() => return Ok(None),
            Poll::Ready(None) | Poll::Pending => break,
        }
    }
    Ok(Some(list))
}

/// The kind of thing that a channel brings, and the fields of its class in `everlink.streams`.
fn channel_event<'py>(py: Python<'py>, event: ChannelEvent) -> PyResult<Bound<'py, PyAny>> {
    match event {
        ChannelEvent::Message(stored) => {
            ("message", log_message(py, &stored)?).into_bound_py_any(py)
        }
        ChannelEvent::Gap { from, to, cause, .. } => {
            ("gap", (from, to, error::words(cause))).into_bound_py_any(py)
        }
        ChannelEvent::Volatile { key, user, payload, .. } => {
            let payload = message::payload_to_python(py, &payload)?;
            ("volatile", (&*key, user.as_deref(), payload)).into_bound_py_any(py)
        }
        ChannelEvent::Retained { key, version, payload, .. } => {
            let payload = message::payload_to_python(py, &payload)?;
            ("retained", (&*key, version, payload)).into_bound_py_any(py)
        }
        ChannelEvent::Refused { code, why, .. } => ("refused", (code, &*why)).into_bound_py_any(py),
        _ => ("gap", (1, 0, "unknown")).into_bound_py_any(py),
    }
}

/// The fields of `everlink.streams.LogMessage`.
pub(crate) fn log_message(py: Python<'_>, stored: &LogMessage) -> PyResult<Py<PyAny>> {
    let at = stored.at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let payload = message::payload_to_python(py, &stored.payload)?;
    let user = stored.user.as_deref();
    (
        stored.offset,
        stored.epoch,
        &*stored.producer,
        stored.sequence,
        stored.id(),
        user,
        at,
        payload,
    )
        .into_py_any(py)
}

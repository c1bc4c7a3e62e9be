//! A handle of a connection.

use std::sync::Arc;
use std::task::{Context, Poll};

use everlink::engine::{Cursor, Epoch};
use everlink::{Client as Rust, ConnectionState, HistoryPage, SendPolicy, Start};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::bell::{Rope, Token};
use crate::operation::{Operation, nothing};
use crate::runtime::{self, Own};
use crate::stream::{Source, Stream, log_message, messages};
use crate::ticket::Ticket;
use crate::{error, info, message};

/// A connection that comes back.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Client {
    rope: Arc<Rope>,
    token: Token,
    client: Own<Rust>,
}

impl Client {
    pub(crate) fn new(rope: Arc<Rope>, client: Rust) -> Self {
        Self { token: Token::new(&rope), rope, client: Own::new(client) }
    }

    fn client(&self) -> PyResult<&Rust> {
        self.client.get()
    }

    /// A result that is there at once, or an operation: most sends need not wait.
    fn soon<F, C>(&self, py: Python<'_>, future: F, convert: C) -> PyResult<Py<PyAny>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        C: FnOnce(Python<'_>, F::Output) -> PyResult<Py<PyAny>> + Send + 'static,
    {
        Operation::new(&self.rope, future, convert).now_or_later(py)
    }
}

#[pymethods]
impl Client {
    #[getter]
    fn token(&self) -> u64 {
        self.token.number
    }

    #[getter]
    fn dialect(&self) -> PyResult<&'static str> {
        Ok(self.client()?.dialect())
    }

    #[getter]
    fn guarantee(&self) -> PyResult<String> {
        Ok(error::words(self.client()?.guarantee()))
    }

    fn connect(&self) -> PyResult<Operation> {
        let client = self.client()?.clone();
        let connect = async move { client.connect().await };
        Ok(Operation::new(&self.rope, connect, |py, connected| {
            connected.map_err(|error| error::connect(&error))?;
            Ok(py.None())
        }))
    }

    fn start(&self) -> PyResult<()> {
        let handle = runtime::handle()?;
        let _entered = handle.enter();
        self.client()?.start().map_err(|error| error::connect(&error.into()))
    }

    fn reconnect(&self) -> PyResult<()> {
        let handle = runtime::handle()?;
        let _entered = handle.enter();
        self.client()?.reconnect().map_err(|error| error::connect(&error.into()))
    }

    fn close(&self) -> PyResult<Operation> {
        let client = self.client()?.clone();
        Ok(Operation::new(&self.rope, async move { client.close().await }, nothing))
    }

    fn wait_until(&self, state: &str) -> PyResult<Operation> {
        let known = STATES.into_iter().find(|known| known.name() == state);
        let Some(state) = known else {
            let accepted = STATES.map(ConnectionState::name).join(", ");
            return Err(PyValueError::new_err(format!("no state {state:?}; accepted: {accepted}")));
        };
        let client = self.client()?.clone();
        Ok(Operation::new(&self.rope, async move { client.wait_until(state).await }, nothing))
    }

    fn state(&self) -> PyResult<&'static str> {
        Ok(self.client()?.state().name())
    }

    fn last_error(&self) -> PyResult<Option<error::Failure>> {
        Ok(self.client()?.info().last_error.as_ref().map(error::failure))
    }

    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        info::to_python(py, &self.client()?.info())
    }

    /// Returns up to `limit` messages; none of them at the end, and nothing while there are none.
    fn take<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        let mut batch = Vec::new();
        let mut cx = Context::from_waker(&self.token.waker);
        match self.client()?.poll_recv_many(&mut cx, &mut batch, limit) {
            Poll::Pending => Ok(None),
            Poll::Ready(_) => messages(py, &batch).map(Some),
        }
    }

    #[pyo3(signature = (message, policy, key))]
    fn send(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        policy: &str,
        key: Option<u32>,
    ) -> PyResult<Py<PyAny>> {
        let (message, policy) = (message::from_python(message)?, policy_of(policy, key)?);
        let (client, rope) = (self.client()?.clone(), Arc::clone(&self.rope));
        let send = async move { client.send_with(message, policy).await };
        self.soon(py, send, move |py, taken| {
            let ticket = taken.map_err(|error| error::send(&error))?;
            Ticket::message(&rope, ticket).into_py_any(py)
        })
    }

    fn try_send(&self, message: &Bound<'_, PyAny>) -> PyResult<Ticket> {
        let taken = self.client()?.try_send(message::from_python(message)?);
        Ok(Ticket::message(&self.rope, taken.map_err(|error| error::send(&error))?))
    }

    fn subscribe(&self, channel: &str) -> PyResult<Stream> {
        let taken = self.client()?.subscribe(channel).map_err(|error| error::subscribe(&error))?;
        Ok(Stream::new(&self.rope, Source::Subscription(taken)))
    }

    fn unsubscribe(&self, channel: &str) -> PyResult<()> {
        self.client()?.unsubscribe(channel);
        Ok(())
    }

    fn events(&self) -> PyResult<Stream> {
        let events = self.client()?.events().into_stream();
        Ok(Stream::new(&self.rope, Source::Events(Box::new(events))))
    }

    fn channel(&self, name: &str, start: &Bound<'_, PyAny>, manual_ack: bool) -> PyResult<Stream> {
        let mut channel = self.client()?.channel(name).from(start_of(start)?);
        if manual_ack {
            channel = channel.manual_ack();
        }
        let channel = channel.open().map_err(|error| error::subscribe(&error))?;
        Ok(Stream::new(&self.rope, Source::Channel(channel)))
    }

    fn publish(
        &self,
        py: Python<'_>,
        channel: String,
        payload: &Bound<'_, PyAny>,
        policy: &str,
    ) -> PyResult<Py<PyAny>> {
        let (payload, policy) = (message::payload(payload)?, policy_of(policy, None)?);
        let (client, rope) = (self.client()?.clone(), Arc::clone(&self.rope));
        let publish = async move { client.publish_with(&channel, payload, policy).await };
        self.soon(py, publish, move |py, taken| {
            let ack = taken.map_err(|error| error::send(&error))?;
            Ticket::publish(&rope, ack).into_py_any(py)
        })
    }

    fn volatile(&self, channel: &str, key: &str, payload: &Bound<'_, PyAny>) -> PyResult<Ticket> {
        let taken = self.client()?.volatile(channel, key, message::payload(payload)?);
        Ok(Ticket::message(&self.rope, taken.map_err(|error| error::send(&error))?))
    }

    fn history(&self, channel: String, after: u64, limit: u32) -> PyResult<Operation> {
        let client = self.client()?.clone();
        let history = async move { client.history(&channel, after, limit).await };
        Ok(Operation::new(&self.rope, history, |py, page| {
            page_to_python(py, &page.map_err(|error| error::history(&error))?)
        }))
    }

    fn network_changed(&self) -> PyResult<()> {
        self.client()?.network_changed();
        Ok(())
    }

    fn online(&self) -> PyResult<()> {
        self.client()?.online();
        Ok(())
    }

    fn offline(&self) -> PyResult<()> {
        self.client()?.offline();
        Ok(())
    }
}

fn policy_of(policy: &str, key: Option<u32>) -> PyResult<SendPolicy> {
    if let Some(key) = key {
        return Ok(SendPolicy::Coalesce { key });
    }
    match policy {
        "configured" => Ok(SendPolicy::Configured),
        "wait" => Ok(SendPolicy::Wait),
        "fail" => Ok(SendPolicy::Fail),
        "drop_oldest" => Ok(SendPolicy::DropOldest),
        "volatile" => Ok(SendPolicy::Volatile),
        other => Err(PyValueError::new_err(format!(
            "policy is {other:?}; accepted: configured, wait, fail, drop_oldest, volatile"
        ))),
    }
}

fn start_of(start: &Bound<'_, PyAny>) -> PyResult<Start> {
    if let Ok((epoch, offset)) = start.extract::<(u64, u64)>() {
        return Ok(Start::After(Cursor { epoch: Epoch(epoch), offset }));
    }
    match start.extract::<String>().as_deref() {
        Ok("stored") => Ok(Start::Stored),
        Ok("now") => Ok(Start::Now),
        Ok("beginning") => Ok(Start::Beginning),
        Ok(_) | Err(_) => Err(PyValueError::new_err(format!(
            "start is {start:?}; accepted: stored, now, beginning, or (epoch, offset)"
        ))),
    }
}

/// The parts of `everlink.streams.HistoryPage`.
fn page_to_python(py: Python<'_>, page: &HistoryPage) -> PyResult<Py<PyAny>> {
    let messages: PyResult<Vec<_>> = page.messages.iter().map(|m| log_message(py, m)).collect();
    (page.epoch, page.first, page.head, messages?, page.next()).into_py_any(py)
}

const STATES: [ConnectionState; 6] = [
    ConnectionState::Closed,
    ConnectionState::Connecting,
    ConnectionState::Connected,
    ConnectionState::Disconnected,
    ConnectionState::Reconnecting,
    ConnectionState::Error,
];

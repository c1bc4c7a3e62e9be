//! Handles of several connections.

use std::sync::Arc;
use std::task::{Context, Poll};

use everlink::Pool as Rust;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::bell::{Rope, Token};
use crate::client::Client;
use crate::operation::{Operation, nothing};
use crate::runtime::{self, Own};
use crate::{error, message};

/// Streams spread over several connections.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Pool {
    rope: Arc<Rope>,
    token: Token,
    pool: Own<Arc<Rust>>,
}

impl Pool {
    pub(crate) fn new(rope: Arc<Rope>, pool: Rust) -> Self {
        Self { token: Token::new(&rope), rope, pool: Own::new(Arc::new(pool)) }
    }
}

#[pymethods]
impl Pool {
    #[getter]
    fn token(&self) -> u64 {
        self.token.number
    }

    fn subscribe(&self, channel: &str) -> PyResult<()> {
        let handle = runtime::handle()?;
        let _entered = handle.enter();
        self.pool.get()?.subscribe(channel).map_err(|error| error::pool(&error))
    }

    fn unsubscribe(&self, channel: &str) -> PyResult<()> {
        self.pool.get()?.unsubscribe(channel);
        Ok(())
    }

    /// Returns up to `limit` messages with their channels; none at the end, nothing while there are none.
    fn take<'py>(&self, py: Python<'py>, limit: usize) -> PyResult<Option<Bound<'py, PyList>>> {
        let mut batch = Vec::new();
        let mut cx = Context::from_waker(&self.token.waker);
        match self.pool.get()?.poll_recv_many(&mut cx, &mut batch, limit) {
            Poll::Pending => Ok(None),
            Poll::Ready(_) => {
                let pairs = batch.iter().map(|m| (&*m.channel, message::to_python(py, &m.message)));
                PyList::new(py, pairs).map(Some)
            }
        }
    }

    fn clients(&self) -> PyResult<Vec<Client>> {
        let clients = self.pool.get()?.clients().into_iter();
        Ok(clients.map(|client| Client::new(Arc::clone(&self.rope), client)).collect())
    }

    fn missed(&self) -> PyResult<u64> {
        Ok(self.pool.get()?.missed())
    }

    fn close(&self) -> PyResult<Operation> {
        let pool = Arc::clone(self.pool.get()?);
        Ok(Operation::new(&self.rope, async move { pool.close().await }, nothing))
    }
}

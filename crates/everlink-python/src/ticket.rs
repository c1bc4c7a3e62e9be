//! What becomes of one message.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use everlink::{Ack, Delivery, PublishError, Stored};
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;

use crate::bell::{Rope, Token};
use crate::error;
use crate::operation::Operation;
use crate::runtime::Own;

/// The fate of one message. All who wait for it share its token.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Ticket {
    token: Token,
    sent: Own<Arc<Mutex<Sent>>>,
}

#[derive(Debug)]
enum Sent {
    Message(everlink::Ticket),
    Publish(Ack),
}

enum Fate {
    Message(Delivery),
    Publish(Result<Stored, PublishError>),
}

impl Ticket {
    pub(crate) fn message(rope: &Arc<Rope>, ticket: everlink::Ticket) -> Self {
        Self::new(rope, Sent::Message(ticket))
    }

    pub(crate) fn publish(rope: &Arc<Rope>, ack: Ack) -> Self {
        Self::new(rope, Sent::Publish(ack))
    }

    fn new(rope: &Arc<Rope>, sent: Sent) -> Self {
        Self { token: Token::new(rope), sent: Own::new(Arc::new(Mutex::new(sent))) }
    }

    fn sent(&self) -> PyResult<MutexGuard<'_, Sent>> {
        Ok(self.sent.get()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Ticket {
    #[getter]
    fn id(&self) -> PyResult<u64> {
        Ok(match &*self.sent()? {
            Sent::Message(ticket) => ticket.id().0,
            Sent::Publish(ack) => ack.id().0,
        })
    }

    fn operation(&self) -> PyResult<Operation> {
        let sent = Arc::clone(self.sent.get()?);
        let fate = poll_fn(move |cx| sent.lock().unwrap_or_else(PoisonError::into_inner).poll(cx));
        Ok(Operation::with(self.token.clone(), fate, told))
    }

    fn withdraw(&self) -> PyResult<()> {
        match &*self.sent()? {
            Sent::Message(ticket) => ticket.withdraw(),
            Sent::Publish(ack) => ack.withdraw(),
        }
        Ok(())
    }
}

impl Sent {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Fate> {
        match self {
            Self::Message(ticket) => Pin::new(ticket).poll(cx).map(Fate::Message),
            Self::Publish(ack) => Pin::new(ack).poll(cx).map(Fate::Publish),
        }
    }
}

/// The fields of `everlink.delivery.Delivery`, or the offset of a published message.
fn told(py: Python<'_>, fate: Fate) -> PyResult<Py<PyAny>> {
    let fate = match fate {
        Fate::Publish(stored) => {
            return stored.map_err(|error| error::publish(&error))?.offset.into_py_any(py);
        }
        Fate::Message(fate) => fate,
    };
    match fate {
        Delivery::Written => ("written",).into_py_any(py),
        Delivery::Acknowledged { offset, .. } => {
            ("acknowledged", (offset > 0).then_some(offset)).into_py_any(py)
        }
        Delivery::Dropped { why } => {
            let (why, code) = error::dropped(why);
            ("dropped", None::<u64>, why, code).into_py_any(py)
        }
    }
}

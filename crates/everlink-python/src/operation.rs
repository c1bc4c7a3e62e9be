//! A call that takes time: a future that Python polls, and drops to cancel it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use pyo3::prelude::*;

use crate::bell::{Rope, Token};
use crate::runtime::{self, Own};

/// Makes the Python object of a result, under Python's lock.
type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
type Work = Pin<Box<dyn Future<Output = Finish> + Send>>;

/// A call that is under way.
#[pyclass(frozen)]
pub(crate) struct Operation {
    token: Token,
    work: Own<Mutex<Option<Work>>>,
}

impl Operation {
    /// Makes an operation of a future, and of what makes its result a Python object.
    pub(crate) fn new<F, C>(rope: &Arc<Rope>, future: F, convert: C) -> Self
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        C: FnOnce(Python<'_>, F::Output) -> PyResult<Py<PyAny>> + Send + 'static,
    {
        Self::with(Token::new(rope), future, convert)
    }

    /// As [`new`](Self::new), known by the token of something else.
    pub(crate) fn with<F, C>(token: Token, future: F, convert: C) -> Self
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
        C: FnOnce(Python<'_>, F::Output) -> PyResult<Py<PyAny>> + Send + 'static,
    {
        let work = async move {
            let output = future.await;
            Box::new(move |py: Python<'_>| convert(py, output)) as Finish
        };
        Self { token, work: Own::new(Mutex::new(Some(Box::pin(work)))) }
    }

    /// Returns the result if it is there at once, else itself.
    pub(crate) fn now_or_later(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.poll(py)? {
            Some((result,)) => Ok(result),
            None => Ok(Py::new(py, self)?.into_any()),
        }
    }
}

#[pymethods]
impl Operation {
    #[getter]
    fn token(&self) -> u64 {
        self.token.number
    }

    /// Returns the result in a tuple, or nothing while there is none.
    fn poll(&self, py: Python<'_>) -> PyResult<Option<(Py<PyAny>,)>> {
        let mut kept = self.work.get()?.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(work) = kept.as_mut() else {
            return Ok(None);
        };
        let handle = runtime::handle()?;
        let _entered = handle.enter();
        match work.as_mut().poll(&mut Context::from_waker(&self.token.waker)) {
            Poll::Pending => Ok(None),
            Poll::Ready(finish) => {
                *kept = None;
                drop(kept);
                finish(py).map(|result| Some((result,)))
            }
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Operation").field(&self.token.number).finish()
    }
}

/// Makes nothing of nothing.
pub(crate) fn nothing(py: Python<'_>, _: ()) -> PyResult<Py<PyAny>> {
    Ok(py.None())
}

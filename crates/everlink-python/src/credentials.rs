//! Credentials: asked on the network's thread, answered on the event loop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use everlink::{Credentials, CredentialsRequest};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::bell::Rope;

type Answer = Result<Credentials, String>;

/// A question on its way to the event loop.
#[derive(Debug)]
pub(crate) struct Question {
    source: u64,
    request: CredentialsRequest,
    answer: oneshot::Sender<Answer>,
}

impl Question {
    pub(crate) fn is_given_up(&self) -> bool {
        self.answer.is_closed()
    }
}

/// Asks the event loop, and waits for its answer.
pub(crate) async fn ask(rope: Arc<Rope>, source: u64, request: CredentialsRequest) -> Answer {
    let (answer, answered) = oneshot::channel();
    if !rope.ask(Question { source, request, answer }) {
        return Err("its event loop is closed".to_owned());
    }
    answered.await.unwrap_or_else(|_| Err("its event loop went away".to_owned()))
}

/// A question as Python sees it. Dropped without an answer, the attempt fails.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Asked {
    #[pyo3(get)]
    source: u64,
    #[pyo3(get)]
    attempt: u32,
    #[pyo3(get)]
    refresh: bool,
    #[pyo3(get)]
    endpoint: u16,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

impl Asked {
    pub(crate) fn new(question: Question) -> Self {
        let Question { source, request, answer } = question;
        let CredentialsRequest { attempt, refresh, endpoint, .. } = request;
        Self { source, attempt, refresh, endpoint, answer: Mutex::new(Some(answer)) }
    }

    fn send(&self, answer: Answer) {
        let sender = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever asked may have given up meanwhile.
        let _sent = sender.map(|sender| sender.send(answer));
    }
}

#[pymethods]
impl Asked {
    #[pyo3(signature = (token, headers, auth, expires_in))]
    fn answer(
        &self,
        token: Option<&str>,
        headers: BTreeMap<String, String>,
        auth: Option<&str>,
        expires_in: Option<f64>,
    ) -> PyResult<()> {
        let mut credentials = token.map_or_else(Credentials::none, Credentials::bearer);
        for (name, value) in headers {
            credentials = credentials.header(name, value);
        }
        if let Some(auth) = auth {
            let auth: serde_json::Value = serde_json::from_str(auth)
                .map_err(|error| PyValueError::new_err(error.to_string()))?;
            credentials = credentials.auth(auth);
        }
        if let Some(seconds) = expires_in {
            let lasts = Duration::try_from_secs_f64(seconds)
                .map_err(|error| PyValueError::new_err(format!("expires_in: {error}")))?;
            credentials = credentials.expires_in(lasts);
        }
        self.send(Ok(credentials));
        Ok(())
    }

    fn fail(&self, why: String) {
        self.send(Err(why));
    }
}

//! A description of a client, checked.

use std::collections::BTreeMap;
use std::sync::Arc;

use everlink::{Client as Rust, ClientBuilder, Pool as RustPool};
use pyo3::prelude::*;

use crate::bell::{Bell, Rope};
use crate::client::Client;
use crate::pool::Pool;
use crate::{credentials, error, settings};

/// The three bounds that are no keys of the configuration: of a message, of the inbox, of a subscription.
type Limits = (Option<usize>, Option<usize>, Option<usize>);

/// A description of a client.
#[pyclass(frozen)]
#[derive(Debug)]
pub(crate) struct Builder {
    rope: Arc<Rope>,
    builder: ClientBuilder,
}

#[pymethods]
impl Builder {
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the one place where everything comes over")]
    #[pyo3(signature = (settings, environment, files, name, limits, ignore_messages, known_hosts, seed, source, bell))]
    fn new(
        py: Python<'_>,
        settings: Vec<(String, Bound<'_, PyAny>)>,
        environment: Option<BTreeMap<String, String>>,
        files: Vec<String>,
        name: &str,
        limits: Limits,
        ignore_messages: bool,
        known_hosts: Vec<String>,
        seed: Option<u32>,
        source: Option<u64>,
        bell: &Bell,
    ) -> PyResult<Self> {
        let mut loader = settings::loader(&settings)?;
        loader = files.into_iter().fold(loader, everlink::config::Loader::file);
        if let Some(environment) = environment {
            loader = loader.environment(environment).leave_prefix("EVERLINK_SERVER_");
        }
        let loaded = loader.load().map_err(|error| error::load(&error))?;
        // Files are read and locked here.
        let made = py.detach(|| ClientBuilder::from_config(&loaded));
        let mut builder = made.map_err(|error| error::build(&error))?.name(name);
        builder = bounded(builder, limits);
        if ignore_messages {
            builder = builder.ignore_messages();
        }
        builder = known_hosts.into_iter().fold(builder, ClientBuilder::known_host);
        if let Some(seed) = seed {
            builder = builder.seed(seed);
        }
        let rope = bell.rope()?;
        if let Some(source) = source {
            let rope = Arc::clone(&rope);
            builder = builder
                .credentials(move |request| credentials::ask(Arc::clone(&rope), source, request));
        }
        Ok(Self { rope, builder })
    }

    fn client(&self, py: Python<'_>) -> PyResult<Client> {
        let built: Result<Rust, _> = py.detach(|| self.builder.clone().build());
        Ok(Client::new(Arc::clone(&self.rope), built.map_err(|error| error::build(&error))?))
    }

    fn pool(
        &self,
        channels_per_connection: usize,
        connections_max: usize,
        messages_max: usize,
    ) -> PyResult<Pool> {
        let pool = RustPool::builder(self.builder.clone())
            .channels_per_connection(channels_per_connection)
            .connections_max(connections_max)
            .messages_max(messages_max)
            .build();
        Ok(Pool::new(Arc::clone(&self.rope), pool.map_err(|error| error::build(&error))?))
    }
}

fn bounded(mut builder: ClientBuilder, limits: Limits) -> ClientBuilder {
    let (receive_bytes_max, inbox_messages_max, subscription_messages_max) = limits;
    if let Some(value) = receive_bytes_max {
        builder = builder.receive_bytes_max(value);
    }
    if let Some(value) = inbox_messages_max {
        builder = builder.inbox_messages_max(value);
    }
    if let Some(value) = subscription_messages_max {
        builder = builder.subscription_messages_max(value);
    }
    builder
}

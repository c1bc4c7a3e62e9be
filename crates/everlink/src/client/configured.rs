//! From loaded configuration to a client.

use super::builder::ClientBuilder;
use super::error::BuildError;
use crate::config::{Loaded, SettingsError};
use crate::outbox::DurableOutbox;
use everlink_wire::v1::Encoding;

impl ClientBuilder {
    /// Starts from configuration: arguments, environment, files and profile, as
    /// [`Loader`](crate::config::Loader) has put them together. Reads the files that it names, and
    /// opens the durable outbox if it has one. What is set on the builder afterwards goes before.
    ///
    /// ```
    /// use everlink::ClientBuilder;
    /// use everlink::config::Loader;
    ///
    /// let loader = Loader::new().argument("url", "wss://example.com/ws");
    /// let loaded = loader.argument("backoff_max", "10s").load()?;
    /// let client = ClientBuilder::from_config(&loaded)?.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError`] names what cannot be used.
    pub fn from_config(loaded: &Loaded) -> Result<Self, BuildError> {
        let mut urls = loaded.client.endpoints()?.into_iter();
        let first = urls.next().ok_or(SettingsError::NoUrl)?;
        let dialing = loaded.client.dialing()?;
        let mut builder = urls.fold(Self::new(first), Self::url).engine(loaded.engine.clone());
        if let Some(config) = dialing.deflate() {
            builder = builder.deflate(config);
        }
        if loaded.client.encoding == Some("cbor") {
            builder = builder.encoding(Encoding::Cbor);
        }
        if let Some(namespace) = &loaded.client.namespace {
            builder = builder.namespace(namespace);
        }
        let outbox = &loaded.client.outbox;
        if let Some(path) = &outbox.path {
            builder = builder.outbox(DurableOutbox::open(path, outbox.limits)?);
        }
        if let Some(path) = &loaded.client.cursors_path {
            // The file is locked: one that is used for both is opened once.
            let shared = builder.outbox.clone().filter(|_| outbox.path.as_ref() == Some(path));
            let store = shared.map_or_else(|| DurableOutbox::open(path, outbox.limits), Ok)?;
            builder = builder.cursors(store);
        }
        Ok(builder.dial(move |dial| dialing.apply(dial)))
    }
}

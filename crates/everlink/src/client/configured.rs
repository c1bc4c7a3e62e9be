//! A client as a configuration describes it.

use super::builder::ClientBuilder;
use super::handle::Client;
use crate::config::{Loaded, SettingsError};

impl Client {
    /// Starts to describe a client as a configuration says: from code, environment, file, profile.
    ///
    /// ```
    /// use everlink::Client;
    /// use everlink::config::Loader;
    ///
    /// let loader = Loader::new().argument("url", "wss://example.com/ws");
    /// let loaded = loader.argument("backoff_max", "10s").load()?;
    /// let client = Client::configured(&loaded)?.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SettingsError`] if there is no URL, or something that the configuration names, such as a
    /// file of certificates, cannot be used.
    pub fn configured(loaded: &Loaded) -> Result<ClientBuilder, SettingsError> {
        let mut urls = loaded.client.endpoints()?.into_iter();
        let first = urls.next().ok_or(SettingsError::NoUrl)?;
        let builder = urls.fold(Self::builder(first), ClientBuilder::url);
        let dialing = loaded.client.dialing()?;
        let deflate = dialing.deflate();
        let engine = loaded.engine.clone();
        let builder = builder
            .profile(loaded.profile)
            .settings(move |_profile| engine.clone())
            .dial(move |dial| dialing.apply(dial));
        Ok(match deflate {
            Some(config) => builder.deflate(config),
            None => builder,
        })
    }
}

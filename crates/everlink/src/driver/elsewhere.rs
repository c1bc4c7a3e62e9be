//! Where a server sends its clients, and whether they go there.

use super::options::Options;
use super::state::State;
use crate::client::Event;
use crate::dial::Endpoint;

impl State {
    /// The server wants us at a URL; returns the number under which it is dialed, if we go there.
    pub(crate) fn sent_elsewhere(&mut self, url: &str, options: &Options) -> Option<u16> {
        self.elsewhere = None;
        match options.follows(url) {
            Ok(endpoint) => {
                self.elsewhere = Some(endpoint);
                u16::try_from(options.endpoints.len()).ok()
            }
            Err(why) => {
                self.news.push(Event::NotFollowed { why: why.into() });
                None
            }
        }
    }

    /// Returns an endpoint by its number, and the number of the URL of the application that credentials
    /// for it are asked for.
    pub(crate) fn endpoint(&self, number: u16, options: &Options) -> Option<(Endpoint, u16)> {
        if let Some(endpoint) = options.endpoints.get(usize::from(number)) {
            return Some((endpoint.clone(), number));
        }
        let elsewhere = self.elsewhere.clone()?;
        let host = elsewhere.host();
        let known = options.endpoints.iter().position(|known| known.host() == host);
        Some((elsewhere, u16::try_from(known.unwrap_or_default()).ok()?))
    }
}

impl Options {
    /// Decides whether to go where a server says: it must not be able to send a token to whomever it
    /// likes, nor in the clear.
    fn follows(&self, url: &str) -> Result<Endpoint, String> {
        let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
        if !endpoint.is_tls() && self.endpoints.iter().any(Endpoint::is_tls) {
            return Err(format!("{endpoint} is not encrypted, as a URL of this client is"));
        }
        let host = endpoint.host();
        let is_own = self.endpoints.iter().any(|known| known.host() == host);
        let is_known = self.known_hosts.iter().any(|known| known.eq_ignore_ascii_case(&host));
        if is_own || is_known {
            return Ok(endpoint);
        }
        Err(format!(
            "{endpoint} is of another host than this client's URLs; `known_host` can name it"
        ))
    }
}

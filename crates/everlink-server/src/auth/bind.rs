//! Where a server may listen.

use std::net::SocketAddr;

use crate::server::Server;

impl Server {
    /// Checks that the server may listen there: without anything that asks for credentials, only on this
    /// machine, unless [`allow_anonymous`](crate::ServerBuilder::allow_anonymous) says otherwise.
    ///
    /// Whoever binds a socket for the server asks this first.
    ///
    /// # Errors
    ///
    /// Others could reach it, and nobody is asked for credentials.
    pub fn check_bind(&self, address: SocketAddr) -> Result<(), BindError> {
        let settings = &self.node().settings;
        let open = settings.authenticated || settings.allow_anonymous;
        if open || address.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        Err(BindError { address })
    }
}

/// A server that lets everyone in would be reached by others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "refused to listen on {address}, since nobody is asked for credentials; accepted: a key for \
     tokens, an address of this machine (127.0.0.1, [::1]), or saying that everyone may come in"
)]
#[non_exhaustive]
pub struct BindError {
    /// Where it was to listen.
    pub address: SocketAddr,
}

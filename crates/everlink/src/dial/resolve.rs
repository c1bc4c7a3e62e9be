//! From a name to addresses, anew for each attempt.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType};
use everlink_engine::Cause;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::{DialError, Phase};

/// The future that a [`Resolver`] returns.
pub type Resolving<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<SocketAddr>, ResolveError>> + Send + 'a>>;

/// Turns names into addresses.
///
/// It is asked at every attempt, so that a name that moved is found again; whoever caches does so
/// on purpose.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// Returns the addresses of `name` with `port`, best first.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] tells a name that does not exist from a resolver that failed.
    ///
    /// # Cancel safety
    ///
    /// The future must be safe to drop at any point.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolving<'a>;
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or has no address.
    #[error("no such name: {0}")]
    NotFound(String),
    /// The resolver failed or could not be asked.
    #[error("name lookup failed: {0}")]
    Failed(String),
}

/// The resolver of the operating system, with its `hosts` file, search list and order of addresses.
///
/// A lookup that hangs cannot be interrupted, only abandoned; at most
/// [`LOOKUPS_MAX`] run at once, and a further one waits until its deadline.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    lookups: Arc<Semaphore>,
}

/// Most lookups of one [`SystemResolver`] that occupy a thread at once.
pub const LOOKUPS_MAX: usize = 16;

impl Default for SystemResolver {
    fn default() -> Self {
        let lookups = Arc::new(Semaphore::new(LOOKUPS_MAX));
        Self { lookups }
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move {
            let permit = Arc::clone(&self.lookups).acquire_owned().await;
            let name = name.to_owned();
            let lookup = tokio::task::spawn_blocking(move || {
                // The permit goes along, so that an abandoned lookup still counts.
                let _permit = permit;
                look_up(&name, port)
            });
            let failed = |error: tokio::task::JoinError| ResolveError::Failed(error.to_string());
            lookup.await.map_err(failed)?
        })
    }
}

/// Returns the addresses of `host`, which may also be an address itself.
///
/// # Errors
///
/// [`Cause::NameNotFound`], [`Cause::NameLookupFailed`], or [`Cause::NameLookupTimedOut`] after
/// `limit`.
///
/// # Cancel safety
///
/// Safe to drop, as the resolver's own future is.
pub async fn resolve(
    resolver: &dyn Resolver,
    host: &str,
    port: u16,
    limit: Duration,
) -> Result<Vec<SocketAddr>, DialError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let answer = timeout(limit, resolver.resolve(host, port)).await;
    let addresses = match answer {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => return Err(classify(host, &error)),
        Err(_elapsed) => {
            let what = format!("looking up {host}");
            return Err(DialError::timed_out(Cause::NameLookupTimedOut, Phase::Name, &what, limit));
        }
    };
    tracing::debug!(host, ?addresses, "resolved");
    if addresses.is_empty() {
        let detail = format!("{host} has no address");
        return Err(DialError::new(Cause::NameNotFound, Phase::Name, detail));
    }
    Ok(addresses)
}

fn classify(host: &str, error: &ResolveError) -> DialError {
    let cause = match error {
        ResolveError::NotFound(_) => Cause::NameNotFound,
        ResolveError::Failed(_) => Cause::NameLookupFailed,
    };
    DialError::new(cause, Phase::Name, format!("{host}: {error}"))
}

/// Asks `getaddrinfo`, as tokio's `lookup_host` does, but keeps the error code that std drops.
fn look_up(name: &str, port: u16) -> Result<Vec<SocketAddr>, ResolveError> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints)).map_err(lookup_error)?;
    let with_port = |mut address: SocketAddr| {
        address.set_port(port);
        address
    };
    let addresses = found.flatten().map(|info| with_port(info.sockaddr));
    Ok(addresses.collect())
}

fn lookup_error(error: LookupError) -> ResolveError {
    let missing = matches!(error.kind(), LookupErrorKind::NoName | LookupErrorKind::NoData);
    let text = std::io::Error::from(error).to_string();
    if missing { ResolveError::NotFound(text) } else { ResolveError::Failed(text) }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use dns_lookup::LookupError;

    use super::{ResolveError, lookup_error};

    #[test]
    fn fault_01_the_systems_codes_tell_a_missing_name_from_a_failing_resolver() {
        let error = |code| lookup_error(LookupError::new(code));
        let (no_name, no_data, again, fail) = (-2, -5, -3, -4);
        for code in [no_name, no_data] {
            assert!(matches!(error(code), ResolveError::NotFound(_)), "{code}");
        }
        for code in [again, fail] {
            assert!(matches!(error(code), ResolveError::Failed(_)), "{code}");
        }
    }
}

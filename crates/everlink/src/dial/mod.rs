//! One attempt to open a WebSocket: name, TCP, proxy, TLS, upgrade.
//!
//! There is no policy here. [`dial`] tries once, within its deadlines, and says in a [`DialError`]
//! what failed and which [`Cause`](everlink_engine::Cause) that is; whether and when to try again
//! is the engine's to decide. The phases stand on their own too, for whoever wants to look at an
//! endpoint step by step: [`resolve()`], [`connect()`], [`tunnel()`], [`TlsClient::handshake`],
//! [`upgrade()`].
//!
//! ```no_run
//! use everlink::dial::{DialOptions, Endpoint, HeaderMap, dial};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let options = DialOptions::builder().subprotocol("everlink.v1.json").build()?;
//! let endpoint = Endpoint::parse("wss://chat.example.com/ws")?;
//! match dial(&endpoint, &options, &HeaderMap::new()).await {
//!     Ok(opened) => println!("open after {:?}", opened.timings.whole),
//!     Err(error) => println!("{error} ({:?})", error.failure.cause),
//! }
//! # Ok(())
//! # }
//! ```

mod attempt;
mod connect;
mod deadlines;
mod endpoint;
mod error;
mod headers;
mod http;
mod io;
mod options;
mod proxy;
mod resolve;
mod retry_after;
mod roots;
mod tls;
mod tls_options;
mod tunnel;
mod upgrade;

pub use attempt::{Opened, Timings, dial};
pub use connect::{ADDRESSES_MAX, AddressFailure, Connected, TcpOptions, connect, connect_one};
pub use deadlines::{DEADLINE_RANGE, Deadlines, STAGGER_RANGE, SYSTEM_TIMEOUT_RANGE};
pub(crate) use endpoint::web_socket_address;
pub use endpoint::{Endpoint, EndpointError, URL_BYTES_MAX};
pub use error::{DETAIL_BYTES_MAX, DialError, Hint, HttpAnswer, Phase, RAW_VALUE_BYTES_MAX};
pub use headers::SUBPROTOCOLS_MAX;
pub use http::HEADER_BYTES_MAX;
pub use hyper::header::{HeaderMap, HeaderName, HeaderValue};
pub use io::Io;
pub use options::{DialOptions, DialOptionsBuilder, OptionsError};
pub use proxy::{Proxy, ProxyProtocol, ProxyServer};
pub use resolve::{LOOKUPS_MAX, ResolveError, Resolver, Resolving, SystemResolver, resolve};
pub use roots::Roots;
pub use tls::{TlsClient, TlsInfo};
pub use tls_options::{TlsOptions, TlsVersions};
pub use tunnel::{PROXY_AUTHENTICATION_REQUIRED, Tunnel, TunnelTarget, tunnel};
pub use upgrade::{UpgradeRequest, Upgraded, upgrade};

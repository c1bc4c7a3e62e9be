//! TCP to the first address that answers (Happy Eyeballs, RFC 8305).

use core::time::Duration;
use std::io;
use std::net::{IpAddr, SocketAddr};

use everlink_engine::Cause;
use futures_util::stream::{FuturesUnordered, StreamExt};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::error::{DialError, Phase, io_cause};

/// How TCP connections are made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpOptions {
    /// Longest wait for one address. Default: 5 s.
    pub address_timeout: Duration,
    /// Pause before the next address is tried beside the others. Default: 250 ms (RFC 8305, section 5).
    pub stagger: Duration,
    /// Whether small writes are sent at once. Default: yes.
    pub nodelay: bool,
    /// How long sent data may stay unacknowledged before the system gives the connection up; Linux
    /// only, without effect elsewhere. Default: 30 s.
    pub user_timeout: Option<Duration>,
    /// Idle time after which the system probes the peer. Default: none, the heartbeat sees more.
    pub keepalive: Option<Duration>,
    /// Local address to connect from; addresses of the other family are then left out. Default: any.
    pub bind: Option<IpAddr>,
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self {
            address_timeout: Duration::from_secs(5),
            stagger: Duration::from_millis(250),
            nodelay: true,
            user_timeout: Some(Duration::from_secs(30)),
            keepalive: None,
            bind: None,
        }
    }
}

/// Most addresses of one name that are tried; the rest is left out, with a log line.
pub const ADDRESSES_MAX: usize = 16;

/// A TCP connection.
#[derive(Debug)]
pub struct Connected {
    /// The socket, with its options set.
    pub stream: TcpStream,
    /// The address that answered first.
    pub peer: SocketAddr,
}

/// Why one address did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address}: {detail}")]
pub struct AddressFailure {
    /// The address tried.
    pub address: SocketAddr,
    /// What it stands for.
    pub cause: Cause,
    /// What the system said.
    pub detail: String,
}

/// Connects to the first of `addresses` that answers.
///
/// Attempts start `stagger` apart, or at once when an earlier one fails, with the families
/// interleaved (RFC 8305, sections 4 and 5); each has `address_timeout`. The others are closed
/// when one succeeds.
///
/// # Errors
///
/// When all have failed: the cause that says most, with every address in the text.
///
/// # Cancel safety
///
/// Dropping the future closes all its sockets.
pub async fn connect(addresses: &[SocketAddr], tcp: &TcpOptions) -> Result<Connected, DialError> {
    let mut waiting = plan(addresses, tcp.bind)?.into_iter();
    let mut running = FuturesUnordered::new();
    let mut failures = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            running.push(connect_one(address, tcp));
        }
        let more = waiting.len() > 0;
        tokio::select! {
            finished = running.next() => match finished {
                Some(Ok(connected)) => return Ok(connected),
                Some(Err(failure)) => failures.push(failure),
                None => return Err(all_failed(&failures)),
            },
            () = sleep(tcp.stagger), if more => {}
        }
    }
}

/// Connects to one address.
///
/// # Errors
///
/// [`AddressFailure`] tells refusal, unreachability, silence and local trouble apart.
///
/// # Cancel safety
///
/// Dropping the future closes the socket.
pub async fn connect_one(
    address: SocketAddr,
    tcp: &TcpOptions,
) -> Result<Connected, AddressFailure> {
    tracing::debug!(%address, "connecting");
    let failed = |cause, detail| {
        tracing::debug!(%address, ?cause, %detail, "not connected");
        AddressFailure { address, cause, detail }
    };
    match timeout(tcp.address_timeout, open(address, tcp)).await {
        Ok(Ok(stream)) => Ok(Connected { stream, peer: address }),
        Ok(Err(error)) => Err(failed(io_cause(&error), error.to_string())),
        Err(_elapsed) => {
            let detail = format!("no answer within {:?}", tcp.address_timeout);
            Err(failed(Cause::ConnectTimedOut, detail))
        }
    }
}

async fn open(address: SocketAddr, tcp: &TcpOptions) -> io::Result<TcpStream> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if let Some(local) = tcp.bind {
        socket.bind(SocketAddr::new(local, 0))?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(tcp.nodelay)?;
    let socket = SockRef::from(&stream);
    if let Some(idle) = tcp.keepalive {
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle).with_interval(idle))?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(tcp.user_timeout)?;
    Ok(stream)
}

/// Returns the addresses in the order in which they are tried.
fn plan(addresses: &[SocketAddr], bind: Option<IpAddr>) -> Result<Vec<SocketAddr>, DialError> {
    let usable = |address: &&SocketAddr| bind.is_none_or(|ip| ip.is_ipv4() == address.is_ipv4());
    let usable: Vec<SocketAddr> = addresses.iter().filter(usable).copied().collect();
    if usable.is_empty() {
        let bound = bind.map(|ip| format!(" that can be reached from {ip}")).unwrap_or_default();
        let detail = format!("no address{bound} among {addresses:?}");
        return Err(DialError::new(Cause::Local, Phase::Connect, detail));
    }
    if usable.len() > ADDRESSES_MAX {
        let left_out = usable.len() - ADDRESSES_MAX;
        tracing::debug!(left_out, "more addresses than are tried");
    }
    let mut planned = interleave(&usable);
    planned.truncate(ADDRESSES_MAX);
    Ok(planned)
}

/// Alternates between the families, starting with that of the first address, and keeps the
/// resolver's order within each (RFC 8305, section 4).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv4() == first_is_v4);
    let mut first = first.into_iter();
    let mut second = second.into_iter();
    let mut mixed = Vec::with_capacity(addresses.len());
    while mixed.len() < addresses.len() {
        mixed.extend(first.next());
        mixed.extend(second.next());
    }
    mixed
}

fn all_failed(failures: &[AddressFailure]) -> DialError {
    let mut says_most = SAYS_MOST.into_iter();
    let seen = |cause: &Cause| failures.iter().any(|failure| failure.cause == *cause);
    let cause = says_most.find(seen).unwrap_or(Cause::Unreachable);
    let texts: Vec<String> = failures.iter().map(ToString::to_string).collect();
    DialError::new(cause, Phase::Connect, texts.join("; "))
}

/// Which cause stands for several addresses, the first found. Unreachable comes last: a host
/// without one family always adds one, and it means nothing.
const SAYS_MOST: [Cause; 4] = [Cause::ConnectTimedOut, Cause::Reset, Cause::Refused, Cause::Local];

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use everlink_engine::Cause;

    use super::{ADDRESSES_MAX, AddressFailure, all_failed, interleave, plan};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        let parse = |text: &&str| text.parse().expect("an address");
        texts.iter().map(parse).collect()
    }

    #[test]
    fn fault_03_the_families_alternate_from_the_resolvers_first() {
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let expected = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
        assert_eq!(interleave(&given), expected);
        let given = addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"]);
        let expected = addresses(&["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]);
        assert_eq!(interleave(&given), expected);
    }

    #[test]
    fn only_addresses_of_the_bound_family_are_tried() {
        let given = addresses(&["[::1]:1", "1.1.1.1:1"]);
        let v4 = Some("127.0.0.1".parse().expect("an address"));
        assert_eq!(plan(&given, v4).expect("one is left"), addresses(&["1.1.1.1:1"]));
        let error = plan(&addresses(&["[::1]:1"]), v4).expect_err("none is left");
        assert_eq!(error.failure.cause, Cause::Local);
        assert_eq!(error.detail, "no address that can be reached from 127.0.0.1 among [[::1]:1]");
    }

    #[test]
    fn a_name_with_very_many_addresses_costs_a_bounded_number_of_sockets() {
        let many: Vec<SocketAddr> = (0..200).map(|n| SocketAddr::from(([1, 1, 1, n], 1))).collect();
        assert_eq!(plan(&many, None).expect("some").len(), ADDRESSES_MAX);
    }

    #[test]
    fn fault_05_a_missing_family_does_not_hide_the_refusal_of_the_other() {
        let failure = |address: &str, cause| AddressFailure {
            address: address.parse().expect("an address"),
            cause,
            detail: "said the system".to_owned(),
        };
        let error = all_failed(&[
            failure("1.1.1.1:1", Cause::Refused),
            failure("[::1]:1", Cause::Unreachable),
        ]);
        assert_eq!(error.failure.cause, Cause::Refused);
        assert_eq!(
            error.to_string(),
            "connect: 1.1.1.1:1: said the system; [::1]:1: said the system"
        );
    }
}

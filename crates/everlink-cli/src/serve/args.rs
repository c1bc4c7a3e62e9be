//! What `everlink serve` is told.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Serves rooms whose messages survive: nothing lost, doubled or reordered, across cuts and kill -9.
///
/// At `/` is a page: a chat to try it with, and buttons that break its connection. Messages are kept in a
/// directory of the server's own unless `--memory` is given. Ctrl-C or SIGTERM
/// asks every client to come back later, each in a slot of its own, and then ends with code 0.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// Address to listen on; may be repeated. Port 0 takes a free one.
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "EVERLINK_SERVE_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:8400"
    )]
    pub(super) listen: Vec<SocketAddr>,
    /// Directory for messages; made if it is not there. [default: everlink in the user's data directory]
    #[arg(long, value_name = "DIR", env = "EVERLINK_SERVE_DATA", conflicts_with = "memory")]
    pub(super) data: Option<PathBuf>,
    /// Keeps messages in memory only: they end with the process.
    #[arg(long, env = "EVERLINK_SERVE_MEMORY")]
    pub(super) memory: bool,
    /// Drops messages that are older, such as `30d`. [default: none are dropped]
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_KEEP_AGE", value_parser = humantime::parse_duration)]
    pub(super) keep_age: Option<Duration>,
    /// Keeps at most so many messages of each channel. [default: all]
    #[arg(long, value_name = "N", env = "EVERLINK_SERVE_KEEP_MESSAGES")]
    pub(super) keep_messages: Option<u64>,
    /// Keeps at most so many bytes of each channel, such as `64MiB`. [default: all]
    #[arg(long, value_name = "BYTES", env = "EVERLINK_SERVE_KEEP_BYTES", value_parser = bytes)]
    pub(super) keep_bytes: Option<u64>,
    /// Certificate chain in PEM; with it TLS is spoken on every address.
    #[arg(long, value_name = "FILE", env = "EVERLINK_SERVE_TLS_CERT", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM.
    #[arg(long, value_name = "FILE", env = "EVERLINK_SERVE_TLS_KEY", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Web origin whose pages may connect, such as `https://chat.example`; may be repeated. [default: pages of
    /// this machine; any with --open or --jwt-key]
    #[arg(
        long = "origin",
        value_name = "ORIGIN",
        env = "EVERLINK_SERVE_ORIGINS",
        value_delimiter = ','
    )]
    pub(super) origins: Vec<String>,
    /// File with the key that tokens (JWT) are signed with: a secret, or a public key in PEM; may be
    /// repeated. With it nobody comes in without a token.
    #[arg(
        long = "jwt-key",
        value_name = "FILE",
        env = "EVERLINK_SERVE_JWT_KEYS",
        value_delimiter = ','
    )]
    pub(super) jwt_keys: Vec<PathBuf>,
    /// Audience that tokens must name.
    #[arg(long, value_name = "NAME", env = "EVERLINK_SERVE_JWT_AUDIENCE", requires = "jwt_keys")]
    pub(super) jwt_audience: Option<String>,
    /// Issuer that tokens must name.
    #[arg(long, value_name = "NAME", env = "EVERLINK_SERVE_JWT_ISSUER", requires = "jwt_keys")]
    pub(super) jwt_issuer: Option<String>,
    /// File that says what answers in which rooms: keywords or webhooks (TOML, or JSON by its name);
    /// may be repeated.
    #[arg(long, value_name = "FILE", env = "EVERLINK_SERVE_RESPONDERS", value_delimiter = ',')]
    pub(super) responders: Vec<PathBuf>,
    /// Leaves `support-chat` and `ai-assistant` unanswered; else a demonstration answers there as long as there is
    /// neither a file of responders nor a key for tokens.
    #[arg(long, env = "EVERLINK_SERVE_NO_DEMO_RESPONDERS")]
    pub(super) no_demo_responders: bool,
    /// Serves no page at `/`.
    #[arg(long, env = "EVERLINK_SERVE_NO_PAGE")]
    pub(super) no_page: bool,
    /// Another program watches over this process and starts it again: the page may kill it with -9, and it
    /// ends at once when its standard input does, as that of a program that is gone.
    #[arg(long)]
    pub(super) supervised: bool,
    /// Path of the WebSocket endpoint.
    #[arg(long, value_name = "PATH", env = "EVERLINK_SERVE_PATH", default_value = "/ws")]
    pub(super) path: String,
    /// Path of the Socket.IO endpoint.
    #[arg(
        long,
        value_name = "PATH",
        env = "EVERLINK_SERVE_SOCKET_IO_PATH",
        default_value = "/socket.io"
    )]
    pub(super) socket_io_path: String,
    /// Serves no Socket.IO.
    #[arg(
        long,
        env = "EVERLINK_SERVE_NO_SOCKET_IO",
        conflicts_with_all = ["socket_io_path", "socket_io_ping_interval", "socket_io_ping_timeout", "socket_io_recovery_window"]
    )]
    pub(super) no_socket_io: bool,
    /// How often clients of Socket.IO are pinged.
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_SOCKET_IO_PING_INTERVAL", default_value = "25s", value_parser = humantime::parse_duration)]
    pub(super) socket_io_ping_interval: Duration,
    /// How long the answer to such a ping may take.
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_SOCKET_IO_PING_TIMEOUT", default_value = "20s", value_parser = humantime::parse_duration)]
    pub(super) socket_io_ping_timeout: Duration,
    /// How long a client of Socket.IO may be away and still get all that it missed; `0s` is without recovery.
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_SOCKET_IO_RECOVERY_WINDOW", default_value = "2min", value_parser = humantime::parse_duration)]
    pub(super) socket_io_recovery_window: Duration,
    /// Lets everyone in on addresses that others can reach.
    #[arg(long, env = "EVERLINK_SERVE_OPEN")]
    pub(super) open: bool,
    /// Most connections of one address at once. [default: no limit]
    #[arg(long, value_name = "N", env = "EVERLINK_SERVE_ADDRESS_CONNECTIONS_MAX")]
    pub(super) address_connections_max: Option<NonZeroU32>,
    /// Most messages a second of one user, or of one address. [default: no limit]
    #[arg(long, value_name = "N", env = "EVERLINK_SERVE_MESSAGES_A_SECOND_MAX")]
    pub(super) messages_a_second_max: Option<NonZeroU32>,
    /// Largest message, in bytes, such as `1MiB`.
    #[arg(long, value_name = "BYTES", env = "EVERLINK_SERVE_FRAME_MAX", default_value = "1MiB", value_parser = bytes)]
    pub(super) frame_max: u64,
    /// How often clients ask whether the server is there. [default: 20s, or 5s where only this machine is served]
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_HEARTBEAT_INTERVAL", value_parser = humantime::parse_duration)]
    pub(super) heartbeat_interval: Option<Duration>,
    /// How long either side waits for an answer. [default: 10s, or 3s where only this machine is served]
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_HEARTBEAT_TIMEOUT", value_parser = humantime::parse_duration)]
    pub(super) heartbeat_timeout: Option<Duration>,
    /// Compresses messages (permessage-deflate) with clients that offer it; costs much memory.
    #[arg(long, env = "EVERLINK_SERVE_COMPRESSION")]
    pub(super) compression: bool,
    /// Time over which clients are asked to go when the server ends.
    #[arg(long, value_name = "TIME", env = "EVERLINK_SERVE_DRAIN_WINDOW", default_value = "5s", value_parser = drain_window)]
    pub(super) drain_window: Duration,
    /// Name of this server among others. [default: made from the process]
    #[arg(long, value_name = "NAME", env = "EVERLINK_SERVE_NODE")]
    pub(super) node: Option<String>,
    /// Prints what happens as JSON lines on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

impl ServeArgs {
    /// Returns whether nobody else is served than whoever sits at this machine, for trying things out.
    pub(super) fn is_private(&self) -> bool {
        let here = |address: &SocketAddr| address.ip().to_canonical().is_loopback();
        self.jwt_keys.is_empty() && !self.open && self.listen.iter().all(here)
    }

    /// Returns how often clients ask whether the server is there, and how long they wait. Who tries things out
    /// should not wait half a minute to see a dead connection noticed.
    pub(super) fn heartbeat(&self) -> (Duration, Duration) {
        let (interval, timeout) = if self.is_private() { (5, 3) } else { (20, 10) };
        (
            self.heartbeat_interval.unwrap_or(Duration::from_secs(interval)),
            self.heartbeat_timeout.unwrap_or(Duration::from_secs(timeout)),
        )
    }
}

const EXAMPLES: &str = "\
Examples:
  everlink serve                                   on 127.0.0.1:8400, kept on disk
  everlink serve --memory --listen 127.0.0.1:0     nothing kept, on a free port
  everlink serve --listen 0.0.0.0:443 --tls-cert chain.pem --tls-key key.pem --open
  everlink serve --jwt-key secret.txt --responders support.toml
  everlink serve --keep-age 30d --keep-messages 100000

Each option can also be set by the variable that its help names.";

fn bytes(text: &str) -> Result<u64, String> {
    parse_size::parse_size(text)
        .map_err(|error| format!("{error}; accepted: a number with a unit, such as 64MiB"))
}

fn drain_window(text: &str) -> Result<Duration, String> {
    let window = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if window > DRAIN_WINDOW_MAX {
        return Err(format!("{text} is too long; accepted: up to 10min"));
    }
    Ok(window)
}

/// Clients obey no longer hint than this.
const DRAIN_WINDOW_MAX: Duration = Duration::from_secs(600);

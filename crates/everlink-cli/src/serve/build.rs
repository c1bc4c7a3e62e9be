//! Makes what `everlink serve` serves from what it is told.

use everlink_server::listen::{Listener, TlsFiles};
use everlink_server::responders::{RespondHandle, ResponderFile};
use everlink_server::socketio::{Namespace, SocketIo};
use everlink_server::{BuildError, Jwt, JwtKey, Limits, Quotas, Server};
use everlink_wire::ws::DeflateConfig;

use super::answers;
use super::args::ServeArgs;
use super::page::{self, About, Kill, Page};
use super::store::Store;
use crate::exit::usage;

pub(super) fn server(args: &ServeArgs, store: &Store) -> anyhow::Result<Server> {
    let frame_max = usize::try_from(args.frame_max).map_err(usage)?;
    let quotas = Quotas { messages_a_second: args.messages_a_second_max, ..Quotas::default() };
    let limits = Limits {
        by_user: quotas,
        by_address: Quotas { connections: args.address_connections_max, ..quotas },
    };
    let (heartbeat_interval, heartbeat_timeout) = args.heartbeat();
    let mut builder = Server::builder()
        .heartbeat_interval(heartbeat_interval)
        .heartbeat_timeout(heartbeat_timeout)
        .log(store.log())
        .frame_max(frame_max)
        .limits(limits)
        .path(&args.path)
        .allow_anonymous(args.open);
    if !args.origins.is_empty() {
        builder = builder.origins(&args.origins);
    }
    if let Some(node) = &args.node {
        builder = builder.node(node);
    }
    if let Some(jwt) = jwt(args)? {
        builder = builder.jwt(jwt);
    }
    if args.compression {
        builder = builder.deflate(DeflateConfig::default());
    }
    builder.build().map_err(usage)
}

/// Binds the addresses. Without credentials only this machine is let in, unless that is wished for.
pub(super) fn listener(args: &ServeArgs, server: &Server) -> anyhow::Result<Listener> {
    for address in &args.listen {
        server.check_bind(*address).map_err(|error| {
            usage(format!("--listen {address}: {error} (--jwt-key FILE, or --open)"))
        })?;
    }
    let listener = Listener::bind(&args.listen)?;
    match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => {
            let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
            Ok(listener.with_tls(&files)?)
        }
        (_, _) => Ok(listener),
    }
}

/// Makes the chat for clients of Socket.IO, unless that is not wished for.
pub(super) fn socket_io(args: &ServeArgs, server: &Server) -> anyhow::Result<Option<SocketIo>> {
    if args.no_socket_io {
        return Ok(None);
    }
    let path = &args.socket_io_path;
    let taken = *path == args.path || (!args.no_page && page::takes(path));
    if taken {
        return Err(usage(format!(
            "--socket-io-path {path}: something else is there; accepted: another path, or --no-socket-io"
        )));
    }
    let recovery = Some(args.socket_io_recovery_window).filter(|window| !window.is_zero());
    let io = SocketIo::builder()
        .path(path)
        .ping_interval(args.socket_io_ping_interval)
        .ping_timeout(args.socket_io_ping_timeout)
        .max_payload(usize::try_from(args.frame_max).map_err(usage)?)
        .recovery(recovery)
        .namespace(Namespace::chat("/"));
    io.build(server).map(Some).map_err(|error| usage(socket_io_error(error)))
}

/// Names what the command line calls otherwise than the library does.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other errors name no option")]
fn socket_io_error(error: BuildError) -> String {
    match error {
        BuildError::OutOfRange { setting, value, min, max, .. } => {
            let option = match setting {
                "ping_interval" => "--socket-io-ping-interval",
                "ping_timeout" => "--socket-io-ping-timeout",
                "recovery" => "--socket-io-recovery-window",
                "max_payload" => "--frame-max",
                other => other,
            };
            format!("{option} is {value}; accepted: {min} to {max}")
        }
        path @ BuildError::Path { .. } => format!("--socket-io-path: {path}"),
        other => other.to_string(),
    }
}

/// Makes the page, unless that is not wished for.
pub(super) fn page(args: &ServeArgs, server: &Server) -> anyhow::Result<Option<Page>> {
    if args.no_page {
        return Ok(None);
    }
    if page::takes(&args.path) {
        return Err(usage(format!(
            "--path {}: the page is there; accepted: another path, or --no-page",
            args.path
        )));
    }
    // What others can reach is not theirs to break.
    let kill = if args.supervised { Kill::Process } else { Kill::Connection };
    let about = About {
        version: env!("CARGO_PKG_VERSION"),
        socket: args.path.clone(),
        kill: args.is_private().then_some(kill),
        answered: if has_demo_responders(args) { &answers::ROOMS } else { &[] },
        tokens: !args.jwt_keys.is_empty(),
        kept: if args.memory { "memory" } else { "disk" },
    };
    Ok(Some(Page::new(server.clone(), about)))
}

/// Returns whether demonstrations answer in rooms: not where somebody has set up what answers, or who may come in.
pub(super) fn has_demo_responders(args: &ServeArgs) -> bool {
    !args.no_demo_responders && args.responders.is_empty() && args.jwt_keys.is_empty()
}

/// Starts what answers in rooms, from each file.
pub(super) fn responders(args: &ServeArgs, server: &Server) -> anyhow::Result<Vec<RespondHandle>> {
    if has_demo_responders(args) {
        return answers::attach(server);
    }
    let mut handles = Vec::new();
    for file in &args.responders {
        handles.extend(ResponderFile::load(file).map_err(usage)?.attach(server));
    }
    Ok(handles)
}

fn jwt(args: &ServeArgs) -> anyhow::Result<Option<Jwt>> {
    let mut keys = args.jwt_keys.iter().map(|file| JwtKey::from_file(file).map_err(usage));
    let Some(first) = keys.next() else { return Ok(None) };
    let mut jwt = Jwt::new(first?);
    for key in keys {
        jwt = jwt.key(key?);
    }
    if let Some(audience) = &args.jwt_audience {
        jwt = jwt.audience(audience);
    }
    if let Some(issuer) = &args.jwt_issuer {
        jwt = jwt.issuer(issuer);
    }
    Ok(Some(jwt))
}

//! The HTTP control port: the same verbs as the handle, for people and for tests in other languages.

mod routes;

use super::limits::{CONTROL_CONNECTIONS_MAX, CONTROL_REQUEST_TIME_MAX, RETRY_EVERY};
use super::root::Shared;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Serves the control port until dropped.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, proxy: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONTROL_CONNECTIONS_MAX => {
                match accepted {
                    Ok((stream, _)) => drop(connections.spawn(talk(stream, shared.clone(), proxy))),
                    Err(error) => {
                        tracing::warn!(%error, "control port: accept failed");
                        tokio::time::sleep(RETRY_EVERY).await;
                    }
                }
            }
        }
    }
}

async fn talk(stream: TcpStream, shared: Arc<Shared>, proxy: SocketAddr) {
    let service = service_fn(|request| routes::answer(request, &shared, proxy));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONTROL_REQUEST_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "control port: connection ended");
    }
}

//! The process of a server in Rust.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use everlink_server::Server;
use everlink_server::listen::{Listener, TlsFiles};
use everlink_server::log::{LogOptions, RedbLog, RedbOptions};

use super::kind::ServerKind;
use super::options::Serve;
use super::{peers, socket_io};
use crate::bench::{end_with_parent, raise_open_files};

/// Serves until standard input ends, having said in one line where.
pub(super) fn run(options: &Serve) -> Result<()> {
    end_with_parent()?;
    raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(options))
}

async fn serve(options: &Serve) -> Result<()> {
    let router = match options.kind {
        ServerKind::Everlink => return everlink(options).await,
        ServerKind::EverlinkSocketIo => return listen(options, socket_io::ours()?).await,
        ServerKind::AxumBatched => peers::router(true),
        ServerKind::Axum => peers::router(false),
        ServerKind::Socketioxide => socket_io::socketioxide(),
        ServerKind::Ws | ServerKind::SocketIo | ServerKind::Websockets => {
            anyhow::bail!("that is not one in Rust")
        }
    };
    if options.certificate.is_some() {
        // axum has no TLS of its own.
        return listen(options, router).await;
    }
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
    say(&[listener.local_addr()?])?;
    let serve = axum::serve(listener, router);
    tokio::select! {
        served = async { serve.await } => Ok(served?),
        ended = end() => ended,
    }
}

async fn everlink(options: &Serve) -> Result<()> {
    // Who is in a room is told to nobody by the other servers.
    let mut builder = Server::builder().presence(false);
    if let Some(store) = &options.store {
        let log = RedbLog::open(RedbOptions::new(store).log(LogOptions::default()))?;
        builder = builder.log(Arc::new(log));
    }
    let server = builder.build()?;
    listen(options, server.router()).await
}

async fn listen(options: &Serve, router: Router) -> Result<()> {
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), options.port);
    let mut listener = Listener::bind(&[address])?;
    if let (Some(certificate), Some(key)) = (&options.certificate, &options.key) {
        let (certificate, key) = (certificate.clone(), key.clone());
        listener = listener.with_tls(&TlsFiles { certificate, key })?;
    }
    say(&listener.local_addrs())?;
    listener.serve(router, async { drop(end().await) }).await;
    Ok(())
}

fn say(addresses: &[SocketAddr]) -> Result<()> {
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", serde_json::to_string(&addresses)?)?;
    stdout.flush()?;
    Ok(())
}

async fn end() -> Result<()> {
    let ended =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    ended.await??;
    Ok(())
}

//! `everlink serve`: the server with an embedded store.

mod answers;
mod args;
mod build;
mod page;
mod store;
mod supervisor;

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use everlink_server::listen::{Listener, OpenFiles, raise_open_files};
use everlink_server::{Server, not_found};
use serde_json::json;

use crate::exit::Exit;
use crate::signals::Interrupts;
use crate::streams;
pub(crate) use args::ServeArgs;
use page::Page;
use store::Store;
use supervisor::Supervisor;

/// Serves until it is asked to end.
///
/// # Errors
///
/// When an address cannot be bound, a file cannot be used, or an option is not accepted.
pub(crate) fn run(args: &ServeArgs) -> anyhow::Result<Exit> {
    let files = raise_open_files();
    let store = Store::open(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(serve(args, &store, files));
    runtime.block_on(store.close());
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

async fn serve(args: &ServeArgs, store: &Store, files: OpenFiles) -> anyhow::Result<Exit> {
    let server = build::server(args, store)?;
    let socket_io = build::socket_io(args, &server)?;
    let page = build::page(args, &server)?;
    let listener = build::listener(args, &server)?;
    // They answer as long as these live.
    let _responders = build::responders(args, &server)?;
    // Whoever is told that it serves may end it at once, and wants it drained too.
    let mut interrupts = Interrupts::listen().context("cannot listen for signals")?;
    let mut supervisor =
        Supervisor::watch(args.supervised).context("cannot watch standard input")?;
    let place = store.place();
    say(args, &ready(args, &server, &listener, page.as_ref(), &place, files))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut router = server.router().fallback(not_found);
    if let Some(socket_io) = &socket_io {
        router = router.merge(socket_io.router());
    }
    if let Some(page) = &page {
        router = router.merge(page.router());
    }
    let serving = tokio::spawn(listener.serve(router, async {
        // An error says that the other half is gone, and so is the wish to serve.
        let _stop = stopped.await;
    }));
    tokio::select! {
        pressed = interrupts.next() => pressed.context("cannot listen for signals")?,
        // Nobody is left to be told, and whoever starts the next run wants address and store.
        () = supervisor.gone() => return Ok(Exit::Ok),
    }
    // Clients are asked to go whether or not anybody reads that.
    let told = say(args, &leaving(args, &server));
    let drained = tokio::select! {
        drained = server.drain(args.drain_window) => drained,
        pressed = interrupts.next() => {
            pressed?;
            return Ok(Exit::Interrupted);
        }
        () = supervisor.gone() => return Ok(Exit::Ok),
    };
    drop(stop);
    serving.await.context("serving ended badly")?;
    told?;
    let text = format!("ended; {} connections left, {} were cut", drained.connections, drained.cut);
    let object = json!({
        "event": "ended", "connections": drained.connections, "cut": drained.cut,
    });
    say(args, &Said { text, object })?;
    Ok(Exit::Ok)
}

/// One thing told, in both forms.
struct Said {
    text: String,
    object: serde_json::Value,
}

fn ready(
    args: &ServeArgs,
    server: &Server,
    listener: &Listener,
    page: Option<&Page>,
    place: &str,
    files: OpenFiles,
) -> Said {
    let secure = if listener.is_tls() { "s" } else { "" };
    let addresses = listener.local_addrs();
    let urls: Vec<String> =
        addresses.iter().map(|address| format!("ws{secure}://{address}{}", args.path)).collect();
    let built = page.filter(|page| page.is_built());
    let page_url = addresses.first().filter(|_| built.is_some());
    let page_url = page_url.map(|address| format!("http{secure}://{address}/"));
    let page_line = match (page, &page_url) {
        (None, _) => String::new(),
        (_, Some(url)) => format!("\npage: {url}"),
        (_, None) => "\npage: not part of this build; cargo xtask page builds it".to_owned(),
    };
    let socket_io_urls: Vec<String> = addresses
        .iter()
        .filter(|_| !args.no_socket_io)
        .map(|address| format!("http{secure}://{address}{}/", args.socket_io_path))
        .collect();
    let socket_io = match socket_io_urls.as_slice() {
        [] => String::new(),
        urls => format!("\nsocket.io: {}", urls.join(" ")),
    };
    let demo = if build::has_demo_responders(args) {
        "\na demonstration answers in support-chat and ai-assistant; --no-demo-responders leaves it out"
    } else {
        ""
    };
    let open = match (files.before, files.now) {
        (Some(before), Some(now)) if now > before => format!("{now} (raised from {before})"),
        (_, Some(now)) => now.to_string(),
        (_, None) => "no limit".to_owned(),
    };
    let text = format!(
        "serving {}{socket_io}{page_line}{demo}\nmessages: {place}\nopen files: {open}; node {}; Ctrl-C ends it in {} or less",
        urls.join(" "),
        server.node_name(),
        humantime::format_duration(args.drain_window + DRAIN_GRACE),
    );
    let object = json!({
        "event": "serving", "urls": urls, "addresses": addresses, "messages": place, "page": page_url,
        "socket_io": socket_io_urls,
        "open_files": files.now, "open_files_before": files.before, "node": server.node_name(),
    });
    Said { text, object }
}

fn leaving(args: &ServeArgs, server: &Server) -> Said {
    let connections = server.status().connections;
    let window = humantime::format_duration(args.drain_window);
    let text = format!(
        "ending: {connections} connections are asked to go within {window}; once more ends at once"
    );
    let window_ms = u64::try_from(args.drain_window.as_millis()).unwrap_or(u64::MAX);
    let object = json!({ "event": "draining", "connections": connections, "window_ms": window_ms });
    Said { text, object }
}

/// Tells people on standard error, programs on standard output.
fn say(args: &ServeArgs, said: &Said) -> io::Result<()> {
    if args.json {
        return streams::print(&said.object);
    }
    streams::tell(&said.text);
    Ok(())
}

/// What the last clients get beyond their slots.
const DRAIN_GRACE: Duration = Duration::from_secs(7);

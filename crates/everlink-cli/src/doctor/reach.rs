//! Name, addresses and upgrade.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use everlink::dial::{
    DialError, DialOptions, Endpoint, HeaderMap, Opened, connect_one, dial, resolve,
};
use serde_json::json;

use super::report::{Level, Report};

/// Most addresses that are tried one by one.
const ADDRESSES_TRIED_MAX: usize = 8;

/// Looks at name and addresses; returns whether going on makes sense.
pub(super) async fn examine(
    endpoint: &Endpoint,
    options: &DialOptions,
    report: &mut Report,
) -> bool {
    if let Some(proxy) = options.proxy().for_endpoint(endpoint) {
        let text = format!("through the proxy {}:{}; it looks the name up", proxy.host, proxy.port);
        report.add("proxy", Level::Note, text);
        return false;
    }
    let started = Instant::now();
    let limit = options.deadlines().name;
    let host = endpoint.host();
    match resolve(options.resolver(), &host, endpoint.port(), limit).await {
        Ok(addresses) => {
            names(&addresses, started.elapsed(), report);
            tcp(&addresses, options, report).await
        }
        Err(error) => {
            failed("dns", &error, report);
            false
        }
    }
}

fn names(addresses: &[SocketAddr], took: Duration, report: &mut Report) {
    let v6 = addresses.iter().filter(|address| address.is_ipv6()).count();
    let v4 = addresses.len() - v6;
    let text =
        format!("{} in {took:.1?}: {v4} IPv4, {v6} IPv6", plural(addresses.len(), "address"));
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    let data = json!({ "addresses": shown, "ms": took.as_secs_f64() * 1e3 });
    report.add_with("dns", Level::Good, text, data);
}

/// Connects to each address by itself: one that is dead is seen even if another hides it.
async fn tcp(addresses: &[SocketAddr], options: &DialOptions, report: &mut Report) -> bool {
    let mut reached = false;
    for address in addresses.iter().take(ADDRESSES_TRIED_MAX) {
        let started = Instant::now();
        let data = |ok: bool| json!({ "address": address.to_string(), "ok": ok });
        match connect_one(*address, options.tcp()).await {
            Ok(_connected) => {
                reached = true;
                let text = format!("{address} answers in {:.1?}", started.elapsed());
                report.add_with("tcp", Level::Good, text, data(true));
            }
            Err(failure) => {
                let text = format!("{address}: {}", failure.detail);
                report.add_with("tcp", Level::Warning, text, data(false));
            }
        }
    }
    if !reached {
        report.add("tcp", Level::Bad, "no address answers");
    }
    reached
}

/// Makes the upgrade, and says what was agreed on.
pub(super) async fn examine_upgrade(
    endpoint: &Endpoint,
    options: &DialOptions,
    headers: &HeaderMap,
    report: &mut Report,
) -> Option<Opened> {
    match dial(endpoint, options, headers).await {
        Ok(opened) => {
            let took = opened.timings.upgrade.unwrap_or_default();
            let whole = opened.timings.whole;
            let text = format!("101 in {took:.1?}; the whole attempt took {whole:.1?}");
            let data = json!({
                "upgrade_ms": took.as_secs_f64() * 1e3,
                "whole_ms": whole.as_secs_f64() * 1e3,
            });
            report.add_with("upgrade", Level::Good, text, data);
            agreed(&opened, report);
            Some(opened)
        }
        Err(error) => {
            failed("upgrade", &error, report);
            None
        }
    }
}

fn agreed(opened: &Opened, report: &mut Report) {
    let subprotocol = opened.subprotocol.as_deref();
    let text = subprotocol.map_or("none".to_owned(), |name| format!("`{name}`"));
    let data = json!({ "subprotocol": subprotocol });
    report.add_with("upgrade", Level::Note, format!("subprotocol: {text}"), data);
    let deflate = if opened.deflate.is_some() { "accepted" } else { "not offered or declined" };
    let data = json!({ "permessage_deflate": opened.deflate.is_some() });
    report.add_with("upgrade", Level::Note, format!("permessage-deflate: {deflate}"), data);
}

/// Adds a failed step with everything that helps.
pub(super) fn failed(step: &'static str, error: &DialError, report: &mut Report) {
    let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    let wait = error.failure.retry_after;
    let wait = wait.map(|wait| format!("; it asks for a pause of {wait:?}")).unwrap_or_default();
    let data = json!({
        "phase": error.phase.to_string(),
        "class": format!("{:?}", error.failure.cause.class()),
        "status": error.http.as_ref().map(|answer| answer.status),
    });
    report.add_with(step, Level::Bad, format!("{error}{hint}{wait}"), data);
}

fn plural(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "es" })
}

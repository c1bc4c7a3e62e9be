//! What describes the interface.

use std::collections::BTreeSet;

use everlink_server::Server;
use serde_json::Value;

use crate::support::site;

/// Every route; one that is added must be described, and stands here too.
const ROUTES: [&str; 11] = [
    "GET /api/docs",
    "GET /api/status",
    "GET /conversations/{conversation}/messages",
    "GET /conversations/{conversation}/presence",
    "GET /conversations/{conversation}/status",
    "GET /health",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "POST /conversations/{conversation}/messages",
    "POST /conversations/{conversation}/status",
];

#[tokio::test]
async fn every_route_stands_in_the_document_and_answers() {
    let site = site(Server::builder()).await;
    let document = site.get("/api/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.insert(format!("{} {path}", method.to_uppercase()));
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
            assert!(!operation["responses"].as_object().unwrap().is_empty(), "{method} {path}");
        }
    }
    assert_eq!(found, ROUTES.map(str::to_owned).into());
    for route in ROUTES {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{conversation}", "room");
        let answer = site.ask(method.parse().unwrap(), &path, &[], "").await;
        let known = !answer.body.contains("urn:everlink:not-found") && answer.status != 405;
        assert!(known, "{route}: {} {}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn every_type_that_the_document_names_stands_in_it() {
    let site = site(Server::builder()).await;
    let document = site.get("/api/openapi.json").await.json();
    let mut named = Vec::new();
    references(&document, &mut named);
    assert!(named.len() > 20, "{named:?}");
    for reference in named {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        found.push(reference.to_owned());
    }
    let fields = value.as_object().into_iter().flat_map(|map| map.values());
    let entries = value.as_array().into_iter().flatten();
    fields.chain(entries).for_each(|value| references(value, found));
}

#[tokio::test]
async fn the_page_for_people_needs_nothing_from_elsewhere() {
    let site = site(Server::builder()).await;
    let page = site.get("/api/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for foreign in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.body.contains(foreign), "{foreign}");
    }
}

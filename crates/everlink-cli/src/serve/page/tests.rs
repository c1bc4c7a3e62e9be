use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, StatusCode};
use everlink_server::Server;
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;

/// A page as a build leaves it, small.
#[derive(RustEmbed)]
#[folder = "tests/page"]
struct Sample;

fn page(kill: Option<Kill>) -> Page {
    let server = Server::builder().build().unwrap();
    let about = About {
        version: "1",
        socket: "/ws".to_owned(),
        kill,
        answered: &["support-chat"],
        tokens: false,
        kept: "memory",
    };
    Page { files: Files::of(Sample::get), ..Page::new(server, about) }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(page: &Page, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    send(page, request.body(Body::empty()).unwrap()).await
}

async fn get(page: &Page, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(page, Method::GET, path, headers).await
}

async fn send(page: &Page, request: Request) -> Answer {
    let (parts, body) = page.router().oneshot(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[tokio::test]
async fn the_page_comes_with_a_policy_that_lets_only_its_own_scripts_run() {
    let answer = get(&page(None), "/", &[]).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::OK, "text/html; charset=utf-8")
    );
    assert!(answer.body.contains("with WebAssembly"), "{}", answer.body);
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; "),
        "{policy}"
    );
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn the_engine_without_webassembly_has_a_page_whose_policy_forbids_it() {
    for path in ["/?engine=js", "/?room=x&engine=js"] {
        let answer = get(&page(None), path, &[]).await;
        assert!(answer.body.contains("without WebAssembly"), "{}", answer.body);
        assert!(!answer.header("content-security-policy").contains("wasm"));
    }
}

#[tokio::test]
async fn a_client_that_has_the_page_is_told_so_and_gets_another_form_of_it_anew() {
    let page = page(None);
    let plain = get(&page, "/", &[]).await;
    let tag = plain.header("etag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = get(&page, "/", &[("if-none-match", &known)]).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (StatusCode::NOT_MODIFIED, ""),
            "{known}"
        );
        assert_eq!(answer.header("etag"), tag);
    }
    let brotli = [("if-none-match", tag.as_str()), ("accept-encoding", "br")];
    let answer = get(&page, "/", &brotli).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_ne!(answer.header("etag"), tag);
}

#[tokio::test]
async fn brotli_is_sent_where_it_is_accepted() {
    let page = page(None);
    for accepted in ["br", "gzip, deflate, br", "gzip;q=1.0, BR;q=0.5"] {
        let answer = get(&page, "/", &[("accept-encoding", accepted)]).await;
        assert_eq!(answer.header("content-encoding"), "br", "{accepted}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.body, "stands for index.html, compressed\n");
        assert_eq!(answer.header("vary"), "accept-encoding");
    }
    for refused in ["", "gzip", "br;q=0", "br;q=x", "brotli"] {
        let answer = get(&page, "/", &[("accept-encoding", refused)]).await;
        assert_eq!(answer.header("content-encoding"), "", "{refused}");
    }
    // There is no compressed form of this one.
    let answer = get(&page, "/classic", &[("accept-encoding", "br")]).await;
    assert!(answer.body.contains("classic"), "{}", answer.body);
}

#[tokio::test]
async fn what_has_a_hash_in_its_name_is_kept_for_a_year() {
    let page = page(None);
    let script = get(&page, "/assets/page-3f2a.js", &[]).await;
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    let picture = get(&page, "/favicon.svg", &[]).await;
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let head = ask(&page, Method::HEAD, "/assets/page-3f2a.js", &[]).await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn files_that_are_not_there_are_not_found_and_nothing_leads_out() {
    let page = page(None);
    for path in ["/assets/x.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/"] {
        assert_eq!(get(&page, path, &[]).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_build_without_the_page_says_how_to_build_it() {
    fn nothing(_: &str) -> Option<EmbeddedFile> {
        None
    }
    let page = Page { files: Files::of(nothing), ..page(None) };
    assert!(!page.is_built());
    for path in ["/", "/classic"] {
        let answer = get(&page, path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.body.contains("cargo xtask page"), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_page_is_told_about_the_server() {
    let answer = get(&page(Some(Kill::Connection)), "/api/page", &[]).await;
    let about: Value = serde_json::from_str(&answer.body).unwrap();
    let expected = json!({
        "version": "1", "socket": "/ws", "kill": "connection", "answered": ["support-chat"],
        "tokens": false, "kept": "memory",
    });
    assert_eq!((about, answer.header("cache-control")), (expected, "no-store"));
}

const HERE: [u8; 4] = [127, 0, 0, 1];

async fn kill(peer: [u8; 4], headers: &[(&str, &str)], body: &'static str) -> Answer {
    let request = Request::builder().method(Method::POST).uri("/demo/kill");
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let mut request = request.body(Body::from(body)).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 4000))));
    send(&page(Some(Kill::Connection)), request).await
}

const ANN: &str = "{\"user\": \"ann\"}";

#[tokio::test]
async fn connections_are_killed_for_this_machine_only() {
    for host in ["localhost:8400", "127.0.0.1:8400", "[::1]:8400"] {
        let own = format!("http://{host}");
        let answer = kill(HERE, &[("host", host), ("origin", &own)], ANN).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body, r#"{"connections":0,"killed":"connection"}"#);
    }
    let host = ("host", "localhost:8400");
    for (peer, headers) in [
        ([192, 0, 2, 1], vec![host]),
        (HERE, vec![]),
        (HERE, vec![("host", "rebound.example:8400")]),
        (HERE, vec![("host", "127.0.0.1.example")]),
        (HERE, vec![host, ("origin", "http://evil.example")]),
        (HERE, vec![host, ("origin", "null")]),
        (HERE, vec![host, ("x-forwarded-for", "127.0.0.1")]),
        (HERE, vec![host, ("forwarded", "for=127.0.0.1")]),
    ] {
        let answer = kill(peer, &headers, ANN).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{peer:?} {headers:?}");
    }
}

#[tokio::test]
async fn a_wish_to_kill_that_makes_no_sense_is_refused_with_what_is_accepted() {
    for body in ["", "{}", "{\"user\": 1}", "{\"user\": \"ann\", \"all\": true}", "\u{0}"] {
        let answer = kill(HERE, &[("host", "localhost")], body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.body.contains("accepted"), "{}", answer.body);
    }
    let long: &'static str = Box::leak("x".repeat(5000).into_boxed_str());
    let answer = kill(HERE, &[("host", "localhost")], long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn there_is_nothing_to_kill_with_unless_it_is_switched_on() {
    let answer = ask(&page(None), Method::POST, "/demo/kill", &[("host", "localhost")]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

//! Entering and leaving namespaces.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everlink_server::engineio::EngineIo;
use everlink_server::hooks::{Code, Refusal, User};
use everlink_server::socketio::{ConnectRefusal, Namespace, SocketIo};
use everlink_server::{Jwt, JwtKey, Server};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Client, site, site_of, soon};

/// Req: R05
#[tokio::test]
async fn req_r05_a_client_enters_namespaces_and_hears_what_it_said_about_itself() {
    let greet = |name: &str| {
        Namespace::new(name).on_connect(|socket, auth| async move {
            let who = socket.handshake().query("who").unwrap_or_default();
            socket.emit("auth", [auth, json!(who)]).unwrap();
        })
    };
    let site = site([greet("/"), greet("/custom")]).await;
    let mut client = Client::connect_as(site.address, &json!({"token": "123"})).await;
    assert_eq!(client.pid, None);
    assert_eq!(client.event().await.args, [json!({"token": "123"}), json!("tester")]);
    client.send(r#"40/custom,{"a":1}"#).await;
    assert!(client.text().await.starts_with(r#"40/custom,{"sid":""#));
    assert_eq!(client.text().await, r#"42/custom,["auth",{"a":1},"tester"]"#);
}

#[tokio::test]
async fn req_r05_an_unknown_namespace_is_refused_and_the_connection_goes_on() {
    let site = site([Namespace::new("/")]).await;
    let mut client = Client::connect(site.address).await;
    client.send("40/random").await;
    assert_eq!(client.text().await, r#"44/random,{"message":"Invalid namespace"}"#);
    client.send("41").await;
    client.send("40").await;
    assert!(client.text().await.starts_with("40{"), "it may enter again");
}

#[tokio::test]
async fn a_middleware_refuses_with_a_message_and_data() {
    let guarded = Namespace::new("/").middleware(|arrival| async move {
        if arrival.auth["pass"] == "open" {
            return Ok(());
        }
        Err(ConnectRefusal::new("who are you?").with_data(json!({"code": 7})))
    });
    let site = site([guarded]).await;
    let mut client = Client::open(site.address).await;
    client.send("40").await;
    assert_eq!(client.text().await, r#"44{"data":{"code":7},"message":"who are you?"}"#);
    client.send(r#"40{"pass":"open"}"#).await;
    assert!(client.text().await.starts_with("40{"));
}

/// Signs what a client may do, as an application does.
fn token(claims: &Value) -> String {
    let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let head = encode(br#"{"alg":"HS256","typ":"JWT"}"#);
    let input = format!("{head}.{}", encode(claims.to_string().as_bytes()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    format!("{input}.{}", encode(ring::hmac::sign(&key, input.as_bytes()).as_ref()))
}

/// Req: R05
#[tokio::test]
async fn req_r05_a_signed_token_says_who_a_client_is_and_which_rooms_it_may_enter() {
    let key = JwtKey::secret(SECRET).unwrap();
    let server = Server::builder().jwt(Jwt::new(key));
    let site = site_of(server, SocketIo::builder(), [Namespace::chat("/")]).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = |exp: u64| {
        let ops = ["read", "publish", "history"];
        json!({ "sub": "ann", "exp": exp, "grants": [{ "channels": "lobby*", "ops": ops }] })
    };
    let good = json!({ "token": token(&claims(now + 600)) });
    let mut ann = Client::connect_as(site.address, &good).await;
    let joined = ann.ask("join", &json!({ "room": "lobby" })).await;
    assert_eq!(joined["room"], "lobby", "{joined}");
    let said = ann.ask("message", &json!({ "room": "lobby", "text": "hello" })).await;
    assert_eq!(said["sequence_number"], 1, "{said}");
    let heard = ann.event().await;
    assert_eq!((heard.name.as_str(), &heard.args[0]["sender_id"]), ("message", &json!("ann")));
    let elsewhere = ann.ask("join", &json!({ "room": "vault" })).await;
    assert!(elsewhere["error"].is_object(), "{elsewhere}");

    let old = json!({ "token": token(&claims(now - 600)) });
    for auth in [old, json!({ "token": "none.of.ours" }), json!({})] {
        let mut refused = Client::open(site.address).await;
        refused.send(&format!("40{auth}")).await;
        let answer = refused.text().await;
        assert!(answer.starts_with(r#"44{"message":"#), "{answer}");
    }
}

#[tokio::test]
async fn credentials_are_judged_as_everywhere_and_a_refusal_is_a_connect_error() {
    let server = Server::builder().authenticate(|attempt| async move {
        match attempt.token.as_deref() {
            Some("ana's") => User::new("ana").map_err(|_| unreachable!()),
            _ => Err(Refusal::new(Code::Unauthorized, "no such token")),
        }
    });
    let who = Namespace::new("/").on_connect(|socket, _| async move {
        let user = socket.user().id().map(|id| id.to_string());
        socket.emit("you", json!(user)).unwrap();
    });
    let site = site_of(server, SocketIo::builder(), [who, Namespace::new("/b")]).await;
    let mut client = Client::connect_as(site.address, &json!({"token": "ana's"})).await;
    assert_eq!(client.event().await.args, [json!("ana")]);
    client.send(r#"40/b,{"token":"another"}"#).await;
    let refused = client.text().await;
    assert!(refused.starts_with(r#"44/b,{"message":"the token differs"#), "{refused}");

    let mut stranger = Client::open(site.address).await;
    stranger.send("40").await;
    assert_eq!(stranger.text().await, r#"44{"message":"no such token"}"#);
    stranger.closed().await;
}

#[tokio::test]
async fn whoever_enters_no_namespace_in_time_is_let_go() {
    let transport = EngineIo::new().connect_timeout(Duration::from_millis(200));
    let io = SocketIo::builder().transport(transport);
    let site = site_of(Server::builder(), io, [Namespace::new("/")]).await;
    let mut client = Client::open(site.address).await;
    client.send("40/none").await;
    client.closed().await;
}

#[tokio::test]
async fn fault_39_what_breaks_the_rules_ends_the_connection() {
    let site = site([Namespace::new("/")]).await;
    for wrong in ["42{}", "42abc[\"x\"]", "4abc", "42/other,[\"x\"]", "44", "42[\"connect\"]"] {
        let mut client = Client::connect(site.address).await;
        client.send(wrong).await;
        client.closed().await;
    }
    let mut client = Client::open(site.address).await;
    client.send("42[\"too early\"]").await;
    client.closed().await;
}

#[tokio::test]
async fn both_sides_can_leave_and_the_reason_is_told() {
    let (told, mut reasons) = mpsc::unbounded_channel();
    let namespace = Namespace::new("/")
        .on("bye", |socket, _, _| async move { socket.disconnect(false) })
        .on("end", |socket, _, _| async move { socket.disconnect(true) })
        .on_disconnect(move |_, why| {
            told.send(why).unwrap();
            async {}
        });
    let site = site([namespace]).await;
    let mut client = Client::connect(site.address).await;
    client.send("41").await;
    assert_eq!(soon(reasons.recv()).await, Some("client namespace disconnect"));
    client.send("40").await;
    client.text().await;
    client.emit("bye", &json!(1)).await;
    assert_eq!(client.text().await, "41");
    assert_eq!(soon(reasons.recv()).await, Some("server namespace disconnect"));
    client.send("40").await;
    client.text().await;
    client.emit("end", &json!(1)).await;
    assert_eq!(client.text().await, "41");
    client.closed().await;
    assert_eq!(soon(reasons.recv()).await, Some("server namespace disconnect"));

    drop(Client::connect(site.address).await);
    assert_eq!(soon(reasons.recv()).await, Some("transport close"));
}

const SECRET: &[u8] = b"a secret that is long enough to be one";

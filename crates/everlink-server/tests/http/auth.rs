//! Signed tokens, and where a server without them may listen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everlink_server::{Jwt, JwtKey, JwtKeyError, Server};
use hyper::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

use crate::support::{Answer, Site, everlink, site};

const SECRET: &[u8] = b"a secret that is long enough to be one";
const ROOM: &str = "/conversations/room/messages";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn token(claims: &Value) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    signed("HS256", claims, |input| ring::hmac::sign(&key, input).as_ref().to_vec())
}

fn signed(algorithm: &str, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(&json!({"alg": algorithm, "typ": "JWT"})), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn ann() -> Value {
    json!({
        "sub": "ann", "exp": now() + 600,
        "grants": [{"channels": "room*", "ops": ["read", "publish", "history"]}],
    })
}

async fn guarded() -> Site {
    let key = JwtKey::secret(SECRET).unwrap();
    site(Server::builder().jwt(Jwt::new(key))).await
}

async fn post(site: &Site, path: &str, token: Option<&str>, body: &Value) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    site.ask(Method::POST, path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn a_token_says_who_sends_and_what_he_may_do() {
    let site = guarded().await;
    let body = json!({"plaintext": "hello"});
    let token = token(&ann());
    let sent = post(&site, ROOM, Some(&token), &body).await;
    assert_eq!(sent.status, 201, "{}", sent.body);
    let headers = [("authorization", &*format!("bearer {token}"))];
    let page = site.ask(Method::GET, ROOM, &headers, "").await.json();
    assert_eq!(page["messages"][0]["sender_id"], "ann");

    let missing = post(&site, ROOM, None, &body).await;
    assert_eq!((missing.status.as_u16(), missing.header("www-authenticate")), (401, "Bearer"));
    let elsewhere = post(&site, "/conversations/other/messages", Some(&token), &body).await;
    assert_eq!(elsewhere.status, 403, "{}", elsewhere.body);
    let status = json!({"type": "thinking_start"});
    let status = post(&site, "/conversations/room/status", Some(&token), &status).await;
    assert_eq!(status.status, 403, "{}", status.body);
    let faked = json!({"sender_id": "bob", "plaintext": "hello"});
    assert_eq!(post(&site, ROOM, Some(&token), &faked).await.status, 403);
    assert_eq!(site.get("/health").await.status, 200, "whoever looks after it needs no token");
}

#[tokio::test]
async fn a_token_that_is_wrong_in_any_way_is_refused() {
    let site = guarded().await;
    let with = |name: &str, value: Value| {
        let mut claims = ann();
        claims[name] = value;
        token(&claims)
    };
    let without = |name: &str| {
        let mut claims = ann();
        claims.as_object_mut().unwrap().remove(name);
        token(&claims)
    };
    let mut forged = token(&ann());
    forged.truncate(forged.len() - 4);
    let unsigned = signed("none", &ann(), |_| Vec::new());
    let other = signed("HS512", &ann(), |_| vec![0; 64]);
    for (what, token) in [
        ("ended", with("exp", json!(now() - 60))),
        ("never ends", without("exp")),
        ("exp of another type", with("exp", json!("tomorrow"))),
        ("of nobody", without("sub")),
        ("sub with a control character", with("sub", json!("a\nb"))),
        ("not yet", with("nbf", json!(now() + 600))),
        ("for others", with("aud", json!("others"))),
        ("grants unknown", with("grants", json!([{"channels": "room", "ops": ["fly"]}]))),
        ("forged", forged),
        ("unsigned", unsigned),
        ("other algorithm", other),
        ("no token", "x".to_owned()),
        ("empty", String::new()),
    ] {
        let answer = post(&site, ROOM, Some(&token), &json!({"plaintext": "x"})).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.body);
        assert!(!answer.body.contains(SECRET.escape_ascii().to_string().as_str()));
    }
    let powerless = without("grants");
    assert_eq!(post(&site, ROOM, Some(&powerless), &json!({"plaintext": "x"})).await.status, 403);
}

#[tokio::test]
async fn fault_49_every_socket_asks_for_a_token_and_takes_it_by_its_own_way() {
    let site = guarded().await;
    let token = token(&ann());
    let path = "/ws?conversation_id=room&user_id=ann";
    assert_eq!(site.open(path).await.closed().await, 4101);
    assert_eq!(site.open("/ws/status/room/").await.closed().await, 4101);
    assert_eq!(everlink(&site, "room", None).await.closed().await, 4101);
    let stranger = site.open("/ws?conversation_id=room&user_id=bob&auth=message").await;
    let mut stranger = stranger;
    stranger.say(&json!({"type": "auth", "token": token})).await;
    assert_eq!(stranger.closed().await, 4101, "the token is ann's");

    everlink(&site, "room", Some(&token)).await.next_of("sub_ok").await;
    let bearer = format!("Bearer {token}");
    let mut header = site.dial(path, &[("authorization", &bearer)]).await.unwrap();
    header.until_pong().await;
    let offered = format!("bearer, {token}");
    let mut offered = site.dial(path, &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(offered.protocol.as_deref(), Some("bearer"));
    offered.until_pong().await;
    let mut first = site.open(&format!("{path}&auth=message")).await;
    first.say(&json!({"type": "auth", "token": token})).await;
    first.until_pong().await;
    first.say(&json!({"type": "message", "plaintext": "hello"})).await;
    assert_eq!(first.next_of("message").await["sender_id"], "ann");
    first.say(&json!({"type": "auth", "token": self::token(&ann())})).await;
    assert!(first.next_of("auth_ok").await["expires_in_s"].as_u64().unwrap() > 500);
    assert_eq!(first.closed_by_wrong_token().await, 4101);
}

#[tokio::test]
async fn a_conversation_that_may_not_be_read_is_refused_and_the_connection_let_go() {
    let site = guarded().await;
    let bearer = format!("Bearer {}", token(&ann()));
    let mut socket = site.dial("/ws/chat/other/", &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(socket.next_of("error").await["code"], 4403);
    socket.say(&json!({"type": "ping"})).await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn public_keys_check_what_their_private_keys_have_signed() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let random = SystemRandom::new();
    let der = pair.serialize_der();
    let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).unwrap();
    let sign = |input: &[u8]| signer.sign(&random, input).unwrap().as_ref().to_vec();
    let es256 = signed("ES256", &ann(), sign);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key.pem");
    std::fs::write(&file, pair.public_key_pem()).unwrap();
    let jwt = Jwt::new(JwtKey::from_file(&file).unwrap());
    assert_eq!(jwt.verify(&es256).unwrap().id().unwrap().as_ref(), "ann");
    assert!(jwt.verify(&token(&ann())).is_err(), "a public key is no shared secret");
    let both = jwt.key(JwtKey::secret(SECRET).unwrap());
    assert!(both.verify(&token(&ann())).is_ok() && both.verify(&es256).is_ok());

    assert_eq!(
        JwtKey::public_pem(pair.serialize_pem().as_bytes()).unwrap_err(),
        JwtKeyError::Private
    );
    std::fs::write(&file, "short\n").unwrap();
    let error = JwtKey::from_file(&file).unwrap_err();
    assert_eq!(error.to_string(), "the secret for tokens has 5 bytes; accepted: from 32");
    assert!(JwtKey::from_file(directory.path().join("none")).is_err());
}

#[tokio::test]
async fn without_anybody_who_asks_for_credentials_a_server_listens_on_this_machine_only() {
    let everywhere = "0.0.0.0:80".parse().unwrap();
    let local = "[::ffff:127.0.0.1]:80".parse().unwrap();
    let open = Server::builder().build().unwrap();
    let error = open.check_bind(everywhere).unwrap_err();
    assert!(error.to_string().contains("0.0.0.0:80"), "{error}");
    assert_eq!(open.check_bind(local), Ok(()));
    let told = Server::builder().allow_anonymous(true).build().unwrap();
    assert_eq!(told.check_bind(everywhere), Ok(()));
    let key = JwtKey::secret(SECRET).unwrap();
    let guarded = Server::builder().jwt(Jwt::new(key)).build().unwrap();
    assert_eq!(guarded.check_bind(everywhere), Ok(()));
}

//! Tokens: in the greeting, fresh ahead of their end, refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use everlink::{ChannelEvent, ConnectError, Credentials, Event};
use everlink_server::Server;
use everlink_server::hooks::{Code, Grant, Operations, Refusal, User};
use serde_json::json;

use crate::support::{Played, Site, event, frame_of, message, next, say, soon};

/// A source whose tokens are numbered, and last a while.
fn numbered(
    asked: &Arc<AtomicU32>,
    lasts: Option<Duration>,
) -> impl Fn(everlink::CredentialsRequest) -> std::future::Ready<Result<Credentials, String>> + use<>
{
    let asked = Arc::clone(asked);
    move |request| {
        let number = asked.fetch_add(1, Ordering::Relaxed) + 1;
        let fresh = if request.refresh { " fresh" } else { "" };
        let credentials = Credentials::bearer(&format!("token {number}{fresh}"));
        std::future::ready(Ok(match lasts {
            Some(lasts) => credentials.expires_in(lasts),
            None => credentials,
        }))
    }
}

#[tokio::test]
async fn a_token_stands_in_the_greeting_and_nowhere_else() {
    let mut played = Played::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let client = played.client().credentials(numbered(&asked, None)).build().unwrap();
    client.start().unwrap();
    let (connection, hello) = played.welcomed().await;
    assert_eq!(hello["auth"], "token 1");
    let request = connection.request().await.unwrap();
    assert_eq!(request.header("authorization"), None);
    assert!(!request.path.contains("token"), "{}", request.path);
}

#[tokio::test(start_paused = true)]
async fn fault_46_a_token_is_renewed_ahead_of_its_end_without_a_break() {
    let mut played = Played::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let lasts = Some(Duration::from_secs(10));
    let client = played.client().credentials(numbered(&asked, lasts)).build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    let auth = frame_of(&connection, "auth").await;
    assert_eq!(auth["token"], "token 2 fresh");
    say(&connection, json!({"t": "auth_ok", "exp_ms": 5000}));
    let lasts = event(&mut events, |event| match event {
        Event::CredentialsRenewed { lasts, .. } => Some(*lasts),
        _ => None,
    })
    .await;
    assert_eq!(lasts, Some(Duration::from_secs(5)));
    let all = crate::support::frames_of(&connection, "auth", 2).await;
    assert_eq!(all[1]["token"], "token 3 fresh");
    assert_eq!(client.info().reconnects, 0);
}

#[tokio::test(start_paused = true)]
async fn fault_46_a_source_that_fails_is_asked_again_and_never_in_a_hot_loop() {
    let mut played = Played::start().await;
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let client = played
        .client()
        .credentials(move |_| {
            let number = counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(match number {
                0 | 4 => Ok(Credentials::bearer("t").expires_in(Duration::from_secs(10))),
                _ => Err("the issuer is down"),
            })
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let (connection, _) = played.welcomed().await;
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        let error = event(&mut events, |event| match event {
            Event::CredentialsFailed { error, .. } => Some(error.to_string()),
            _ => None,
        })
        .await;
        assert!(error.contains("the issuer is down"), "{error}");
    }
    frame_of(&connection, "auth").await;
    assert!(began.elapsed() >= Duration::from_secs(8 + 2 + 4), "{:?}", began.elapsed());
    assert_eq!(asked.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn fault_47_a_revoked_token_is_refreshed_once_and_then_it_ends() {
    let site = Site::of(Server::builder().authenticate(|attempt| async move {
        match attempt.token.as_deref() {
            Some("token 1") => Ok(User::new("ana").unwrap()),
            _ => Err(Refusal::new(Code::Unauthorized, "revoked")),
        }
    }))
    .await;
    let asked = Arc::new(AtomicU32::new(0));
    let client = site
        .client()
        .credentials(numbered(&asked, None))
        .settings(|settings| {
            settings.stable_after(Duration::from_secs(60)).supervisor_attempts_max(0)
        })
        .build()
        .unwrap();
    let mut events = client.events();
    soon(client.connect()).await.unwrap();
    assert_eq!(site.server.disconnect("ana"), 1);
    let code = event(&mut events, |event| match event {
        Event::ReconnectFailed { error, .. } => Some(error.cause()),
        _ => None,
    })
    .await;
    assert_eq!(code, everlink::engine::Cause::Closed(Code::Unauthorized.close()));
    assert_eq!(asked.load(Ordering::Relaxed), 2, "one refresh");
}

#[tokio::test]
async fn fault_47_a_channel_that_is_refused_leaves_the_rest_alone() {
    let site = Site::of(Server::builder().authenticate(|_| async {
        let user = User::new("ana").unwrap();
        Ok(user.with_grants([Grant::new("open", Operations::ALL)]))
    }))
    .await;
    let client = site.client().credentials(numbered(&Arc::default(), None)).build().unwrap();
    let mut secret = client.channel("secret").open().unwrap();
    let mut open = client.channel("open").open().unwrap();
    soon(client.connect()).await.unwrap();
    let ChannelEvent::Refused { code, why, .. } = next(&mut secret).await else {
        panic!("it is refused")
    };
    assert_eq!(code, Code::Forbidden.number());
    assert!(why.contains("secret"), "{why}");
    let refused = soon(soon(client.publish("secret", "x")).await.unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("4403"), "{refused}");
    soon(soon(client.publish("open", "x")).await.unwrap()).await.unwrap();
    assert_eq!(message(&mut open).await.user.as_deref(), Some("ana"));
}

#[tokio::test]
async fn a_token_that_was_never_good_ends_with_its_reason() {
    let site = Site::of(
        Server::builder()
            .authenticate(|_| async { Err(Refusal::new(Code::Unauthorized, "who are you?")) }),
    )
    .await;
    let client = site
        .client()
        .credentials(numbered(&Arc::default(), None))
        .settings(|settings| settings.supervisor_attempts_max(0))
        .build()
        .unwrap();
    let gave_up = soon(client.connect()).await.unwrap_err();
    assert!(matches!(gave_up, ConnectError::GaveUp(_)), "{gave_up}");
}

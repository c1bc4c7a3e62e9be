//! Functions of the application: asked, obeyed and contained.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use everlink::engine::{Cause, FailureClass, Verdict};
use everlink::{ConnectionState, Credentials, Event};

use crate::support::{Server, event, soon};

#[tokio::test]
async fn credentials_are_asked_for_at_each_attempt_and_anew_when_refused() {
    let server = Server::start().await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let client = server
        .client()
        .credentials(move |request| {
            let mut seen = seen.lock().unwrap();
            seen.push(request.refresh);
            let token = format!("token-{}", seen.len());
            async move { Ok::<_, String>(Credentials::bearer(&token)) }
        })
        .build()
        .unwrap();
    client.start().unwrap();
    let first = server.request().await;
    assert_eq!(first.header("authorization"), Some("Bearer token-1"));
    first.reject("401 Unauthorized").await;
    let second = server.request().await;
    assert_eq!(second.header("authorization"), Some("Bearer token-2"));
    drop(second.accept().await);
    let third = server.request().await;
    assert_eq!(third.header("authorization"), Some("Bearer token-3"));
    assert_eq!(*asked.lock().unwrap(), [false, true, false]);
}

#[tokio::test]
async fn a_source_of_credentials_that_fails_or_panics_is_tried_again() {
    let server = Server::start().await;
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let client = server
        .client()
        .credentials(move |_| {
            let call = counted.fetch_add(1, Ordering::Relaxed);
            assert!(call != 1, "this source panics when called");
            async move {
                assert!(call != 2, "this source panics when awaited");
                if call == 0 { Err("the vault is sealed") } else { Ok(Credentials::none()) }
            }
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    for expected in ["the vault is sealed", "panicked", "panicked"] {
        let (cause, text) = event(&mut events, |event| match event {
            Event::AttemptFailed { error, .. } => Some((error.cause(), error.to_string())),
            _ => None,
        })
        .await;
        assert_eq!(cause, Cause::CredentialsUnavailable);
        assert!(text.contains(expected), "{text}");
    }
    let _peer = server.accept().await;
    soon(client.wait_until(ConnectionState::Connected)).await;
}

#[tokio::test]
async fn delays_can_be_computed_by_a_function_and_its_panic_is_contained() {
    let server = Server::start().await;
    let client = server
        .client()
        .settings(|settings| {
            settings.backoff_max(Duration::from_millis(3)).backoff_min(Duration::ZERO)
        })
        .backoff_fn(|attempt, _| match attempt {
            1 => Some(Duration::from_millis(7)),
            2 => panic!("this function panics"),
            _ => None,
        })
        .build()
        .unwrap();
    let mut events = client.events();
    client.start().unwrap();
    let refuse = async {
        for _ in 0..3 {
            server.request().await.reject("503 Service Unavailable").await;
        }
    };
    let mut delays = Vec::new();
    let watch = async {
        while client.state() != ConnectionState::Error {
            if let Event::Reconnecting { delay, .. } = events.next().await.unwrap() {
                delays.push(delay.as_millis());
            }
        }
    };
    soon(async { tokio::join!(refuse, watch) }).await;
    assert_eq!(delays, [7, 3]);
}

#[tokio::test]
async fn a_hook_decides_on_failures_and_its_panic_is_contained() {
    let server = Server::start().await;
    let client = server
        .client()
        .classify(|error| match error.cause() {
            Cause::HttpStatus(404) => Some(Verdict::Retry),
            Cause::HttpStatus(500) => panic!("this hook panics"),
            Cause::HttpStatus(503) => Some(Verdict::GiveUp),
            _ => None,
        })
        .build()
        .unwrap();
    client.start().unwrap();
    server.request().await.reject("404 Not Found").await;
    server.request().await.reject("500 Internal Server Error").await;
    server.request().await.reject("503 Service Unavailable").await;
    soon(client.wait_until(ConnectionState::Error)).await;
    let error = client.info().last_error.unwrap();
    assert_eq!((error.cause(), error.class()), (Cause::HttpStatus(503), FailureClass::Http));
}

#[tokio::test]
async fn req_x08_fault_53_a_listener_that_panics_or_never_returns_harms_nobody_else() {
    let server = Server::start().await;
    let (told, heard) = mpsc::channel();
    let client = server
        .client()
        .on_event(|_| panic!("this listener panics"))
        .on_event(|_| std::thread::sleep(Duration::from_secs(3600)))
        .on_event(move |event| {
            let _gone = told.send(event.clone());
        })
        .build()
        .unwrap();
    client.start().unwrap();
    for _ in 0..3 {
        let mut peer = server.accept().await;
        peer.send("served").await;
        assert_eq!(soon(client.recv()).await.unwrap().as_text(), Some("served"));
    }
    let heard = tokio::task::spawn_blocking(move || {
        let limit = Duration::from_secs(10);
        let mut reconnected = 0;
        while reconnected < 2 {
            let event = heard.recv_timeout(limit).unwrap();
            reconnected += u32::from(matches!(event, Event::Reconnected { .. }));
        }
    });
    heard.await.unwrap();
}

#[tokio::test]
async fn a_receiver_of_events_that_is_slow_is_told_what_it_missed() {
    let server = Server::start().await;
    let client = server.restless_client().build().unwrap();
    let mut events = client.events();
    client.start().unwrap();
    for _ in 0..300 {
        drop(server.accept().await);
    }
    let first = soon(events.next()).await.unwrap();
    assert!(matches!(first, Event::Lagged { missed, .. } if missed > 100), "{first:?}");
    let next = soon(events.next()).await.unwrap();
    assert!(!matches!(next, Event::Lagged { .. }));
}

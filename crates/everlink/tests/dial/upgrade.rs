//! The answer to the upgrade: right, wrong, hostile.

use std::time::{Duration, SystemTime};

use everlink::dial::{
    DialOptionsBuilder, Endpoint, HEADER_BYTES_MAX, HeaderMap, Hint, Phase, dial,
};
use everlink_engine::{Cause, Verdict, verdict};
use everlink_wire::ws::DeflateConfig;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::support::{
    SOON, dial_url, drain, failure, header, listen, options, read_head, scripted_server, switching,
    websocket_server,
};

/// Answers with `answer`, and checks the cause and that nothing was sent after the request.
async fn check(
    options: DialOptionsBuilder,
    answer: impl FnOnce(&str) -> String + Send + 'static,
    cause: Cause,
) -> everlink::dial::DialError {
    let (address, after) = scripted_server(answer).await;
    let (error, _) = failure(&format!("ws://{address}/"), options).await;
    assert_eq!((error.failure.cause, error.phase), (cause, Phase::Upgrade), "{error}");
    let after = timeout(SOON, after).await.expect("the socket is closed").unwrap();
    assert_eq!(after, b"", "sent after a wrong answer");
    error
}

async fn check_status(status: u16, lines: &str, cause: Cause) -> everlink::dial::DialError {
    let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{lines}\r\n");
    check(options(), move |_| answer, cause).await
}

#[tokio::test]
async fn the_request_is_that_of_rfc_6455() {
    let (send, request) = tokio::sync::oneshot::channel();
    let (address, _after) = scripted_server(move |request| {
        send.send(request.to_owned()).unwrap();
        switching(request, "Sec-WebSocket-Protocol: two\r\n")
    })
    .await;
    let options = options().subprotocol("one").subprotocol("two").header("X-App", "chat");
    let opened = dial_url(&format!("ws://{address}/ws?room=a%20b"), options).await.unwrap();
    assert_eq!(opened.subprotocol.as_deref(), Some("two"));
    let request = request.await.unwrap();
    assert!(request.starts_with("GET /ws?room=a%20b HTTP/1.1\r\n"), "{request}");
    let authority = address.to_string();
    for (name, value) in [
        ("host", authority.as_str()),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "one, two"),
        ("x-app", "chat"),
    ] {
        assert_eq!(header(&request, name), Some(value), "{request}");
    }
    assert_eq!(header(&request, "sec-websocket-extensions"), None);
}

#[tokio::test]
async fn frames_that_come_with_the_answer_are_not_lost() {
    let address = websocket_server("", b"\x81\x05hello").await;
    for _ in 0..20 {
        let mut opened = dial_url(&format!("ws://{address}/"), options()).await.unwrap();
        let mut got = opened.leftover.to_vec();
        while got.len() < 7 {
            let reading = tokio::io::AsyncReadExt::read_buf(&mut opened.io, &mut got);
            assert_ne!(timeout(SOON, reading).await.unwrap().unwrap(), 0);
        }
        assert_eq!(got, b"\x81\x05hello");
    }
}

#[tokio::test]
async fn fault_08_headers_are_bounded() {
    let error = check(
        options(),
        |request| switching(request, &format!("X-Long: {}\r\n", "x".repeat(HEADER_BYTES_MAX))),
        Cause::UpgradeMalformed,
    )
    .await;
    assert!(error.detail.contains("16384 bytes"), "{error}");
}

#[tokio::test]
async fn fault_08_headers_of_exactly_the_bound_are_accepted() {
    let fill = |request: &str, size: usize| {
        let bare = switching(request, "X-Long: \r\n").len();
        switching(request, &format!("X-Long: {}\r\n", "x".repeat(size - bare)))
    };
    let (address, _after) = scripted_server(move |request| fill(request, HEADER_BYTES_MAX)).await;
    dial_url(&format!("ws://{address}/"), options()).await.unwrap();
    let beyond = move |request: &str| fill(request, HEADER_BYTES_MAX + 1);
    check(options(), beyond, Cause::UpgradeMalformed).await;
}

#[tokio::test]
async fn fault_08_a_flood_of_headers_ends_the_attempt() {
    let address = listen(|mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n").await;
        while stream.write_all(b"X: y\r\n").await.is_ok() {}
    })
    .await;
    let (error, _) = failure(&format!("ws://{address}/"), options()).await;
    assert_eq!(error.failure.cause, Cause::UpgradeMalformed, "{error}");
}

#[tokio::test]
async fn fault_08_what_is_not_http_is_malformed() {
    for garbage in
        ["SSH-2.0-OpenSSH_9.2\r\n\r\n", "\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}", "HTTP/3 101\r\n\r\n"]
    {
        check(options(), move |_| garbage.to_owned(), Cause::UpgradeMalformed).await;
    }
}

#[tokio::test]
async fn fault_09_retry_after_is_read_in_seconds() {
    for status in [503, 429] {
        let error = check_status(status, "Retry-After: 120\r\n", Cause::HttpStatus(status)).await;
        assert_eq!(error.failure.retry_after, Some(Duration::from_secs(120)));
    }
}

#[tokio::test]
async fn fault_09_retry_after_is_read_as_a_date() {
    let soon = SystemTime::now() + Duration::from_secs(90);
    let line = format!("Retry-After: {}\r\n", httpdate::fmt_http_date(soon));
    let error = check_status(503, &line, Cause::HttpStatus(503)).await;
    let wait = error.failure.retry_after.expect("a date");
    assert!((60..=90).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn fault_09_garbage_in_retry_after_is_ignored_and_kept_for_people() {
    let error = check_status(503, "Retry-After: tomorrow\r\n", Cause::HttpStatus(503)).await;
    assert_eq!(error.failure.retry_after, None);
    assert_eq!(error.http.unwrap().retry_after.as_deref(), Some("tomorrow"));
}

#[tokio::test]
async fn fault_09_ten_years_are_reported_as_they_came() {
    let ten_years = 10 * 365 * 24 * 3600;
    let line = format!("Retry-After: {ten_years}\r\n");
    let error = check_status(429, &line, Cause::HttpStatus(429)).await;
    assert_eq!(error.failure.retry_after, Some(Duration::from_secs(ten_years)));
}

#[tokio::test]
async fn fault_10_refused_credentials_are_statuses_401_and_403() {
    for status in [401, 403] {
        let error = check_status(status, "", Cause::HttpStatus(status)).await;
        assert_eq!(error.http.unwrap().status, status);
    }
}

#[tokio::test]
async fn fault_11_a_rejected_endpoint_is_told_by_its_status() {
    for status in [400, 404, 410, 426] {
        check_status(status, "", Cause::HttpStatus(status)).await;
    }
}

#[tokio::test]
async fn req_x10_an_answer_leads_to_the_verdict_that_suits_it() {
    for (status, expected) in [
        (503, Verdict::Retry),
        (429, Verdict::RetrySlowly),
        (401, Verdict::RefreshCredentials),
        (404, Verdict::RetrySlowlyOnceProven),
        (302, Verdict::RetrySlowly),
    ] {
        let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        let (address, _after) = scripted_server(move |_| answer).await;
        let (error, _) = failure(&format!("ws://{address}/"), options()).await;
        assert_eq!(verdict(error.failure.cause, &[]), expected, "{error}");
    }
}

#[tokio::test]
async fn fault_12_a_page_instead_of_a_websocket_suggests_a_captive_portal() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 6\r\n\r\n<html>",
        "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n\r\n<!DOCTYPE html>",
        "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n",
    ] {
        let error = check(options(), move |_| answer.to_owned(), Cause::CaptivePortal).await;
        assert_eq!(error.hint, Some(Hint::CaptivePortal));
    }
}

#[tokio::test]
async fn fault_12_a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let lines = "Location: http://portal.test:8080/login?session=s3cret\r\n";
        let error = check_status(status, lines, Cause::Redirected(status)).await;
        assert_eq!(error.hint, Some(Hint::CaptivePortal));
        assert!(error.detail.ends_with(", to http://portal.test:8080"), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn fault_12_a_redirect_on_the_same_host_suggests_no_portal() {
    for location in ["/ws/", "https://127.0.0.1/ws"] {
        let lines = format!("Location: {location}\r\n");
        let error = check_status(308, &lines, Cause::Redirected(308)).await;
        assert_eq!(error.hint, None);
    }
}

#[tokio::test]
async fn fault_12_data_instead_of_a_websocket_is_just_a_wrong_endpoint() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    let error = check(options(), |_| answer.to_owned(), Cause::HttpStatus(200)).await;
    assert_eq!(error.hint, None);
}

#[tokio::test]
async fn fault_13_after_a_wrong_accept_nothing_is_sent() {
    let accept = "Sec-WebSocket-Accept: ";
    let wrong: [fn(&str) -> String; 4] = [
        |right| right.replace("Sec-WebSocket-Accept", "X-Accept"),
        |right| right.replace("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x"),
        |right| right.replace("Upgrade: websocket", "Upgrade: h2c"),
        |right| right.replace("Connection: Upgrade", "Connection: close"),
    ];
    for change in wrong {
        let answer = move |request: &str| {
            let right = switching(request, "");
            assert!(right.contains(accept));
            change(&right)
        };
        check(options(), answer, Cause::AcceptMismatch).await;
    }
}

#[tokio::test]
async fn fault_13_after_a_wrong_subprotocol_nothing_is_sent() {
    let offer = || options().subprotocol("everlink.v1.json");
    for (options, line) in [
        (offer(), "Sec-WebSocket-Protocol: chat\r\n"),
        (offer(), "Sec-WebSocket-Protocol: everlink.v1.json, chat\r\n"),
        (offer().subprotocol_required(true), ""),
        (options(), "Sec-WebSocket-Protocol: chat\r\n"),
    ] {
        let answer = move |request: &str| switching(request, line);
        check(options, answer, Cause::SubprotocolMismatch).await;
    }
}

#[tokio::test]
async fn an_extension_that_was_not_offered_fails_the_attempt() {
    let deflate = DeflateConfig::default();
    for (options, line) in [
        (options(), "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        (options().deflate(Some(deflate)), "Sec-WebSocket-Extensions: x-private\r\n"),
    ] {
        let answer = move |request: &str| switching(request, line);
        check(options, answer, Cause::ExtensionMismatch).await;
    }
}

#[tokio::test]
async fn compression_is_agreed_on_or_declined() {
    let line = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
    for (line, agreed) in [(line, true), ("", false)] {
        let address = websocket_server(line, b"").await;
        let options = options().deflate(Some(DeflateConfig::default()));
        let opened = dial_url(&format!("ws://{address}/"), options).await.unwrap();
        assert_eq!(opened.deflate.is_some(), agreed);
    }
}

#[tokio::test]
async fn the_answer_may_arrive_in_any_pieces() {
    let address = listen(|mut stream| async move {
        let request = read_head(&mut stream).await;
        for byte in switching(&request, "").into_bytes() {
            stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        drain(stream).await;
    })
    .await;
    dial_url(&format!("ws://{address}/"), options()).await.unwrap();
}

#[tokio::test]
async fn a_dial_leaves_no_large_hole_in_the_task_that_awaits_it() {
    let options = options().build().unwrap();
    let endpoint = Endpoint::parse("wss://server.test/").unwrap();
    let extra = HeaderMap::new();
    let bytes = size_of_val(&dial(&endpoint, &options, &extra));
    assert!(bytes <= 1024, "{bytes} bytes");
}

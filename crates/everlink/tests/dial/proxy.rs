//! Through real, if small, proxies: `CONNECT` and SOCKS 5, with and without a log-in.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use everlink::dial::{
    DialOptionsBuilder, Endpoint, Io, PROXY_AUTHENTICATION_REQUIRED, Phase, Proxy, Roots,
    TlsOptions,
};
use everlink_engine::Cause;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::support::{
    Answers, Silent, closed_port, dial_url, drain, failure, header, listen, options, read_head,
    websocket_server,
};
use crate::tls::{Authority, tls_server};

/// `ann:s3cret`, as `Proxy-Authorization` carries it.
const BASIC: &str = "Basic YW5uOnMzY3JldA==";

/// An HTTP proxy; it wants `ann` to log in, and takes every name for this machine.
async fn http_proxy() -> SocketAddr {
    listen(|stream| async move { serve_connect(stream).await }).await
}

async fn serve_connect<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) {
    let request = read_head(&mut stream).await;
    let authority = request.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap();
    assert_eq!(header(&request, "host"), Some(authority));
    if header(&request, "proxy-authorization") != Some(BASIC) {
        let answer = b"HTTP/1.1 407 Log in\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        return;
    }
    let port: u16 = authority.rsplit(':').next().unwrap().parse().unwrap();
    match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(mut server) => {
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut server).await;
        }
        Err(_) => {
            let answer = b"HTTP/1.1 502 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    }
}

/// A SOCKS 5 proxy (RFC 1928, RFC 1929) that wants `ann` to log in and tells what it was asked for.
async fn socks_proxy() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    let serve = move |stream| {
        let tell = tell.clone();
        async move {
            let _ = serve_socks(stream, &tell).await;
        }
    };
    (listen(serve).await, told)
}

async fn serve_socks(
    mut stream: TcpStream,
    tell: &tokio::sync::mpsc::UnboundedSender<String>,
) -> std::io::Result<()> {
    assert_eq!(stream.read_u8().await?, 5);
    let methods = read_counted(&mut stream).await?;
    if !methods.contains(&2) {
        return stream.write_all(&[5, 0xFF]).await;
    }
    stream.write_all(&[5, 2]).await?;
    assert_eq!(stream.read_u8().await?, 1);
    let user = read_counted(&mut stream).await?;
    let password = read_counted(&mut stream).await?;
    let known = (&user[..], &password[..]) == (b"ann", b"s3cret");
    stream.write_all(&[1, u8::from(!known)]).await?;
    if !known {
        return Ok(());
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    assert_eq!(head[..3], [5, 1, 0]);
    let host = read_host(&mut stream, head[3]).await?;
    let port = stream.read_u16().await?;
    let _ = tell.send(host);
    match TcpStream::connect(("127.0.0.1", port)).await {
        Ok(mut server) => {
            stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await?;
            copy_bidirectional(&mut stream, &mut server).await.map(drop)
        }
        Err(_) => stream.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]).await,
    }
}

async fn read_counted(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let count = stream.read_u8().await?;
    let mut bytes = vec![0; usize::from(count)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn read_host(stream: &mut TcpStream, kind: u8) -> std::io::Result<String> {
    match kind {
        1 => Ok(std::net::Ipv4Addr::from(stream.read_u32().await?).to_string()),
        4 => Ok(std::net::Ipv6Addr::from(stream.read_u128().await?).to_string()),
        _ => Ok(String::from_utf8(read_counted(stream).await?).unwrap()),
    }
}

fn through(url: &str) -> DialOptionsBuilder {
    options().proxy(Proxy::url(url).unwrap())
}

#[tokio::test]
async fn an_http_proxy_is_asked_for_a_tunnel_with_a_log_in() {
    let (proxy, server) = (http_proxy().await, websocket_server("", b"").await);
    let options = through(&format!("http://ann:s3cret@{proxy}"));
    // The name is the proxy's to resolve, or this would never end.
    let options = options.resolver(std::sync::Arc::new(Silent));
    let url = format!("ws://server.test:{}/", server.port());
    let opened = dial_url(&url, options).await.unwrap();
    assert_eq!(opened.peer, proxy);
    let used = opened.proxy.expect("a proxy");
    assert_eq!(used.to_string(), format!("http://{proxy}"));
    assert!(opened.timings.proxy.is_some());
}

#[tokio::test]
async fn tls_goes_through_an_http_proxy_end_to_end() {
    let authority = Authority::new();
    let server = tls_server(authority.acceptor("server.test", |_| {}, None)).await;
    let proxy = http_proxy().await;
    let tls = TlsOptions::new().roots(Roots::OnlyExtra).extra_ca_pem(authority.pem());
    let options = through(&format!("http://ann:s3cret@{proxy}")).tls(tls);
    let url = format!("wss://server.test:{}/", server.port());
    let opened = dial_url(&url, options).await.unwrap();
    assert!(opened.tls.is_some());
}

#[tokio::test]
async fn a_proxy_behind_tls_carries_plain_and_encrypted_connections() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("proxy.test", |_| {}, None);
    let proxy = listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            serve_connect(acceptor.accept(stream).await.unwrap()).await;
        }
    })
    .await;
    let tls = TlsOptions::new().roots(Roots::OnlyExtra).extra_ca_pem(authority.pem());
    let tls = tls.server_name("server.test");
    let options = || {
        through(&format!("https://ann:s3cret@proxy.test:{}", proxy.port()))
            .tls(tls.clone())
            .resolver(Answers::always(&[proxy]))
    };
    let plain = websocket_server("", b"").await;
    let opened = dial_url(&format!("ws://{plain}/"), options()).await.unwrap();
    assert!(matches!(opened.io, Io::Tls(_)) && opened.tls.is_none());
    let encrypted = tls_server(authority.acceptor("server.test", |_| {}, None)).await;
    let opened = dial_url(&format!("wss://{encrypted}/"), options()).await.unwrap();
    assert!(matches!(opened.io, Io::TlsInTls(_)) && opened.tls.is_some());
}

#[tokio::test]
async fn a_proxy_is_never_shown_the_client_certificate() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let acceptor = authority.acceptor("127.0.0.1", |_| {}, Some(&clients));
    let proxy = listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            assert!(acceptor.accept(stream).await.is_err(), "a certificate was shown");
        }
    })
    .await;
    let (certificate, key) = clients.issue("client.test", |_| {});
    let tls = TlsOptions::new()
        .roots(Roots::OnlyExtra)
        .extra_ca_pem(authority.pem())
        .client_certificate_pem(certificate, key);
    let options = through(&format!("https://ann:s3cret@{proxy}")).tls(tls);
    let (error, _) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::ProxyUnreachable, Phase::Proxy));
    assert!(error.detail.contains("CertificateRequired"), "{error}");
}

#[tokio::test]
async fn fault_07_the_certificate_of_a_proxy_is_verified_too() {
    let authority = Authority::new();
    let proxy = tls_server(authority.acceptor("127.0.0.1", |_| {}, None)).await;
    let options = through(&format!("https://ann:s3cret@{proxy}"));
    let (error, _) = failure("ws://server.test/", options).await;
    assert_eq!((error.failure.cause, error.phase), (Cause::CertificateInvalid, Phase::Proxy));
}

#[tokio::test]
async fn a_proxy_that_wants_a_log_in_says_407() {
    let proxy = http_proxy().await;
    let server = websocket_server("", b"").await;
    for login in ["", "ann:wr0ng@"] {
        let options = through(&format!("http://{login}{proxy}"));
        let (error, _) = failure(&format!("ws://{server}/"), options).await;
        let cause = Cause::ProxyRefused(PROXY_AUTHENTICATION_REQUIRED);
        assert_eq!((error.failure.cause, error.phase), (cause, Phase::Proxy));
        assert!(!format!("{error:?}").contains("wr0ng"));
    }
}

#[tokio::test]
async fn a_proxy_that_cannot_reach_the_server_says_so_with_its_retry_after() {
    let (proxy, closed) = (http_proxy().await, closed_port().await);
    let options = through(&format!("http://ann:s3cret@{proxy}"));
    let (error, _) = failure(&format!("ws://{closed}/"), options).await;
    assert_eq!(error.failure.cause, Cause::ProxyRefused(502));
    assert_eq!(error.failure.retry_after, Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_told_from_a_server_that_is_not() {
    let closed = closed_port().await;
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let options = through(&format!("{scheme}://ann:s3cret@{closed}"));
        let (error, _) = failure("ws://127.0.0.1:9/", options).await;
        assert_eq!((error.failure.cause, error.phase), (Cause::ProxyUnreachable, Phase::Proxy));
        assert!(error.detail.contains(&closed.to_string()), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_proxy_costs_ten_seconds() {
    let proxy = listen(|stream| async move {
        drain(stream).await;
    })
    .await;
    for scheme in ["http", "socks5h"] {
        let options = through(&format!("{scheme}://{proxy}"));
        let (error, elapsed) = failure("ws://server.test/", options).await;
        assert_eq!((error.failure.cause, error.phase), (Cause::ProxyUnreachable, Phase::Proxy));
        assert_eq!(elapsed.as_secs(), 10);
    }
}

#[tokio::test]
async fn a_proxy_that_speaks_before_it_is_spoken_to_is_refused() {
    let proxy = listen(|mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 ha\r\n\r\n").await.unwrap();
        drain(stream).await;
    })
    .await;
    let (error, _) = failure("ws://server.test/", through(&format!("http://{proxy}"))).await;
    assert_eq!(error.failure.cause, Cause::ProxyRefused(200));
}

#[tokio::test]
async fn socks5h_leaves_the_name_to_the_proxy() {
    let (proxy, mut told) = socks_proxy().await;
    let server = websocket_server("", b"").await;
    let options = through(&format!("socks5h://ann:s3cret@{proxy}"));
    let options = options.resolver(std::sync::Arc::new(Silent));
    dial_url(&format!("ws://server.test:{}/", server.port()), options).await.unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("server.test"));
}

#[tokio::test]
async fn socks5_resolves_here_and_tries_the_next_address_when_the_proxy_cannot_reach_one() {
    let (proxy, mut told) = socks_proxy().await;
    let (closed, server) = (closed_port().await, websocket_server("", b"").await);
    let options = through(&format!("socks5://ann:s3cret@{proxy}"));
    let options = options.resolver(Answers::always(&[closed, server]));
    dial_url("ws://server.test/", options).await.unwrap();
    assert_eq!(told.recv().await.as_deref(), Some("127.0.0.1"));
    assert_eq!(told.recv().await.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn a_socks_proxy_refuses_with_its_reply_code_or_for_want_of_a_log_in() {
    let (proxy, _told) = socks_proxy().await;
    let closed = closed_port().await;
    for (login, code) in [
        ("ann:s3cret@", 5),
        ("ann:wr0ng@", PROXY_AUTHENTICATION_REQUIRED),
        ("", PROXY_AUTHENTICATION_REQUIRED),
    ] {
        let options = through(&format!("socks5h://{login}{proxy}"));
        let (error, _) = failure(&format!("ws://{closed}/"), options).await;
        assert_eq!(error.failure.cause, Cause::ProxyRefused(code), "{error}");
    }
}

/// Returns what the environment's proxies make of `url`.
fn chosen(variables: &[(&str, &str)], url: &str) -> String {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    let lookup = |name: &str| variables.get(name).map(|&value| value.to_owned());
    let proxy = Proxy::from_lookup(lookup).expect("valid variables");
    let chosen = proxy.for_endpoint(&Endpoint::parse(url).unwrap());
    chosen.map_or_else(|| "direct".to_owned(), |server| server.to_string())
}

#[test]
fn the_environment_names_proxies_by_scheme() {
    let both = [("HTTPS_PROXY", "http://s:1"), ("HTTP_PROXY", "http://p:2")];
    assert_eq!(chosen(&both, "wss://h/"), "http://s:1");
    assert_eq!(chosen(&both, "ws://h/"), "http://p:2");
    let lower = [("https_proxy", "socks5h://u:p@s"), ("all_proxy", "a:8080")];
    assert_eq!(chosen(&lower, "wss://h/"), "socks5h://s:1080");
    assert_eq!(chosen(&lower, "ws://h/"), "http://a:8080");
    assert_eq!(chosen(&[("ALL_PROXY", "https://[::1]")], "ws://h/"), "https://[::1]:443");
    assert_eq!(chosen(&[], "wss://h/"), "direct");
    assert_eq!(chosen(&[("HTTPS_PROXY", ""), ("https_proxy", "http://s:1")], "wss://h/"), "direct");
    let cgi = [("HTTP_PROXY", "http://p:2"), ("REQUEST_METHOD", "GET")];
    assert_eq!(chosen(&cgi, "ws://h/"), "direct");
}

#[test]
fn the_environment_names_exceptions() {
    let all = ("ALL_PROXY", "http://p:1");
    for (no, direct, proxied) in [
        (
            "example.com",
            &["ws://example.com/", "wss://a.example.com:9/"][..],
            &["ws://notexample.com/"][..],
        ),
        (".example.com", &["ws://a.example.com/"], &["ws://example.org/"]),
        (
            "10.0.0.0/8, ::1",
            &["ws://10.1.2.3/", "ws://[::1]:9/"],
            &["ws://11.1.2.3/", "ws://[::2]/"],
        ),
        ("*", &["ws://anything/"], &[]),
        ("", &[], &["ws://anything/"]),
    ] {
        for name in ["NO_PROXY", "no_proxy"] {
            for url in direct {
                assert_eq!(chosen(&[all, (name, no)], url), "direct", "{no}: {url}");
            }
            for url in proxied {
                assert_eq!(chosen(&[all, (name, no)], url), "http://p:1", "{no}: {url}");
            }
        }
    }
}

#[test]
fn a_mistyped_proxy_is_an_error_and_not_a_direct_connection() {
    for (value, found) in [
        ("ftp://ann:s3cret@p", "scheme `ftp`"),
        ("socks4://p", "scheme `socks4`"),
        ("http://", "empty host"),
        ("http://ann:s3cret@p:99999", "invalid port number"),
    ] {
        let lookup = |name: &str| (name == "HTTPS_PROXY").then(|| value.to_owned());
        let error = Proxy::from_lookup(lookup).expect_err(value);
        assert_eq!((error.setting, error.value.as_str()), ("HTTPS_PROXY", found));
        assert!(Proxy::url(value).is_err());
    }
}

//! A WebSocket of a client, opened as cheaply as can be.

use std::io::ErrorKind;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use bytes::BytesMut;
use everlink::wire::ws::{Decoder, Encoder, Limits, Role, handshake_key};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::bench::Socket;

pub(super) type Raw = Socket<Stream>;

/// Opens connections, with TLS where the server's certificate is known.
#[derive(Clone)]
pub(super) struct Dialer {
    tls: Option<TlsConnector>,
}

impl Dialer {
    pub(super) const fn plain() -> Self {
        Self { tls: None }
    }

    pub(super) fn new(certificate: Option<&Path>) -> Result<Self> {
        let Some(path) = certificate else { return Ok(Self::plain()) };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(path)?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Some(TlsConnector::from(Arc::new(config))) })
    }

    /// Opens a connection by a request for this target with these further headers.
    pub(super) async fn open(&self, address: &str, target: (&str, &str)) -> Result<Raw> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut stream = match &self.tls {
            None => Stream::Tcp(stream),
            Some(tls) => {
                let name = ServerName::try_from(SERVER_NAME).context(SERVER_NAME)?;
                Stream::Tls(Box::new(tls.connect(name, stream).await?))
            }
        };
        let (path, headers) = target;
        let key = handshake_key([7; 16]);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let mut head = BytesMut::with_capacity(512);
        let end = loop {
            if let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(head.len() < HEAD_MAX, "an answer of {} bytes", head.len());
            ensure!(
                stream.read_buf(&mut head).await? > 0,
                "no answer to the request for an upgrade"
            );
        };
        ensure!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        let mut decoder = Decoder::new(Role::Client, Limits::default());
        decoder.read_buffer().extend_from_slice(&head[end..]);
        Ok(Socket::new(stream, decoder, Encoder::client(|| [1, 2, 3, 4])))
    }
}

/// What a WebSocket lies on.
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            // A server that is killed says no goodbye; to a load that is an end like any other.
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer).map(|read| {
                read.or_else(|error| match error.kind() == ErrorKind::UnexpectedEof {
                    true => Ok(()),
                    false => Err(error),
                })
            }),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// What the certificates of the benchmark are for.
pub(super) const SERVER_NAME: &str = "localhost";

const HEAD_MAX: usize = 16 * 1024;

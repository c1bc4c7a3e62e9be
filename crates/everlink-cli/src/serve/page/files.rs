//! The files of the page, as they are embedded: each as it is, and compressed beside it (`.br`).

use std::borrow::Cow;
use std::fmt;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

/// What the build script found.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/page"]
struct Embedded;

/// A folder of files.
#[derive(Clone, Copy)]
pub(super) struct Files(fn(&str) -> Option<EmbeddedFile>);

/// What a document may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// Run scripts of this site, and WebAssembly that they bring.
    Wasm,
    /// Run scripts of this site.
    Script,
    /// It is no document.
    None,
}

impl Files {
    /// The page of this build, if there is one.
    pub(super) const EMBEDDED: Self = Self(Embedded::get);

    #[cfg(test)]
    pub(super) const fn of(find: fn(&str) -> Option<EmbeddedFile>) -> Self {
        Self(find)
    }

    pub(super) fn has(self, name: &str) -> bool {
        (self.0)(name).is_some()
    }

    /// Answers with a file, in the form that the client prefers, or says that it has it already (RFC 9110,
    /// section 13.1.2).
    pub(super) fn answer(self, name: &str, policy: Policy, request: &HeaderMap) -> Response {
        // What is compressed beside a file has no name of its own.
        let Some(plain) = (self.0)(name).filter(|_| !name.ends_with(COMPRESSED)) else {
            return not_found();
        };
        let kind = kind(&plain);
        let compressed =
            if takes_brotli(request) { (self.0)(&format!("{name}{COMPRESSED}")) } else { None };
        let is_compressed = compressed.is_some();
        let file = compressed.unwrap_or(plain);
        let tag = tag(&file);
        let known = is_known(request, &tag);
        let mut response = Response::new(if known { Body::empty() } else { body(file.data) });
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, kind);
        common(headers, name, policy);
        if is_compressed {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        response
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Files")
    }
}

fn common(headers: &mut HeaderMap, name: &str, policy: Policy) {
    // Names in `assets` hold a hash of their content.
    let cache = if name.starts_with("assets/") { IMMUTABLE } else { "no-cache" };
    let fixed = [
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = match policy {
        Policy::Wasm => POLICY_WASM,
        Policy::Script => POLICY_SCRIPT,
        Policy::None => POLICY_NONE,
    };
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}

fn not_found() -> Response {
    let mut response = Response::new(Body::from("there is no such file\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn kind(file: &EmbeddedFile) -> HeaderValue {
    let kind = file.metadata.mimetype();
    let text = kind.starts_with("text/") && !kind.contains("charset");
    let kind = if text { format!("{kind}; charset=utf-8") } else { kind.to_owned() };
    HeaderValue::try_from(kind)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn body(data: Cow<'static, [u8]>) -> Body {
    match data {
        Cow::Borrowed(data) => Body::from(Bytes::from_static(data)),
        Cow::Owned(data) => Body::from(data),
    }
}

/// Names a content: another form of it has another name.
fn tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

fn is_known(request: &HeaderMap, tag: &str) -> bool {
    values(request, &header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// Returns whether brotli is accepted (RFC 9110, section 12.5.3).
fn takes_brotli(request: &HeaderMap) -> bool {
    values(request, &header::ACCEPT_ENCODING).any(|offer| {
        let (name, quality) = offer.split_once(';').unwrap_or((offer, ""));
        let quality = quality.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f32>);
        name.trim().eq_ignore_ascii_case("br") && quality.is_ok_and(|quality| quality > 0.0)
    })
}

fn values<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// Ends the name of what is compressed.
const COMPRESSED: &str = ".br";

/// Of a SHA-256, so much tells two files apart.
const TAG_BYTES: usize = 12;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

macro_rules! policy {
    ($scripts:literal) => {
        concat!(
            "default-src 'none'; script-src ",
            $scripts,
            "; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        )
    };
}

const POLICY_WASM: &str = policy!("'self' 'wasm-unsafe-eval'");
const POLICY_SCRIPT: &str = policy!("'self'");
/// For whoever opens a file by itself.
const POLICY_NONE: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

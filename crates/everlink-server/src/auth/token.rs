//! Signed tokens (JWT, RFC 7519) that say who a client is and what he may do.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::Query;
use axum::http::Uri;
use everlink_engine::server::Code;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;

use super::crypto;
use super::key::JwtKey;
use crate::hooks::{Attempt, Grant, Operation, Operations, Refusal, User, bearer_of};

/// Admits clients by signed tokens: `sub` names the user, `exp` is required, and `grants` lists what he
/// may do, as `[{"channels": "room:*", "ops": ["read", "publish"]}]`. Nothing else is allowed.
///
/// The token comes in the greeting (`auth`), or as `Authorization: Bearer` of the request, or as plain
/// endpoints take it; never in the URL. Where the URL has a `user_id`, it must be the token's `sub`.
#[derive(Clone, Debug)]
pub struct Jwt {
    keys: Vec<JwtKey>,
    audience: Option<String>,
    issuer: Option<String>,
    leeway: Duration,
}

#[derive(Debug, Deserialize)]
struct Claims {
    sub: Arc<str>,
    exp: f64,
    #[serde(default)]
    grants: Vec<GrantClaim>,
}

#[derive(Debug, Deserialize)]
struct GrantClaim {
    channels: Arc<str>,
    ops: Vec<OperationClaim>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OperationClaim {
    Read,
    Publish,
    Volatile,
    History,
    Status,
    All,
}

impl Jwt {
    /// Accepts tokens that are signed with this key.
    #[must_use]
    pub fn new(key: JwtKey) -> Self {
        crypto::install();
        Self { keys: vec![key], audience: None, issuer: None, leeway: LEEWAY_DEFAULT }
    }

    /// Accepts tokens that are signed with this key too, while keys are exchanged.
    #[must_use]
    pub fn key(mut self, key: JwtKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Accepts only tokens for this audience (`aud`). Default: only those without one.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Accepts only tokens of this issuer (`iss`). Default: any.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// How much the clocks of whoever signs and of this machine may differ.
    ///
    /// Unit: time. Default: 10 s.
    #[must_use]
    pub const fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Says whom a token is of.
    ///
    /// # Errors
    ///
    /// It is no token, has ended, or is not signed with a key that is known here.
    pub fn verify(&self, token: &str) -> Result<User, Refusal> {
        let header = decode_header(token).map_err(|error| refusal(&error))?;
        let keys = self.keys.iter().filter(|key| key.algorithms.contains(&header.alg));
        let mut refused = Refusal::new(
            Code::Unauthorized,
            format!("no key here checks tokens that are signed by {:?}", header.alg),
        );
        for key in keys {
            match decode::<Claims>(token, &key.decoding, &self.validation(key)) {
                Ok(token) => return self.user(token.claims),
                Err(error) => refused = refusal(&error),
            }
        }
        Err(refused)
    }

    pub(crate) fn authenticate(&self, attempt: &Attempt) -> Result<User, Refusal> {
        let token = attempt.token.as_deref().or_else(|| bearer_of(&attempt.headers));
        let token = token.ok_or_else(|| Refusal::new(Code::Unauthorized, "a token is missing"))?;
        let user = self.verify(token)?;
        if let Some(claimed) = claimed_user(&attempt.target)
            && user.id().is_none_or(|id| **id != *claimed)
        {
            let why = format!("the token is not of user_id {claimed:?}");
            return Err(Refusal::new(Code::Unauthorized, why));
        }
        Ok(user)
    }

    fn validation(&self, key: &JwtKey) -> Validation {
        let mut validation = Validation {
            algorithms: key.algorithms.to_vec(),
            leeway: self.leeway.as_secs(),
            validate_nbf: true,
            ..Validation::default()
        };
        let mut required = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.insert("aud".to_owned());
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.insert("iss".to_owned());
        }
        validation.required_spec_claims = required;
        validation
    }

    fn user(&self, claims: Claims) -> Result<User, Refusal> {
        let Claims { sub, exp, grants } = claims;
        let wrong = |why: String| Refusal::new(Code::Unauthorized, why);
        let user = User::new(sub).map_err(|error| wrong(format!("the token's `sub`: {error}")))?;
        let exp = Duration::try_from_secs_f64(exp).ok();
        let expiry = exp.and_then(|exp| UNIX_EPOCH.checked_add(exp)?.checked_add(self.leeway));
        let expiry = expiry.ok_or_else(|| wrong("the token's `exp` is no time".to_owned()))?;
        let grants: Vec<Grant> = grants.into_iter().map(grant).collect();
        Ok(user.with_grants(grants).with_expiry(expiry))
    }
}

/// Returns the user that a URL names.
pub(crate) fn claimed_user(target: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        user_id: Option<String>,
    }
    let uri: Uri = target.parse().ok()?;
    let Query(claimed) = Query::<Claimed>::try_from_uri(&uri).ok()?;
    claimed.user_id.filter(|user| !user.is_empty())
}

fn grant(claim: GrantClaim) -> Grant {
    let operations = claim.ops.into_iter().map(|operation| match operation {
        OperationClaim::Read => Operations::of(Operation::Read),
        OperationClaim::Publish => Operations::of(Operation::Publish),
        OperationClaim::Volatile => Operations::of(Operation::Volatile),
        OperationClaim::History => Operations::of(Operation::History),
        OperationClaim::Status => Operations::of(Operation::Status),
        OperationClaim::All => Operations::ALL,
    });
    Grant::new(claim.channels, operations.fold(Operations::NONE, |all, one| all | one))
}

fn refusal(error: &Error) -> Refusal {
    if matches!(error.kind(), ErrorKind::ExpiredSignature) {
        return Refusal::new(Code::CredentialsExpired, Code::CredentialsExpired.why());
    }
    Refusal::new(Code::Unauthorized, format!("the token is refused: {error}"))
}

const LEEWAY_DEFAULT: Duration = Duration::from_secs(10);

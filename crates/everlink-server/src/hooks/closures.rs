//! Hooks as closures, over those of a type.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use everlink_engine::server::Code;

use super::{
    Answer, Attached, Attempt, Decision, Hooks, Permission, Publishing, Refusal, User, UserError,
};
use crate::auth::{Jwt, claimed_user};

/// Hooks of which some are closures; the others are asked of `base`.
pub(crate) struct Closures {
    pub(crate) base: Arc<dyn Hooks>,
    /// Goes before the hooks of a type.
    pub(crate) jwt: Option<Jwt>,
    authenticate: Option<Closure<Attempt, Result<User, Refusal>>>,
    authorize: Option<Closure<Permission, Result<(), Refusal>>>,
    on_publish: Option<Closure<Publishing, Decision>>,
    on_attach: Option<News>,
    on_detach: Option<News>,
}

type Closure<Q, A> = Box<dyn Fn(Q) -> Answer<A> + Send + Sync>;
type News = Box<dyn Fn(&Attached) + Send + Sync>;

impl Closures {
    pub(crate) fn new() -> Self {
        Self {
            base: Arc::new(Open),
            jwt: None,
            authenticate: None,
            authorize: None,
            on_publish: None,
            on_attach: None,
            on_detach: None,
        }
    }

    pub(crate) fn set_authenticate<F, A>(&mut self, hook: F)
    where
        F: Fn(Attempt) -> A + Send + Sync + 'static,
        A: Future<Output = Result<User, Refusal>> + Send + 'static,
    {
        self.authenticate = Some(Box::new(move |attempt| Answer::later(hook(attempt))));
    }

    pub(crate) fn set_authorize<F, A>(&mut self, hook: F)
    where
        F: Fn(Permission) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.authorize = Some(Box::new(move |permission| Answer::later(hook(permission))));
    }

    pub(crate) fn set_on_publish<F, A>(&mut self, hook: F)
    where
        F: Fn(Publishing) -> A + Send + Sync + 'static,
        A: Future<Output = Decision> + Send + 'static,
    {
        self.on_publish = Some(Box::new(move |publishing| Answer::later(hook(publishing))));
    }

    pub(crate) fn set_on_attach(&mut self, hook: impl Fn(&Attached) + Send + Sync + 'static) {
        self.on_attach = Some(Box::new(hook));
    }

    pub(crate) fn set_on_detach(&mut self, hook: impl Fn(&Attached) + Send + Sync + 'static) {
        self.on_detach = Some(Box::new(hook));
    }
}

impl Hooks for Closures {
    fn authenticate(&self, attempt: Attempt) -> Answer<Result<User, Refusal>> {
        match (&self.authenticate, &self.jwt) {
            (Some(hook), _) => hook(attempt),
            (None, Some(jwt)) => Answer::Now(jwt.authenticate(&attempt)),
            (None, None) => self.base.authenticate(attempt),
        }
    }

    fn authorize(&self, permission: Permission) -> Answer<Result<(), Refusal>> {
        match &self.authorize {
            Some(hook) => hook(permission),
            None => self.base.authorize(permission),
        }
    }

    fn on_publish(&self, publishing: &Publishing) -> Answer<Decision> {
        match &self.on_publish {
            Some(hook) => hook(publishing.clone()),
            None => self.base.on_publish(publishing),
        }
    }

    fn on_attach(&self, attached: &Attached) {
        self.base.on_attach(attached);
        if let Some(hook) = &self.on_attach {
            hook(attached);
        }
    }

    fn on_detach(&self, attached: &Attached) {
        self.base.on_detach(attached);
        if let Some(hook) = &self.on_detach {
            hook(attached);
        }
    }
}

impl fmt::Debug for Closures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closures").field("base", &self.base).finish_non_exhaustive()
    }
}

/// The defaults: everyone may do everything, and is who his URL says (`user_id`).
#[derive(Debug)]
struct Open;

impl Hooks for Open {
    fn authenticate(&self, attempt: Attempt) -> Answer<Result<User, Refusal>> {
        let Some(user) = claimed_user(&attempt.target) else {
            return Answer::Now(Ok(User::anonymous()));
        };
        let refused = |error: UserError| Refusal::new(Code::Unauthorized, error.to_string());
        Answer::Now(User::new(user).map_err(refused))
    }
}

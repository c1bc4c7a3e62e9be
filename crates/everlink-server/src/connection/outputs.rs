//! What the session wants carried out.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::HeaderMap;
use everlink_engine::GapCause;
use everlink_engine::server::{Code, Greeting, Reply, SessionInput, SessionOutput};
use everlink_wire::Message;

use super::publishes::{Pending, USER_MARK, log_name};
use super::{Client, Connection, Stage};
use crate::hooks::{Attempt, Operation, Refusal, User};
use crate::limits::Principal;
use crate::server::{is_name, is_reserved};
use crate::speech::{Closed, Name};

impl Connection {
    /// Carries out what the session wants. Returns whether there was something.
    pub(super) fn carry_out(&mut self) -> bool {
        let mut busy = false;
        while self.stage == Stage::Open
            && let Some(output) = self.session.poll_output()
        {
            busy = true;
            self.output(output);
        }
        busy
    }

    fn output(&mut self, output: SessionOutput<Name, Message>) {
        match output {
            SessionOutput::Authenticate { token, greeting } => self.authenticate(token, greeting),
            SessionOutput::Attached => self.attached(),
            SessionOutput::Detached => self.detach(),
            SessionOutput::Transmit(reply) => self.transmit(reply),
            SessionOutput::Join { channel, join } => self.join(channel, join),
            SessionOutput::Leave { channel } => self.attachments.remove(&channel),
            SessionOutput::Append { channel, producer, sequence, before, first, payload } => {
                let pending = Pending { channel, producer, sequence, before, first, payload };
                if !self.refuse_names(&pending) {
                    self.publishes.push(pending);
                }
            }
            SessionOutput::Volatile { channel, key, payload } => {
                self.volatile(channel, key, payload);
            }
            SessionOutput::Page { request, channel, after, limit } => {
                if let Some(asker) = self.asker() {
                    let channel = if is_reserved(&channel) { "".into() } else { channel };
                    self.jobs.page(asker, request, channel, after, limit);
                }
            }
            // Whether it reads is asked of the session each time.
            SessionOutput::PauseReading | SessionOutput::ResumeReading => {}
            SessionOutput::Close(code) => self.close(code.close(), code.why()),
            SessionOutput::Abandon(code) => {
                self.ends(if code == Code::Silence {
                    Closed::Silent
                } else {
                    Closed::ByServer { code: code.close() }
                });
                self.end(code.close());
            }
        }
    }

    fn transmit(&mut self, mut reply: Reply<Name, Message>) {
        if let Reply::Welcome(welcome) = &mut reply {
            welcome.rate = welcome.rate.or_else(|| self.node.accounts.rate());
        }
        if let Reply::Gap { cause, .. } = &reply {
            self.node.counters.gap(match cause {
                GapCause::Expired => "expired",
                GapCause::Epoch => "epoch",
                GapCause::Slow => "slow",
            });
        }
        self.say(&reply);
    }

    /// Asks the application who the client is.
    fn authenticate(&mut self, token: Option<Name>, greeting: Option<Greeting<Name>>) {
        let fresh = self.client.as_ref().map(|client| Arc::clone(&client.name));
        let client = greeting.as_ref().map(|greeting| Arc::clone(&greeting.client)).or(fresh);
        let origin = self.origin.take();
        let (headers, peer, target) = match origin {
            Some(origin) => (origin.headers, origin.peer, origin.target),
            None => (HeaderMap::new(), None, Name::from("")),
        };
        if let Some(greeting) = greeting {
            let marked = greeting.producer.contains(USER_MARK) || !is_name(&greeting.producer);
            if marked {
                let why = "a producer's name has 1 to 256 bytes without `~`".into();
                let (code, retry) = (Code::BadFrame, None);
                return self.input(SessionInput::Rejected { code, retry, why });
            }
            if let Some(last) = &greeting.last {
                self.node.counters.reconnects.add(1);
                self.node.counters.meters.returned(last);
            }
            self.client = Some(Box::new(Client {
                name: greeting.client,
                producer: greeting.producer,
                suffix: None,
                user: Arc::new(User::anonymous()),
                attached: false,
                welcomed: false,
            }));
        }
        let client = client.unwrap_or_else(|| "".into());
        let attempt = Attempt { token, headers, peer, target, client };
        self.jobs.authenticate(&self.node, attempt);
    }

    /// The application has said who the client is.
    pub(super) fn authenticated(&mut self, result: Result<User, Refusal>) {
        match result.and_then(|user| self.admit(user)) {
            Ok(admitted) => self.input(admitted),
            Err(Refusal { code, why, retry }) => {
                self.node.counters.refuse("credentials");
                self.input(SessionInput::Rejected { code, retry, why });
            }
        }
    }

    fn admit(&mut self, user: User) -> Result<SessionInput<Name, Message>, Refusal> {
        let Some(client) = &mut self.client else {
            return Err(Refusal::new(Code::HelloMissing, Code::HelloMissing.why()));
        };
        let expires = match user.expires().map(|at| at.duration_since(SystemTime::now())) {
            None => None,
            Some(Ok(left)) => Some(left),
            Some(Err(_)) => {
                let code = Code::CredentialsExpired;
                return Err(Refusal::new(code, code.why()));
            }
        };
        if client.welcomed {
            return self.renew(user, expires);
        }
        if let Some(id) = user.id() {
            let seat = self.node.accounts.take_seat(Principal::User(Arc::clone(id)), self.now);
            self.seats[1] = seat.map_err(|exceeded| {
                let why = format!("too many {} of this user", exceeded.what);
                Refusal::new(Code::TooFast, why).with_retry(exceeded.retry)
            })?;
        }
        client.suffix = user.suffix();
        client.producer = log_name(&client.producer, client.suffix.as_ref());
        client.user = Arc::new(user);
        self.speech.admitted(&client.user);
        Ok(SessionInput::Admitted { suffix: client.suffix.clone(), expires })
    }

    /// A client that stands has brought fresh credentials: what was allowed is asked again.
    fn renew(
        &mut self,
        user: User,
        expires: Option<Duration>,
    ) -> Result<SessionInput<Name, Message>, Refusal> {
        let Some(client) = self.client.as_mut().filter(|client| client.user.id() == user.id())
        else {
            return Err(Refusal::new(Code::Unauthorized, "the credentials are of another user"));
        };
        client.user = Arc::new(user);
        self.speech.admitted(&client.user);
        let suffix = client.suffix.clone();
        self.permissions.clear();
        let channels: Vec<_> = self.attachments.channels().cloned().collect();
        if let Some(asker) = self.asker() {
            self.jobs.recheck(asker, channels);
        }
        Ok(SessionInput::Admitted { suffix, expires })
    }

    fn attached(&mut self) {
        let connection = self.registered();
        let Some(client) = &mut self.client else {
            return;
        };
        client.attached = true;
        client.welcomed = true;
        self.socket.admit(self.node.settings.frame_max);
        self.node.clients.attach(client.key(), &connection);
        self.node.returns.lock().accepted(self.now);
        self.node.refresh_return_window();
        self.node.counters.accepted.add(1);
    }

    fn join(&mut self, channel: Name, join: u32) {
        let own = is_reserved(&channel);
        let accepted = if own { self.speech.owns(&channel) } else { is_name(&channel) };
        let asker = self.asker().filter(|_| accepted);
        let Some(asker) = asker else {
            let (code, why) = (Code::BadFrame, "a channel has a name of 1 to 256 bytes".into());
            return self.input(SessionInput::JoinRefused { channel, join, code, why });
        };
        self.attachments.begin(&channel, join);
        self.jobs.join(asker, (channel, own), join, Arc::clone(&self.mailbox));
    }

    fn volatile(&mut self, channel: Name, key: Name, payload: Message) {
        if is_reserved(&channel) {
            return;
        }
        if self.permissions.has(&channel, Operation::Volatile) {
            self.hand_on(&channel, key, payload);
        } else if let Some(asker) = self.asker() {
            self.jobs.allow(asker, channel, key, payload);
        }
    }
}

//! Greeting, credentials and their end.

use core::time::Duration;

use super::{Session, Stage};
use crate::server::code::Code;
use crate::server::contract::{Greeting, SessionOutput};
use crate::server::drain::ReturnWindow;
use crate::server::frame::{Hello, Reply, Welcome};
use crate::time::Timestamp;

/// The version of the protocol that is spoken here.
const VERSION: u32 = 1;

impl<N: Clone + Ord + From<&'static str>, P> Session<N, P> {
    pub(super) fn greeted(&mut self, now: Timestamp, hello: Hello<N>) {
        if hello.version != VERSION {
            return self.end(Code::Version, None, Code::Version.why().into());
        }
        let Hello { client, producer, auth, channels, frame_max, last, .. } = hello;
        self.producer = Some(producer.clone());
        let deadline = now.after(self.config.admission_timeout);
        self.stage = Stage::Greeted { deadline, channels };
        let greeting = Some(Greeting { client, producer, frame_max, last });
        self.outputs.push_back(SessionOutput::Authenticate { token: auth, greeting });
    }

    pub(super) fn admitted(
        &mut self,
        now: Timestamp,
        suffix: Option<N>,
        expires: Option<Duration>,
    ) {
        if matches!(self.stage, Stage::Greeted { .. }) {
            self.expires = expires.map(|expires| now.after(expires));
            return self.welcome(now, suffix);
        }
        if core::mem::take(&mut self.judging) {
            self.expires = expires.map(|expires| now.after(expires));
            self.transmit(Reply::AuthOk { expires });
        }
    }

    pub(super) fn rejected(&mut self, code: Code, retry: Option<Duration>, why: N) {
        if self.judging || matches!(self.stage, Stage::Greeted { .. }) {
            self.end(code, retry, why);
        }
    }

    /// Fresh credentials for a connection that stands; one at a time.
    pub(super) fn fresh_credentials(&mut self, token: N) {
        if self.judging {
            return self.say_error(Code::Busy, false, None, Code::Busy.why().into());
        }
        self.judging = true;
        let (token, greeting) = (Some(token), None);
        self.outputs.push_back(SessionOutput::Authenticate { token, greeting });
    }

    /// The credentials ended, and no fresh ones were taken in time.
    pub(super) fn expired(&mut self) {
        self.end(Code::CredentialsExpired, None, Code::CredentialsExpired.why().into());
    }

    fn welcome(&mut self, now: Timestamp, suffix: Option<N>) {
        let Stage::Greeted { channels, .. } = core::mem::replace(&mut self.stage, Stage::Attached)
        else {
            return;
        };
        // Nothing could be heard while reading was paused for the credentials.
        self.heard = now;
        self.window_told = self.return_window;
        let config = &self.config;
        let welcome = Welcome {
            node: config.node.clone(),
            heartbeat_interval: config.heartbeat_interval,
            heartbeat_timeout: config.heartbeat_timeout,
            frame_max: config.frame_max,
            rate: config.rate.map(|rate| rate.per_second.get()),
            origin_ttl: config.origin_ttl,
            return_window: self.return_window,
            backoff_max: config.backoff_max.or(self.return_window.map(ReturnWindow::backoff_max)),
            kept: config.kept,
            suffix,
        };
        self.outputs.push_back(SessionOutput::Attached);
        self.transmit(Reply::Welcome(welcome));
        self.subscribe(channels);
    }
}

//! What a run has met: a simulation that never gets to a rule does not test it.

use std::collections::BTreeMap;

use everlink_engine::GapCause;
use everlink_engine::server::{Code, Reply, SessionOutput};

use super::name::Name;

/// How often a run has met what is rare.
#[derive(Debug, Default)]
pub(super) struct Seen(pub(super) BTreeMap<&'static str, u64>);

impl Seen {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(super) fn output(&mut self, output: &SessionOutput<Name, u64>) {
        let what = match output {
            SessionOutput::PauseReading => "reading paused",
            SessionOutput::Leave { .. } => "left a channel",
            SessionOutput::Close(Code::Restart) => "closed: drained",
            SessionOutput::Close(Code::Overload) => "closed: nothing can be stored",
            SessionOutput::Close(Code::Replaced) => "closed: replaced",
            SessionOutput::Close(Code::HelloLate) => "closed: no hello",
            SessionOutput::Close(Code::CredentialsExpired) => "closed: credentials ended",
            SessionOutput::Close(Code::Done) => "closed: bye",
            SessionOutput::Close(_) => "closed: otherwise",
            SessionOutput::Abandon(Code::SlowReader) => "let go: slow reader",
            SessionOutput::Abandon(_) => "let go: silence",
            SessionOutput::Volatile { .. } => "volatile value",
            SessionOutput::Transmit(Reply::Gap { cause: GapCause::Expired, .. }) => "gap: expired",
            SessionOutput::Transmit(Reply::Gap { cause: GapCause::Epoch, .. }) => "gap: epoch",
            SessionOutput::Transmit(Reply::Gap { cause: GapCause::Slow, .. }) => "gap: slow",
            SessionOutput::Transmit(Reply::Nack { .. }) => "refused",
            SessionOutput::Transmit(Reply::Ack { producer: Some(_), .. }) => "outbox drained",
            SessionOutput::Transmit(Reply::Ping { .. }) => "asked by the server",
            SessionOutput::Transmit(Reply::Away { .. }) => "asked to go",
            SessionOutput::Transmit(_)
            | SessionOutput::Authenticate { .. }
            | SessionOutput::Attached
            | SessionOutput::Detached
            | SessionOutput::Join { .. }
            | SessionOutput::Append { .. }
            | SessionOutput::Page { .. }
            | SessionOutput::ResumeReading => return,
        };
        self.count(what);
    }
}

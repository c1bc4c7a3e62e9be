//! Events as a name and fields, of which `everlink.events` makes objects.

use everlink::Event;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{failure, words};

/// Puts fields into a dictionary by their Python names.
macro_rules! fields {
    ($dict:ident; $($name:ident = $value:expr),+ $(,)?) => {{ $($dict.set_item(stringify!($name), $value)?;)+ }};
}

/// Returns an event's name and fields.
pub(crate) fn to_python<'py>(
    py: Python<'py>,
    event: &Event,
) -> PyResult<(String, Bound<'py, PyDict>)> {
    let dict = PyDict::new(py);
    match event {
        Event::StateChanged { from, to, .. } => fields!(dict; old = from.name(), new = to.name()),
        Event::Connected { guarantee, .. } => fields!(dict; guarantee = words(guarantee)),
        Event::Disconnected { error, uptime, .. } => {
            fields!(dict; error = failure(error), uptime = uptime.as_secs_f64());
        }
        Event::Reconnecting { attempt, delay, .. } => {
            fields!(dict; attempt = *attempt, delay = delay.as_secs_f64());
        }
        Event::AttemptFailed { attempt, error, .. } => {
            fields!(dict; attempt = *attempt, error = failure(error));
        }
        Event::Reconnected { attempts, downtime, .. } => {
            fields!(dict; attempts = *attempts, downtime = downtime.as_secs_f64());
        }
        Event::ReconnectFailed { attempts, error, .. } => {
            fields!(dict; attempts = *attempts, error = failure(error));
        }
        Event::Supervised { cause, attempt, .. } => {
            fields!(dict; cause = words(cause), attempt = *attempt);
        }
        Event::QualityChanged { from, to, .. } => fields!(dict; old = from.name(), new = to.name()),
        Event::HealthCheck { latency, quality, .. } => {
            fields!(dict; latency = latency.as_secs_f64(), quality = quality.name());
        }
        Event::Breaker { open, .. } => fields!(dict; open = *open),
        Event::Subscribed { channel, .. }
        | Event::ChannelPaused { channel, .. }
        | Event::ChannelResumed { channel, .. } => fields!(dict; channel = &**channel),
        Event::SubscriptionRejected { channel, code, .. } => {
            fields!(dict; channel = &**channel, code = *code);
        }
        Event::Resubscribed { channels, .. } => fields!(dict; channels = *channels),
        Event::Resumed { recovered, .. } => fields!(dict; recovered = *recovered),
        Event::Gap { channel, from, to, cause, .. } => {
            fields!(dict; channel = &**channel, first = *from, last = *to, cause = words(cause));
        }
        Event::MaybeDoubled { first, last, .. } | Event::InDoubt { first, last, .. } => {
            fields!(dict; first = first.0, last = last.0);
        }
        Event::ServerError { code, fatal, why, .. } => {
            fields!(dict; code = *code, fatal = *fatal, why = &**why);
        }
        Event::CredentialsRenewed { lasts, .. } => {
            fields!(dict; lasts = lasts.map(|lasts| lasts.as_secs_f64()));
        }
        Event::CredentialsFailed { error, .. } | Event::BadMessage { error, .. } => {
            fields!(dict; error = &**error);
        }
        Event::DuplicatesDropped { count, .. } => fields!(dict; count = *count),
        Event::MessagesDropped { first, last, count, why, .. } => {
            fields!(dict; first = first.0, last = last.0, count = *count, why = words(why));
        }
        Event::Away { slot, url, .. } => {
            fields!(dict; slot = slot.as_secs_f64(), url = url.as_deref());
        }
        Event::NotFollowed { why, .. } => fields!(dict; why = &**why),
        Event::SubscriberLagged { channel, missed, .. } => {
            fields!(dict; channel = &**channel, missed = *missed);
        }
        Event::Lagged { missed, .. } => fields!(dict; missed = *missed),
        Event::Moved | Event::ReadPaused | Event::ReadResumed => {}
        other => {
            fields!(dict; text = format!("{other:?}"));
            return Ok(("unknown".to_owned(), dict));
        }
    }
    Ok((words(event), dict))
}

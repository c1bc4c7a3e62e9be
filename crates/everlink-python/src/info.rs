//! What a connection is and has been, by the names of `everlink.info`.

use everlink::Info;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{failure, words};

pub(crate) fn to_python<'py>(py: Python<'py>, info: &Info) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let is = &info.connection;
    dict.set_item("state", is.state.name())?;
    dict.set_item("connected", is.is_connected())?;
    dict.set_item("reconnecting", is.is_reconnecting())?;
    dict.set_item("attempts", is.attempts)?;
    dict.set_item("next_attempt", is.next_attempt.map(|time| time.as_secs_f64()))?;
    dict.set_item("last_error", info.last_error.as_ref().map(failure))?;
    dict.set_item("url", &info.url)?;
    dict.set_item("endpoint", is.endpoint)?;
    dict.set_item("reconnects", is.reconnects)?;
    dict.set_item("dials", is.dials)?;
    dict.set_item("queued_messages", is.queued_messages)?;
    dict.set_item("queued_bytes", is.queued_bytes)?;
    dict.set_item("connected_for", is.connected_for.as_secs_f64())?;
    dict.set_item("uptime", is.uptime.as_secs_f64())?;
    dict.set_item("downtime", is.downtime.as_secs_f64())?;
    dict.set_item("success_rate", is.success_rate)?;
    dict.set_item("latency", is.latency.map(|time| time.as_secs_f64()))?;
    dict.set_item("quality", is.quality.name())?;
    dict.set_item("guarantee", words(is.guarantee))?;
    dict.set_item("messages_sent", is.messages_sent)?;
    dict.set_item("messages_received", is.messages_received)?;
    dict.set_item("messages_replayed", is.messages_replayed)?;
    dict.set_item("duplicates", is.duplicates)?;
    dict.set_item("unclaimed", info.unclaimed)?;
    Ok(dict)
}

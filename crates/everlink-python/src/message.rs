//! Messages between the two languages, each copied once.

use everlink::{Message, Payload};
use pyo3::IntoPyObjectExt as _;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyString};

/// Makes a `str` of a text, and `bytes` of bytes.
pub(crate) fn to_python<'py>(py: Python<'py>, message: &Message) -> Bound<'py, PyAny> {
    match message {
        Message::Text(text) => PyString::new(py, text.as_str()).into_any(),
        Message::Binary(bytes) => PyBytes::new(py, bytes).into_any(),
    }
}

/// Takes a `str`, `bytes` or `bytearray`.
pub(crate) fn from_python(given: &Bound<'_, PyAny>) -> PyResult<Message> {
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(Message::from(text.to_str()?));
    }
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(Message::from(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(Message::from(bytes.to_vec()));
    }
    let kind = given.get_type().name()?;
    Err(PyTypeError::new_err(format!("a message is {kind}; accepted: str, bytes, bytearray")))
}

/// Takes a text of JSON, or bytes.
pub(crate) fn payload(given: &Bound<'_, PyAny>) -> PyResult<Payload> {
    Ok(match from_python(given)? {
        Message::Text(text) => Payload::raw_json(text.as_str().to_owned()),
        Message::Binary(bytes) => Payload::binary(bytes),
    })
}

/// Makes the text of JSON, or bytes, of a payload.
pub(crate) fn payload_to_python(py: Python<'_>, payload: &Payload) -> PyResult<Py<PyAny>> {
    match (payload.as_json(), payload.as_bytes()) {
        (Some(json), _) => json.into_py_any(py),
        (None, bytes) => Ok(PyBytes::new(py, bytes.unwrap_or_default()).into_any().unbind()),
    }
}

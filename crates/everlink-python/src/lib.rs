//! The tokio client for Python: handles that asyncio polls, no logic.
//!
//! The network lives on one thread of its own, which never asks for Python's lock. What Python does is poll:
//! a handle gives what is there, or says "nothing yet" and rings the bell of its event loop once when
//! there is. So a burst of messages costs one wake-up and one crossing. In detail: `docs/design/python.md`.

mod bell;
mod builder;
mod client;
mod credentials;
mod error;
mod event;
mod info;
mod log;
mod message;
mod operation;
mod pool;
mod runtime;
mod settings;
mod stream;
mod ticket;

use pyo3::prelude::*;

/// What the package `everlink` is made on.
#[pymodule]
fn _everlink(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<bell::Bell>()?;
    module.add_class::<builder::Builder>()?;
    module.add_class::<client::Client>()?;
    module.add_class::<credentials::Asked>()?;
    module.add_class::<operation::Operation>()?;
    module.add_class::<pool::Pool>()?;
    module.add_class::<stream::Stream>()?;
    module.add_class::<ticket::Ticket>()?;
    module.add_function(wrap_pyfunction!(runtime::start, module)?)?;
    module.add_function(wrap_pyfunction!(runtime::forked, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_start, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_level, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_stop, module)?)?;
    module.add_function(wrap_pyfunction!(settings::settings_table, module)?)?;
    module.add_function(wrap_pyfunction!(settings::profiles, module)?)?;
    module.add_function(wrap_pyfunction!(settings::dialects, module)?)
}

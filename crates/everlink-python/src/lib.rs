//! x
use pyo3::prelude::*;
#[pymodule]
fn _everlink(_m: &Bound<'_, PyModule>) -> PyResult<()> { Ok(()) }

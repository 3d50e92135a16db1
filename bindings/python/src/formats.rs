//! The library's own formats of files, and whole files.

use std::path::PathBuf;

use dataknobs_data::{Error, Formats};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Outcome;
use crate::record::{PyRecord, list_argument};

/// Names and extensions.
#[pyfunction]
pub(crate) fn _built_in_formats() -> Outcome<Vec<(String, Vec<String>)>> {
    let formats = Formats::default();
    formats.names().map(|name| Ok((name.to_owned(), formats.get(name)?.extensions()))).collect()
}

#[pyfunction]
pub(crate) fn _read_format(py: Python<'_>, name: &str, data: &[u8]) -> Outcome<Vec<PyRecord>> {
    let records = py.detach(|| Formats::default().get(name)?.read(data))?;
    Ok(records.into_iter().map(PyRecord::new).collect())
}

#[pyfunction]
pub(crate) fn _write_format<'py>(
    py: Python<'py>,
    name: &str,
    records: &Bound<'py, PyAny>,
) -> Outcome<Bound<'py, PyBytes>> {
    let records = list_argument(records)?;
    let data = py.detach(|| Formats::default().get(name)?.write(&records))?;
    Ok(PyBytes::new(py, &data))
}

#[pyfunction]
pub(crate) fn _read_file<'py>(py: Python<'py>, path: PathBuf) -> Outcome<Bound<'py, PyBytes>> {
    let data = py.detach(|| std::fs::read(&path));
    let data = data.map_err(|error| Error::from(error).with_context("path", path.display()))?;
    Ok(PyBytes::new(py, &data))
}

/// Gives a file new content: whatever happens, it holds the old or the new one.
#[pyfunction]
pub(crate) fn _replace_file(py: Python<'_>, path: PathBuf, data: &[u8]) -> Outcome<()> {
    Ok(py.detach(|| dataknobs_data::file::replace_file(&path, data))?)
}

use pyo3::prelude::*;
#[pyclass(frozen)]
pub(crate) struct PyExplain {
    pub(crate) inner: dataknobs_data::Explain,
}
impl From<dataknobs_data::Explain> for PyExplain {
    fn from(inner: dataknobs_data::Explain) -> Self {
        PyExplain { inner }
    }
}
#[pyclass(frozen)]
pub(crate) struct PyIndexInfo {
    pub(crate) inner: dataknobs_data::IndexInfo,
}
impl From<dataknobs_data::IndexInfo> for PyIndexInfo {
    fn from(inner: dataknobs_data::IndexInfo) -> Self {
        PyIndexInfo { inner }
    }
}
pub(crate) fn info<'py>(py: Python<'py>, _info: &dataknobs_data::BackendInfo) -> PyResult<Bound<'py, PyAny>> {
    Ok(py.None().into_bound(py))
}
pub(crate) fn capabilities<'py>(py: Python<'py>, _c: &dataknobs_data::Capabilities) -> PyResult<Bound<'py, PyAny>> {
    Ok(py.None().into_bound(py))
}

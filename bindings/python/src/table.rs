use pyo3::prelude::*;
#[pyclass(frozen)]
pub(crate) struct PyTable {
    pub(crate) inner: dataknobs_data::Table,
}
impl From<dataknobs_data::Table> for PyTable {
    fn from(inner: dataknobs_data::Table) -> Self {
        PyTable { inner }
    }
}

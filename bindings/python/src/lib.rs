//! `dataknobs_data._native`: the compiled part of the Python package.

#![allow(missing_docs)]

mod aggregation;
mod aggregation_text;
mod allocator;
mod answer;
mod arrow_table;
mod calls;
mod capabilities;
mod columns;
#[cfg(feature = "conformance")]
mod conformance;
mod construction;
mod converters;
mod cost;
mod cursor;
mod custom_backend;
mod datetime;
mod error;
mod explain;
mod field;
mod filter;
mod formats;
mod hash;
mod json;
mod lasting;
mod operand;
mod pending;
mod pool;
mod query;
mod query_document;
mod record;
mod record_views;
mod rows;
mod runtime;
mod search_result;
mod serializers;
mod shapes;
mod sort;
mod stream;
mod table;
mod uniform_rows;
mod value;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _native {
    use super::*;

    #[pymodule_export]
    use crate::aggregation::PyAggregation;
    #[pymodule_export]
    use crate::arrow_table::PyArrowTable;
    #[pymodule_export]
    use crate::calls::{AsyncSession, OpenSavepoint, OpenTransaction, SyncSession};
    #[pymodule_export]
    use crate::capabilities::PyCapabilities;
    #[pymodule_export]
    use crate::columns::{_columns, Buffer, TextArray};
    #[cfg(feature = "conformance")]
    #[pymodule_export]
    use crate::conformance::_check_backend;
    #[pymodule_export]
    use crate::construction::Construction;
    #[pymodule_export]
    use crate::converters::{_register_converter, _unregister_converter};
    #[pymodule_export]
    use crate::cursor::Cursor;
    #[pymodule_export]
    use crate::custom_backend::{
        _fill_environment, _stored, Complete, PyAggregateRequest, PyCondition, PyIndex, PyLeaf, PyModifyRequest,
        PyScanRequest, PySortKey, PySortPosition, PyWriteOutcome, PyWriteRequest,
    };
    #[pymodule_export]
    use crate::explain::{PyExplain, PyIndexInfo};
    #[pymodule_export]
    use crate::field::{_restore_field, PyField};
    #[pymodule_export]
    use crate::filter::PyFilter;
    #[pymodule_export]
    use crate::formats::{_built_in_formats, _read_file, _read_format, _replace_file, _write_format};
    #[pymodule_export]
    use crate::pending::Pending;
    #[pymodule_export]
    use crate::pool::{PoolSlot, PoolSlots};
    #[pymodule_export]
    use crate::query::PyQuery;
    #[pymodule_export]
    use crate::record::{_restore_record, PyRecord};
    #[pymodule_export]
    use crate::record_views::{Fields, MetadataView};
    #[pymodule_export]
    use crate::rows::{_records, records_from_columns};
    #[pymodule_export]
    use crate::runtime::{
        _after_fork_in_child, _after_fork_in_parent, _at_exit, _before_fork, _forbid_blocking, _keep_for_good,
    };
    #[pymodule_export]
    use crate::search_result::{_restore_result, PySearchResult, RecordIterator};
    #[pymodule_export]
    use crate::serializers::{_is_serialized, _register_serializer, _unregister_serializer};
    #[pymodule_export]
    use crate::sort::PySortSpec;
    #[pymodule_export]
    use crate::table::{PyTable, RowIterator};

    /// Runs the `dk` command and gives its exit code.
    #[pyfunction]
    fn run_command(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
        py.detach(|| dataknobs_data_cli::main(arguments))
    }

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::allocator::set_up();
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("_GENERIC_SETTINGS", dataknobs_data_core::Opened::SETTINGS)?;
        let mut names: Vec<String> = module.index()?.extract()?;
        names.retain(|name| !name.starts_with('_') || name == "__version__");
        module.setattr("__all__", names)
    }
}

//! The parts of an aggregation as the Python calls that add them.

use dataknobs_data::{Aggregate, AggregateFunction, Bucket, GroupKey, Number, Value};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::operand::path_to_python;
use crate::value;

/// `.group_by('address.city', alias='city')`, or the histogram that it is.
pub(crate) fn group(py: Python<'_>, key: &GroupKey) -> PyResult<String> {
    let number =
        |number: Number| -> PyResult<String> { Ok(value::to_python(py, &Value::from(number))?.repr()?.to_string()) };
    let mut arguments = vec![path_to_python(py, &key.path)?.repr()?.to_string()];
    let method = match &key.bucket {
        Bucket::Date(interval) => {
            arguments.push(format!("'{interval}'"));
            "date_histogram"
        }
        Bucket::Number { width, origin } => {
            arguments.push(number(*width)?);
            if !matches!(origin, Number::Integer(0)) {
                arguments.push(number(*origin)?);
            }
            "histogram"
        }
        _ => "group_by",
    };
    call(py, method, arguments, &key.column, &key.path.to_string())
}

/// `.avg('age', alias='mean')`.
pub(crate) fn aggregate(py: Python<'_>, aggregate: &Aggregate) -> PyResult<String> {
    let name = aggregate.function.name();
    let Some(path) = &aggregate.path else {
        return call(py, name, Vec::new(), &aggregate.column, name);
    };
    let method = if aggregate.function == AggregateFunction::Count { "count_of" } else { name };
    let arguments = vec![path_to_python(py, path)?.repr()?.to_string()];
    call(py, method, arguments, &aggregate.column, &format!("{name}_{path}"))
}

fn call(py: Python<'_>, method: &str, mut arguments: Vec<String>, column: &str, default: &str) -> PyResult<String> {
    if column != default {
        arguments.push(format!("alias={}", PyString::new(py, column).repr()?));
    }
    Ok(format!(".{method}({})", arguments.join(", ")))
}

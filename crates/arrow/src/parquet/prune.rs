//! Which rows cannot fit a condition, by the statistics of row groups and pages.

use ::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use ::parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use arrow_array::{Array, ArrayRef, UInt64Array};
use arrow_schema::{DataType, Field};
use dataknobs_data_core::{Condition, FieldType, Leaf, Value};

use super::bounds::Bounds;
use super::file::ParquetFile;
use super::rows::Rows;
use crate::FromArrowOptions;
use crate::marks::Mark;
use crate::read::place::Place;
use crate::read::values::{field_type_of, values};

/// The rows of a row group that may fit. Those of which nothing is known are among them.
pub(super) fn rows_that_may_fit(file: &ParquetFile, group: usize, condition: &Condition) -> Rows {
    let metadata = file.metadata.metadata();
    let total = usize::try_from(metadata.row_group(group).num_rows()).unwrap_or(0);
    match condition {
        Condition::All(parts) => parts
            .iter()
            .map(|part| rows_that_may_fit(file, group, part))
            .fold(Rows::all(total), |all, part| all.intersection(&part)),
        Condition::Any(parts) => parts
            .iter()
            .map(|part| rows_that_may_fit(file, group, part))
            .fold(Rows::default(), |any, part| any.union(&part)),
        Condition::Leaf(leaf) => match target(file, leaf) {
            Target::Unknown => Rows::all(total),
            Target::Absent if leaf.when_absent() => Rows::all(total),
            Target::Absent => Rows::default(),
            Target::Column(field) => match Statistics::of(file, field) {
                Some(statistics) => statistics.rows_that_may_fit(group, total, leaf),
                None => Rows::all(total),
            },
        },
    }
}

/// What a leaf's path leads to, in every row of the file.
enum Target<'a> {
    /// The values of this column.
    Column(&'a Field),
    /// Nothing.
    Absent,
    /// Anything.
    Unknown,
}

fn target<'a>(file: &'a ParquetFile, leaf: &Leaf) -> Target<'a> {
    let path = leaf.path();
    let Some(first) = path.segments().first() else { return Target::Unknown };
    if matches!(first.as_str(), "_id" | "_metadata" | "id" | "metadata") {
        return Target::Unknown;
    }
    let find = |name: &str| {
        let fields = file.schema().fields().iter().enumerate();
        let mut found = fields.filter(|(at, field)| {
            field.name() == name && file.roles.id != Some(*at) && file.roles.metadata != Some(*at)
        });
        found.next().map(|(_, field)| field.as_ref())
    };
    let whole = path.whole_name().and_then(find);
    match (whole, find(first)) {
        (None, None) => Target::Absent,
        (None, Some(field)) if path.segments().len() == 1 => Target::Column(field),
        // Nothing lies within a scalar.
        (None, Some(field)) if is_scalar(field) => Target::Absent,
        (Some(field), None) => Target::Column(field),
        (Some(field), Some(other)) if is_scalar(other) => Target::Column(field),
        _ => Target::Unknown,
    }
}

fn is_scalar(field: &Field) -> bool {
    !matches!(Mark::of(field), Some(Mark::Tagged | Mark::Typed(FieldType::Json)))
        && field_type_of(field.data_type()) != FieldType::Json
}

/// The statistics of one column.
struct Statistics<'a> {
    converter: StatisticsConverter<'a>,
    metadata: &'a ParquetMetaData,
    leaf: usize,
    /// NaN reads as null and is not counted as such.
    hidden_nulls: bool,
}

impl<'a> Statistics<'a> {
    /// None of columns whose order is not that of the values they are read as.
    fn of(file: &'a ParquetFile, field: &'a Field) -> Option<Self> {
        if !is_scalar(field) || !is_ordered(field.data_type()) {
            return None;
        }
        let metadata = file.metadata.metadata().as_ref();
        let converter =
            StatisticsConverter::try_new(field.name(), file.schema(), file.metadata.parquet_schema()).ok()?;
        let leaf = converter.parquet_column_index()?;
        Some(Statistics {
            converter: converter.with_missing_null_counts_as_zero(false),
            metadata,
            leaf,
            hidden_nulls: field_type_of(field.data_type()) == FieldType::Float,
        })
    }

    fn rows_that_may_fit(&self, group: usize, total: usize, leaf: &Leaf) -> Rows {
        let row_group = self.metadata.row_group(group);
        if let Some(bounds) = self.of_row_group(row_group, total)
            && !bounds.may_fit(leaf)
        {
            return Rows::default();
        }
        self.by_pages(group, total, leaf).unwrap_or_else(|| Rows::all(total))
    }

    fn of_row_group(&self, row_group: &RowGroupMetaData, total: usize) -> Option<Bounds> {
        // Some writers compared text as signed bytes, which the older fields do not tell.
        if row_group.column(self.leaf).statistics().is_none_or(|known| known.is_min_max_deprecated()) {
            return None;
        }
        let least = self.converter.row_group_mins([row_group]).ok()?;
        let greatest = self.converter.row_group_maxes([row_group]).ok()?;
        let nulls = self.converter.row_group_null_counts([row_group]).ok()?;
        self.bounds(&least, &greatest, &nulls, &[total]).pop()
    }

    /// The rows of the pages that may fit; none where the pages have no index.
    fn by_pages(&self, group: usize, total: usize, leaf: &Leaf) -> Option<Rows> {
        let groups = [group];
        let index = self.metadata.page_index()?.as_ref();
        let counts = self.converter.data_page_row_counts(index, self.metadata.row_groups(), &groups).ok()??;
        let counts: Vec<usize> = counts.iter().map(|count| usize::try_from(count?).ok()).collect::<Option<_>>()?;
        let least = self.converter.data_page_mins(index, &groups).ok()?;
        let greatest = self.converter.data_page_maxes(index, &groups).ok()?;
        let nulls = self.converter.data_page_null_counts(index, &groups).ok()?;
        if counts.iter().sum::<usize>() != total {
            return None;
        }
        let pages = self.bounds(&least, &greatest, &nulls, &counts);
        if pages.len() != counts.len() {
            return None;
        }
        let mut start = 0;
        let mut rows = Rows::default();
        for (count, bounds) in counts.into_iter().zip(pages) {
            if bounds.may_fit(leaf) {
                rows.push(start..start + count);
            }
            start += count;
        }
        Some(rows)
    }

    /// Bounds of parts of the column with so many rows each; none if the statistics are not whole.
    fn bounds(&self, least: &ArrayRef, greatest: &ArrayRef, nulls: &UInt64Array, rows: &[usize]) -> Vec<Bounds> {
        if [least.len(), greatest.len(), nulls.len()].iter().any(|length| *length != rows.len()) {
            return Vec::new();
        }
        let read = |array: &ArrayRef| {
            let place = Place::Column { name: "", batch: 0, rows_before: 0 };
            values(array, &place, &FromArrowOptions::new()).unwrap_or_else(|_| vec![Value::Null; array.len()])
        };
        let ends = read(least).into_iter().zip(read(greatest));
        let counts = nulls.iter().zip(rows);
        ends.zip(counts)
            .map(|((least, greatest), (nulls, rows))| Bounds {
                range: (!least.is_null() && !greatest.is_null()).then_some((least, greatest)),
                some_absent: self.hidden_nulls || nulls != Some(0),
                all_absent: nulls == Some(*rows as u64),
            })
            .collect()
    }
}

/// Whether values of this type compare as the values of records that they become.
fn is_ordered(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Dictionary(_, values) => is_ordered(values),
        T::Boolean | T::Float32 | T::Float64 => true,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 | T::UInt64 => true,
        T::Utf8 | T::LargeUtf8 | T::Utf8View | T::Binary | T::LargeBinary | T::BinaryView => true,
        T::Date32 | T::Date64 | T::Timestamp(..) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dataknobs_data_core::{Filter, Record, record};

    use super::*;
    use crate::parquet::{IdColumn, write_parquet};

    #[test]
    fn statistics_leave_out_what_cannot_fit() {
        let records: Vec<Record> = (0..200_000).map(|n| record! { "n": n, "s": format!("{n:06}") }.unwrap()).collect();
        let mut bytes = Vec::new();
        write_parquet(&mut bytes, || records.iter(), IdColumn::None).unwrap();
        let bytes = Arc::new(bytes);
        for (filter, groups) in [
            ("n = 5", vec![true, false]),
            ("n > 150000", vec![false, true]),
            ("NOT n < 150000", vec![false, true]),
            ("n = '5'", vec![false, false]),
            ("s LIKE '0000%'", vec![true, false]),
            ("s = '199999' OR n < 0", vec![false, true]),
            ("n IS NULL", vec![false, false]),
            ("n EXISTS", vec![true, true]),
            ("m = 1", vec![false, false]),
            ("NOT m = 1", vec![true, true]),
        ] {
            let condition = Condition::of(&Filter::parse(filter).unwrap());
            let mut file = ParquetFile::open(bytes.clone()).unwrap();
            file.read_page_index().unwrap();
            let kept: Vec<bool> = (0..2).map(|group| !rows_that_may_fit(&file, group, &condition).is_empty()).collect();
            assert_eq!(kept, groups, "{filter}");
            let few = rows_that_may_fit(&file, 0, &Condition::of(&Filter::parse("n = 5").unwrap()));
            assert!(few.count() < 60_000, "pages are left out, too");
        }
    }
}

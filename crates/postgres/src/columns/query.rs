//! Conditions, sorts and positions on columns as SQL.

use std::cmp::Ordering;

use dataknobs_data_core::{Condition, FieldType, IdOrder, SortKey, SortPosition, Value};

use super::kind::Kind;
use super::leaf::{Place, compare_column as compare, compare_text, places, push_leaf};
use super::{Column, ColumnTable};
use crate::signs::rank;
use crate::sql::{Parameter, Sql};

/// Adds a condition.
pub(crate) fn push_condition(sql: &mut Sql, table: &ColumnTable, condition: &Condition) {
    sql.push_condition(condition, &mut |sql, leaf| push_leaf(sql, table, leaf));
}

/// What a sort key is here.
enum Sorted<'a> {
    /// Nothing can be there.
    Nothing,
    Id,
    Column(&'a Column),
    /// Values of more than one class.
    Mixed,
}

fn sorted<'a>(table: &'a ColumnTable, key: &SortKey) -> Sorted<'a> {
    match places(table, &key.path)[..] {
        [] => Sorted::Nothing,
        [Place::Id] => Sorted::Id,
        [Place::Column(column)] if !table.columns[column].kind.is_json() => {
            let column = &table.columns[column];
            // Strings under this name would have to sort as the numbers of the key do.
            let as_ids = column.name == "id" && table.id_order() == IdOrder::Numeric;
            if as_ids && column.kind.field_type() == FieldType::String { Sorted::Mixed } else { Sorted::Column(column) }
        }
        _ => Sorted::Mixed,
    }
}

/// Whether the server can sort by these keys.
pub(crate) fn sorts_exactly(table: &ColumnTable, sort: &[SortKey]) -> bool {
    !sort.iter().any(|key| matches!(sorted(table, key), Sorted::Mixed))
}

/// Adds the order: the keys, then the id.
pub(crate) fn push_order(sql: &mut Sql, table: &ColumnTable, sort: &[SortKey]) {
    sql.push(" ORDER BY ");
    for key in sort {
        let direction = key.order.name();
        match sorted(table, key) {
            Sorted::Nothing | Sorted::Mixed => {}
            Sorted::Id => return sql.push(&format!("{} {direction}", table.id_in_order())),
            Sorted::Column(column) => {
                sql.push(&format!("{} {direction} NULLS LAST, ", column.kind.comparable(&column.sql)));
            }
        }
    }
    sql.push(&table.id_in_order());
}

fn rank_of(column: &Column) -> u8 {
    match column.kind.field_type() {
        FieldType::Boolean => 0,
        FieldType::Integer | FieldType::Float => 1,
        FieldType::DateTime => 2,
        FieldType::String | FieldType::Text => 3,
        FieldType::Binary => 4,
        _ => 5,
    }
}

/// Adds that a row comes after a position.
pub(crate) fn push_after(sql: &mut Sql, table: &ColumnTable, after: &SortPosition, sort: &[SortKey]) {
    let mut brackets = 0;
    sql.push("(");
    for (key, value) in sort.iter().zip(after.keys()) {
        let beyond = if key.order.is_descending() { "<" } else { ">" };
        match (sorted(table, key), value) {
            (Sorted::Nothing | Sorted::Mixed, _) => {}
            (Sorted::Id, value) => {
                match value {
                    // What is not there comes last.
                    None => sql.push("false"),
                    Some(Value::String(id)) => push_beyond(sql, table, id, beyond),
                    Some(other) => {
                        let before = (rank(other) < 3) != key.order.is_descending();
                        sql.push(if before { "true" } else { "false" });
                    }
                }
                sql.push(&"))".repeat(brackets));
                sql.push(")");
                return;
            }
            (Sorted::Column(column), None) => {
                // What is not there comes last, so that only such rows follow.
                sql.push(&format!("({} IS NULL AND (", column.sql));
                brackets += 1;
            }
            (Sorted::Column(column), Some(value)) => {
                let null = &column.sql;
                let (further, same) = match rank_of(column).cmp(&rank(value)) {
                    Ordering::Equal => (compare(sql, column, beyond, value), compare(sql, column, "=", value)),
                    // All values of the column lie on one side.
                    order => (((order == Ordering::Less) == key.order.is_descending()).to_string(), "false".to_owned()),
                };
                sql.push(&format!("({null} IS NULL OR {further} OR {same} AND ("));
                brackets += 1;
            }
        }
    }
    match after.id() {
        Some(id) => push_beyond(sql, table, id, ">"),
        None => sql.push("true"),
    }
    sql.push(&"))".repeat(brackets));
    sql.push(")");
}

/// Adds that a row's id stands beyond this one, which need not be one that the key can hold.
fn push_beyond(sql: &mut Sql, table: &ColumnTable, id: &str, beyond: &str) {
    let test = match table.single_key().map(|column| &column.kind) {
        Some(Kind::Integer) => match id.parse() {
            Ok(number) => format!("{} {beyond} {}", table.id_in_order(), sql.bind(Parameter::integer(number))),
            // Numbers come before whatever else there may be.
            Err(_) => (beyond == "<").to_string(),
        },
        _ => compare_text(sql, &format!("(({}) COLLATE \"C\")", table.id_text()), beyond, id),
    };
    sql.push(&test);
}

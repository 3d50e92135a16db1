//! Cases that need no records: conversion, detection and the text form of queries.

use dataknobs_data_core::{Converters, Error, Field, FieldType, Query, Record, Value};
use serde_json::value::RawValue;

use super::load::Refusal;
use super::query::through_text;
use super::value::same_value;
use crate::failure::{Failure, Outcome, ensure, ensure_eq};

/// Both by value and in a record's field.
pub(super) fn convert(value: &Value, to: FieldType, expected: &Result<Value, Refusal>) -> Outcome {
    let converted = Converters::new().convert(value, to);
    let mut record = Record::from_fields([Field::new("converted", value.clone())])?;
    let in_record = record.convert_field("converted", to);
    match expected {
        Ok(expected) => {
            let converted = converted?;
            ensure!(same_value(&converted, expected, false), "{converted:?} instead of {expected:?}");
            ensure!(in_record?, "the field was not found");
            let field = record.field_at(0).ok_or_else(|| Failure::new("the field is gone"))?;
            ensure_eq!(field.field_type(), to, "the type of the field");
            ensure!(same_value(field.value(), expected, false), "{:?} instead of {expected:?}", field.value());
        }
        Err(refusal) => {
            refusal.check(converted)?;
            let Err(error) = in_record else { return Err(Failure::new("the field was converted")) };
            refusal.check_error(&error)?;
            // It names field, value kind and target type.
            let kind = value.kind_name();
            for part in ["`converted`", kind, to.name()] {
                ensure!(error.to_string().contains(part), "the error does not mention {part}: {error}");
            }
            ensure_eq!(record.get("converted"), Some(value), "the field after the error");
        }
    }
    Ok(())
}

/// A declared type stays; without one it is detected, the same by every road.
pub(super) fn detect(value: &Value, declared: Option<FieldType>, expected: FieldType) -> Outcome {
    if let Some(declared) = declared {
        let record = Record::from_fields([Field::new("f", value.clone()).with_type(declared)])?;
        ensure_eq!(record.field("f").map(|field| field.field_type()), Some(expected), "the declared type");
        return Ok(());
    }
    ensure_eq!(FieldType::detect(value), expected, "FieldType::detect");
    ensure_eq!(Converters::new().detect(value), expected, "Converters::detect");
    ensure_eq!(Field::new("f", value.clone()).field_type, expected, "the type of a new field");
    ensure_eq!(Converters::new().field("f", value.clone())?.field_type, expected, "the type of a converted field");
    Ok(())
}

/// A query out of its text, against its JSON form or the place of its mistake.
pub(super) fn parse(text: &str, expected: &Result<Box<RawValue>, (Refusal, Option<usize>)>) -> Outcome {
    match expected {
        Ok(form) => {
            let query = Query::parse(text)?;
            let wanted = Query::from_json_text(form.get())?;
            ensure!(query == wanted, "{} instead of {}", query.to_json(), wanted.to_json());
            let again = Query::from_json_text(&query.to_json().to_string())?;
            ensure!(again == query, "through JSON it is {}", again.to_json());
            // Text joins nested lists of one kind; what it then says stays.
            let again = through_text(&query)?;
            ensure_eq!(again.to_string(), query.to_string(), "the query through text");
            let twice = through_text(&again)?;
            ensure!(twice == again, "through text again it is {}", twice.to_json());
        }
        Err((refusal, at)) => match Query::parse(text) {
            Ok(query) => return Err(Failure::new(format!("an error was expected, not {}", query.to_json()))),
            Err(error) => {
                refusal.check_error(&error)?;
                check_place(text, &error, *at)?;
            }
        },
    }
    Ok(())
}

fn check_place(text: &str, error: &Error, at: Option<usize>) -> Outcome {
    let offset = error.context_value("offset").and_then(|offset| offset.parse::<usize>().ok());
    let offset = offset.ok_or_else(|| Failure::new(format!("the error names no place: {error}")))?;
    if let Some(at) = at {
        ensure_eq!(offset, at, "the offset of the error ({error})");
    }
    let before = text.get(..offset).ok_or_else(|| Failure::new(format!("offset {offset} is inside a character")))?;
    let excerpt = error.excerpt().ok_or_else(|| Failure::new("the error does not show the text"))?;
    let caret = excerpt.lines().last().unwrap_or_default();
    ensure!(caret.trim_start() == "^", "there is no caret below the text: {excerpt}");
    let column = before.chars().count();
    // Longer texts are shown in part.
    if column < 50 {
        ensure_eq!(caret.len() - 1, column, "the column of the caret in\n{excerpt}\n");
    }
    Ok(())
}

//! What the fuzz targets check. Each function takes arbitrary bytes and panics when something that
//! must hold does not; an error that says what is wrong with the bytes is a good answer.
//!
//! `fuzz_targets/` has one program for each function, `seeds/` the inputs they begin with.

mod files;

pub use files::{read_compressed, read_csv, read_journal, read_json, read_jsonl, read_parquet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dataknobs_data_core::{ErrorKind, Path, Query, Record, SortKey, SortOrder, SortPosition};
use serde_json::{Value as Json, json};

/// A query as text: what parses comes back from its own text and JSON forms.
pub fn query_text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidQuery);
            let offset = error.context_value("offset").and_then(|offset| offset.parse::<usize>().ok());
            assert!(offset.is_none_or(|offset| text.is_char_boundary(offset)), "{error:?}");
            return;
        }
    };
    query.check().expect("what parses is a valid query");
    let written = query.to_string();
    let again = Query::parse(&written).unwrap_or_else(|error| panic!("`{written}`: {error:?}"));
    assert_eq!(again, query, "`{written}`");
    json_round_trip(&query);
}

/// A query as JSON: what is read comes back from its own JSON form.
pub fn query_json(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Query::from_json_text(text) {
        Ok(query) => {
            json_round_trip(&query);
            let plain = query.to_string();
            Query::parse(&plain).unwrap_or_else(|error| panic!("`{plain}`: {error:?}"));
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidQuery),
    }
}

fn json_round_trip(query: &Query) {
    let text = query.to_json().to_string();
    let again = Query::from_json_text(&text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
    assert_eq!(again, *query, "{text}");
}

/// The token of a place in a sorted result: the bytes as they are, and as what a token holds.
pub fn after_token(bytes: &[u8]) {
    let sort = [
        SortKey { path: Path::dotted("a.b").expect("a path"), order: SortOrder::Descending },
        SortKey { path: Path::literal(["c"]).expect("a path"), order: SortOrder::Ascending },
    ];
    if let Ok(text) = std::str::from_utf8(bytes) {
        decode(text, &sort);
    }
    decode(&URL_SAFE_NO_PAD.encode(bytes), &sort);
    // As the rest of a token of this very sort.
    if let Ok(Json::Object(mut members)) = serde_json::from_slice(bytes) {
        let own = SortPosition::of(&Record::new(), &sort).encode(&sort);
        let own: Json = URL_SAFE_NO_PAD
            .decode(own.as_str())
            .ok()
            .and_then(|own| serde_json::from_slice(&own).ok())
            .unwrap_or_else(|| json!({}));
        members.insert("s".to_owned(), own["s"].clone());
        decode(&URL_SAFE_NO_PAD.encode(Json::Object(members).to_string()), &sort);
    }
}

fn decode(token: &str, sort: &[SortKey]) {
    match SortPosition::decode(token, sort) {
        Ok(position) => {
            let again = SortPosition::decode(&position.encode(sort), sort).expect("an own token is good");
            assert_eq!(again, position);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidQuery, "{error:?}"),
    }
}

/// A record in its document form: what is read comes back from its own document.
pub fn record_document(bytes: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Json>(bytes) else { return };
    match Record::from_json(document) {
        Ok(record) => {
            let text = record.to_json().to_string();
            let again = serde_json::from_str(&text).expect("a document is JSON");
            let again = Record::from_json(again).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(again, record, "{text}");
            assert_eq!(again.id(), record.id(), "{text}");
        }
        Err(error) => {
            let kind = error.kind();
            assert!(matches!(kind, ErrorKind::Corrupt | ErrorKind::InvalidRecord), "{error:?}");
        }
    }
}

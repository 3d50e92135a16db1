//! Random histories of writes: a file holds what memory holds, at every step and after reopening.

use std::sync::Arc;

use dataknobs_data_core::{Changes, Database, DateTime, Field, FieldType, Query, Record, Value};
use dataknobs_data_file::{FileBackend, Format};
use serde_json::json;

use crate::support::Fixture;

/// A small generator, so that a failing history can be told by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }

    fn name(&mut self) -> &'static str {
        ["a", "b.c", "\u{fc} \u{1F600}", "q\"uote", "x,y", "id", "column_2", " ", "\u{FEFF}"][self.below(9)]
    }

    fn value(&mut self) -> Value {
        match self.below(22) {
            0 => Value::Null,
            1 => Value::from(""),
            2 => Value::from("NA"),
            3 => Value::from("007"),
            4 => Value::from("1"),
            5 => Value::from(1),
            6 => Value::from(i64::MIN),
            7 => Value::from((1_i64 << 53) + 1),
            8 => Value::from(-0.0),
            9 => Value::from(1.0),
            10 => Value::from(5e-324),
            11 => Value::from(9_007_199_254_740_992.0),
            12 => Value::from(true),
            13 => Value::from("true"),
            14 => Value::from(DateTime::parse("2024-05-01T10:00:00.5+02:00").unwrap()),
            15 => Value::from(DateTime::parse("0001-01-01").unwrap()),
            16 => Value::json(json!({"a": [1, 2.0, null, {"\u{0}": "\u{2028}"}]})).unwrap(),
            17 => Value::json(json!([])).unwrap(),
            18 => Value::from(vec![0_u8, 159, 146]),
            19 => Value::from(Vec::<u8>::new()),
            20 => Value::from("line\r\nend \" , \t \u{0} e\u{301}"),
            _ => Value::from("x".repeat(990 + self.below(20))),
        }
    }

    fn field(&mut self) -> Field {
        let mut field = Field::new(self.name(), self.value());
        match (self.below(6), &field.value) {
            (0, Value::Null) => field.field_type = FieldType::ALL[self.below(8)],
            (0, Value::String(_)) => field.field_type = FieldType::Text,
            (1, _) => field = field.with_metadata("k", json!([1, {"x": null}])),
            _ => {}
        }
        field
    }

    fn record(&mut self, id: &str) -> Record {
        let mut record = Record::new();
        for _ in 0..self.below(5) {
            record.set_field(self.field()).unwrap();
        }
        if self.below(8) == 0 {
            record = record.with_metadata("source", json!({"n": 1.0})).unwrap();
        }
        record.with_id(id).unwrap()
    }
}

/// Whether a record of the file is the one that memory holds: the same, but for nulls in columns
/// that the record lacks, where the format cannot say "missing". There, a patch finds such a field
/// in its column's place, so that the order differs from memory's, which adds it at the end.
fn corresponds(file: &Record, memory: &Record, missing_fields: bool) -> bool {
    let mut kept: Vec<_> = file.fields().filter(|field| memory.get(field.name()).is_some()).collect();
    let mut given: Vec<_> = memory.fields().collect();
    if !missing_fields {
        kept.sort_by_key(|field| field.name());
        given.sort_by_key(|field| field.name());
    }
    let added = file.fields().filter(|field| memory.get(field.name()).is_none());
    file.id() == memory.id() && file.metadata() == memory.metadata() && kept == given && { added }
        .all(|field| !missing_fields && field.value().is_null() && field.metadata().is_none())
}

async fn check(file: &Database, memory: &Database, place: &str) {
    let missing_fields = file.capabilities().missing_fields;
    let of_file = file.search(&Query::new()).await.unwrap().into_records();
    let of_memory = memory.search(&Query::new()).await.unwrap().into_records();
    assert_eq!(of_file.len(), of_memory.len(), "{place}");
    for (file, memory) in of_file.iter().zip(&of_memory) {
        assert!(corresponds(file, memory, missing_fields), "{place}:\n{file:?}\n{memory:?}");
    }
}

async fn history(format: Format, seed: u64, steps: usize) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut fixture = Fixture::of(format);
    if format == Format::Csv {
        fixture.config.null_values = vec!["NA".into(), "1".into(), "true".into()];
    }
    let memory = Database::memory();
    let mut file = fixture.open();
    for step in 0..steps {
        let id = ["1", "NA", "\u{fc},\"", "x y", "007", "\u{FEFF}"][random.below(6)];
        let place = format!("{format}, seed {seed}, step {step}");
        match random.below(5) {
            0 | 1 => {
                let record = random.record(id);
                file.upsert(id, record.clone()).await.unwrap();
                memory.upsert(id, record).await.unwrap();
            }
            2 => {
                let changes = Changes::new().set_field(random.field()).unset(random.name());
                let changed = file.patch(id, changes.clone()).await.unwrap();
                assert_eq!(changed, memory.patch(id, changes).await.unwrap(), "{place}");
            }
            3 => assert_eq!(file.delete(id).await.unwrap(), memory.delete(id).await.unwrap(), "{place}"),
            _ => file = fixture.open(),
        }
        check(&file, &memory, &place).await;
        // Another handle, for which the file is too large to be loaded.
        let mut streaming = fixture.config.clone();
        streaming.cache_bytes = 0;
        if fixture.path.exists() {
            for backend in [FileBackend::new(streaming.clone()), FileBackend::with_blocks_of(streaming, 64)] {
                let database = Database::from_backend(Arc::new(backend.unwrap()));
                check(&database, &memory, &format!("{place}, streamed")).await;
            }
        }
    }
    check(&fixture.open(), &memory, &format!("{format}, seed {seed}, reopened")).await;
}

#[tokio::test]
async fn files_hold_what_memory_holds() {
    let count = std::env::var("FILE_HISTORIES").ok().and_then(|count| count.parse().ok()).unwrap_or(15);
    for seed in 1..=count {
        for format in Format::ALL {
            history(format, seed, 25).await;
        }
    }
}

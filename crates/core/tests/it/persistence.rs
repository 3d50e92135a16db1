//! A memory database that is kept in a file.

use std::path::Path;
use std::time::{Duration, Instant};

use dataknobs_data_core::config::ConfigMap;
use dataknobs_data_core::memory::MemoryFactory;
use dataknobs_data_core::{
    DateTime, ErrorKind, Field, FieldType, Query, Record, Registry, Result, SyncDatabase, Value, record,
};
use serde_json::json;

fn open(settings: serde_json::Value) -> Result<SyncDatabase> {
    let mut registry = Registry::new();
    registry.register(MemoryFactory)?;
    let settings: ConfigMap = settings.as_object().cloned().unwrap_or_default();
    let opened = registry.create("memory", settings)?;
    Ok(SyncDatabase::new(dataknobs_data_core::Database::from_opened(opened)))
}

fn kept(path: &Path) -> SyncDatabase {
    open(json!({"persist": path})).unwrap()
}

fn rich() -> Record {
    let mut record = Record::from_fields([
        Field::new("name", "Zoë \u{1D11E}"),
        Field::new("bio", "short").with_type(FieldType::Text),
        Field::new("big", i64::MIN),
        Field::new("ratio", 1.0),
        Field::new("flag", false),
        Field::new("seen", DateTime::parse("2024-05-01T10:00:00.000001+02:00").unwrap()),
        Field::new("tags", Value::json(json!(["a", {"b": [null, 1.5]}])).unwrap()),
        Field::new("blob", vec![0u8, 255]),
        Field::new("none", ()).with_type(FieldType::Float),
    ])
    .unwrap();
    record.set_metadata(json!({"source": "test"}).as_object().unwrap().clone()).unwrap();
    record.with_id("ключ/1").unwrap()
}

#[test]
fn everything_survives_close_and_reopen_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["kept.jsonl", "kept.pickle"] {
        let path = folder.path().join(name);
        let db = kept(&path);
        db.create(record! { "n": 1 }.unwrap().with_id("b").unwrap()).unwrap();
        db.create(rich()).unwrap();
        db.create(record! { "n": 3 }.unwrap().with_id("a").unwrap()).unwrap();
        db.delete("b").unwrap();
        db.close().unwrap();

        let db = kept(&path);
        let found = db.search(&Query::new()).unwrap();
        let ids: Vec<_> = found.iter().map(|record| record.id().unwrap().to_string()).collect();
        assert_eq!(ids, ["ключ/1", "a"], "insertion order is kept in {name}");
        assert_eq!(found[0], rich());
        assert!(db.capabilities().persistent);
        assert!(db.info().unwrap().location.ends_with(name));
    }
}

#[test]
fn flush_writes_and_a_second_flush_leaves_the_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.jsonl");
    let db = kept(&path);
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
    assert!(!path.exists());
    db.flush().unwrap();
    let first = std::fs::metadata(&path).unwrap().modified().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\"id\":\"a\",\"data\":{\"n\":1}}\n");
    db.flush().unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), first);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "no temporary file is left");
}

#[test]
fn an_interval_saves_without_being_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.jsonl");
    let db = open(json!({"persist": path, "interval": "20ms"})).unwrap();
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
    let start = Instant::now();
    while !path.exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "the interval never saved");
        std::thread::yield_now();
    }
    db.close().unwrap();
    assert!(kept(&path).exists("a").unwrap());
}

#[test]
fn a_database_dropped_without_close_stops_its_saver() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.jsonl");
    let db = open(json!({"persist": path, "interval": "1h"})).unwrap();
    db.create(record! { "n": 1 }.unwrap()).unwrap();
    drop(db);
    assert!(!path.exists());
}

#[test]
fn damage_is_an_error_with_its_place_and_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.jsonl");
    let good = "{\"id\":\"a\",\"data\":{\"n\":1}}\n";
    for (text, place) in [
        ("{\"id\":\"a\",\"data\":{\"n\":1}}".to_owned(), ("line", "1")),
        (format!("{good}{{\"id\":\"b\",\n"), ("line", "2")),
        (format!("{good}[]\n"), ("line", "2")),
        (format!("{good}{good}"), ("record", "2")),
        ("{\"data\":{\"n\":1}}\n".to_owned(), ("record", "1")),
        (format!("{good}\n"), ("line", "2")),
        (format!("{good}{{\"id\":\"b\",\"data\":{{\"n\":99999999999999999999}}}}\n"), ("column", "23")),
    ] {
        std::fs::write(&path, &text).unwrap();
        let error = kept(&path).search(&Query::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{text:?}: {error}");
        assert_eq!(error.context_value(place.0), Some(place.1), "{text:?}: {error}");
        assert!(error.context_value("path").is_some());
        let db = kept(&path);
        assert!(db.create(record! { "n": 2 }.unwrap()).is_err());
        assert!(db.close().is_ok(), "nothing was opened, so there is nothing to save");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    // Cut anywhere but at a line's end, a file is never read as a shorter one.
    for cut in 1..good.len() {
        std::fs::write(&path, &good[..cut]).unwrap();
        assert_eq!(kept(&path).count(&Query::new()).unwrap_err().kind(), ErrorKind::Corrupt, "cut at {cut}");
    }
}

#[test]
fn a_pickle_is_data_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pickle");
    let proof = folder.path().join("proof");
    // A pickle that would create a file if it were unpickled by Python.
    let script = format!(
        "import pickle, os\nclass Bomb:\n    def __reduce__(self):\n        return (open, ({:?}, 'w'))\n\
         pickle.dump([Bomb()], open({:?}, 'wb'))",
        proof.display().to_string(),
        path.display().to_string()
    );
    run_python(&script);
    let error = kept(&path).count(&Query::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(!proof.exists());

    let db = kept(&folder.path().join("other.pickle"));
    db.create(rich()).unwrap();
    db.flush().unwrap();
    for cut in [1, 10, 50] {
        let bytes = std::fs::read(folder.path().join("other.pickle")).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        assert_eq!(kept(&path).count(&Query::new()).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn python_reads_and_writes_the_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pickle");
    let db = kept(&path);
    db.create(rich()).unwrap();
    db.close().unwrap();
    let script = format!(
        "import pickle\npath = {:?}\nrows = pickle.load(open(path, 'rb'))\n\
         assert rows[0]['data']['big'] == -2**63, rows\nassert rows[0]['data']['tags'] == ['a', {{'b': [None, 1.5]}}]\n\
         rows.append({{'id': 'py', 'data': {{'n': 5}}}})\npickle.dump(rows, open(path, 'wb'))",
        path.display().to_string()
    );
    run_python(&script);
    let db = kept(&path);
    assert_eq!(db.read("py").unwrap().unwrap()["n"], Value::from(5));
    assert_eq!(db.read("ключ/1").unwrap().unwrap(), rich());
}

fn run_python(script: &str) {
    let output = std::process::Command::new("python3").args(["-c", script]).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (settings, named) in [
        (json!({"format": "pickle"}), "persist"),
        (json!({"interval": "1s"}), "persist"),
        (json!({"persist": "x", "format": "xml"}), "format"),
        (json!({"persit": "x"}), "persist"),
        (json!({"interval": "soon", "persist": "x"}), "interval"),
    ] {
        let error = open(settings).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(format!("{error:?}").contains(named), "{error:?}");
    }
}

#[test]
fn an_unwritable_place_is_an_error_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = kept(&folder.path().join("missing/kept.jsonl"));
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
    let error = db.flush().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.context_value("path").is_some());
    assert!(db.exists("a").unwrap());
}

#[test]
fn a_url_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.jsonl");
    let mut registry = Registry::new();
    registry.register(MemoryFactory).unwrap();
    let open = |url: String| -> Result<SyncDatabase> {
        Ok(SyncDatabase::new(dataknobs_data_core::Database::from_opened(registry.open(&url)?)))
    };
    let db = open(format!("memory:{}?interval=1h", path.display())).unwrap();
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).unwrap();
    db.close().unwrap();
    let db = open(format!("memory:?persist={}", path.display())).unwrap();
    assert!(db.exists("a").unwrap());
    assert!(!open("memory:".to_owned()).unwrap().capabilities().persistent);
    let error = open(format!("memory:{0}?persist={0}", path.display())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

//! How settings and URLs find their backend.

use std::time::Duration;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::*;
use crate::config::from_map;
use crate::memory::MemoryBackend;

/// Makes memory stores, and keeps the settings it was given.
#[derive(Debug, Clone)]
struct Fake {
    names: &'static [&'static str],
    endings: &'static [&'static str],
    seen: Arc<Mutex<Json>>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct FakeConfig {
    path: Option<String>,
    host: Option<String>,
    port: Option<u16>,
    password: Option<String>,
    table: Option<String>,
}

impl BackendFactory for Fake {
    fn backend(&self) -> &'static str {
        self.names[0]
    }

    fn schemes(&self) -> &'static [&'static str] {
        &self.names[1..]
    }

    fn extensions(&self) -> &'static [&'static str] {
        self.endings
    }

    fn config_from_url(&self, parts: &UrlParts) -> Result<ConfigMap> {
        if self.backend() == "server" { parts.connection_config() } else { parts.path_config() }
    }

    fn create(&self, config: ConfigMap) -> Result<Arc<dyn Backend>> {
        *self.seen.lock() = json!({self.backend(): config.clone()});
        from_map::<FakeConfig>(config)?;
        Ok(Arc::new(MemoryBackend::new()))
    }
}

struct Setup {
    registry: Registry,
    seen: Arc<Mutex<Json>>,
}

impl Setup {
    fn new() -> Self {
        let environment = Environment::from_fn(|name| match name {
            "PASSWORD" => Some("p@ss".to_owned()),
            "DATABASE_URL" => Some("server://h/$db".to_owned()),
            "KIND" => Some("server".to_owned()),
            _ => None,
        });
        let mut setup =
            Setup { registry: Registry::new().with_environment(environment), seen: Arc::new(Mutex::new(Json::Null)) };
        setup.register(&["file", "files"], &["csv", "json"]).unwrap();
        setup.register(&["server", "srv"], &[]).unwrap();
        setup.register(&["packed"], &["csv.pack"]).unwrap();
        setup
    }

    fn register(&mut self, names: &'static [&'static str], endings: &'static [&'static str]) -> Result<()> {
        self.registry.register(Fake { names, endings, seen: self.seen.clone() })
    }

    fn seen(&self) -> Json {
        self.seen.lock().take()
    }

    fn create_from(&self, json: Json) -> Result<Opened> {
        self.registry.create_from(serde_json::from_value(json).unwrap())
    }
}

#[test]
fn urls_and_paths_find_their_backend() {
    let setup = Setup::new();
    for (url, seen) in [
        ("file:a.json", json!({"file": {"path": "a.json"}})),
        ("FILES:a.json", json!({"file": {"path": "a.json"}})),
        ("data/a.CSV", json!({"file": {"path": "data/a.CSV"}})),
        ("a.csv.pack?table=t", json!({"packed": {"path": "a.csv.pack", "table": "t"}})),
        ("C:\\dir.json\\a.csv.pack", json!({"packed": {"path": "C:\\dir.json\\a.csv.pack"}})),
        ("folder/csv", json!({"file": {"path": "folder/csv"}})),
        ("srv://h:1?table=t", json!({"server": {"host": "h", "port": 1, "table": "t"}})),
        ("server://:${PASSWORD}@h", json!({"server": {"password": "p@ss", "host": "h"}})),
    ] {
        setup.registry.open(url).unwrap();
        assert_eq!(setup.seen(), seen, "{url}");
    }
}

#[test]
fn settings_find_their_backend_and_the_environment_is_filled_in_once() {
    let setup = Setup::new();
    setup.create_from(json!({"type": "${KIND}", "password": "${PASSWORD}", "table": "${NONE:t}$$"})).unwrap();
    assert_eq!(setup.seen(), json!({"server": {"password": "p@ss", "table": "t$"}}));
    setup.create_from(json!({"class": "dataknobs_data.backends.file.FileDatabase", "path": "x"})).unwrap();
    assert_eq!(setup.seen(), json!({"file": {"path": "x"}}));
    let error = setup.registry.create("server", serde_json::from_value(json!({"table": "${NONE}"})).unwrap());
    assert_eq!(error.unwrap_err().context_value("variable"), Some("NONE"));
    let error = setup.registry.open("${DATABASE_URL}").unwrap_err();
    assert_eq!(error.context_value("key"), Some("`database`"), "a whole URL may come from the environment");
}

#[test]
fn unknown_backends_and_keys_come_with_the_nearest() {
    let setup = Setup::new();
    let error = setup.registry.open("sever://h").unwrap_err();
    assert_eq!((error.kind(), error.hint()), (ErrorKind::InvalidConfig, Some("did you mean `server`?")));
    assert_eq!(error.context_value("backend"), Some("`sever`"));
    let error = setup.registry.get("mongodb").unwrap_err();
    assert_eq!(error.hint(), Some("the backends are `file`, `server`, `packed`"));

    let error = setup.create_from(json!({"type": "file", "pth": "x"})).unwrap_err();
    assert_eq!((error.backend(), error.hint()), (Some("file"), Some("did you mean `path`?")));
    let error = setup.create_from(json!({"type": "file", "timout": 3})).unwrap_err();
    assert_eq!((error.context_value("key"), error.hint()), (Some("`timout`"), Some("did you mean `timeout`?")));
    assert!(Registry::new().open("a.csv").unwrap_err().hint().is_some());
}

#[test]
fn generic_settings_never_reach_the_backend() {
    let setup = Setup::new();
    let opened = setup.registry.open("file:a?read_only=true&timeout=1500ms&retry.attempts=3&trace=on").unwrap();
    assert_eq!(setup.seen(), json!({"file": {"path": "a"}}));
    assert!(opened.read_only);
    assert_eq!(opened.timeout, Some(Duration::from_millis(1500)));
    let layers = format!("{:?}", opened.backend);
    assert!(layers.contains("Tracing") && layers.contains("Retry"), "{layers}");
    assert!(layers.contains("attempts: 3") && layers.contains("deadline: Some(1.5s)"), "{layers}");

    let plain = setup.create_from(json!({"type": "file", "retry": false, "timeout": null})).unwrap();
    assert!(format!("{:?}", plain.backend).starts_with("MemoryBackend"));
    assert_eq!((plain.read_only, plain.timeout), (false, None));
    assert_eq!(Opened::new(plain.backend).timeout, None);

    for (key, value) in [("read_only", "maybe"), ("timeout", "soon"), ("retry", "often"), ("trace", "x")] {
        let error = setup.create_from(json!({"type": "file", key: value})).unwrap_err();
        assert_eq!((error.backend(), error.context_value("key")), (Some("file"), Some(format!("`{key}`").as_str())));
    }
}

#[test]
fn names_and_endings_are_taken_once() {
    let mut setup = Setup::new();
    for (names, endings) in [
        (&["file"] as &'static [&'static str], &[] as &'static [&'static str]),
        (&["new", "srv"], &[]),
        (&["new"], &["json"]),
    ] {
        assert_eq!(setup.register(names, endings).unwrap_err().kind(), ErrorKind::AlreadyExists);
    }
    assert_eq!(setup.registry.backends().collect::<Vec<_>>(), ["file", "server", "packed"]);
    assert_eq!(setup.registry.get("SRV").unwrap().backend(), "server");
}

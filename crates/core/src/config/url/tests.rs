//! How URLs and paths are taken apart.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;

fn parse(text: &str) -> UrlParts {
    UrlParts::parse(text).unwrap()
}

#[test]
fn servers_have_all_parts() {
    let parts = parse("PostgreSQL://ada:p%3Aw%2F%3F@db:5432/my%20db?table=a%26b&pool.max_size=5&pool.min_size=1");
    assert_eq!(parts.scheme.as_deref(), Some("postgresql"));
    assert_eq!(
        Json::Object(parts.connection_config().unwrap()),
        json!({"user": "ada", "password": "p:w/?", "host": "db", "port": 5432, "database": "my db",
            "table": "a&b", "pool": {"max_size": "5", "min_size": "1"}})
    );
}

#[test]
fn parts_that_are_not_there_are_not_made_up() {
    assert_eq!(Json::Object(parse("postgres://").connection_config().unwrap()), json!({}));
    assert_eq!(Json::Object(parse("postgres:///db?host=%2Frun").connection_config().unwrap())["host"], "/run");
    assert_eq!(Json::Object(parse("memory:").path_config().unwrap()), json!({}));
    assert_eq!(Json::Object(parse("memory:?persist=x.jsonl").path_config().unwrap()), json!({"persist": "x.jsonl"}));
    let parts = parse("es://user@h");
    assert_eq!((parts.user.as_deref(), parts.password), (Some("user"), None));
    assert_eq!(parse("es://user:@h").password, Some(Secret::new("")));
}

#[test]
fn hosts_come_in_several_forms() {
    for (url, host, port) in [
        ("p://h", "h", None),
        ("p://h:", "h", None),
        ("p://h:1/x", "h", Some(1)),
        ("p://[::1]:5432/x", "::1", Some(5432)),
        ("p://[fe80::1%25eth0]", "fe80::1%eth0", None),
        ("p://u@a:1,b:2/x", "a:1,b:2", None),
        ("p://a@b:c@h:2", "h", Some(2)),
    ] {
        let url = url.replace("p://", "pg://");
        let parts = parse(&url);
        assert_eq!((parts.host.as_deref(), parts.port), (Some(host), port), "{url}");
    }
}

#[test]
fn files_are_named_by_url_or_path() {
    for (text, path) in [
        ("file:data/records.json", "data/records.json"),
        ("file:data/a%20b%3Fc.json", "data/a b?c.json"),
        ("file:/abs/x.json", "/abs/x.json"),
        ("file:///abs/x.json", "/abs/x.json"),
        ("FILE://localhost/abs/x.json", "/abs/x.json"),
        ("file:///C:/x.json", "C:/x.json"),
        ("file:C:/x.json", "C:/x.json"),
        ("data.csv", "data.csv"),
        ("./x", "./x"),
        ("/abs/x%20y.json", "/abs/x%20y.json"),
        ("C:\\data\\x.json", "C:\\data\\x.json"),
        ("\\\\server\\share\\x.json", "\\\\server\\share\\x.json"),
        ("dir/a:b.json", "dir/a:b.json"),
        ("what?.csv", "what?.csv"),
        ("a?b c=d", "a?b c=d"),
        ("#1.csv", "#1.csv"),
    ] {
        let parts = parse(text);
        assert_eq!((parts.path.as_str(), parts.parameters.len()), (path, 0), "{text}");
    }
}

#[test]
fn bare_paths_may_carry_parameters() {
    let parts = parse("is it?.csv?null_values=NA,n%2Fa&format=csv");
    assert_eq!(parts.path, "is it?.csv");
    assert_eq!(Json::Object(parts.parameters), json!({"null_values": "NA,n/a", "format": "csv"}));
}

#[test]
fn a_parameter_without_a_value_is_true() {
    assert_eq!(parse("memory:?trace").parameters["trace"], "true");
}

#[test]
fn mistakes_are_named_and_secrets_are_not() {
    for (url, part) in [
        ("", "empty"),
        ("pg://u:s3cret/x@h/db", "port"),
        ("pg://u:s3cret@h:70000/db", "port"),
        ("pg://u:s3cret%ff@h/db", "password"),
        ("pg://h/db?a=s3cret&a=2", "`a`"),
        ("pg://h/db?a=s3cret&a.b=2", "`a.b`"),
        ("pg://h/db?a.b=s3cret&a=2", "`a`"),
        ("pg://h/db?=s3cret", "no key"),
        ("pg://h/db?a.=s3cret", "no key"),
        ("pg://h/db?.a=s3cret", "no key"),
        ("file://server/s3cret", "another host"),
    ] {
        let error = UrlParts::parse(url).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        let text = format!("{error} {error:?}");
        assert!(text.contains(part) && !text.contains("s3cret"), "{url}: {text}");
    }
    let error = parse("pg://h/db?database=x").connection_config().unwrap_err();
    assert_eq!(error.context_value("key"), Some("`database`"));
    let shown = format!("{:?}", parse("pg://u:s3cret@h?password=s3cret"));
    assert!(shown.contains("\"password\"") && !shown.contains("s3cret"), "{shown}");
}

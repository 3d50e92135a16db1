//! Texts that would end a string, a name or a statement, wherever a user can put one: everything
//! stays data, and each answer is that of the memory store.

use dataknobs_data_core::backend::Changes;
use dataknobs_data_core::{Database, Error, Filter, IndexKind, Path, Query, Record, Value};

use crate::support::{client, database, new_table};

const HOSTILE: [&str; 24] = [
    "'",
    "''",
    "\"",
    "\"\"",
    "'; DROP TABLE canary; --",
    "\"; DROP TABLE canary; --",
    "') OR 1=1 --",
    "' OR '1'='1",
    "1; SELECT pg_sleep(10)",
    "\\",
    "\\'; DROP TABLE canary; --",
    "E'\\'",
    "$1",
    "$$; DROP TABLE canary; $$",
    "%",
    "_",
    "100%_\\%",
    "{}",
    "{\"a\": 1}",
    "}]}'::jsonb",
    "/* */",
    "--",
    "ünï→😀",
    "../../etc/passwd",
];

fn records() -> Vec<Record> {
    let field = |text: &str| [(format!("f{text}"), Value::from(text)), ("plain".to_owned(), Value::from(text))];
    let record = |text: &str| Record::from_pairs(field(text)).and_then(|record| record.with_id(format!("id{text}")));
    HOSTILE.iter().map(|text| record(text).unwrap()).collect()
}

fn queries(text: &str) -> Vec<Query> {
    let name = format!("f{text}");
    let test = |path: &str, operator: &str, value: &str| Filter::new([path], operator, value);
    let mut filters: Vec<Result<Filter, Error>> = vec![
        test("plain", "=", text),
        test("plain", "!=", text),
        test("plain", ">", text),
        test("plain", "STARTS_WITH", text),
        test("plain", "CONTAINS", text),
        test("plain", "MATCH", text),
        test("plain", "LIKE", text),
        test("plain", "ILIKE", text),
        test("plain", "REGEX", text),
        test(&name, "=", text),
        test(&name, "<=", text),
        Filter::new([name.as_str()], "EXISTS", ()),
        Filter::new([name.as_str(), text], "EXISTS", ()),
        Filter::new(["_id"], "=", format!("id{text}").as_str()),
        Filter::new(["_metadata", text], "=", text),
        Filter::new(["plain"], "IN", vec![Value::from(text), Value::from(format!("{text}{text}"))]),
    ];
    filters.retain(Result::is_ok); // a pattern may not be one
    let mut queries: Vec<Query> = filters.into_iter().map(|filter| Query::new().with_filter(filter.unwrap())).collect();
    queries.push(Query::new().sort([name.as_str()], "DESC").sort(["plain"], "ASC").limit(5));
    queries
}

async fn ids(db: &Database, query: &Query) -> Vec<String> {
    db.search(query).await.unwrap().iter().map(|record| record.id().unwrap().to_string()).collect()
}

#[tokio::test]
async fn postgres_takes_hostile_texts_for_data() {
    let client = client().await;
    client.batch_execute("CREATE TABLE IF NOT EXISTS canary (n int); DELETE FROM canary").await.unwrap();
    client.batch_execute("INSERT INTO canary VALUES (1)").await.unwrap();

    let mut config = new_table();
    config.table.push_str("'; DROP TABLE canary; --\" ü");
    config.namespace = Some("public".to_owned());
    config.application_name = "'; DROP TABLE canary; --".to_owned();
    let db = database(&config);
    let memory = Database::memory();
    for store in [&db, &memory] {
        store.create_batch(records()).await.unwrap();
    }
    for text in HOSTILE {
        for query in queries(text) {
            // The memory store keeps insertion order, this one that of ids.
            let by_id = query.clone().sort(["_id"], "ASC");
            assert_eq!(ids(&db, &by_id).await, ids(&memory, &by_id).await, "{query} on {text:?}");
            assert_eq!(db.count(&query).await.unwrap(), memory.count(&query).await.unwrap(), "{query}");
            db.explain(&query).await.unwrap();
        }
        let id = format!("id{text}");
        let changes = Changes::new().set(text, text).unset(format!("f{text}"));
        assert_eq!(db.patch(&id, changes.clone()).await.unwrap(), memory.patch(&id, changes).await.unwrap());
        assert_eq!(db.read(&id).await.unwrap(), memory.read(&id).await.unwrap(), "{text:?}");
        let name = format!("{text}{}", text.len());
        let path = Path::literal([format!("f{text}")]).unwrap();
        db.create_named_index(&name, &path, IndexKind::Ordered).await.unwrap();
        assert!(db.list_indexes().await.unwrap().iter().any(|index| index.name == name && index.path == path));
        assert!(db.drop_index(&name).await.unwrap());
        assert!(!db.drop_index(text).await.unwrap());
        let other = format!("{id}'");
        assert_eq!(db.read(&other).await.unwrap(), memory.read(&other).await.unwrap(), "{other:?}");
    }
    assert_eq!(db.count(&Query::new()).await.unwrap(), HOSTILE.len() as u64);
    assert_eq!(client.query_one("SELECT count(*) FROM canary", &[]).await.unwrap().get::<_, i64>(0), 1);
}

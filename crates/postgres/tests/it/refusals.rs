//! What a server refuses: typed errors that name the place and show no secret.

use std::time::Duration;

use dataknobs_data_core::config::Secret;
use dataknobs_data_core::{Error, ErrorKind, Query, record};
use dataknobs_data_postgres::{Layout, PostgresConfig, SslMode};

use crate::support::{client, database, new_table};

async fn refused(config: &PostgresConfig) -> Error {
    let db = database(config);
    let error = db.count(&Query::new()).await.unwrap_err();
    let texts = [format!("{error}"), format!("{error:?}"), format!("{db:?}"), format!("{config:?}")];
    for text in texts {
        assert!(!text.contains("only for tests") && !text.contains("pass word"), "a secret in {text}");
    }
    error
}

#[tokio::test]
async fn postgres_refuses_wrong_passwords_and_users() {
    let mut config = new_table();
    config.password = Some(Secret::new("pass word"));
    let error = refused(&config).await;
    assert_eq!((error.kind(), error.context_value("sqlstate")), (ErrorKind::Auth, Some("28P01")));
    assert!(!error.is_retryable());
    config.password = None;
    assert_eq!(refused(&config).await.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn postgres_errors_for_what_is_not_there() {
    let mut config = new_table();
    config.database = Some("no such database".to_owned());
    let error = refused(&config).await;
    assert_eq!((error.kind(), error.context_value("sqlstate")), (ErrorKind::Connection, Some("3D000")));

    let mut config = new_table();
    config.create_table = false;
    let error = refused(&config).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);

    let mut config = new_table();
    config.namespace = Some("no such schema".to_owned());
    assert_eq!(refused(&config).await.context_value("sqlstate"), Some("3F000"));

    let mut config = new_table();
    config.port = 1;
    let error = refused(&config).await;
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, true), "{error:?}");

    let mut config = new_table();
    config.host = "host.invalid".to_owned();
    config.sslmode = Some(SslMode::Disable);
    assert_eq!(refused(&config).await.kind(), ErrorKind::Connection);

    let mut config = new_table();
    config.sslmode = Some(SslMode::Require);
    let error = refused(&config).await;
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, false), "{error:?}");
}

#[tokio::test]
async fn postgres_refuses_what_a_user_has_no_right_to() {
    let client = client().await;
    let role = format!("reader_{}", std::process::id());
    let config = new_table();
    let db = database(&config);
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).await.unwrap();
    let grants = format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'pass word'; GRANT SELECT ON {table} TO {role}",
        table = config.table
    );
    client.batch_execute(&grants).await.unwrap();

    let mut reading = config.clone();
    reading.user = Some(role.clone());
    reading.password = Some(Secret::new("pass word"));
    let reader = database(&reading);
    assert_eq!(reader.count(&Query::new()).await.unwrap(), 1);
    let error = reader.create(record! { "n": 2 }.unwrap()).await.unwrap_err();
    assert_eq!((error.kind(), error.context_value("sqlstate")), (ErrorKind::Auth, Some("42501")));
    assert!(reader.read("a").await.unwrap().is_some(), "a refusal took the connection with it");

    client.batch_execute(&format!("REVOKE SELECT ON {} FROM {role}", config.table)).await.unwrap();
    assert_eq!(refused(&reading).await.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn postgres_tables_of_another_shape_are_refused() {
    let client = client().await;
    let mut config = new_table();
    config.layout = Layout::Document;
    client.batch_execute(&format!("CREATE TABLE {} (id text, n int)", config.table)).await.unwrap();
    assert_eq!(refused(&config).await.kind(), ErrorKind::Unsupported);

    let config = new_table();
    let columns = "id text PRIMARY KEY, data jsonb, meta jsonb, field_order text, version bigint";
    client.batch_execute(&format!("CREATE TABLE {} ({columns})", config.table)).await.unwrap();
    let error = refused(&config).await;
    assert!(error.hint().is_some_and(|hint| hint.contains("COLLATE")), "{error:?}");
}

#[tokio::test]
async fn postgres_statements_take_no_longer_than_they_may() {
    let mut config = new_table();
    config.statement_timeout = Some(Duration::from_millis(100));
    config.pool.max_size = 2;
    let db = database(&config);
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).await.unwrap();
    let client = client().await;
    client.batch_execute(&format!("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", config.table)).await.unwrap();
    let error = db.read("a").await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error:?}");
    client.batch_execute("ROLLBACK").await.unwrap();
    assert!(db.read("a").await.unwrap().is_some());
}

#[tokio::test]
async fn postgres_pools_make_wait_no_longer_than_they_may() {
    let mut config = new_table();
    config.pool.max_size = 1;
    config.pool.acquire_timeout = Duration::from_millis(100);
    let db = database(&config);
    db.connect().await.unwrap();
    let tx = db.transaction().await.unwrap();
    assert_eq!(db.read("a").await.unwrap_err().kind(), ErrorKind::Timeout);
    tx.rollback().await.unwrap();
    assert_eq!(db.read("a").await.unwrap(), None);
}

#[tokio::test]
async fn postgres_connections_that_the_server_ended_are_made_again() {
    let mut config = new_table();
    config.application_name = format!("ended {}", config.table);
    let db = database(&config);
    db.create(record! { "n": 1 }.unwrap().with_id("a").unwrap()).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    for _ in 0..5 {
        client().await.execute(end, &[&config.application_name]).await.unwrap();
        // The end may come while a call is on its way.
        let read = match db.read("a").await {
            Err(error) => {
                assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, true), "{error:?}");
                db.read("a").await
            }
            read => read,
        };
        assert!(read.unwrap().is_some());
    }
}

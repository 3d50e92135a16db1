//! The one list of methods that databases and transactions have, asynchronous and blocking.

/// Hands the list to a macro that writes the methods out.
macro_rules! session_methods {
    ($write_out:ident) => {
        $write_out! {
            /// Stores a new record and gives its id: the record's own, else a new one. Never
            /// overwrites.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, ErrorKind, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "name": "Ada" }?.with_id("a")?).await?;
            /// assert_eq!(id, "a");
            /// let again = db.create(record! { "name": "Alan" }?.with_id("a")?).await;
            /// assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the id is taken.
            fn create(record: Record) -> RecordId = "create",
                example r#"create(record! { "n": 2 }?.with_id("b")?)?"#, r#"assert_eq!(answer, "b");"#,
                |operations| operations.create(record);

            /// The record with this id, or none.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "name": "Ada" }?).await?;
            /// assert_eq!(db.read(&id).await?, Some(record! { "name": "Ada" }?));
            /// assert_eq!(db.read("nobody").await?, None);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read(id: &str) -> Option<Record> = "read",
                example r#"read("a")?"#, r#"assert_eq!(answer, Some(record! { "n": 1 }?));"#,
                |operations| operations.read(id);

            /// Whether there is a record with this id.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "name": "Ada" }?).await?;
            /// assert!(db.exists(&id).await? && !db.exists("nobody").await?);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn exists(id: &str) -> bool = "exists",
                example r#"exists("a")?"#, "assert!(answer);",
                |operations| operations.exists(id);

            /// Replaces the whole record under this id (which wins over the record's own). False
            /// and nothing written when it is missing.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "name": "Ada", "age": 36 }?).await?;
            /// assert!(db.update(&id, record! { "name": "Ada Lovelace" }?).await?);
            /// assert_eq!(db.read(&id).await?, Some(record! { "name": "Ada Lovelace" }?));
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn update(id: &str, record: Record) -> bool = "update",
                example r#"update("a", record! { "n": 2 }?)?"#, "assert!(answer);",
                |operations| operations.update(id, record, WriteOptions::default());

            /// As `update`, with options.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, ErrorKind, WriteOptions, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "n": 1 }?).await?;
            /// let seen = WriteOptions::new().expecting(db.read(&id).await?.unwrap().version().unwrap().clone());
            /// db.update(&id, record! { "n": 2 }?).await?; // somebody else's
            /// let late = db.update_with(&id, record! { "n": 3 }?, seen).await;
            /// assert_eq!(late.unwrap_err().kind(), ErrorKind::Conflict);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`Conflict`](ErrorKind::Conflict) when the stored version is not the expected one or
            /// the record is missing.
            fn update_with(id: &str, record: Record, options: WriteOptions) -> bool = "update",
                example r#"update_with("x", record! { "n": 2 }?, WriteOptions::new())?"#, "assert!(!answer);",
                |operations| operations.update(id, record, options);

            /// Sets and unsets single fields, atomically. False when the record is missing.
            ///
            /// ```
            /// use dataknobs_data_core::{Changes, Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "name": "Ada", "age": 36, "note": "x" }?).await?;
            /// assert!(db.patch(&id, Changes::new().set("age", 37).unset("note")).await?);
            /// assert_eq!(db.read(&id).await?, Some(record! { "name": "Ada", "age": 37 }?));
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a change is not legal.
            fn patch(id: &str, changes: Changes) -> bool = "patch",
                example r#"patch("a", Changes::new().set("n", 2))?"#, "assert!(answer);",
                |operations| operations.patch(id, changes, WriteOptions::default());

            /// As `patch`, with options.
            ///
            /// ```
            /// use dataknobs_data_core::{Changes, Database, WriteOptions, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "n": 1 }?).await?;
            /// let seen = WriteOptions::new().expecting(db.read(&id).await?.unwrap().version().unwrap().clone());
            /// assert!(db.patch_with(&id, Changes::new().set("n", 2), seen).await?);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `update_with`.
            fn patch_with(id: &str, changes: Changes, options: WriteOptions) -> bool = "patch",
                example r#"patch_with("x", Changes::new().set("n", 2), WriteOptions::new())?"#, "assert!(!answer);",
                |operations| operations.patch(id, changes, options);

            /// Creates or replaces the record under this id.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.upsert("a", record! { "n": 1 }?).await?;
            /// db.upsert("a", record! { "n": 2 }?).await?;
            /// assert_eq!(db.read("a").await?, Some(record! { "n": 2 }?));
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when the id is not legal.
            fn upsert(id: &str, record: Record) -> RecordId = "upsert",
                example r#"upsert("b", record! { "n": 2 }?)?"#, r#"assert_eq!(answer, "b");"#,
                |operations| operations.upsert(Some(id), record, WriteOptions::default());

            /// Creates or replaces the record under its own id; without one, under a new id.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// assert_eq!(db.upsert_record(record! { "n": 1 }?.with_id("a")?).await?, "a");
            /// assert_eq!(db.upsert_record(record! { "n": 2 }?.with_id("a")?).await?, "a");
            /// assert_eq!(db.count(&Query::new()).await?, 1);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_record(record: Record) -> RecordId = "upsert",
                example r#"upsert_record(record! { "n": 2 }?.with_id("b")?)?"#, r#"assert_eq!(answer, "b");"#,
                |operations| operations.upsert(None, record, WriteOptions::default());

            /// As `upsert`, with options.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, WriteOptions, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.upsert("a", record! { "n": 1 }?).await?;
            /// let seen = WriteOptions::new().expecting(db.read(&id).await?.unwrap().version().unwrap().clone());
            /// db.upsert_with("a", record! { "n": 2 }?, seen.clone()).await?;
            /// assert!(db.upsert_with("a", record! { "n": 3 }?, seen).await.is_err());
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `update_with`.
            fn upsert_with(id: &str, record: Record, options: WriteOptions) -> RecordId = "upsert",
                example r#"upsert_with("b", record! { "n": 2 }?, WriteOptions::new())?"#, r#"assert_eq!(answer, "b");"#,
                |operations| operations.upsert(Some(id), record, options);

            /// Removes the record with this id. False when it is missing.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "n": 1 }?).await?;
            /// assert!(db.delete(&id).await?);
            /// assert!(!db.delete(&id).await?);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete(id: &str) -> bool = "delete",
                example r#"delete("a")?"#, "assert!(answer);",
                |operations| operations.delete(id, WriteOptions::default());

            /// As `delete`, with options.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, ErrorKind, Version, WriteOptions, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "n": 1 }?).await?;
            /// let stale = WriteOptions::new().expecting(Version::from_token("stale"));
            /// assert_eq!(db.delete_with(&id, stale).await.unwrap_err().kind(), ErrorKind::Conflict);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `update_with`.
            fn delete_with(id: &str, options: WriteOptions) -> bool = "delete",
                example r#"delete_with("x", WriteOptions::new())?"#, "assert!(!answer);",
                |operations| operations.delete(id, options);

            /// The records that a query finds, all at once.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create(record! { "name": "Ada", "age": 36 }?).await?;
            /// db.create(record! { "name": "Alan", "age": 41 }?).await?;
            /// let found = db.search(&Query::parse("age > 30 ORDER BY age DESC LIMIT 1")?).await?;
            /// assert_eq!(found[0]["name"].as_str(), Some("Alan"));
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
            fn search(query: &Query) -> SearchResult = "search",
                example r#"search(&Query::parse("n > 0")?)?"#, "assert_eq!(answer.len(), 1);",
                |operations| operations.search(query);

            /// The first record that a query finds.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
            /// assert_eq!(db.first(&Query::parse("ORDER BY n DESC")?).await?, Some(record! { "n": 2 }?));
            /// assert_eq!(db.first(&Query::parse("n > 2")?).await?, None);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `search`.
            fn first(query: &Query) -> Option<Record> = "first",
                example r#"first(&Query::parse("n > 1")?)?"#, "assert_eq!(answer, None);",
                |operations| operations.first(query);

            /// How many records pass the query's filter; its limit and offset do not count.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
            /// assert_eq!(db.count(&Query::parse("n > 1")?).await?, 1);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `search`.
            fn count(query: &Query) -> u64 = "count",
                example r#"count(&Query::parse("n > 0")?)?"#, "assert_eq!(answer, 1);",
                |operations| operations.count(query);

            /// Groups and computes; see [`Aggregation`].
            ///
            /// ```
            /// use dataknobs_data_core::{Aggregation, Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create(record! { "city": "Oslo", "age": 36 }?).await?;
            /// db.create(record! { "city": "Oslo", "age": 41 }?).await?;
            /// let table = db.aggregate(&Aggregation::new().group_by("city").count().max("age")).await?;
            /// assert_eq!(table.to_json(), serde_json::json!([{"city": "Oslo", "count": 2, "max_age": 41}]));
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `search`; also when an integer sum leaves the 64-bit range.
            fn aggregate(aggregation: &Aggregation) -> Table = "aggregate",
                example r#"aggregate(&Aggregation::new().sum("n"))?"#,
                    r#"assert_eq!(answer.get(0, "sum_n"), Some(&1.into()));"#,
                |operations| operations.aggregate(aggregation);

            /// Stores new records and gives their ids, in input order. All or nothing where the
            /// store can (capability `atomic_batches`).
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let ids = db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
            /// assert_eq!(ids.len(), 2);
            /// let taken = vec![record! { "n": 3 }?, record! { "n": 4 }?.with_id(&*ids[0])?];
            /// assert_eq!(db.create_batch(taken).await.unwrap_err().failures()[0].index, 1);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`AlreadyExists`](ErrorKind::AlreadyExists) when an id is taken, also by an earlier
            /// record of the batch; [`Error::failures`](crate::Error::failures) lists each.
            fn create_batch(records: Vec<Record>) -> Vec<RecordId> = "create_batch",
                example r#"create_batch(vec![record! { "n": 2 }?.with_id("b")?])?"#, r#"assert_eq!(answer, ["b"]);"#,
                |operations| operations.create_batch(records);

            /// The records with these ids, in input order.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// let id = db.create(record! { "n": 1 }?).await?;
            /// assert_eq!(db.read_batch(&[&id, "nobody"]).await?, [Some(record! { "n": 1 }?), None]);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read_batch(ids: &[&str]) -> Vec<Option<Record>> = "read_batch",
                example r#"read_batch(&["a", "x"])?"#, r#"assert_eq!(answer, [Some(record! { "n": 1 }?), None]);"#,
                |operations| operations.read_batch(ids);

            /// Replaces the records under their own ids; says for each whether it was there.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.upsert("a", record! { "n": 1 }?).await?;
            /// let records = vec![record! { "n": 2 }?.with_id("a")?, record! { "n": 3 }?.with_id("b")?];
            /// assert_eq!(db.update_batch(records).await?, [true, false]);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a record has no id.
            fn update_batch(records: Vec<Record>) -> Vec<bool> = "update_batch",
                example r#"update_batch(vec![record! { "n": 2 }?.with_id("a")?])?"#, "assert_eq!(answer, [true]);",
                |operations| operations.update_batch(records);

            /// Creates or replaces the records under their own ids, in input order.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.upsert("a", record! { "n": 1 }?).await?;
            /// let records = vec![record! { "n": 2 }?.with_id("a")?, record! { "n": 3 }?.with_id("b")?];
            /// assert_eq!(db.upsert_batch(records).await?, ["a", "b"]);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_batch(records: Vec<Record>) -> Vec<RecordId> = "upsert_batch",
                example r#"upsert_batch(vec![record! { "n": 2 }?.with_id("a")?])?"#, r#"assert_eq!(answer, ["a"]);"#,
                |operations| operations.upsert_batch(records);

            /// Removes the records with these ids; says for each whether it was there.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.upsert("a", record! { "n": 1 }?).await?;
            /// assert_eq!(db.delete_batch(&["a", "b"]).await?, [true, false]);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete_batch(ids: &[&str]) -> Vec<bool> = "delete_batch",
                example r#"delete_batch(&["a", "x"])?"#, "assert_eq!(answer, [true, false]);",
                |operations| operations.delete_batch(ids);

            /// Changes fields of every record that passes the query's filter; gives their number.
            ///
            /// ```
            /// use dataknobs_data_core::{Changes, Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create_batch(vec![record! { "age": 17 }?, record! { "age": 18 }?]).await?;
            /// assert_eq!(db.update_where(&Query::parse("age >= 18")?, Changes::new().set("adult", true)).await?, 1);
            /// assert_eq!(db.count(&Query::parse("adult = true")?).await?, 1);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery) for a query with anything but filters.
            fn update_where(query: &Query, changes: Changes) -> u64 = "update_where",
                example r#"update_where(&Query::parse("n > 0")?, Changes::new().set("n", 2))?"#,
                    "assert_eq!(answer, 1);",
                |operations| operations.modify_where(query, ModifyAction::Patch(changes));

            /// Removes every record that passes the query's filter; gives their number.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, Query, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
            /// assert_eq!(db.delete_where(&Query::parse("n > 1")?).await?, 1);
            /// assert_eq!(db.count(&Query::new()).await?, 1);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// As `update_where`.
            fn delete_where(query: &Query) -> u64 = "delete_where",
                example r#"delete_where(&Query::parse("n > 0")?)?"#, "assert_eq!(answer, 1);",
                |operations| operations.modify_where(query, ModifyAction::Delete);

            /// Removes every record; gives their number.
            ///
            /// ```
            /// use dataknobs_data_core::{Database, record};
            /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// let db = Database::memory();
            /// db.create_batch(vec![record! { "n": 1 }?, record! { "n": 2 }?]).await?;
            /// assert_eq!(db.clear().await?, 2);
            /// # Ok::<(), dataknobs_data_core::Error>(())
            /// # }).unwrap();
            /// ```
            ///
            /// # Errors
            /// Whatever the store reports.
            fn clear() -> u64 = "clear",
                example "clear()?", "assert_eq!(answer, 1);",
                |operations| operations.modify_where(&Query::new(), ModifyAction::Delete);
        }
    };
}

pub(crate) use session_methods;

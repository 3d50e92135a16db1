//! The one list of methods that databases and transactions have, asynchronous and blocking.

/// Hands the list to a macro that writes the methods out.
macro_rules! session_methods {
    ($write_out:ident) => {
        $write_out! {
            /// Stores a new record and gives its id: the record's own, else a new one. Never
            /// overwrites.
            ///
            /// # Errors
            /// [`AlreadyExists`](ErrorKind::AlreadyExists) when the id is taken.
            fn create(record: Record) -> RecordId = "create",
                async |operations: Operations<'_>, record| operations.create(record).await;

            /// The record with this id, or none.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read(id: &str) -> Option<Record> = "read",
                async |operations: Operations<'_>, id| operations.read(id).await;

            /// Whether there is a record with this id.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn exists(id: &str) -> bool = "exists",
                async |operations: Operations<'_>, id| operations.exists(id).await;

            /// Replaces the whole record under this id (which wins over the record's own). False
            /// and nothing written when it is missing.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn update(id: &str, record: Record) -> bool = "update",
                async |operations: Operations<'_>, id, record| {
                    operations.update(id, record, WriteOptions::default()).await
                };

            /// As `update`, with options.
            ///
            /// # Errors
            /// [`Conflict`](ErrorKind::Conflict) when the stored version is not the expected one or
            /// the record is missing.
            fn update_with(id: &str, record: Record, options: WriteOptions) -> bool = "update",
                async |operations: Operations<'_>, id, record, options| operations.update(id, record, options).await;

            /// Sets and unsets single fields, atomically. False when the record is missing.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a change is not legal.
            fn patch(id: &str, changes: Changes) -> bool = "patch",
                async |operations: Operations<'_>, id, changes| {
                    operations.patch(id, changes, WriteOptions::default()).await
                };

            /// As `patch`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn patch_with(id: &str, changes: Changes, options: WriteOptions) -> bool = "patch",
                async |operations: Operations<'_>, id, changes, options| operations.patch(id, changes, options).await;

            /// Creates or replaces the record under this id.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when the id is not legal.
            fn upsert(id: &str, record: Record) -> RecordId = "upsert",
                async |operations: Operations<'_>, id, record| {
                    operations.upsert(Some(id), record, WriteOptions::default()).await
                };

            /// Creates or replaces the record under its own id; without one, under a new id.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_record(record: Record) -> RecordId = "upsert",
                async |operations: Operations<'_>, record| {
                    operations.upsert(None, record, WriteOptions::default()).await
                };

            /// As `upsert`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn upsert_with(id: &str, record: Record, options: WriteOptions) -> RecordId = "upsert",
                async |operations: Operations<'_>, id, record, options| {
                    operations.upsert(Some(id), record, options).await
                };

            /// Removes the record with this id. False when it is missing.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete(id: &str) -> bool = "delete",
                async |operations: Operations<'_>, id| operations.delete(id, WriteOptions::default()).await;

            /// As `delete`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn delete_with(id: &str, options: WriteOptions) -> bool = "delete",
                async |operations: Operations<'_>, id, options| operations.delete(id, options).await;

            /// The records that a query finds, all at once.
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
            fn search(query: &Query) -> SearchResult = "search",
                async |operations: Operations<'_>, query| operations.search(query).await;

            /// The first record that a query finds.
            ///
            /// # Errors
            /// As `search`.
            fn first(query: &Query) -> Option<Record> = "first",
                async |operations: Operations<'_>, query| operations.first(query).await;

            /// How many records pass the query's filter; its limit and offset do not count.
            ///
            /// # Errors
            /// As `search`.
            fn count(query: &Query) -> u64 = "count",
                async |operations: Operations<'_>, query| operations.count(query).await;

            /// Groups and computes; see [`Aggregation`].
            ///
            /// # Errors
            /// As `search`; also when an integer sum leaves the 64-bit range.
            fn aggregate(aggregation: &Aggregation) -> Table = "aggregate",
                async |operations: Operations<'_>, aggregation| operations.aggregate(aggregation).await;

            /// Stores new records and gives their ids, in input order. All or nothing where the
            /// store can (capability `atomic_batches`).
            ///
            /// # Errors
            /// [`AlreadyExists`](ErrorKind::AlreadyExists) when an id is taken, also by an earlier
            /// record of the batch; [`Error::failures`](crate::Error::failures) lists each.
            fn create_batch(records: Vec<Record>) -> Vec<RecordId> = "create_batch",
                async |operations: Operations<'_>, records| operations.create_batch(records).await;

            /// The records with these ids, in input order.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read_batch(ids: &[&str]) -> Vec<Option<Record>> = "read_batch",
                async |operations: Operations<'_>, ids| operations.read_batch(ids).await;

            /// Replaces the records under their own ids; says for each whether it was there.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a record has no id.
            fn update_batch(records: Vec<Record>) -> Vec<bool> = "update_batch",
                async |operations: Operations<'_>, records| operations.update_batch(records).await;

            /// Creates or replaces the records under their own ids, in input order.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_batch(records: Vec<Record>) -> Vec<RecordId> = "upsert_batch",
                async |operations: Operations<'_>, records| operations.upsert_batch(records).await;

            /// Removes the records with these ids; says for each whether it was there.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete_batch(ids: &[&str]) -> Vec<bool> = "delete_batch",
                async |operations: Operations<'_>, ids| operations.delete_batch(ids).await;

            /// Changes fields of every record that passes the query's filter; gives their number.
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery) for a query with anything but filters.
            fn update_where(query: &Query, changes: Changes) -> u64 = "update_where",
                async |operations: Operations<'_>, query, changes| {
                    operations.modify_where(query, ModifyAction::Patch(changes)).await
                };

            /// Removes every record that passes the query's filter; gives their number.
            ///
            /// # Errors
            /// As `update_where`.
            fn delete_where(query: &Query) -> u64 = "delete_where",
                async |operations: Operations<'_>, query| {
                    operations.modify_where(query, ModifyAction::Delete).await
                };

            /// Removes every record; gives their number.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn clear() -> u64 = "clear",
                async |operations: Operations<'_>| {
                    operations.modify_where(&Query::new(), ModifyAction::Delete).await
                };
        }
    };
}

pub(crate) use session_methods;

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
                |operations| operations.create(record);

            /// The record with this id, or none.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read(id: &str) -> Option<Record> = "read",
                |operations| operations.read(id);

            /// Whether there is a record with this id.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn exists(id: &str) -> bool = "exists",
                |operations| operations.exists(id);

            /// Replaces the whole record under this id (which wins over the record's own). False
            /// and nothing written when it is missing.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn update(id: &str, record: Record) -> bool = "update",
                |operations| operations.update(id, record, WriteOptions::default());

            /// As `update`, with options.
            ///
            /// # Errors
            /// [`Conflict`](ErrorKind::Conflict) when the stored version is not the expected one or
            /// the record is missing.
            fn update_with(id: &str, record: Record, options: WriteOptions) -> bool = "update",
                |operations| operations.update(id, record, options);

            /// Sets and unsets single fields, atomically. False when the record is missing.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a change is not legal.
            fn patch(id: &str, changes: Changes) -> bool = "patch",
                |operations| operations.patch(id, changes, WriteOptions::default());

            /// As `patch`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn patch_with(id: &str, changes: Changes, options: WriteOptions) -> bool = "patch",
                |operations| operations.patch(id, changes, options);

            /// Creates or replaces the record under this id.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when the id is not legal.
            fn upsert(id: &str, record: Record) -> RecordId = "upsert",
                |operations| operations.upsert(Some(id), record, WriteOptions::default());

            /// Creates or replaces the record under its own id; without one, under a new id.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_record(record: Record) -> RecordId = "upsert",
                |operations| operations.upsert(None, record, WriteOptions::default());

            /// As `upsert`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn upsert_with(id: &str, record: Record, options: WriteOptions) -> RecordId = "upsert",
                |operations| operations.upsert(Some(id), record, options);

            /// Removes the record with this id. False when it is missing.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete(id: &str) -> bool = "delete",
                |operations| operations.delete(id, WriteOptions::default());

            /// As `delete`, with options.
            ///
            /// # Errors
            /// As `update_with`.
            fn delete_with(id: &str, options: WriteOptions) -> bool = "delete",
                |operations| operations.delete(id, options);

            /// The records that a query finds, all at once.
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery), or whatever the store reports.
            fn search(query: &Query) -> SearchResult = "search",
                |operations| operations.search(query);

            /// The first record that a query finds.
            ///
            /// # Errors
            /// As `search`.
            fn first(query: &Query) -> Option<Record> = "first",
                |operations| operations.first(query);

            /// How many records pass the query's filter; its limit and offset do not count.
            ///
            /// # Errors
            /// As `search`.
            fn count(query: &Query) -> u64 = "count",
                |operations| operations.count(query);

            /// Groups and computes; see [`Aggregation`].
            ///
            /// # Errors
            /// As `search`; also when an integer sum leaves the 64-bit range.
            fn aggregate(aggregation: &Aggregation) -> Table = "aggregate",
                |operations| operations.aggregate(aggregation);

            /// Stores new records and gives their ids, in input order. All or nothing where the
            /// store can (capability `atomic_batches`).
            ///
            /// # Errors
            /// [`AlreadyExists`](ErrorKind::AlreadyExists) when an id is taken, also by an earlier
            /// record of the batch; [`Error::failures`](crate::Error::failures) lists each.
            fn create_batch(records: Vec<Record>) -> Vec<RecordId> = "create_batch",
                |operations| operations.create_batch(records);

            /// The records with these ids, in input order.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn read_batch(ids: &[&str]) -> Vec<Option<Record>> = "read_batch",
                |operations| operations.read_batch(ids);

            /// Replaces the records under their own ids; says for each whether it was there.
            ///
            /// # Errors
            /// [`InvalidRecord`](ErrorKind::InvalidRecord) when a record has no id.
            fn update_batch(records: Vec<Record>) -> Vec<bool> = "update_batch",
                |operations| operations.update_batch(records);

            /// Creates or replaces the records under their own ids, in input order.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn upsert_batch(records: Vec<Record>) -> Vec<RecordId> = "upsert_batch",
                |operations| operations.upsert_batch(records);

            /// Removes the records with these ids; says for each whether it was there.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn delete_batch(ids: &[&str]) -> Vec<bool> = "delete_batch",
                |operations| operations.delete_batch(ids);

            /// Changes fields of every record that passes the query's filter; gives their number.
            ///
            /// # Errors
            /// [`InvalidQuery`](ErrorKind::InvalidQuery) for a query with anything but filters.
            fn update_where(query: &Query, changes: Changes) -> u64 = "update_where",
                |operations| operations.modify_where(query, ModifyAction::Patch(changes));

            /// Removes every record that passes the query's filter; gives their number.
            ///
            /// # Errors
            /// As `update_where`.
            fn delete_where(query: &Query) -> u64 = "delete_where",
                |operations| operations.modify_where(query, ModifyAction::Delete);

            /// Removes every record; gives their number.
            ///
            /// # Errors
            /// Whatever the store reports.
            fn clear() -> u64 = "clear",
                |operations| operations.modify_where(&Query::new(), ModifyAction::Delete);
        }
    };
}

pub(crate) use session_methods;

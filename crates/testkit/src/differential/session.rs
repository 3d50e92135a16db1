//! A database or a transaction on it: the same calls on both.

use dataknobs_data_core::{
    Aggregation, Changes, Database, Query, Record, RecordCursor, RecordId, Result, SearchResult, Table, Transaction,
    WriteOptions,
};

/// What the calls of a test go to.
#[derive(Debug, Clone, Copy)]
pub enum Session<'a> {
    /// A database.
    Database(&'a Database),
    /// A transaction.
    Transaction(&'a Transaction),
}

macro_rules! delegate {
    ($(fn $name:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        #[allow(missing_docs)] // each is the method of the same name
        impl Session<'_> {$(
            pub async fn $name(&self, $($argument: $kind),*) -> Result<$result> {
                match self {
                    Session::Database(database) => database.$name($($argument),*).await,
                    Session::Transaction(transaction) => transaction.$name($($argument),*).await,
                }
            }
        )*}
    };
}

delegate! {
    fn create(record: Record) -> RecordId;
    fn read(id: &str) -> Option<Record>;
    fn update_with(id: &str, record: Record, options: WriteOptions) -> bool;
    fn patch_with(id: &str, changes: Changes, options: WriteOptions) -> bool;
    fn upsert_with(id: &str, record: Record, options: WriteOptions) -> RecordId;
    fn upsert_record(record: Record) -> RecordId;
    fn delete_with(id: &str, options: WriteOptions) -> bool;
    fn search(query: &Query) -> SearchResult;
    fn stream(query: &Query) -> RecordCursor;
    fn first(query: &Query) -> Option<Record>;
    fn count(query: &Query) -> u64;
    fn aggregate(aggregation: &Aggregation) -> Table;
    fn create_batch(records: Vec<Record>) -> Vec<RecordId>;
    fn read_batch(ids: &[&str]) -> Vec<Option<Record>>;
    fn update_batch(records: Vec<Record>) -> Vec<bool>;
    fn upsert_batch(records: Vec<Record>) -> Vec<RecordId>;
    fn delete_batch(ids: &[&str]) -> Vec<bool>;
    fn update_where(query: &Query, changes: Changes) -> u64;
    fn delete_where(query: &Query) -> u64;
    fn clear() -> u64;
}

//! Keys of other types than text.

use dataknobs_data_core::{ErrorKind, Query, Record, record};
use dataknobs_data_postgres::IdType;

use crate::support::{database, new_table};

const UUIDS: [&str; 3] = [
    "00000000-0000-7000-8000-00000000000a",
    "00000000-0000-7000-8000-00000000000b",
    "ffffffff-ffff-7fff-bfff-ffffffffffff",
];

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id().map_or("", |id| id.as_str())).collect()
}

#[tokio::test]
async fn postgres_uuid_keys_take_uuids_only() {
    let mut config = new_table();
    config.schema.id = Some(IdType::Uuid);
    let db = database(&config);
    let item = |id: &str| record! { "n": 1 }.unwrap().with_id(id).unwrap();
    db.create_batch(UUIDS.iter().rev().map(|id| item(id)).collect()).await.unwrap();
    let made = db.create(record! { "n": 2 }.unwrap()).await.unwrap();
    assert!(db.delete(&made).await.unwrap());
    assert_eq!(ids(&db.search(&Query::new()).await.unwrap()), UUIDS);
    assert_eq!(
        ids(&db.search(&Query::parse("_id > '00000000-0000-7000-8000-00000000000a'").unwrap()).await.unwrap()),
        UUIDS[1..]
    );
    assert_eq!(ids(&db.search(&Query::parse("_id LIKE 'f%' OR _id = 'x'").unwrap()).await.unwrap()), UUIDS[2..]);
    for unfit in ["a", "00000000-0000-7000-8000-00000000000A", "0000000000007000800000000000000a"] {
        assert_eq!(db.create(item(unfit)).await.unwrap_err().kind(), ErrorKind::InvalidRecord, "{unfit}");
        assert_eq!(db.upsert(unfit, item(unfit)).await.unwrap_err().kind(), ErrorKind::InvalidRecord, "{unfit}");
        let error = db.create_batch(vec![record! { "n": 3 }.unwrap(), item(unfit)]).await.unwrap_err();
        assert_eq!((error.kind(), error.failures()[0].index), (ErrorKind::InvalidRecord, 1));
        assert_eq!(db.read(unfit).await.unwrap(), None);
        assert!(!db.update(unfit, item(unfit)).await.unwrap() && !db.delete(unfit).await.unwrap());
        assert_eq!(db.read_batch(&[unfit, UUIDS[0]]).await.unwrap().iter().flatten().count(), 1);
    }
    assert_eq!(db.count(&Query::new()).await.unwrap(), 3);
}

#[tokio::test]
async fn postgres_number_keys_are_made_by_the_server() {
    let mut config = new_table();
    config.schema.id = Some(IdType::Bigint);
    let db = database(&config);
    db.connect().await.unwrap();
    assert!(db.capabilities().generates_ids);
    let item = |n: i64| record! { "n": n }.unwrap();
    assert_eq!(db.create(item(1)).await.unwrap(), "1");
    assert_eq!(db.create(item(2).with_id("3").unwrap()).await.unwrap(), "3");
    assert_eq!(db.create(item(3)).await.unwrap(), "2");
    // 3 is taken: the next one is free.
    assert_eq!(db.create(item(4)).await.unwrap(), "4");
    assert_eq!(
        db.create_batch(vec![item(5), item(6).with_id("20").unwrap(), item(7)]).await.unwrap(),
        ["5", "20", "6"]
    );
    assert_eq!(db.upsert_record(item(8)).await.unwrap(), "7");
    assert_eq!(ids(&db.search(&Query::new()).await.unwrap()), ["1", "2", "3", "4", "5", "6", "7", "20"]);
    let page = db.search(&Query::parse("ORDER BY _id DESC LIMIT 2").unwrap()).await.unwrap();
    assert_eq!(ids(&page), ["20", "7"]);
    let next = Query::parse("ORDER BY _id DESC LIMIT 2").unwrap().after(page.after().unwrap());
    assert_eq!(ids(&db.search(&next).await.unwrap()), ["6", "5"]);
    for unfit in ["a", "01", "+1", "9223372036854775808", "1.0"] {
        assert_eq!(db.create(item(9).with_id(unfit).unwrap()).await.unwrap_err().kind(), ErrorKind::InvalidRecord);
        assert_eq!(db.read(unfit).await.unwrap(), None);
    }
}

#[tokio::test]
async fn postgres_keys_of_another_type_than_asked_for_are_refused() {
    let mut config = new_table();
    config.schema.id = Some(IdType::Uuid);
    database(&config).connect().await.unwrap();
    config.schema.id = Some(IdType::Text);
    assert_eq!(database(&config).connect().await.unwrap_err().kind(), ErrorKind::InvalidConfig);
    config.schema.id = None;
    database(&config).connect().await.unwrap();
}

//! Keeps an inventory in memory: indexes, versions, transactions.
//!
//! `cargo run --example inventory`

use dataknobs_data::{Changes, Database, ErrorKind, IndexKind, Query, Result, WriteOptions, record};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let db = Database::memory();
    db.create_index("sku", IndexKind::Hash).await?;
    let goods = (0..1_000).map(|n| record! { "sku": format!("S{n:04}"), "stock": n % 50, "price": f64::from(n) / 4.0 });
    let ids = db.create_batch(goods.collect::<Result<Vec<_>>>()?).await?;
    println!("{} records", ids.len());

    let query = Query::new().filter("sku", "=", "S0042");
    println!("{}", db.explain(&query).await?.plan.access);

    // Optimistic concurrency: a write that expects a version which is gone is refused.
    let article =
        db.first(&query).await?.ok_or_else(|| dataknobs_data::Error::new(ErrorKind::NotFound, "no such sku"))?;
    let (Some(id), Some(version)) = (article.id(), article.version()) else { return Ok(()) };
    db.patch(id, Changes::new().set("stock", 41)).await?;
    let stale =
        db.patch_with(id, Changes::new().set("stock", 40), WriteOptions::new().expecting(version.clone())).await;
    println!("{}", stale.map_or_else(|error| error.kind().to_string(), |_| "written".to_owned()));

    // Moves stock from one article to another, or not at all.
    db.run_transaction(async |tx| {
        for (id, change) in [(&ids[10], -3), (&ids[11], 3)] {
            let stock = tx.read(id).await?.and_then(|record| record["stock"].as_integer()).unwrap_or(0);
            tx.patch(id, Changes::new().set("stock", stock + change)).await?;
        }
        Ok(())
    })
    .await?;
    println!("{} articles are out of stock", db.count(&Query::parse("stock = 0")?).await?);
    db.close().await
}

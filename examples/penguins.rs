//! Asks a CSV file that ships with the repository a few questions.
//!
//! `cargo run --example penguins` (from the repository's root)

use dataknobs_data::{Aggregation, Database, Query, Result};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let db = Database::open("examples/data/penguins.csv?null_values=NA&read_only=true")?;

    let heaviest = Query::new()
        .filter("species", "=", "Adelie")
        .filter("sex", "=", "female")
        .sort("body_mass_g", "DESC")
        .limit(5)
        .select(["island", "body_mass_g"]);
    println!("{}", db.explain(&heaviest).await?);
    for penguin in db.search(&heaviest).await? {
        println!(
            "{:>6} g on {}",
            penguin["body_mass_g"].as_integer().unwrap_or(0),
            penguin["island"].as_str().unwrap_or("?")
        );
    }

    // The same in the text form, counted.
    let query = Query::parse("species = 'Adelie' AND sex = 'female' AND body_mass_g >= 3800")?;
    println!("{} weigh 3,800 g or more", db.count(&query).await?);

    let masses = Aggregation::new().group_by("species").count().avg("body_mass_g").alias("mean_mass");
    let table = db.aggregate(&masses).await?;
    for row in table.iter() {
        println!("{:?}", row.collect::<Vec<_>>());
    }
    db.close().await
}

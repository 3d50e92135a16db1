//! Pages: `after` with the tokens of results, and offsets.

use dataknobs_data_core::{ErrorKind, Query, Record, record};

use super::{ids, three};
use crate::conformance::behaviour::{Behaviour, Stage, behaviours};
use crate::conformance::handle::Handle;
use crate::failure::{Outcome, ensure, ensure_eq, refused};

/// Records with many ties, some of them without the field.
fn tied() -> Outcome<Vec<Record>> {
    let make = |number: i64| {
        let id = format!("r{:02}", (number * 17) % 40);
        match number % 4 {
            0 => record! { "rank": (), "name": "x" },
            1 => record! { "name": format!("n{}", number % 3) },
            _ => record! { "rank": number % 3, "name": format!("n{}", number % 5) },
        }?
        .with_id(id)
    };
    Ok((0..40).map(make).collect::<Result<_, _>>()?)
}

/// All pages of a search, one after another by their tokens.
async fn by_tokens(db: &Handle, query: &Query, size: u64) -> Outcome<Vec<Record>> {
    let mut records = Vec::new();
    let mut next = query.clone().limit(size);
    loop {
        let page = db.search(&next).await?;
        ensure!(page.len() as u64 <= size, "a page of {} records", page.len());
        let token = page.after().map(str::to_owned);
        records.extend(page);
        ensure!(records.len() <= 1_000, "the pages have no end");
        match token {
            Some(token) => next = query.clone().limit(size).after(token),
            None => return Ok(records),
        }
    }
}

async fn pages_joined_are_the_whole_search(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(tied()?).await?;
    for text in [
        "ORDER BY rank",
        "ORDER BY rank DESC",
        "ORDER BY name, rank DESC",
        "ORDER BY nowhere",
        "ORDER BY _id DESC",
        "name LIKE 'n%' ORDER BY rank DESC, name",
    ] {
        let query = Query::parse(text)?;
        let whole = db.search(&query).await?;
        ensure!(whole.after().is_none(), "a search without a limit has a token");
        for size in [1, 3, 7, 40, 41] {
            let joined = by_tokens(&db, &query, size).await?;
            ensure_eq!(ids(&joined), ids(&whole), "pages of {size} of `{text}`");
        }
    }
    Ok(())
}

async fn pages_go_over_values_of_all_kinds(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_sample().await?;
    for field in ["age", "joined", "city", "blob", "address", "tags", "active"] {
        for order in ["ASC", "DESC"] {
            let query = Query::new().sort(field, order);
            let whole = db.search(&query).await?;
            let joined = by_tokens(&db, &query, 2).await?;
            ensure_eq!(ids(&joined), ids(&whole), "pages by {field} {order}");
            let projected = by_tokens(&db, &query.select(["name"]), 2).await?;
            ensure_eq!(ids(&projected), ids(&whole), "pages by {field} {order} that drop {field}");
        }
    }
    Ok(())
}

async fn offsets_cut_the_same_pages(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(tied()?).await?;
    for query in [Query::new(), Query::new().sort("rank", "DESC"), Query::parse("name LIKE 'n%' ORDER BY name")?] {
        let whole = db.search(&query).await?;
        let mut joined = Vec::new();
        for page in 0..9 {
            joined.extend(db.search(&query.clone().offset(page * 5).limit(5)).await?);
        }
        ensure_eq!(ids(&joined), ids(&whole), "pages of `{query}`");
    }
    Ok(())
}

async fn a_token_comes_with_a_full_sorted_page_only(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let sorted = Query::new().sort("n", "ASC");
    ensure!(db.search(&sorted.clone().limit(2)).await?.after().is_some(), "a full page has no token");
    ensure!(db.search(&sorted.clone().limit(4)).await?.after().is_none(), "the last page has a token");
    ensure!(db.search(&sorted.clone().limit(0)).await?.after().is_none(), "an empty page has a token");
    ensure!(db.search(&Query::new().limit(2)).await?.after().is_none(), "a page without a sort has a token");
    ensure_eq!(db.search(&sorted.limit(2)).await?.len(), 2, "records");
    Ok(())
}

async fn a_token_holds_when_its_record_is_gone(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(three()?).await?;
    let sorted = Query::new().sort("n", "ASC");
    let page = db.search(&sorted.clone().limit(2)).await?;
    db.delete("b").await?;
    let rest = db.search(&sorted.after(page.after().unwrap_or_default())).await?;
    ensure_eq!(ids(&rest), ["c"]);
    Ok(())
}

async fn a_bad_token_is_refused_before_the_store_is_asked(stage: &Stage<'_>) -> Outcome {
    let (db, watched) = stage.watch(three()?).await?;
    let sorted = Query::new().sort("n", "ASC");
    let page = db.search(&sorted.clone().limit(2)).await?;
    let token = page.after().unwrap_or_default().to_owned();
    let asked = watched.asked();
    let cut = token[..token.len() - 1].to_owned();
    let (head, tail) = token.split_at(token.len() / 2);
    let wrong = [
        ("nothing", sorted.clone().after("")),
        ("no token", sorted.clone().after("!")),
        ("a cut token", sorted.clone().after(cut)),
        ("a token with something in its middle", sorted.clone().after(format!("{head}*{tail}"))),
        ("a doubled token", sorted.clone().after(format!("{token}{token}"))),
        ("a token with an offset", sorted.clone().after(token.clone()).offset(1)),
        ("a token without a sort", Query::new().after(token.clone())),
        ("a token of another direction", Query::new().sort("n", "DESC").after(token.clone())),
        ("a token of another path", Query::new().sort("name", "ASC").after(token.clone())),
        ("a token of fewer keys", sorted.clone().sort("name", "ASC").after(token.clone())),
    ];
    for (what, query) in wrong {
        refused(db.search(&query).await, ErrorKind::InvalidQuery).map_err(|failure| failure.at(what))?;
        refused(db.stream(&query).await, ErrorKind::InvalidQuery).map_err(|failure| failure.at(what))?;
        refused(db.search(&query.limit(0)).await, ErrorKind::InvalidQuery).map_err(|failure| failure.at(what))?;
    }
    ensure_eq!(watched.asked(), asked, "requests to the store");
    ensure_eq!(ids(&db.search(&sorted.after(token)).await?), ["c"], "the token as it was");
    Ok(())
}

async fn a_stream_continues_behind_a_token(stage: &Stage<'_>) -> Outcome {
    let db = stage.open_with(stage.sample()?).await?;
    let query = Query::new().sort("age", "DESC");
    let page = db.search(&query.clone().limit(5)).await?;
    let whole = db.search(&query).await?;
    let rest = db.stream(&query.after(page.after().unwrap_or_default())).await?.rest().await?;
    ensure_eq!(ids(&rest), ids(&whole)[5..], "the rest");
    Ok(())
}

pub(super) fn list() -> Vec<Behaviour> {
    behaviours! { "paging":
        always => [
            pages_joined_are_the_whole_search,
            pages_go_over_values_of_all_kinds,
            offsets_cut_the_same_pages,
            a_token_comes_with_a_full_sorted_page_only,
            a_token_holds_when_its_record_is_gone,
            a_bad_token_is_refused_before_the_store_is_asked,
            a_stream_continues_behind_a_token,
        ],
    }
}

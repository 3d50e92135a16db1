//! Alternating runs, medians, and the table they go into.

use std::time::{Duration, Instant};

/// Rows of a comparison.
pub(crate) struct Table {
    only: Option<String>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    operations: usize,
    ours: Duration,
    native: Duration,
    low: f64,
    high: f64,
}

impl Table {
    pub(crate) fn new(only: Option<String>) -> Self {
        Table { only, rows: Vec::new() }
    }

    /// Times both sides in turn. Each side prepares its input untimed and gives back what was timed.
    pub(crate) fn compare(
        &mut self,
        name: String,
        operations: usize,
        runs: usize,
        mut ours: impl FnMut() -> Duration,
        mut native: impl FnMut() -> Duration,
    ) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        // One run of each warms caches and allocator.
        ours();
        native();
        let mut pairs = Vec::with_capacity(runs);
        for run in 0..runs {
            let pair = if run % 2 == 0 {
                let ours = ours();
                (ours, native())
            } else {
                let native = native();
                (ours(), native)
            };
            pairs.push(pair);
        }
        let mut ratios: Vec<f64> =
            pairs.iter().map(|(ours, native)| ours.as_secs_f64() / native.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        self.rows.push(Row {
            name,
            operations,
            ours: median(pairs.iter().map(|pair| pair.0).collect()),
            native: median(pairs.iter().map(|pair| pair.1).collect()),
            low: ratios[0],
            high: ratios[ratios.len() - 1],
        });
    }

    pub(crate) fn print(&self) {
        println!("| row | ours, ns/op | native, ns/op | ratio of medians | lowest, highest pair |");
        println!("|---|---:|---:|---:|---:|");
        for row in &self.rows {
            let each = |time: Duration| time.as_secs_f64() * 1e9 / row.operations as f64;
            println!(
                "| {} | {:.0} | {:.0} | {:.2} | {:.2}, {:.2} |",
                row.name,
                each(row.ours),
                each(row.native),
                row.ours.as_secs_f64() / row.native.as_secs_f64(),
                row.low,
                row.high
            );
        }
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long a piece of work takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

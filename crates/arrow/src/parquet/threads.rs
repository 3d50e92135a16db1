//! Work that several threads share.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use parking_lot::Mutex;

/// Works on each item, on so many threads, the caller's among them. Gives what comes of it, in the
/// order of the items.
pub(super) fn each<P: Send, T: Send>(items: Vec<P>, threads: usize, work: impl Fn(P) -> T + Sync) -> Vec<T> {
    let helpers = threads.min(items.len()).saturating_sub(1);
    let items = Mutex::new(items.into_iter().enumerate());
    let run = || {
        let mut done = Vec::new();
        loop {
            let next = items.lock().next();
            let Some((at, item)) = next else { return done };
            done.push((at, work(item)));
        }
    };
    let mut done = scope(|scope| {
        // Where no thread is to be had, there is this one.
        let helpers: Vec<_> = (0..helpers).map_while(|_| Builder::new().spawn_scoped(scope, run).ok()).collect();
        let mut done = run();
        helpers.into_iter().for_each(|helper| done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic))));
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_stand_in_the_order_of_items() {
        for threads in [1, 2, 5] {
            let items: Vec<u64> = (0..100).collect();
            assert_eq!(each(items, threads, |n| n * n), (0..100).map(|n| n * n).collect::<Vec<_>>());
        }
        assert!(each(Vec::<u8>::new(), 2, |n| n).is_empty());
    }

    #[test]
    fn a_panic_comes_through() {
        let run = || each(vec![1, 2, 3, 4], 2, |n| if n == 3 { std::panic::panic_any(n) } else { n });
        let panic = std::panic::catch_unwind(run).unwrap_err();
        assert_eq!(panic.downcast_ref::<i32>(), Some(&3));
    }
}

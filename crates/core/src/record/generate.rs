//! New ids: UUIDs of version 7 (RFC 9562), each greater than the one before it in this process.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::RecordId;
use crate::quiet::unless_quiet;

/// Bytes that are asked of the operating system at a time: each question costs a system call.
const POOL: usize = 4_096;

/// The bits of a counter that orders ids of one millisecond (RFC 9562, 6.2, method 1).
const COUNTER_BITS: u32 = 42;

/// The bits of the counter that are random at its start; those above leave room to count.
const RANDOM_BITS: u32 = COUNTER_BITS - 1;

/// What the next id is made of.
pub(crate) struct IdContext {
    millis: u64,
    counter: u64,
    pool: Box<[u8; POOL]>,
    used: usize,
}

static IDS: LazyLock<Mutex<IdContext>> = LazyLock::new(|| Mutex::new(IdContext::new()));

/// A new id. One thread at a time makes one; while a fork is being prepared, each for itself.
pub(crate) fn next_id() -> uuid::Uuid {
    match unless_quiet(|| IDS.try_lock()) {
        Some(mut ids) => ids.next(),
        None => IdContext::new().next(),
    }
}

/// New ids for up to so many records, made in blocks: for each one look at the clock and one hold of
/// the lock.
pub(crate) struct FreshIds {
    /// How many may still be asked for.
    left: usize,
    block: std::vec::IntoIter<uuid::Uuid>,
}

impl FreshIds {
    const BLOCK: usize = 256;

    pub(crate) fn up_to(count: usize) -> Self {
        FreshIds { left: count, block: Vec::new().into_iter() }
    }

    pub(crate) fn next(&mut self) -> RecordId {
        let id = self.block.next().unwrap_or_else(|| {
            self.block = next_ids(self.left.clamp(1, Self::BLOCK)).into_iter();
            self.block.next().unwrap_or_else(next_id)
        });
        self.left = self.left.saturating_sub(1);
        RecordId::from_uuid(id)
    }
}

/// As many ids as [`next_id`] gives in so many calls.
fn next_ids(count: usize) -> Vec<uuid::Uuid> {
    let many = |ids: &mut IdContext| {
        let now = now();
        (0..count).map(|_| ids.next_at(now)).collect()
    };
    match unless_quiet(|| IDS.try_lock()) {
        Some(mut ids) => many(&mut ids),
        None => many(&mut IdContext::new()),
    }
}

/// Keeps all others out.
pub(crate) fn hold_ids() -> MutexGuard<'static, IdContext> {
    IDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

impl IdContext {
    fn new() -> Self {
        IdContext { millis: 0, counter: 0, pool: Box::new([0; POOL]), used: POOL }
    }

    /// Forgets the random bytes at hand, which a forked child has too.
    pub(crate) fn forget_random(&mut self) {
        self.used = POOL;
    }

    /// The next id.
    fn next(&mut self) -> uuid::Uuid {
        self.next_at(now())
    }

    fn next_at(&mut self, now: u64) -> uuid::Uuid {
        // A clock that is set back does not set ids back.
        if now > self.millis {
            self.millis = now;
            self.counter = u64::from_be_bytes(self.random()) >> (64 - RANDOM_BITS);
        } else {
            self.counter += 1;
            if self.counter >> COUNTER_BITS > 0 {
                self.millis += 1;
                self.counter = 0;
            }
        }
        // The version stands in the upper 4 bits of the first two bytes, the variant in the upper 2
        // of the next; the counter goes round both.
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&((self.counter >> 30) as u16).to_be_bytes());
        bytes[2..6].copy_from_slice(&((self.counter & 0x3FFF_FFFF) as u32).to_be_bytes());
        bytes[6..].copy_from_slice(&self.random::<4>());
        uuid::Builder::from_unix_timestamp_millis(self.millis, &bytes).into_uuid()
    }

    fn random<const N: usize>(&mut self) -> [u8; N] {
        if self.used + N > POOL {
            // Without randomness there are no ids that are nobody else's.
            #[expect(clippy::expect_used, reason = "a system without random numbers cannot make ids")]
            getrandom::fill(&mut *self.pool).expect("the operating system gives random numbers");
            self.used = 0;
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.pool[self.used..self.used + N]);
        self.used += N;
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> IdContext {
        IdContext::new()
    }

    #[test]
    fn ids_ascend_and_differ_also_when_the_clock_stands_still() {
        let mut context = context();
        // A time to come: the clock is behind it in every call.
        context.millis = u64::MAX >> 17;
        let ids: Vec<_> = (0..10_000).map(|_| context.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_full_counter_goes_on_in_the_next_millisecond() {
        let mut context = context();
        context.millis = u64::MAX >> 17;
        context.counter = (1 << COUNTER_BITS) - 2;
        let ids: Vec<_> = (0..4).map(|_| context.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn ids_in_blocks_ascend_over_more_than_they_were_made_for() {
        let mut fresh = FreshIds::up_to(700);
        let ids: Vec<RecordId> = (0..1_000).map(|_| fresh.next()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]) && ids[0] > RecordId::from_uuid(uuid::Uuid::nil()));
    }

    #[test]
    fn forgetting_makes_the_random_bytes_new() {
        let (mut one, mut other) = (context(), context());
        other.pool.copy_from_slice(&*one.pool);
        one.random::<4>();
        other.pool = one.pool.clone();
        other.used = one.used;
        other.forget_random();
        assert_ne!(one.random::<16>(), other.random::<16>());
    }
}

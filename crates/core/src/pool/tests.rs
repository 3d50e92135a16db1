//! How the pool lends, checks, waits and lets go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::*;
use crate::error::{Error, ErrorKind};

/// Numbered connections; counts what happens to them.
#[derive(Clone, Default)]
struct Server(Arc<Mutex<Counts>>);

#[derive(Default)]
struct Counts {
    opened: u32,
    checked: u32,
    closed: u32,
    dropped: Arc<AtomicUsize>,
    /// How long it takes to connect.
    slow: Duration,
    refuses: bool,
    broken: bool,
}

#[derive(Debug)]
struct Connection {
    number: u32,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl ConnectionManager for Server {
    type Connection = Connection;

    fn connect(&self) -> Reply<'_, Connection> {
        Reply::later(async {
            let slow = self.0.lock().slow;
            tokio::time::sleep(slow).await;
            let mut counts = self.0.lock();
            if counts.refuses {
                return Err(Error::new(ErrorKind::Connection, "refused"));
            }
            counts.opened += 1;
            Ok(Connection { number: counts.opened, dropped: counts.dropped.clone() })
        })
    }

    fn check<'a>(&'a self, _: &'a mut Connection) -> Reply<'a, ()> {
        let mut counts = self.0.lock();
        counts.checked += 1;
        Reply::ready(if counts.broken { Err(Error::new(ErrorKind::Connection, "gone")) } else { Ok(()) })
    }

    fn close(&self, _: Connection) -> Reply<'_, ()> {
        let mut counts = self.0.lock();
        counts.closed += 1;
        Reply::ready(if counts.broken { Err(Error::new(ErrorKind::Connection, "gone")) } else { Ok(()) })
    }
}

// One lock at a time: a guard lives to the end of the assertion that it stands in.
impl Server {
    fn opened(&self) -> u32 {
        self.0.lock().opened
    }

    fn checked(&self) -> u32 {
        self.0.lock().checked
    }

    fn closed(&self) -> u32 {
        self.0.lock().closed
    }

    fn dropped(&self) -> usize {
        self.0.lock().dropped.load(Ordering::Relaxed)
    }
}

fn pool(config: PoolConfig) -> (Server, ConnectionPool<Server>) {
    let server = Server::default();
    (server.clone(), ConnectionPool::new(server, config).unwrap())
}

fn sizes(pool: &ConnectionPool<Server>) -> (usize, usize, usize) {
    let metrics = pool.metrics();
    (metrics.size, metrics.idle, metrics.waiting)
}

#[tokio::test(start_paused = true)]
async fn connections_come_back_and_the_latest_is_lent_first() {
    let (server, pool) = pool(PoolConfig::with_max_size(3));
    let first = pool.acquire().await.unwrap();
    let second = pool.acquire().await.unwrap();
    assert_eq!(((first.number, second.number), sizes(&pool)), ((1, 2), (2, 0, 0)));
    first.release();
    drop(second);
    assert_eq!(sizes(&pool), (2, 2, 0));
    assert_eq!(pool.acquire().await.unwrap().number, 2);
    assert_eq!((server.opened(), server.checked()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_in_turn_or_with_a_timeout() {
    let (_, pool) = pool(PoolConfig { acquire_timeout: Duration::from_secs(5), ..PoolConfig::with_max_size(1) });
    let held = pool.acquire().await.unwrap();
    let error = pool.acquire().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Timeout, Some("acquire")));
    for (key, value) in [("max_size", "1"), ("in_use", "1"), ("timeout", "5s")] {
        assert_eq!(error.context_value(key), Some(value));
    }

    let served = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = Vec::new();
    for number in 0..3 {
        let (pool, served) = (pool.clone(), served.clone());
        waiters.push(tokio::spawn(async move {
            let _connection = pool.acquire().await.unwrap();
            served.lock().push(number);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }));
        tokio::task::yield_now().await;
    }
    assert_eq!(sizes(&pool), (1, 0, 3));
    drop(held);
    for waiter in waiters {
        waiter.await.unwrap();
    }
    assert_eq!(*served.lock(), [0, 1, 2]);
    assert_eq!(sizes(&pool), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_counts_against_the_timeout_and_leaks_nothing() {
    let (server, pool) = pool(PoolConfig { acquire_timeout: Duration::from_secs(5), ..PoolConfig::with_max_size(1) });
    server.0.lock().slow = Duration::from_secs(60);
    assert_eq!(pool.acquire().await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(sizes(&pool), (0, 0, 0));
    server.0.lock().slow = Duration::ZERO;
    server.0.lock().refuses = true;
    assert_eq!(pool.acquire().await.unwrap_err().kind(), ErrorKind::Connection);
    assert_eq!(sizes(&pool), (0, 0, 0));
    server.0.lock().refuses = false;
    assert_eq!(pool.acquire().await.unwrap().number, 1);
}

#[tokio::test(start_paused = true)]
async fn only_connections_that_idled_long_are_checked() {
    let (server, pool) = pool(PoolConfig::default());
    pool.acquire().await.unwrap().release();
    tokio::time::advance(Duration::from_secs(29)).await;
    pool.acquire().await.unwrap().release();
    assert_eq!(server.checked(), 0);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(pool.acquire().await.unwrap().number, 1);
    assert_eq!(server.checked(), 1);

    tokio::time::advance(Duration::from_secs(31)).await;
    server.0.lock().broken = true;
    assert_eq!(pool.acquire().await.unwrap().number, 2, "a broken one is replaced");
    assert_eq!((server.dropped(), sizes(&pool)), (1, (1, 1, 0)));
}

#[tokio::test(start_paused = true)]
async fn work_that_was_cut_short_costs_the_connection() {
    let (server, pool) = pool(PoolConfig::with_max_size(1));
    let mut connection = pool.acquire().await.unwrap();
    let mut work = connection.begin();
    work.number += 10;
    assert_eq!((work.number, format!("{work:?}").as_str()), (11, "InFlight"));
    work.finish();
    assert!(!connection.is_in_flight());
    connection.number -= 10;
    drop(connection);
    assert_eq!(sizes(&pool), (1, 1, 0));

    let cut = tokio::time::timeout(Duration::from_secs(1), async {
        let mut connection = pool.acquire().await.unwrap();
        let work = connection.begin();
        std::future::pending::<()>().await;
        work.finish();
    });
    assert!(cut.await.is_err());
    assert_eq!((sizes(&pool), server.dropped()), ((0, 0, 0), 1));

    let connection = pool.acquire().await.unwrap();
    assert_eq!((connection.number, format!("{connection:?}").as_str()), (2, "Pooled { in_flight: false, .. }"));
    connection.discard();
    assert_eq!((sizes(&pool), server.dropped()), ((0, 0, 0), 2));
}

#[tokio::test(start_paused = true)]
async fn old_connections_are_let_go() {
    let (server, pool) = pool(PoolConfig { max_lifetime: Some(Duration::from_secs(60)), ..PoolConfig::default() });
    for _ in 0..3 {
        pool.acquire().await.unwrap().release();
        tokio::time::advance(Duration::from_secs(25)).await;
    }
    assert_eq!(server.opened(), 1);
    assert_eq!(pool.acquire().await.unwrap().number, 2, "using it does not make it younger");
    assert_eq!(server.dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_let_go_down_to_the_least_number() {
    let config =
        PoolConfig { min_size: 1, idle_timeout: Some(Duration::from_secs(60)), ..PoolConfig::with_max_size(4) };
    let (server, pool) = pool(config);
    let held = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    drop(held);
    tokio::time::advance(Duration::from_secs(61)).await;
    // Two idled too long; the last one is kept, after a check.
    let kept = pool.acquire().await.unwrap();
    assert_eq!((kept.number, server.dropped(), server.checked()), (1, 2, 1));

    let other = pool.acquire().await.unwrap();
    drop(other);
    tokio::time::advance(Duration::from_secs(61)).await;
    drop(kept);
    assert_eq!((sizes(&pool), server.dropped()), ((1, 1, 0), 3), "the oldest goes when another comes back");
}

#[tokio::test(start_paused = true)]
async fn warming_opens_the_least_number() {
    let (server, pool) = pool(PoolConfig { min_size: 3, ..PoolConfig::default() });
    pool.warm().await.unwrap();
    pool.warm().await.unwrap();
    assert_eq!((sizes(&pool), server.opened(), pool.config().min_size), ((3, 3, 0), 3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_closed_pool_lends_nothing_and_takes_nothing_back() {
    let (server, pool) = pool(PoolConfig::with_max_size(2));
    let held = pool.acquire().await.unwrap();
    pool.acquire().await.unwrap().release();
    let second = pool.acquire().await.unwrap();
    let waiter = tokio::spawn({
        let pool = pool.clone();
        async move { pool.acquire().await.map(drop) }
    });
    tokio::task::yield_now().await;
    second.release();
    // Served before it closed.
    waiter.await.unwrap().unwrap();

    let waiter = tokio::spawn({
        let (pool, _second) = (pool.clone(), pool.acquire().await.unwrap());
        async move {
            let answer = pool.acquire().await.map(drop);
            drop(_second);
            answer
        }
    });
    tokio::task::yield_now().await;
    pool.close_all().await.unwrap();
    let error = waiter.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connection, false));
    drop(held);
    pool.close_all().await.unwrap();
    assert_eq!((pool.metrics().idle, server.dropped()), (0, 2));
    assert!(pool.acquire().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn closing_goes_on_after_a_failure() {
    let (server, pool) = pool(PoolConfig::with_max_size(2));
    drop([pool.acquire().await.unwrap(), pool.acquire().await.unwrap()]);
    server.0.lock().broken = true;
    assert!(pool.close_all().await.is_err());
    assert_eq!((server.closed(), server.dropped()), (2, 2));
    assert!(format!("{pool:?}").starts_with("ConnectionPool { config: PoolConfig { max_size: 2"));
}

#[test]
fn sizes_never_add_up_to_more_than_there_may_be() {
    let slots = Slots::new(PoolConfig::with_max_size(2)).unwrap();
    let held = [slots.try_slot().unwrap(), slots.try_slot().unwrap()];
    assert!(slots.take_back(Aged::new("back, its slot not yet")).is_empty());
    let metrics = slots.metrics();
    assert_eq!((metrics.size, metrics.idle, metrics.in_use), (2, 1, 1));
    drop(held);
    let slot = slots.try_slot().unwrap();
    assert!(matches!(slots.next(&slot), Next::Lend(_)));
    assert_eq!(slots.metrics().in_use, 1);
    assert!(format!("{slots:?}").starts_with("Slots { config: PoolConfig { max_size: 2"));
}

#[test]
fn a_pool_without_room_is_refused() {
    let error = ConnectionPool::new(Server::default(), PoolConfig::with_max_size(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

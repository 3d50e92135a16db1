//! A proxy between a client and a server that breaks connections as it is told: the same for every
//! store that speaks TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// After so many further bytes from the client, its connection is cut.
    CutRequest(u64),
    /// After so many further bytes from the server, the connection is cut: what was asked for may
    /// have been done.
    CutReply(u64),
    /// After so many further bytes from the server nothing more comes, and nobody says so.
    Silence(u64),
    /// Each piece waits so many milliseconds.
    Delay(u64),
}

/// Bytes that are left before the fault; below zero there is none.
#[derive(Debug)]
struct Plan {
    request: AtomicI64,
    reply: AtomicI64,
    silent: AtomicI64,
    delay: AtomicU64,
    connections: AtomicU64,
}

/// A proxy, until it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    plan: Arc<Plan>,
    accepting: JoinHandle<()>,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl FaultProxy {
    /// A proxy in front of a server on this machine, which lets everything through at first.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(server_port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let none = || AtomicI64::new(-1);
        let plan = Arc::new(Plan {
            request: none(),
            reply: none(),
            silent: none(),
            delay: AtomicU64::new(0),
            connections: AtomicU64::new(0),
        });
        let shared = Arc::clone(&plan);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)).await else { continue };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                tokio::spawn(join(client, server, Arc::clone(&shared)));
            }
        });
        Ok(FaultProxy { address, plan, accepting })
    }

    /// Where clients connect to.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.plan.connections.load(Ordering::Relaxed)
    }

    /// From now on this happens, once.
    pub fn inject(&self, fault: Fault) {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        match fault {
            Fault::CutRequest(after) => self.plan.request.store(bytes(after), Ordering::SeqCst),
            Fault::CutReply(after) => self.plan.reply.store(bytes(after), Ordering::SeqCst),
            Fault::Silence(after) => self.plan.silent.store(bytes(after), Ordering::SeqCst),
            Fault::Delay(milliseconds) => self.plan.delay.store(milliseconds, Ordering::SeqCst),
        }
    }

    /// From now on nothing happens any more. Connections that fell silent stay so.
    pub fn heal(&self) {
        for counter in [&self.plan.request, &self.plan.reply, &self.plan.silent] {
            counter.store(-1, Ordering::SeqCst);
        }
        self.plan.delay.store(0, Ordering::SeqCst);
    }
}

async fn join(client: TcpStream, server: TcpStream, plan: Arc<Plan>) {
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Either direction's end is the end of both.
    tokio::select! {
        () = forward(from_client, to_server, &plan, &plan.request, None) => {}
        () = forward(from_server, to_client, &plan, &plan.reply, Some(&plan.silent)) => {}
    }
}

/// How many of these bytes pass before the fault that this counter holds; none when it never comes.
fn passing(counter: &AtomicI64, bytes: usize) -> Option<usize> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let mut left = counter.load(Ordering::SeqCst);
    loop {
        if left < 0 {
            return None;
        }
        // The fault comes once: from then on the counter says that there is none.
        let next = if left < bytes { -1 } else { left - bytes };
        match counter.compare_exchange(left, next, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) if left < bytes => return usize::try_from(left).ok(),
            Ok(_) => return None,
            Err(now) => left = now,
        }
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    plan: &Plan,
    cut: &AtomicI64,
    silent: Option<&AtomicI64>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else { return };
        let delay = plan.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if let Some(passing) = passing(cut, length) {
            let _ = to.write_all(&buffer[..passing]).await;
            return;
        }
        if let Some(passing) = silent.and_then(|silent| passing(silent, length)) {
            let _ = to.write_all(&buffer[..passing]).await;
            // Open, and dead.
            std::future::pending::<()>().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        port
    }

    async fn ask(proxy: &FaultProxy, text: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", proxy.port())).await?;
        stream.write_all(text).await?;
        let mut answer = vec![0; text.len()];
        let mut got = 0;
        while got < answer.len() {
            match stream.read(&mut answer[got..]).await? {
                0 => break,
                length => got += length,
            }
        }
        answer.truncate(got);
        Ok(answer)
    }

    #[tokio::test]
    async fn what_it_is_told_happens_once() {
        let proxy = FaultProxy::start(echo().await).await.unwrap();
        assert_eq!(ask(&proxy, b"hello").await.unwrap(), b"hello");
        proxy.inject(Fault::CutReply(3));
        assert!(ask(&proxy, b"hello").await.is_ok_and(|answer| answer == b"hel"));
        assert_eq!(ask(&proxy, b"hello").await.unwrap(), b"hello");
        proxy.inject(Fault::CutRequest(0));
        assert!(ask(&proxy, b"hello").await.is_ok_and(|answer| answer.is_empty()) || proxy.connections() == 4);
        proxy.inject(Fault::Silence(1));
        let silent = tokio::time::timeout(Duration::from_millis(100), ask(&proxy, b"hello")).await;
        assert!(silent.is_err());
        proxy.heal();
        assert_eq!(ask(&proxy, b"hello").await.unwrap(), b"hello");
    }
}

//! A PostgreSQL server of the tests' own, on this machine.

use std::fs;
use std::io::{self, Read as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use dataknobs_data_core::config::{Secret, UrlParts};
use dataknobs_data_core::{Error, ErrorKind, Result};
use dataknobs_data_postgres::PostgresConfig;

/// Names a server that runs already: `postgres://user:password@host:port`.
pub const POSTGRES_VARIABLE: &str = "DATAKNOBS_TEST_POSTGRES";

const USER: &str = "postgres";
const PASSWORD: &str = "only for tests";

/// A server.
#[derive(Debug)]
pub struct PostgresServer {
    host: String,
    port: u16,
    user: String,
    password: Secret,
    /// Stops it at the end; none for one that runs elsewhere.
    process: Option<Process>,
}

/// The locale of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// Strings in the order of bytes.
    C,
    /// Strings in the order that readers of American English expect.
    IcuEnglish,
}

#[derive(Debug)]
struct Process {
    child: Child,
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.quit();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn failed(message: &'static str) -> Error {
    Error::new(ErrorKind::Backend, message)
}

/// The server of this process: the one that [`POSTGRES_VARIABLE`] names, else one that is started.
///
/// # Errors
/// Why there is none.
pub fn postgres() -> Result<&'static PostgresServer> {
    static SERVER: OnceLock<Result<PostgresServer, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| PostgresServer::find_or_start().map_err(|error| format!("{error:?}")));
    server.as_ref().map_err(|reason| failed("no PostgreSQL server for tests").with_context("reason", reason))
}

impl PostgresServer {
    /// The server that the environment names, else a new one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find_or_start() -> Result<Self> {
        match std::env::var(POSTGRES_VARIABLE) {
            Ok(url) => Self::at(&url),
            Err(_) => Self::start(),
        }
    }

    fn at(url: &str) -> Result<Self> {
        let parts = UrlParts::parse(url)?;
        Ok(PostgresServer {
            host: parts.host.unwrap_or_else(|| "127.0.0.1".to_owned()),
            port: parts.port.unwrap_or(5432),
            user: parts.user.unwrap_or_else(|| USER.to_owned()),
            password: parts.password.unwrap_or_else(|| Secret::new("")),
            process: None,
        })
    }

    /// Starts a server on a free port, with nothing in it. It keeps nothing through a power failure,
    /// which makes tests quick.
    ///
    /// # Errors
    /// When its programs are not there, or it does not come up.
    pub fn start() -> Result<Self> {
        Self::start_with(&["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"])
    }

    /// Starts a server that syncs each commit, for benchmarks.
    ///
    /// # Errors
    /// As for [`PostgresServer::start`].
    pub fn start_durable() -> Result<Self> {
        Self::start_with(&["shared_buffers=1GB", "max_wal_size=8GB", "max_connections=100"])
    }

    /// Starts a server with these settings (`name=value`).
    ///
    /// # Errors
    /// As for [`PostgresServer::start`].
    pub fn start_with(settings: &[&str]) -> Result<Self> {
        let programs = programs()?;
        let base = std::env::temp_dir().join("dataknobs-data-tests");
        fs::create_dir_all(&base)?;
        open_to_all(&base)?;
        sweep(&base);
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = base.join(format!("postgres-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let (data, password) = (folder.join("data"), folder.join("password"));
        fs::write(&password, PASSWORD)?;
        give_away(&folder)?;
        give_away(&password)?;

        let mut initdb = as_user(&programs.join("initdb"));
        initdb.args(["--encoding=UTF8", "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.args(["--no-sync", "--username", USER]).arg("--pwfile").arg(&password).arg("--pgdata").arg(&data);
        let made = initdb.stdin(Stdio::null()).output()?;
        if !made.status.success() {
            return Err(failed("initdb failed").with_context("stderr", String::from_utf8_lossy(&made.stderr)));
        }

        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let child = spawn(&programs, &folder, port, &settings)?;
        let mut process = Process { child, folder, programs, port, settings };
        process.wait_until_ready()?;
        Ok(PostgresServer {
            host: "127.0.0.1".to_owned(),
            port,
            user: USER.to_owned(),
            password: Secret::new(PASSWORD),
            process: Some(process),
        })
    }

    /// The port on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn own_process(&mut self) -> Result<&mut Process> {
        self.process.as_mut().ok_or_else(|| failed("the server is not one of this process"))
    }

    /// Writes a file into the server's folder, as one that only the server may read.
    ///
    /// # Errors
    /// When it cannot be written, or the server is not one of this process.
    pub fn put_file(&mut self, name: &str, content: &str) -> Result<()> {
        let path = self.own_process()?.folder.join("data").join(name);
        fs::write(&path, content)?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        Ok(give_away(&path)?)
    }

    /// Ends the server in the middle of whatever it does.
    ///
    /// # Errors
    /// When it is not one of this process.
    pub fn crash(&mut self) -> Result<()> {
        self.own_process()?.quit();
        Ok(())
    }

    /// Starts a server that crashed again, on the same port and with what it kept.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn recover(&mut self) -> Result<()> {
        let process = self.own_process()?;
        process.child = spawn(&process.programs, &process.folder, process.port, &process.settings)?;
        process.wait_until_ready()
    }

    /// `postgres://user:password@host:port`.
    pub fn url(&self) -> String {
        let password = self.password.expose().replace(' ', "%20");
        format!("postgres://{}:{password}@{}:{}", self.user, self.host, self.port)
    }

    /// The settings for a table in one of its databases.
    pub fn config(&self, database: &str, table: &str) -> PostgresConfig {
        let mut config = PostgresConfig::new(&self.host, database, table);
        config.port = self.port;
        config.user = Some(self.user.clone());
        config.password = Some(self.password.clone());
        config
    }

    /// A client of its own, for what the store does not do.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn client(&self, database: &str) -> Result<tokio_postgres::Client> {
        let mut config = tokio_postgres::Config::new();
        config.host(&self.host).port(self.port).user(&self.user).password(self.password.expose()).dbname(database);
        let refused = |error: tokio_postgres::Error| failed("the test server refused a client").with_source(error);
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(refused)?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// A new database, under a name that nobody else has.
    ///
    /// # Errors
    /// When the server does not make it.
    pub async fn create_database(&self, locale: Locale) -> Result<String> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let locale = match locale {
            Locale::C => "LOCALE 'C'",
            Locale::IcuEnglish => "LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'",
        };
        let text = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}");
        let refused = |error| failed("the test server made no database").with_source(error);
        self.client("postgres").await?.batch_execute(&text).await.map_err(refused)?;
        Ok(name)
    }
}

fn spawn(programs: &Path, folder: &Path, port: u16, settings: &Vec<String>) -> Result<Child> {
    let mut server = as_user(&programs.join("postgres"));
    server.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
    server.args(["-h", "127.0.0.1", "-p", &port.to_string()]);
    for setting in settings {
        server.args(["-c", setting]);
    }
    let log = fs::File::create(folder.join("log"))?;
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    on_lasting_thread(move || Ok(server.spawn()?))
}

/// Runs something on a thread that lives as long as this process: a server ends with the thread
/// that started it.
fn on_lasting_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    type Work = Box<dyn FnOnce() + Send>;
    static THREAD: OnceLock<Sender<Work>> = OnceLock::new();
    let thread = THREAD.get_or_init(|| {
        let (send, receive) = channel::<Work>();
        std::thread::spawn(move || receive.iter().for_each(|work| work()));
        send
    });
    let (answer, answered) = channel();
    let sent = thread.send(Box::new(move || {
        let _ = answer.send(work());
    }));
    let answer = sent.ok().and_then(|()| answered.recv().ok());
    answer.unwrap_or_else(|| Err(failed("the thread that starts servers is gone")))
}

impl Process {
    /// Quits at once, as in a crash.
    fn quit(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let began = Instant::now();
        loop {
            let mut ready = Command::new(self.programs.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || began.elapsed() > Duration::from_secs(60) {
                let mut log = String::new();
                fs::File::open(self.folder.join("log"))?.read_to_string(&mut log)?;
                return Err(failed("the test server did not come up").with_context("log", log.trim()));
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

/// The folder with the server's programs: the one that `PATH` names last, or where Debian puts them.
fn programs() -> Result<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let complete =
        |folder: &PathBuf| ["postgres", "initdb", "pg_isready"].iter().all(|program| folder.join(program).is_file());
    folders.into_iter().find(complete).ok_or_else(|| {
        failed("PostgreSQL is not installed")
            .with_hint("install the Debian package `postgresql`, or name a server in DATAKNOBS_TEST_POSTGRES")
    })
}

/// The server refuses to run as root.
fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

const NOBODY: u32 = 65_534;

/// A program as a user whom the server accepts, ended with this process.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if is_root() {
        command.args(["--reuid", &NOBODY.to_string(), "--regid", &NOBODY.to_string(), "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command.current_dir("/");
    command
}

fn give_away(path: &Path) -> io::Result<()> {
    if is_root() { std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)) } else { Ok(()) }
}

fn open_to_all(folder: &Path) -> io::Result<()> {
    let mut permissions = fs::metadata(folder)?.permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(folder, permissions)
}

/// Removes what processes that were killed left behind.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("postgres-")?.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

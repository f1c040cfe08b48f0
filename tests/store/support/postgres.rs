//! A PostgreSQL server of the test's own: on a Unix socket in its folder, ended with it.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::Bench;
use super::programs::postgres_folder;

/// How long a server may take to start, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Postgres {
    child: Child,
    folder: Arc<TempDir>,
    databases: AtomicU32,
}

impl Postgres {
    /// Makes a cluster and starts it. What it keeps need not outlast the machine, so it does not wait for the disk.
    pub(crate) fn start() -> Self {
        let programs = postgres_folder().expect("PostgreSQL is here");
        let folder = tempfile::Builder::new().prefix("gostream-pg-").tempdir().expect("a folder can be made");
        let path = folder.path();
        let user = user_that_is_not_root();
        if let Some((uid, gid)) = user {
            chown(path, Some(uid), Some(gid)).expect("root can give a folder away");
        }
        let mut initdb = as_user(&programs.join("initdb"), path, user);
        initdb.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
        let made = initdb.arg("--locale=C.UTF-8").output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let child = serve(&programs, path);
        let mut server = Self { child, folder: Arc::new(folder), databases: AtomicU32::new(0) };
        server.until_it_answers(&programs.join("pg_isready"));
        server
    }

    /// Ends it, and what it was doing.
    pub(crate) fn stop(&mut self) {
        // SIGINT is its fast shutdown; it ends its own children with it. The shell's `kill` is everywhere.
        let script = format!("kill -INT {}", self.child.id());
        Command::new("sh").args(["-c", &script]).status().ok();
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Starts one that was stopped, over the same cluster.
    #[allow(dead_code, reason = "not every test that includes this takes a server away")]
    pub(crate) fn start_again(&mut self) {
        let programs = postgres_folder().expect("PostgreSQL is here");
        self.child = serve(&programs, self.folder.path());
        self.until_it_answers(&programs.join("pg_isready"));
    }

    /// An empty database.
    pub(crate) async fn bench(&self) -> Bench {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&self.url("postgres")).await.expect("the server answers");
        let create = format!("CREATE DATABASE {name} TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut admin).await.expect("a database can be made");
        Bench { url: self.url(&name), folder: Arc::clone(&self.folder) }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.folder.path().display())
    }

    fn until_it_answers(&mut self, pg_isready: &Path) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut asked = Command::new(pg_isready);
            asked.arg("--quiet").arg("--host").arg(self.folder.path());
            if asked.status().expect("pg_isready runs").success() {
                return;
            }
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "postgres ended: {ended:?}");
            assert!(Instant::now() < deadline, "postgres does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop();
        }
    }
}

/// Starts the server of the cluster in this folder.
fn serve(programs: &Path, folder: &Path) -> Child {
    let mut postgres = as_user(&programs.join("postgres"), folder, user_that_is_not_root());
    postgres.args(["-D", "data", "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=200"]);
    postgres.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
    postgres.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("postgres starts")
}

fn as_user(program: &Path, folder: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null()).env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// PostgreSQL refuses to be root: then its own user, or whoever is nobody.
fn user_that_is_not_root() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let asked = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(asked.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}

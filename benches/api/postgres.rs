//! A PostgreSQL of the bench's own, in a folder that goes with it.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// How long it may take until it answers.
const START_MAX: Duration = Duration::from_secs(60);
/// Debian's and its kin's user for it, since it does not run as root.
const USER: &str = "postgres:";

/// A running server; it ends when this is dropped.
pub(crate) struct Postgres {
    child: Child,
    folder: TempDir,
}

/// Where its programs are.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rfind(|folder| folder.join("postgres").is_file())
}

impl Postgres {
    /// Makes a cluster and starts it, with the defaults of its version; what it writes reaches the disk.
    pub(crate) fn start(programs: &Path) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("gostream-bench-").tempdir()?;
        let user = user_that_is_not_root();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid))?;
        }
        let command = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };
        let mut initdb = command("initdb");
        initdb.args(["--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8"]);
        ensure!(initdb.arg("--locale=C.UTF-8").status()?.success(), "initdb failed");
        let sockets = format!("unix_socket_directories={}", folder.path().display());
        let child =
            command("postgres").args(["-D", "data", "-c", "listen_addresses=", "-c", &sockets]).spawn()?;
        let server = Self { child, folder };
        let begun = Instant::now();
        loop {
            let mut asked = Command::new(programs.join("pg_isready"));
            if asked.arg("--quiet").arg("--host").arg(server.folder.path()).status()?.success() {
                return Ok(server);
            }
            ensure!(begun.elapsed() < START_MAX, "postgres does not answer");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// An empty database in it.
    pub(crate) fn database(&self, programs: &Path, name: &str) -> Result<String> {
        let mut createdb = Command::new(programs.join("createdb"));
        createdb.arg("--host").arg(self.folder.path()).args(["--username=postgres", name]);
        ensure!(createdb.status()?.success(), "createdb failed");
        Ok(format!("postgres://postgres@localhost/{name}?host={}", self.folder.path().display()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // It stops at once for SIGQUIT; what it leaves goes with the folder.
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-QUIT", &pid]).status().ok();
        self.child.wait().ok();
    }
}

fn user_that_is_not_root() -> Option<(u32, u32)> {
    let is_root = std::fs::metadata("/proc/self").ok().is_some_and(|this| {
        use std::os::unix::fs::MetadataExt as _;
        this.uid() == 0
    });
    let users = std::fs::read_to_string("/etc/passwd").context("users").ok()?;
    let line = users.lines().find(|line| line.starts_with(USER)).filter(|_| is_root)?;
    let mut ids = line.split(':').skip(2).map(str::parse::<u32>);
    Some((ids.next()?.ok()?, ids.next()?.ok()?))
}

//! Which outside programs are here. A test whose peer is absent says so loudly; with `GOSTREAM_TEST_REQUIRE_ALL` set
//! (as `make test` does) it fails instead, so that nothing is skipped where everything should run.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Something a test starts, and how to see that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Ffmpeg,
    /// FFmpeg 9, which speaks Enhanced RTMP; [`ffmpeg9`] says where it is.
    Ffmpeg9,
    Nginx,
    /// A GStreamer element, and gst-launch with it.
    Gst(&'static str),
    Rtmpdump,
    Curl,
    Bash,
    Postgres,
    /// Chromium, Node.js, the browser's driver and the built pages.
    Browser,
}

pub(crate) const NGINX_RTMP_MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

impl Program {
    /// Every program the tests know, for the test that lists what is absent.
    pub(crate) const ALL: &[Self] = &[
        Self::Ffmpeg,
        Self::Ffmpeg9,
        Self::Nginx,
        Self::Gst("flvmux"),
        Self::Gst("rtmpsink"),
        Self::Gst("rtmp2sink"),
        Self::Gst("rtmp2src"),
        Self::Gst("hlsdemux"),
        Self::Gst("souphttpsrc"),
        Self::Gst("mpegtsmux"),
        Self::Gst("qtdemux"),
        Self::Rtmpdump,
        Self::Curl,
        Self::Bash,
        Self::Postgres,
        Self::Browser,
    ];

    pub(crate) fn is_here(self) -> bool {
        match self {
            Self::Ffmpeg => runs("ffmpeg", &["-version"]) && runs("ffprobe", &["-version"]),
            Self::Ffmpeg9 => runs(&ffmpeg9().to_string_lossy(), &["-version"]),
            Self::Nginx => nginx_binary().is_some() && Path::new(NGINX_RTMP_MODULE).exists(),
            Self::Gst(element) => runs("gst-inspect-1.0", &[element]),
            Self::Rtmpdump => runs("rtmpdump", &["--help"]),
            Self::Curl => runs("curl", &["--version"]),
            Self::Bash => runs("bash", &["--version"]),
            Self::Postgres => postgres_folder().is_some(),
            Self::Browser => {
                let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
                runs("node", &["--version"])
                    && Path::new(&chromium()).exists()
                    && web.join("node_modules/playwright-core").exists()
                    && web.join("dist/index.html").exists()
            }
        }
    }
}

/// Where nginx lives; Debian keeps it outside a user's PATH.
pub(crate) fn nginx_binary() -> Option<&'static str> {
    ["nginx", "/usr/sbin/nginx"].into_iter().find(|binary| runs(binary, &["-v"]))
}

/// FFmpeg 9 as `make deps` unpacks it; another one by `GOSTREAM_TEST_FFMPEG9`.
pub(crate) fn ffmpeg9() -> PathBuf {
    let unpacked = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/ffmpeg9");
    std::env::var_os("GOSTREAM_TEST_FFMPEG9").map_or_else(unpacked, PathBuf::from)
}

/// Where PostgreSQL's programs live: Debian keeps each version's in a folder of its own, outside PATH.
pub(crate) fn postgres_folder() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders
        .into_iter()
        .rev()
        .find(|folder| folder.join("initdb").exists() && folder.join("postgres").exists())
}

/// The browser's binary; another one by `CHROMIUM_PATH`.
pub(crate) fn chromium() -> String {
    std::env::var("CHROMIUM_PATH").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}

fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Whether all of them are here; use it by [`needs!`](crate::needs).
///
/// # Panics
/// When one is absent and `GOSTREAM_TEST_REQUIRE_ALL` is set.
pub(crate) fn all_here(programs: &[Program]) -> bool {
    let absent: Vec<_> = programs.iter().filter(|program| !program.is_here()).collect();
    if absent.is_empty() {
        return true;
    }
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let required = std::env::var_os("GOSTREAM_TEST_REQUIRE_ALL").is_some();
    assert!(
        !required,
        "{test} needs {absent:?}, and GOSTREAM_TEST_REQUIRE_ALL is set; `make deps web` brings them"
    );
    // Past the harness's capture, so that a passing run shows it too.
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "SKIPPED {test}: {absent:?} not here (`make deps web` brings them)").ok();
    false
}

/// Ends the test, loudly, where a program it needs is absent.
#[macro_export]
macro_rules! needs {
    ($($program:expr),+ $(,)?) => {
        if !$crate::support::programs::all_here(&[$($program),+]) {
            return;
        }
    };
}

//! `gostream doctor`: is this machine, with this configuration, fit for a show? It reads, and changes nothing.
//!
//! Each check says one thing as ok, warn or fail, and what to do where it is not ok. The same checks answer the API.

mod database;
mod destinations;
mod machine;
mod network;

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use serde::Serialize;

use super::config::Config;
use crate::store::ProjectId;

/// The exit code where something is only not quite right.
const EXIT_WARN: u8 = 1;
/// The exit code where something is wrong.
const EXIT_FAIL: u8 = 2;

/// How a check ended, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// It works, and may not for long.
    Warn,
    /// It does not work.
    Fail,
}

impl State {
    /// A short label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name for programs.
    pub id: &'static str,
    /// Its name for people.
    pub title: String,
    /// How it ended.
    pub state: State,
    /// What was found, without secrets.
    pub detail: String,
    /// What to do where it is not ok.
    pub what_to_do: Option<String>,
}

impl Check {
    fn ok(id: &'static str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { id, title: title.into(), state: State::Ok, detail: detail.into(), what_to_do: None }
    }

    fn not_ok(
        state: State,
        (id, title): (&'static str, impl Into<String>),
        detail: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        let what_to_do = Some(what_to_do.into());
        Self { id, title: title.into(), state, detail: detail.into(), what_to_do }
    }

    fn warn(
        name: (&'static str, impl Into<String>),
        detail: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self::not_ok(State::Warn, name, detail, what_to_do)
    }

    fn fail(
        name: (&'static str, impl Into<String>),
        detail: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self::not_ok(State::Fail, name, detail, what_to_do)
    }
}

/// Looks at everything; of destinations and shows at those of one project, where it is named.
pub async fn examine(config: &Config, project: Option<ProjectId>) -> Vec<Check> {
    let mut checks = vec![Check::ok("version", "Version", concat!("gostream ", env!("CARGO_PKG_VERSION")))];
    checks.extend(machine::all(config));
    checks.extend(machine::conntrack());
    checks.extend(network::listeners(config).await);
    checks.extend(network::certificate(config));
    let (of_database, found) = database::all(config, project).await;
    checks.extend(of_database);
    let (of_address, of_destinations, of_playlists) = tokio::join!(
        network::public_url(config),
        destinations::all(config, found.destinations, destinations::WITHIN),
        network::playlists(config, &found.on_air),
    );
    checks.push(of_address);
    checks.extend(of_playlists);
    checks.extend(of_destinations);
    checks
}

/// Runs `gostream doctor`: prints what was found. The exit code is 0, 1 where something may go wrong, 2 where it does.
///
/// # Errors
/// The runtime cannot start.
pub fn run(config: &Config, json: bool, project: Option<ProjectId>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let checks = runtime.block_on(examine(config, project));
    let text = if json { serde_json::to_string_pretty(&checks)? + "\n" } else { text(&checks) };
    std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes())?;
    let worst = checks.iter().map(|check| check.state).max().unwrap_or(State::Ok);
    Ok(match worst {
        State::Ok => ExitCode::SUCCESS,
        State::Warn => EXIT_WARN.into(),
        State::Fail => EXIT_FAIL.into(),
    })
}

fn text(checks: &[Check]) -> String {
    let mut text = format!("gostream {}\n\n", env!("CARGO_PKG_VERSION"));
    for check in checks {
        // A String takes everything.
        let _written = writeln!(text, "{:<4}  {}: {}", check.state, check.title, check.detail);
        if let Some(what_to_do) = &check.what_to_do {
            let _written = writeln!(text, "      -> {what_to_do}");
        }
    }
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let (warned, failed) = (count(State::Warn), count(State::Fail));
    let _written = writeln!(text, "\n{} checks, {warned} to look at, {failed} wrong", checks.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_followed_by_what_to_do() {
        let checks =
            [Check::ok("a", "One", "fine"), Check::fail(("b", "Two"), "nothing listens there", "start it")];
        let printed = text(&checks);
        assert!(printed.contains("ok    One: fine\n"), "{printed}");
        assert!(printed.contains("FAIL  Two: nothing listens there\n      -> start it\n"), "{printed}");
        assert!(printed.ends_with("2 checks, 0 to look at, 1 wrong\n"), "{printed}");
        assert!(State::Fail > State::Warn && State::Warn > State::Ok);
    }
}

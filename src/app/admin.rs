//! `gostream admin`: one-time links for whoever has a shell on the server.

use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::assembly;
use super::config::{Config, Listen};
use super::playback_url::authority;
use crate::account::{self, Link};
use crate::store::{Store, UnixMillis};

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub enum AdminCommand {
    /// Print a link that makes the first administrator; it works once, for 30 minutes
    SetupLink {
        /// The host that this server is known by [default: its own address]
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
    },
    /// Print a link that sets the password of an account; it works once, for 30 minutes
    ResetLink {
        /// The account
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// The host that this server is known by [default: its own address]
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
    },
}

/// Makes the link in the database that is configured, and prints it. A server may be running on it, or not.
///
/// # Errors
/// The database cannot be reached or has not this program's schema; there is nothing to make a link for.
pub fn run(config: &Config, command: &AdminCommand) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (link, host) = runtime.block_on(async {
        let store = Store::open(assembly::store_config(config)).await.context("database.url")?;
        let made = make(&store, command, SystemTime::now().into()).await;
        store.close().await;
        made
    })?;
    let mut out = std::io::stdout().lock();
    use std::io::Write as _;
    writeln!(out, "{}", url(config, host, &link))?;
    if let Some(end) = until(link.expires_at) {
        writeln!(out, "# works once, until {end}")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn make<'a>(
    store: &Store,
    command: &'a AdminCommand,
    now: UnixMillis,
) -> anyhow::Result<(Link, Option<&'a str>)> {
    if !store.schema().await.context("the database")?.is_current() {
        bail!(
            "the database has another schema than this program: start the server, or run `gostream migrate`"
        );
    }
    match command {
        AdminCommand::SetupLink { host } => Ok((account::setup_link(store, now).await?, host.as_deref())),
        AdminCommand::ResetLink { email, host } => {
            let link = account::reset_link(store, email, now).await.with_context(|| format!("{email:?}"))?;
            Ok((link, host.as_deref()))
        }
    }
}

/// Where the link leads: to HTTPS where that is on.
fn url(config: &Config, host: Option<&str>, link: &Link) -> String {
    let (scheme, listen) = match config.https.listen {
        Listen::Off => ("http", config.http.listen),
        listen => ("https", listen),
    };
    let authority = authority(listen, host).unwrap_or_default();
    format!("{scheme}://{authority}{}", link.path())
}

fn until(at: UnixMillis) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(at.0 / 1000).ok()?.format(&Rfc3339).ok()
}

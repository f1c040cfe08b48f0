//! The command line: what can be typed, and the commands that need no server.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand};

use super::admin::AdminCommand;
use super::config::{self, Errors, Flag, Loaded, Sources};
use super::playback_url::{self, Wanted};
use crate::store::ProjectId;
use crate::stream::{InvalidPlaybackId, PlaybackId};

/// Exit code of everything that is wrong before the server runs: arguments (clap's own) and configuration.
pub const EXIT_CONFIG: u8 = 2;

/// Where `config init --write` writes.
const CONFIG_FILE: &str = "config.toml";

/// Native live relay engine: RTMP in, many RTMP destinations and HLS out.
#[derive(Debug, Parser)]
#[command(name = "gostream", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do; without one, `serve`.
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    flags: Flags,
}

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run the server (also with no command)
    Serve,
    /// Run the server with a test picture and a practice destination
    Demo,
    /// Look whether this machine is fit for a show, and change nothing
    Doctor {
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Look at the destinations and the show of this project alone
        #[arg(long, value_name = "ID")]
        project: Option<ProjectId>,
    },
    /// Bring the database's schema up to date, and end
    Migrate,
    /// Make one-time links into accounts
    Admin {
        /// Which of them.
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Print addresses that play a stream for a while, signed with playback.secret
    PlaybackUrl {
        /// The stream, as in its address
        #[arg(value_name = "PLAYBACK_ID", value_parser = playback_id)]
        id: PlaybackId,
        /// For how long, for example 90m, 4h or 7d
        #[arg(long, value_name = "TIME", value_parser = config::duration)]
        valid_for: Duration,
        /// The host that viewers know this server by [default: its own address]
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
    },
    /// Write, check or show the configuration
    Config {
        /// Which of the three.
        #[command(subcommand)]
        command: ConfigCommand,
    },
}

/// What can be done with the configuration.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print a commented file with every default
    Init {
        /// Write it to config.toml instead; an existing file is never replaced
        #[arg(long)]
        write: bool,
    },
    /// Say everything that is wrong, or ok; exit 2 if something is
    Check,
    /// Print what is in force, secrets masked
    Show {
        /// Say where each value came from
        #[arg(long)]
        origin: bool,
    },
}

/// Flags that every command takes. They beat variables and the file.
#[derive(Debug, Clone, Args)]
pub struct Flags {
    /// The configuration file [default: ./config.toml, then /etc/gostream/config.toml, then none]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A level, or a filter such as info,gostream::rtmp=debug
    #[arg(long, global = true, value_name = "FILTER")]
    log_level: Option<String>,
    /// text or json
    #[arg(long, global = true, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Where HTTP is served, for example :8080
    #[arg(long, global = true, value_name = "ADDR")]
    http_listen: Option<String>,
    /// Where RTMP is taken, for example :1935
    #[arg(long, global = true, value_name = "ADDR")]
    rtmp_listen: Option<String>,
    /// Where /metrics is served, for example 127.0.0.1:9090
    #[arg(long, global = true, value_name = "ADDR")]
    metrics_listen: Option<String>,
    /// Where what must last is kept
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
}

impl Flags {
    /// Reads all sources, these flags over the others.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn load(&self) -> Result<Loaded, Errors> {
        let set = [
            ("log.level", "--log-level", &self.log_level),
            ("log.format", "--log-format", &self.log_format),
            ("http.listen", "--http-listen", &self.http_listen),
            ("rtmp.listen", "--rtmp-listen", &self.rtmp_listen),
            ("metrics.listen", "--metrics-listen", &self.metrics_listen),
            ("data_dir", "--data-dir", &self.data_dir),
        ];
        let flag =
            |(key, name, value): (_, _, &Option<String>)| Some(Flag { key, name, value: value.clone()? });
        let flags = set.into_iter().filter_map(flag).collect();
        config::load(&Sources::of_process(self.config.as_deref(), flags)?)
    }
}

/// What remains to be done once the command line and the configuration are read.
#[derive(Debug)]
pub enum Task {
    /// Run the server. The flags are read again with the file.
    Serve(Box<Loaded>, Flags),
    /// Run the server with a picture of its own.
    Demo(Box<Loaded>),
    /// Bring the database's schema up to date.
    Migrate(Box<Loaded>),
    /// Make a link into an account.
    Admin(Box<Loaded>, AdminCommand),
    /// Look at the machine; whether to print JSON, and at which project alone.
    Doctor(Box<Loaded>, bool, Option<ProjectId>),
    /// Nothing: the answer is given.
    Done(ExitCode),
}

/// Reads the arguments and the configuration; prints what is wrong with them, and does what needs no server.
pub fn start(arguments: impl IntoIterator<Item = OsString>) -> Task {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // `--help` and `--version` come this way too, to stdout and with code 0.
        Err(told) => {
            let code = u8::try_from(told.exit_code()).unwrap_or(EXIT_CONFIG);
            return match told.print() {
                Ok(()) => Task::Done(code.into()),
                Err(_) => Task::Done(ExitCode::FAILURE),
            };
        }
    };
    let load = |task: fn(Box<Loaded>) -> Task| match cli.flags.load() {
        Ok(loaded) => task(Box::new(loaded)),
        Err(errors) => refuse(&errors),
    };
    match &cli.command {
        None | Some(Command::Serve) => match cli.flags.load() {
            Ok(loaded) => Task::Serve(Box::new(loaded), cli.flags),
            Err(errors) => refuse(&errors),
        },
        Some(Command::Migrate) => load(Task::Migrate),
        Some(Command::Admin { command }) => match cli.flags.load() {
            Ok(loaded) => Task::Admin(Box::new(loaded), command.clone()),
            Err(errors) => refuse(&errors),
        },
        Some(Command::Doctor { json, project }) => match cli.flags.load() {
            Ok(loaded) => Task::Doctor(Box::new(loaded), *json, *project),
            Err(errors) => refuse(&errors),
        },
        Some(Command::Demo) => load(Task::Demo),
        Some(Command::PlaybackUrl { id, valid_for, host }) => {
            let wanted = Wanted { id, valid_for: *valid_for, host: host.as_deref() };
            match cli.flags.load() {
                Ok(loaded) => match playback_url::text(&loaded.config, &wanted, SystemTime::now()) {
                    Ok(text) => answer(&text),
                    Err(why) => refuse(&why),
                },
                Err(errors) => refuse(&errors),
            }
        }
        Some(Command::Config { command: ConfigCommand::Init { write: false } }) => answer(config::TEMPLATE),
        Some(Command::Config { command: ConfigCommand::Init { write: true } }) => {
            write(Path::new(CONFIG_FILE))
        }
        Some(Command::Config { command: ConfigCommand::Check }) => match cli.flags.load() {
            Ok(_) => answer("ok\n"),
            Err(errors) => refuse(&errors),
        },
        Some(Command::Config { command: ConfigCommand::Show { origin } }) => match cli.flags.load() {
            Ok(Loaded { config, origins }) => answer(&config::show(&config, origin.then_some(&origins))),
            Err(errors) => refuse(&errors),
        },
    }
}

fn playback_id(text: &str) -> Result<PlaybackId, InvalidPlaybackId> {
    PlaybackId::parse(text)
}

/// To stdout; a reader that has gone away is no error worth a word.
fn answer(text: &str) -> Task {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Task::Done(ExitCode::SUCCESS),
        Err(_) => Task::Done(ExitCode::FAILURE),
    }
}

fn refuse(why: &dyn std::fmt::Display) -> Task {
    eprintln!("{why}");
    Task::Done(EXIT_CONFIG.into())
}

fn write(path: &Path) -> Task {
    let made = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    match made.and_then(|mut file| file.write_all(config::TEMPLATE.as_bytes())) {
        Ok(()) => answer(&format!("{} is written\n", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            refuse(&format!("error: there is a {} already; it is not replaced", path.display()))
        }
        Err(error) => refuse(&format!("error: cannot write {}: {error}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        let cli =
            Cli::try_parse_from(["gostream", "serve", "--config", "x.toml"]).expect("after the command");
        assert_eq!(cli.flags.config.as_deref(), Some(Path::new("x.toml")));
        let cli = Cli::try_parse_from(["gostream", "--http-listen", ":0"]).expect("without a command");
        assert!(cli.command.is_none());
        assert_eq!(cli.flags.http_listen.as_deref(), Some(":0"));
    }
}

//! The program: its life, from the arguments to the exit code.

use std::process::ExitCode;

use gostream::app::{App, config};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    let path = std::env::args().skip_while(|a| a != "--config").nth(1).map(std::path::PathBuf::from);
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::DEBUG).json().flatten_event(true).init();
    let sources = config::Sources::of_process(path.as_deref(), Vec::new()).map_err(|e| anyhow::anyhow!("{e}"))?;
    let loaded = config::load(&sources).map_err(|e| anyhow::anyhow!("{e}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move { App::start(&loaded.config)?.run().await })
}

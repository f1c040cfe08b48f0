//! The program: its life, from the arguments to the exit code.

use std::process::ExitCode;

use gostream::app::cli::{self, Task};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<ExitCode> {
    match cli::start(std::env::args_os()) {
        Task::Done(code) => Ok(code),
        Task::Serve(loaded, flags) => {
            gostream::app::serve(loaded.config, Box::new(move || Ok(flags.load()?.config)))
        }
        Task::Admin(loaded, command) => gostream::app::admin::run(&loaded.config, &command),
        Task::Doctor(loaded, json, project) => gostream::app::doctor::run(&loaded.config, json, project),
        Task::Migrate(loaded) => gostream::app::migrate(&loaded.config),
        Task::Demo(loaded) => gostream::app::demo(loaded.config),
    }
}

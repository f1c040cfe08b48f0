//! The program: its life, from the arguments to the exit code.

use std::process::ExitCode;

use gostream::app::cli::{self, Task};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::start(std::env::args_os()) {
        Task::Done(code) => code,
        Task::Serve(loaded) => gostream::app::interim::run(loaded.config),
        Task::Demo(_) => {
            eprintln!("error: the demo is not part of this build");
            ExitCode::FAILURE
        }
    }
}

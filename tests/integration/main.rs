//! The engine as a stranger meets it: its binary, with real encoders, destinations and viewers around it.
//!
//! One binary, a module a phenomenon. Every test starts its own engine on free ports with its own peers, and can run
//! beside every other. `GOSTREAM_TEST_KEEP=1` keeps the folders of all processes; a failing test keeps them anyway
//! and prints the ends of their logs.

mod support;

mod authentication;
mod beside;
mod browser;
mod capability;
mod changed_source;
mod clock;
mod crash;
mod dashboard;
mod endurance;
mod every_codec;
mod every_page;
mod fixtures;
mod hls;
mod hls_ts;
mod hold;
mod https;
mod light;
mod low_latency;
mod means;
mod multitrack;
mod path;
mod play;
mod publish;
mod pulled;
mod push;
mod recorded;
mod returning;
mod rtmps;
mod shutdown;
mod soundless;
mod strangers;
mod surface;
mod tokens;
mod walk;

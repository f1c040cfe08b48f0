#![doc = include_str!("ARCHITECTURE.md")]

// Modules in the order a reader meets them: the packet's journey, from the floor up.
// Floor 1: other people's formats, pure.
pub mod format;
// Floor 1 too: what must last, SQL only; and secrets at rest, bytes only.
pub mod store;
pub mod vault;
// Floor 2: protocol and media, still pure: bytes and `now` in, events and bytes out.
pub mod media;
pub mod rtmp;
// Floor 3: sockets.
pub mod net;
// Floor 4: where streams meet their readers. Tasks begin here.
pub mod stream;
// Floor 5: rooms side by side; none imports another.
pub mod account;
pub mod auth;
pub mod hls;
pub mod push;
pub mod session;
// Floor 6: projects in the engine, at run time.
pub mod stage;
// Floor 7: what happened, and how it goes.
pub mod journal;
// Floor 8: what is wanted, and who keeps it so; others who are told.
pub mod control;
pub mod webhook;
// Floor 9: the face.
pub mod api;
// Floor 10: the assembly.
pub mod app;

#[cfg(any(fuzzing, test))]
pub mod fuzzing;

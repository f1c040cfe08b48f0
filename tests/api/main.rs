//! The API as its clients meet it: over HTTP, with a real database behind it.

#![allow(clippy::unwrap_used, reason = "cases are test code, which clippy sees only where #[test] stands")]

mod conditions;
mod conventions;
mod documented;
mod door;
mod elsewhere;
#[allow(dead_code, reason = "the tests of accounts need more of it")]
#[path = "../account/issuer.rs"]
mod issuer;
mod listening;
mod on_air;
mod people;
mod repeated;
mod shows;
mod support;
mod wishes;

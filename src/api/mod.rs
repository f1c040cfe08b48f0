//! The face: everything that answers over HTTP.
//!
//! This room assembles and serves routers, and says what is wrong in one form ([`problem`]). It leaves to `app` which
//! listener serves what, and to each route's own file what it answers.

pub mod catalogue;
pub mod health;
pub mod hls;
pub mod machine;
pub mod metrics;
pub mod page;
pub mod problem;
pub mod serve;
pub mod v1;

use axum::Router;

pub use health::{Health, Phase, Step};
pub use problem::Problem;

/// The router of the HTTP listener: health, `others` (media, the page), and an answer for whatever is not there.
///
/// `others` brings no fallback of its own.
pub fn router(health: Health, others: Router) -> Router {
    let router = health::router(health).merge(others);
    // The second covers the routes that are there by now, so it comes last.
    router.fallback(page::nowhere).method_not_allowed_fallback(problem::method_not_allowed)
}

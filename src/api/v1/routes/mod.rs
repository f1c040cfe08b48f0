//! The resources, one file each. All routes stand in [`all`].

#![allow(unused_qualifications, reason = "it is what utoipa makes of `params(…)`")]

mod connections;
mod destinations;
mod elsewhere;
mod events;
mod health;
mod live;
mod me;
mod outputs;
mod people;
mod platforms;
mod playback;
mod projects;
mod rehearsal;
mod report;
mod session;
mod setup;
mod sight;
mod stream_keys;
mod streams;
mod system;
mod tokens;
mod trials;
mod users;
mod webhooks;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Services, docs};

pub use playback::Site;
pub use rehearsal::{NoRehearsal, Rehearsal, practice_wish};
pub use system::{About, Doctor, Examined};

/// Every route, with its part of the document.
pub(super) fn all() -> OpenApiRouter<Services> {
    OpenApiRouter::with_openapi(docs::frame())
        .merge(people())
        .routes(routes!(projects::projects, projects::create_project))
        .routes(routes!(projects::project, projects::change_project, projects::delete_project))
        .routes(routes!(projects::start_project))
        .routes(routes!(projects::stop_project))
        .routes(routes!(stream_keys::stream_keys, stream_keys::create_stream_key))
        .routes(routes!(
            stream_keys::stream_key,
            stream_keys::change_stream_key,
            stream_keys::delete_stream_key
        ))
        .routes(routes!(stream_keys::rotate_stream_key))
        .routes(routes!(stream_keys::reveal_stream_key))
        .routes(routes!(destinations::destinations, destinations::create_destination))
        .routes(routes!(destinations::order_destinations))
        .routes(routes!(
            destinations::destination,
            destinations::change_destination,
            destinations::delete_destination
        ))
        .routes(routes!(destinations::start_destination))
        .routes(routes!(destinations::stop_destination))
        .routes(routes!(destinations::retry_destination))
        .routes(routes!(trials::test_destination, trials::destination_test))
        .routes(routes!(trials::destination_stats))
        .routes(routes!(rehearsal::send_test_pattern, rehearsal::stop_test_pattern))
        .routes(routes!(rehearsal::add_practice))
        .routes(routes!(outputs::outputs))
        .routes(routes!(platforms::platforms))
        .routes(routes!(playback::playback))
        .routes(routes!(playback::ingest))
        .routes(routes!(connections::connections))
        .routes(routes!(connections::kick))
        .routes(routes!(connections::viewers))
        .routes(routes!(streams::streams))
        .routes(routes!(streams::stream))
        .routes(routes!(streams::end_stream))
        .routes(routes!(streams::stream_health))
        .routes(routes!(streams::stream_stats))
        .routes(routes!(streams::stream_outputs))
        .routes(routes!(streams::stream_events))
        .routes(routes!(report::report))
        .routes(routes!(events::events))
        .routes(routes!(live::event_stream))
        .routes(routes!(webhooks::webhooks, webhooks::create_webhook))
        .routes(routes!(webhooks::webhook, webhooks::change_webhook, webhooks::delete_webhook))
        .routes(routes!(webhooks::rotate_webhook))
        .routes(routes!(webhooks::test_webhook))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::redeliver))
        .routes(routes!(system::system))
        .routes(routes!(system::nodes))
        .routes(routes!(system::checks))
}

/// Those about people: how they come in, who they are, and what programs of theirs may do.
fn people() -> OpenApiRouter<Services> {
    OpenApiRouter::new()
        .routes(routes!(setup::setup, setup::set_up))
        .routes(routes!(setup::look_at_link))
        .routes(routes!(setup::sign_up))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(elsewhere::go_elsewhere))
        .routes(routes!(elsewhere::come_back))
        .routes(routes!(me::me, me::change_me))
        .routes(routes!(me::confirm_me))
        .routes(routes!(me::my_sessions))
        .routes(routes!(me::end_my_session))
        .routes(routes!(users::users, users::create_user))
        .routes(routes!(users::user, users::change_user, users::delete_user))
        .routes(routes!(users::make_reset_link))
        .routes(routes!(me::sessions_of_user))
        .routes(routes!(me::end_session_of_user))
        .routes(routes!(tokens::tokens_of_user))
        .routes(routes!(tokens::delete_token_of_user))
        .routes(routes!(tokens::tokens, tokens::create_token))
        .routes(routes!(tokens::token, tokens::delete_token))
}

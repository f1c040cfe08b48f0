//! The resources, one file each. All routes stand in [`all`].

mod me;
mod people;
mod session;
mod setup;
mod tokens;
mod users;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Services, docs};

/// Every route, with its part of the document.
pub(super) fn all() -> OpenApiRouter<Services> {
    OpenApiRouter::with_openapi(docs::frame())
        .routes(routes!(setup::setup, setup::set_up))
        .routes(routes!(setup::sign_up))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(me::me, me::change_me))
        .routes(routes!(me::confirm_me))
        .routes(routes!(me::my_sessions))
        .routes(routes!(me::end_my_session))
        .routes(routes!(users::users, users::create_user))
        .routes(routes!(users::user, users::change_user, users::delete_user))
        .routes(routes!(users::make_reset_link))
        .routes(routes!(tokens::tokens, tokens::create_token))
        .routes(routes!(tokens::token, tokens::delete_token))
}

//! The REST API of the control plane, `/api/v1`: one folder for what every request passes ([`door`]), one for what
//! handlers take ([`take`]) and one for what they give ([`give`]), then the resources ([`routes`]).
//!
//! A handler extracts, calls a room below, and answers. It decides nothing: who may is the table of rights', what is
//! allowed the services'. The OpenAPI document is made from the handlers ([`docs`]).

pub mod docs;
pub mod door;
pub mod give;
mod refusal;
mod routes;
pub mod take;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};

use super::{Health, Problem, catalogue, problem};
use crate::account::Accounts;
use crate::auth::PlaybackTokens;
use crate::control::Control;
use crate::store::Store;
use crate::vault::Vault;
use crate::webhook::Webhooks;
use door::Door;

pub use routes::{About, Doctor, Examined, NoRehearsal, Rehearsal, Site, practice_wish};

/// The rooms that the API shows, and how it behaves.
#[derive(Clone)]
pub struct Services {
    /// Where the process is in its life.
    pub health: Health,
    /// What must last.
    pub store: Store,
    /// Secrets.
    pub vault: Vault,
    /// Who people are.
    pub accounts: Accounts,
    /// What is wanted, and what runs.
    pub control: Arc<Control>,
    /// Others who are told of what happens.
    pub webhooks: Webhooks,
    /// What viewers need, where they need something.
    pub tokens: Option<Arc<PlaybackTokens>>,
    /// Where the process is reached.
    pub site: Arc<Site>,
    /// What the process is.
    pub about: Arc<About>,
    /// Sends test patterns, and takes them.
    pub rehearsal: Arc<dyn Rehearsal>,
    /// Who looks whether all is well.
    pub doctor: Arc<dyn Doctor>,
    /// How the door behaves.
    pub config: Arc<Config>,
    /// What the API counts; a source of metrics.
    pub figures: Arc<door::Figures>,
}

/// How the API behaves, and what it says about the server.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// What every request passes.
    pub door: door::Config,
    /// Whether people come in whom nobody here let in: everybody then sees their own projects alone.
    pub strangers: bool,
}

/// The API, its document, and the pages that show it.
pub fn router(services: Services) -> Router {
    let door = Arc::new(Door::new(&services));
    let (resources, _) = routes::all().split_for_parts();
    let resources = resources
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(services);
    let api = Router::new()
        .nest("/api/v1", resources)
        .route("/api/openapi.json", get(docs::document))
        .route("/api/{*rest}", any(problem::not_found))
        .route("/api/", any(problem::not_found))
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn_with_state(door, door::pass));
    api.merge(docs::pages().route_layer(from_fn(for_pages)))
}

/// The pages of the API need less than ours: no media, no workers; but styles of their own making.
/// What is not there is told as everywhere.
async fn for_pages(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut page = next.run(request).await;
    let is_plain = page.extensions().get::<Problem>().is_none();
    if page.status() == StatusCode::NOT_FOUND && is_plain {
        page = Problem::of(&catalogue::NOT_FOUND).at_path(&path).into_response();
    }
    let headers = page.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(docs::CONTENT_SECURITY_POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    page
}

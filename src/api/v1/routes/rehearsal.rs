//! A rehearsal without an encoder and without a platform: the built-in clip published to a project, and a practice
//! destination that takes what it is sent and keeps nothing.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::destinations::DestinationShown;
use super::sight;
use crate::api::v1::Services;
use crate::api::v1::give::Created;
use crate::api::v1::take::{Id, Signed, may};
use crate::api::{Problem, catalogue};
use crate::control::{DestinationWish, Known, Part, stream_of};
use crate::store::{ProjectId, UnixMillis};
use crate::stream::{StreamId, StreamKey, StreamState};

/// What the practice destination is called.
const PRACTICE: &str = "Practice";

/// The key that it is sent; any will do.
const PRACTICE_KEY: &str = "practice";

/// Why there is no rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRehearsal {
    /// The clip comes in by RTMP, as an encoder's would.
    #[error("this server takes no plain RTMP")]
    NoRtmp,
    /// Encoders must log in, and the clip cannot.
    #[error("encoders must log in here (rtmp.publish_user), and the test pattern cannot")]
    MustLogIn,
    /// As many as there may be.
    #[error("too many test patterns are being sent")]
    TooMany,
}

/// Sends test patterns, and takes them.
pub trait Rehearsal: Send + Sync {
    /// Publishes the clip with a key of a project's stream until it is told to stop, or an encoder comes; once, however
    /// often it is asked for.
    ///
    /// # Errors
    /// [`NoRehearsal`].
    fn begin(&self, project: ProjectId, stream: &StreamId, key: StreamKey) -> Result<(), NoRehearsal>;

    /// Whether the clip is being published to a project.
    fn is_on(&self, project: ProjectId) -> bool;

    /// Whether who publishes to a project from there is the clip.
    fn is_its(&self, project: ProjectId, from: SocketAddr) -> bool;

    /// Stops it.
    fn end(&self, project: ProjectId);

    /// The address of the practice destination; none where it is off.
    fn practice_url(&self) -> Option<String>;
}

/// The practice destination at its address, as a project has it.
#[must_use]
pub fn practice_wish(url: String) -> DestinationWish {
    DestinationWish {
        name: PRACTICE.to_owned(),
        url,
        stream_key: Zeroizing::new(PRACTICE_KEY.to_owned()),
        enabled: true,
        ..DestinationWish::default()
    }
}

/// Whether the clip is being published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestPattern {
    publishing: bool,
}

/// A key of the project that publishes now.
fn key_of(services: &Services, known: &Known) -> Result<StreamKey, Problem> {
    let now = UnixMillis::from(std::time::SystemTime::now());
    let key = known.stream_keys.iter().find(|key| key.publishes(now));
    let key = key.ok_or_else(|| not_possible("the project has no stream key that publishes"))?;
    let text = services.control.reveal_stream_key(key.id)?;
    Ok(StreamKey::new(text.as_str()))
}

/// Whether somebody else than the clip publishes.
fn has_encoder(services: &Services, project: ProjectId, stream: &StreamId) -> bool {
    let encoders = services.control.sessions().encoders();
    let mut theirs = encoders.iter().filter(|encoder| encoder.stream == *stream);
    theirs.any(|encoder| !services.rehearsal.is_its(project, encoder.from))
}

fn not_possible(why: impl Into<String>) -> Problem {
    Problem::of(&catalogue::NOT_POSSIBLE).detail(why)
}

/// Send the built-in test pattern
///
/// As an encoder would, over RTMP, in a loop until it is stopped. Asked for again, it goes on.
#[utoipa::path(
    post, path = "/projects/{id}/test-pattern", tag = "projects",
    security(("session" = []), ("token" = ["streams:write"])), responses((status = 200, body = TestPattern)),
)]
pub(super) async fn send_test_pattern(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Json<TestPattern>, Problem> {
    let known = sight::project_with(&services, &caller, id, Part::StreamKeys).await?;
    let stream = stream_of(&known.project);
    if !services.rehearsal.is_on(id) {
        if has_encoder(&services, id, &stream) {
            return Err(not_possible("an encoder is connected, and would be pushed off the air"));
        }
        let on_stage = services.control.stage().registry().get(&stream);
        if on_stage.is_some_and(|stream| *stream.state().borrow() == StreamState::Interrupted) {
            return Err(not_possible("the broadcast waits for its encoder, whose place this would take"));
        }
    }
    let begun = services.rehearsal.begin(id, &stream, key_of(&services, &known)?);
    begun.map_err(|why| not_possible(why.to_string()))?;
    Ok(Json(TestPattern { publishing: true }))
}

/// Stop the built-in test pattern
///
/// Its broadcast ends at once.
#[utoipa::path(
    delete, path = "/projects/{id}/test-pattern", tag = "projects",
    security(("session" = []), ("token" = ["streams:write"])),
    responses((status = 204, description = "It is not being sent, whether or not it was.")),
)]
pub(super) async fn stop_test_pattern(
    Signed { caller, .. }: Signed<may::RunStreams>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<StatusCode, Problem> {
    let known = sight::project(&services, &caller, id).await?;
    if services.rehearsal.is_on(id) {
        let stream = stream_of(&known.project);
        let is_an_encoders = has_encoder(&services, id, &stream);
        services.rehearsal.end(id);
        // Not held for an encoder that will not return; but one may have come and taken the place.
        if let Some(stream) = services.control.stage().registry().get(&stream).filter(|_| !is_an_encoders) {
            services.control.sessions().end(&stream);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Add the practice destination
///
/// It takes what it is sent, and keeps nothing: nobody sees it.
#[utoipa::path(
    post, path = "/projects/{id}/practice-destination", tag = "destinations",
    security(("session" = []), ("token" = ["projects:write"])), responses((status = 201, body = DestinationShown)),
)]
pub(super) async fn add_practice(
    Signed { caller, .. }: Signed<may::ChangeProjects>,
    State(services): State<Services>,
    Id(id): Id<ProjectId>,
) -> Result<Created<DestinationShown>, Problem> {
    sight::project(&services, &caller, id).await?;
    let url = services.rehearsal.practice_url();
    let url = url.ok_or_else(|| not_possible("the practice destination is off here (practice.listen)"))?;
    let row = services.control.create_destination(id, practice_wish(url)).await?;
    let known = sight::project(&services, &caller, id).await?;
    let location = format!("/destinations/{}", row.id);
    Ok(Created { location, body: DestinationShown::of(&services, &known, &row), secret: None })
}

//! Who sees which project. Where strangers may come, everybody sees their own, and administrators all.

use std::sync::Arc;

use crate::account::Caller;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::control::{Known, Part};
use crate::store::{Destination, DestinationId, Error, ProjectId, Role, StreamKey, StreamKeyId};

/// Whether the caller sees a project.
pub(super) fn sees(services: &Services, caller: &Caller, known: &Known) -> bool {
    !services.config.strangers
        || caller.user.role == Role::Admin
        || known.project.owner_id == Some(caller.user.id)
}

/// The project as it was read last, if the caller sees it.
pub(super) fn known(services: &Services, caller: &Caller, id: ProjectId) -> Option<Arc<Known>> {
    services.control.catalog().project(id).ok().filter(|known| sees(services, caller, known))
}

/// A project that the caller sees. One that is not theirs is as one that is not there.
pub(super) async fn project(
    services: &Services,
    caller: &Caller,
    id: ProjectId,
) -> Result<Arc<Known>, Problem> {
    project_with(services, caller, id, Part::Itself).await
}

/// The same, of which this part is looked at.
pub(super) async fn project_with(
    services: &Services,
    caller: &Caller,
    id: ProjectId,
    part: Part,
) -> Result<Arc<Known>, Problem> {
    let known = services.control.project(id, part).await?;
    if sees(services, caller, &known) { Ok(known) } else { Err(Error::NotFound("project").into()) }
}

/// A destination of such a project.
pub(super) async fn destination(
    services: &Services,
    caller: &Caller,
    id: DestinationId,
) -> Result<(Arc<Known>, Destination), Problem> {
    let (known, row) = services.control.destination(id).await?;
    if sees(services, caller, &known) { Ok((known, row)) } else { Err(Error::NotFound("destination").into()) }
}

/// A stream key of such a project.
pub(super) async fn stream_key(
    services: &Services,
    caller: &Caller,
    id: StreamKeyId,
) -> Result<(Arc<Known>, StreamKey), Problem> {
    let (known, row) = services.control.stream_key(id).await?;
    if sees(services, caller, &known) { Ok((known, row)) } else { Err(Error::NotFound("stream key").into()) }
}

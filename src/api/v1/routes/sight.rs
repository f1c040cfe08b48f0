//! Who sees which project. Where strangers may sign up, everybody sees their own, and administrators all.

use std::sync::Arc;

use crate::account::Caller;
use crate::api::Problem;
use crate::api::v1::Services;
use crate::control::Known;
use crate::store::{Destination, DestinationId, Error, ProjectId, Role, StreamKey, StreamKeyId};

/// Whether the caller sees a project.
pub(super) fn sees(services: &Services, caller: &Caller, known: &Known) -> bool {
    !services.config.sign_up
        || caller.user.role == Role::Admin
        || known.project.owner_id == Some(caller.user.id)
}

/// A project that the caller sees. One that is not theirs is as one that is not there.
pub(super) fn project(services: &Services, caller: &Caller, id: ProjectId) -> Result<Arc<Known>, Problem> {
    let known = services.control.catalog().project(id)?;
    if sees(services, caller, &known) { Ok(known) } else { Err(Error::NotFound("project").into()) }
}

/// A destination of such a project.
pub(super) fn destination(
    services: &Services,
    caller: &Caller,
    id: DestinationId,
) -> Result<(Arc<Known>, Destination), Problem> {
    let (known, row) = services.control.catalog().destination(id)?;
    if sees(services, caller, &known) { Ok((known, row)) } else { Err(Error::NotFound("destination").into()) }
}

/// A stream key of such a project.
pub(super) fn stream_key(
    services: &Services,
    caller: &Caller,
    id: StreamKeyId,
) -> Result<(Arc<Known>, StreamKey), Problem> {
    let found = services.control.catalog().stream_key(id);
    found
        .filter(|(known, _)| sees(services, caller, known))
        .ok_or_else(|| Error::NotFound("stream key").into())
}

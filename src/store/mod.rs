//! What must last: accounts, projects, destinations, history, in SQLite or PostgreSQL.
//!
//! SQL only. The rows are this room's own types; what they mean is for the floors above. Every secret comes in hashed or
//! sealed, so the database, its backups and this room hold nothing that publishes or signs in.
//!
//! - One text a query, with `$1` placeholders, for both databases: a [`Statement`](statement::Statement) is built once
//!   and run on whichever pool is there. Nothing but `connection` and `migrate` knows which.
//! - Every function is one statement or one transaction, so a process that dies leaves all of it or nothing.
//! - A row that people change has a [`Revision`]; a change names the one it saw and otherwise fails with
//!   [`Error::Conflict`].
//! - Time comes in as [`UnixMillis`]. Ids sort by the time they were made at, so a page goes on after an id and needs
//!   no count.

mod attempts;
mod changes;
mod column;
mod config;
mod connection;
mod destinations;
mod error;
mod events;
mod id;
mod idempotency;
mod meter;
mod migrate;
mod page;
mod probe;
mod projects;
mod server_keys;
mod sessions;
mod setup_links;
mod statement;
mod stream_keys;
mod streams;
mod sweep;
mod tokens;
mod users;
mod webhook_deliveries;
mod webhooks;

pub use attempts::Attempts;
pub use changes::Mark;
pub use column::{Hidden, Json, NotAWord, Opaque, Revision, UnixMillis};
pub use config::StoreConfig;
pub use connection::Store;
pub use destinations::{Destination, DestinationFields, DestinationPlace, SealedKey};
pub use error::{Error, Result, Unique, Waiting};
pub use events::{About, Event, EventFilter, NewEvent};
pub use id::{
    DeliveryId, DestinationId, EventId, NotAnId, ProjectId, SessionId, Sortable, StreamKeyId, StreamRowId,
    TokenId, UserId, WebhookId,
};
pub use idempotency::{Claim, Claimed};
pub use meter::{Gauges, Totals};
pub use migrate::{LATEST, Migrated, Schema, Step};
pub use page::{Page, Slice};
pub use projects::{Project, ProjectFields};
pub use server_keys::ServerKey;
pub use sessions::{NewSession, Session};
pub use setup_links::SetupLink;
pub use stream_keys::{NewStreamKey, StreamKey, StreamKeyFields};
pub use streams::{NewStream, StreamRow};
pub use sweep::{Keep, Swept};
pub use tokens::{ApiToken, NewToken};
pub use users::{OidcIdentity, Role, User, UserFields};
pub use webhook_deliveries::{Delivery, DeliveryStatus, Outcome};
pub use webhooks::{Webhook, WebhookFields};

//! Which server keys have sealed what is here. The keys themselves are never in the database.

use super::column::{Opaque, UnixMillis, row};
use super::connection::Store;
use super::error::{Error, Result};
use super::statement::sql;

row! {
    /// A server key, by its number.
    pub struct ServerKey {
        /// What `sealed_with` says.
        pub id: i64,
        /// Something that only this key makes: tells a wrong key before it seals anything.
        pub check_value: Opaque,
        /// When it was first used.
        pub created_at: UnixMillis,
        /// Since when it seals nothing new.
        pub retired_at: Option<UnixMillis>,
    }
}

impl Store {
    /// Writes down a new server key.
    ///
    /// # Errors
    /// [`Error::Duplicate`] when there is one with this number.
    pub async fn add_server_key(&self, id: i64, check_value: &Opaque, now: UnixMillis) -> Result<ServerKey> {
        self.one(
            "server key",
            sql!(
                "INSERT INTO server_keys (id, check_value, created_at) VALUES ($1, $2, $3) RETURNING {columns}",
                id,
                check_value,
                now
            ),
        )
        .await
    }

    /// All server keys, by number. There are as many as there were rotations.
    ///
    /// # Errors
    /// Those of the database alone.
    pub async fn server_keys(&self) -> Result<Vec<ServerKey>> {
        self.all(sql!("SELECT {columns} FROM server_keys ORDER BY id")).await
    }

    /// Writes down that it seals nothing new.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn retire_server_key(&self, id: i64, now: UnixMillis) -> Result<()> {
        let retire =
            sql!("UPDATE server_keys SET retired_at = COALESCE(retired_at, $2) WHERE id = $1", id, now);
        match self.run(retire).await? {
            0 => Err(Error::NotFound("server key")),
            _ => Ok(()),
        }
    }
}

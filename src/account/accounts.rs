//! The face of the room: what it is made of, and who is behind a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::limits::Limits;
use super::oidc::Provider;
use super::password::Passwords;
use super::recent::Recent;
use super::token::Kind;
use super::{Cache, Caller, Clock, Config, Error, Limited, Resealed, Scopes, Via, Visitor};
use crate::store::{Session, Store, UnixMillis};
use crate::vault::Vault;

/// How long after a note of when something was last used another one is written.
const NOTE_EVERY: Duration = Duration::from_secs(60);

/// How long a session lasts at most, however often it is used; longer only where an unused one may.
const SESSION_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// All accounts. Cloning it is cheap, and all clones share caches and limits.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) vault: Vault,
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) passwords: Passwords,
    pub(super) limits: Limits,
    pub(super) recent: Recent,
    pub(super) provider: Option<Provider>,
    /// Somebody has an account; it stays so, since the last administrator does.
    pub(super) set_up: AtomicBool,
}

impl Accounts {
    /// Accounts in this store.
    ///
    /// # Errors
    /// There are no random bytes, passwords cannot be hashed at this cost, or the issuer's name is no address.
    pub fn new(store: Store, vault: Vault, config: Config) -> Result<Self, Error> {
        Self::with_clock(store, vault, config, Clock::system())
    }

    /// The same, by this clock.
    ///
    /// # Errors
    /// See [`Accounts::new`].
    pub fn with_clock(store: Store, vault: Vault, config: Config, clock: Clock) -> Result<Self, Error> {
        let provider = config.oidc.clone().map(|oidc| Provider::new(oidc, &clock)).transpose()?;
        Ok(Self(Arc::new(Inner {
            passwords: Passwords::new(config.cost)?,
            limits: Limits::new(&clock),
            recent: Recent::new(&clock, config.cache),
            provider,
            set_up: AtomicBool::new(false),
            store,
            vault,
            config,
            clock,
        })))
    }

    /// Who is signed in with a session's token. Writes down, at most once a minute, that and from where it was used, and
    /// so keeps the session alive.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`]; those of the store.
    pub async fn authenticate(&self, token: &str, visitor: Visitor<'_>) -> Result<Caller, Error> {
        let hash = Kind::Session.hash_of(token).ok_or(Error::NotSignedIn)?;
        let Inner { store, recent, .. } = &*self.0;
        if let Some(caller) = recent.find(&hash) {
            return Ok(caller);
        }
        let (generation, now) = (recent.generation(), self.now());
        let session = store.session_by_hash(&hash, now).await?.ok_or(Error::NotSignedIn)?;
        let user = store.user(session.user_id).await.map_err(gone)?;
        let expires_at = self.keep_alive(&session, visitor, now).await;
        let caller = Caller {
            user: Arc::new(user),
            via: Via::Session(session.id),
            scopes: Scopes::EVERYTHING,
            password_at: Some(session.created_at),
        };
        recent.keep(hash, &caller, generation, Some(expires_at));
        Ok(caller)
    }

    /// Whose API token it is. Writes down, at most once a minute, that it was used.
    ///
    /// # Errors
    /// [`Error::NotSignedIn`]; those of the store.
    pub async fn authenticate_bearer(&self, token: &str) -> Result<Caller, Error> {
        let hash = Kind::Api.hash_of(token).ok_or(Error::NotSignedIn)?;
        let Inner { store, recent, .. } = &*self.0;
        if let Some(caller) = recent.find(&hash) {
            return Ok(caller);
        }
        let (generation, now) = (recent.generation(), self.now());
        let token = store.token_by_hash(&hash, now).await?.ok_or(Error::NotSignedIn)?;
        let user = store.user(token.user_id).await.map_err(gone)?;
        if token.last_used_at.is_none_or(|at| at.after(NOTE_EVERY) <= now)
            && let Err(error) = store.touch_token(token.id, now).await
        {
            tracing::warn!(%error, "cannot write down that a token is used");
        }
        let caller = Caller {
            user: Arc::new(user),
            via: Via::Token(token.id),
            scopes: Scopes::from_json(&token.scopes),
            password_at: None,
        };
        recent.keep(hash, &caller, generation, token.expires_at);
        Ok(caller)
    }

    /// How often callers were known from a moment ago.
    #[must_use]
    pub fn cache(&self) -> Cache {
        self.0.recent.counts()
    }

    /// Attempts that were too many, so far.
    #[must_use]
    pub fn refused(&self, by: Limited) -> u64 {
        self.0.limits.refused(by)
    }

    /// Whether anybody has an account. Until then, only the setup link works.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn is_set_up(&self) -> Result<bool, Error> {
        let Inner { set_up, store, .. } = &*self.0;
        if !set_up.load(Ordering::Relaxed) && store.has_users().await? {
            set_up.store(true, Ordering::Relaxed);
        }
        Ok(set_up.load(Ordering::Relaxed))
    }

    /// Seals anew what an older server key sealed: see [`reseal`](super::reseal()).
    ///
    /// # Errors
    /// [`Error::WrongServerKey`]; those of the store.
    pub async fn reseal(&self) -> Result<Resealed, Error> {
        super::reseal(&self.0.store, &self.0.vault, self.now()).await
    }

    /// The time by this room's clock.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        self.0.clock.now()
    }

    /// Until when a session that began then lasts, if it is used now.
    pub(super) fn session_end(&self, created_at: UnixMillis, now: UnixMillis) -> UnixMillis {
        let ttl = self.0.config.session_ttl;
        now.after(ttl).min(created_at.after(SESSION_AGE_MAX.max(ttl)))
    }

    /// Writes down that a session is used, if the last note is old. A store that cannot write keeps nobody out.
    async fn keep_alive(&self, session: &Session, visitor: Visitor<'_>, now: UnixMillis) -> UnixMillis {
        if now < session.last_seen_at.after(NOTE_EVERY) {
            return session.expires_at;
        }
        let end = self.session_end(session.created_at, now);
        let address = visitor.address.to_canonical().to_string();
        match self.0.store.touch_session(session.id, &address, now, end).await {
            Ok(()) => end,
            Err(error) => {
                tracing::warn!(%error, "cannot write down that a session is used");
                session.expires_at
            }
        }
    }
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// An account that went away between two queries is nobody's any more.
fn gone(error: crate::store::Error) -> Error {
    match error {
        crate::store::Error::NotFound(_) => Error::NotSignedIn,
        error => error.into(),
    }
}

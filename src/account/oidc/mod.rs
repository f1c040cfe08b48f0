//! Sign-in by OpenID Connect: the authorization-code flow with PKCE, state and nonce, against one configured issuer.
//!
//! The journey of a sign-in: [`begin`](Provider::begin) gives the browser an address at the issuer and something sealed to
//! keep meanwhile, so this server remembers nothing; the issuer sends the browser back with a code;
//! [`finish`](Provider::finish) exchanges it for an ID token and checks that. What the account is here, `sign_in` decides
//! (`account/elsewhere`).
//!
//! Everything the issuer says is bounded before it is kept, and read as little as possible.

mod error;
mod fetch;
mod id_token;
mod issuer;
mod journey;
mod keys;

use std::fmt;

use zeroize::Zeroizing;

use super::Clock;
use crate::store::Role;
use crate::vault::Vault;

pub use error::{Error, Refusal, TokenFault};
pub(super) use id_token::Claims;
pub use journey::{Begun, Callback};

use fetch::Fetch;
use issuer::Issuer;
use journey::Journey;
use keys::Keys;

/// The issuer, and who comes in by it.
#[derive(Clone)]
pub struct Config {
    /// Its name as the specification has it, for example `https://accounts.google.com`.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// Our secret there; empty for a client without one.
    pub client_secret: Zeroizing<String>,
    /// What the button says.
    pub name: String,
    /// Whether somebody with a verified address comes into the account that has it here.
    pub link_by_email: bool,
    /// What somebody without an account becomes; nothing keeps them out.
    pub create: Option<Role>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, client_id, name, link_by_email, create, .. } = self;
        f.debug_struct("Config")
            .field("issuer", issuer)
            .field("client_id", client_id)
            .field("name", name)
            .field("link_by_email", link_by_email)
            .field("create", create)
            .finish_non_exhaustive()
    }
}

/// Whether an issuer can have this name: an address over TLS, or on this very machine.
#[must_use]
pub fn is_issuer(name: &str) -> bool {
    issuer::secure(name).is_ok()
}

/// One issuer, and what is known of it.
pub(super) struct Provider {
    pub(super) config: Config,
    issuer: Issuer,
    keys: Keys,
    fetch: Fetch,
    clock: Clock,
}

impl Provider {
    /// Nothing is asked of the issuer yet: it may start after us.
    ///
    /// # Errors
    /// [`Error::Misconfigured`]: its name is no `https` address, or no TLS is to be had.
    pub(super) fn new(config: Config, clock: &Clock) -> Result<Self, Error> {
        Ok(Self {
            issuer: Issuer::new(&config.issuer, clock)?,
            keys: Keys::new(clock),
            fetch: Fetch::new(&config.issuer, clock)?,
            clock: clock.clone(),
            config,
        })
    }

    /// Where the browser goes, and what it keeps meanwhile. `redirect_uri` is our own address that the issuer knows,
    /// `return_to` the page that was wanted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Misconfigured`], [`Error::ReturnTo`].
    pub(super) async fn begin(
        &self,
        vault: &Vault,
        redirect_uri: &str,
        return_to: &str,
    ) -> Result<Begun, Error> {
        let journey = Journey::new(redirect_uri, return_to, self.clock.now())?;
        let metadata = self.issuer.metadata(&self.fetch).await?;
        Ok(Begun {
            url: journey.url(&metadata.authorization_endpoint, &self.config.client_id),
            kept: journey.seal(vault)?,
            lasts: journey::LASTS,
        })
    }

    /// Who came back, and to which page they want. `kept` is what the browser has kept.
    ///
    /// # Errors
    /// [`Error`]
    pub(super) async fn finish(
        &self,
        vault: &Vault,
        callback: &Callback<'_>,
        kept: &str,
    ) -> Result<(Claims, String), Error> {
        let now = self.clock.now();
        let journey = Journey::open(vault, kept, now)?;
        let code = journey.code(callback, &self.config.issuer)?;
        let metadata = self.issuer.metadata(&self.fetch).await?;
        let tokens = self.fetch.tokens(&metadata, &self.config, &journey, code).await?;
        let algorithm = id_token::algorithm(&tokens.id_token)?;
        let keys = self.keys.candidates(&self.fetch, &metadata.jwks_uri, &algorithm).await?;
        let expected = id_token::Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &journey.nonce,
        };
        let mut claims = id_token::verify(&tokens.id_token, &keys, &algorithm, &expected, now)?;
        if claims.email.is_none()
            && let (Some(endpoint), Some(access)) = (&metadata.userinfo_endpoint, &tokens.access_token)
        {
            match self.fetch.user_info(endpoint, access).await {
                Ok(beside) => claims.complete(beside),
                // Who has an account already comes in without it.
                Err(error) => {
                    tracing::warn!(%error, "no more is known of an account at the identity provider")
                }
            }
        }
        Ok((claims, journey.return_to))
    }
}

/// What the issuer says, and the browser that it sends back, for fuzzing.
#[cfg(any(fuzzing, test))]
pub(super) fn fuzz(data: &[u8], text: &str) {
    let now = crate::store::UnixMillis(1_800_000_000_000);
    id_token::fuzz(data, text, now);
    journey::fuzz(text, now);
    let _address = issuer::secure(text);
    let clock = Clock::system();
    if let Ok(issuer) = Issuer::new("https://issuer.example", &clock)
        && let Ok(document) = serde_json::from_slice(data)
    {
        let _known = issuer.read(document);
    }
}

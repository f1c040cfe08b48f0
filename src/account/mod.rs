//! Who people are and what they may do: passwords, sessions, API tokens, roles, scopes, one-time links, limits.
//!
//! [`Accounts`] is the whole face. What comes in is what a person or a program shows (a password, a token, a link); what
//! goes out is a [`Caller`], and [`Caller::may`] asks the one table of rights ([`Action`]). Functions that act on
//! accounts take the caller and ask for themselves.
//!
//! - A token of any kind is random, shown once and kept as a hash; a password is kept as Argon2id.
//! - What was looked up a moment ago is not looked up again ([`Accounts::cache`]). Whatever takes a right away in this
//!   process makes all of that forgotten at once; another process on the same database notices within [`FRESH`].
//! - Sign-in costs the same time whether there is such an account or not, and is limited by account and by address in
//!   a fixed amount of memory.
//!
//! This room leaves to others: cookies, headers, routes, and whether a request came from our own pages.

mod accounts;
mod caller;
mod clock;
mod commonest;
mod config;
mod elsewhere;
mod entry;
mod error;
mod fields;
mod limits;
mod links;
pub mod oidc;
mod password;
mod recent;
mod reseal;
mod rights;
mod sessions;
mod token;
mod tokens;
mod users;

pub use accounts::Accounts;
pub use caller::{Caller, Via};
pub use clock::Clock;
pub use config::{Config, Cost};
pub use elsewhere::Doors;
pub use error::Error;
pub use fields::FieldFault;
pub use limits::Limited;
pub use links::{FirstAdmin, Link, LinkUse, NewAccount, reset_link, setup_link};
pub use password::{PasswordFault, PasswordRule};
pub use recent::{Cache, FRESH};
pub use reseal::{Resealed, missing_server_keys, reseal};
pub use rights::{Action, NotAScope, Scope, Scopes};
pub use sessions::{SignedIn, Visitor};
pub use token::Token;
pub use tokens::{MadeToken, WantedToken};
pub use users::{NewUser, UserChange};

/// What people and programs show and ask for, for fuzzing: tokens, scopes, and all that an identity provider says.
#[cfg(any(fuzzing, test))]
pub fn fuzz(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for kind in [token::Kind::Session, token::Kind::Api] {
        assert!(kind.hash_of(&text).is_none() || text.starts_with(kind.prefix()));
    }
    if let Ok(scopes) = Scopes::parse(text.split(' ')) {
        assert_eq!(Scopes::parse(scopes.words()), Ok(scopes));
        assert_eq!(Scopes::from_json(&scopes.to_json()), scopes);
    }
    oidc::fuzz(data, &text);
}

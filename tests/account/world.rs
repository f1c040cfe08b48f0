//! What the cases start from: accounts on an empty database, a clock that is moved by hand, and people.

use std::time::Duration;

use gostream::account::{
    Accounts, Caller, Clock, Config, Cost, Error, NewAccount, NewUser, SignedIn, Visitor,
};
use gostream::store::{Role, Store};
use gostream::vault::{ServerKey, Vault};

use crate::support::{Bench, NOW};

/// Everybody's, since hashing is not the point.
pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A browser.
pub(crate) const VISITOR: Visitor<'static> =
    Visitor { address: std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)), user_agent: "Firefox" };

/// Accounts, and what a case looks at beside them.
pub(crate) struct World {
    pub(crate) accounts: Accounts,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl World {
    /// Nobody has an account.
    pub(crate) async fn empty(bench: &Bench) -> Self {
        Self::configured(bench, Config { cost: Cost::LEAST, ..Config::default() }).await
    }

    pub(crate) async fn configured(bench: &Bench, config: Config) -> Self {
        let (store, clock) = (bench.store().await, Clock::by_hand(NOW));
        let accounts = Accounts::with_clock(store.clone(), vault(), config, clock.clone()).unwrap();
        Self { accounts, store, clock }
    }

    /// `ada@example.org` is the administrator.
    pub(crate) async fn with_ada(bench: &Bench) -> Self {
        let world = Self::empty(bench).await;
        world.accounts.first_admin("ada@example.org", PASSWORD).await.unwrap();
        world
    }

    pub(crate) async fn sign_in(&self, email: &str) -> SignedIn {
        self.accounts.sign_in(email, PASSWORD, VISITOR).await.unwrap()
    }

    pub(crate) async fn who(&self, signed_in: &SignedIn) -> Result<Caller, Error> {
        self.accounts.authenticate(signed_in.token.expose(), VISITOR).await
    }

    /// Signs in and asks who that is.
    pub(crate) async fn caller(&self, email: &str) -> Caller {
        self.who(&self.sign_in(email).await).await.unwrap()
    }

    /// Ada makes an account.
    pub(crate) async fn add(&self, email: &str, role: Role) -> Caller {
        let ada = self.caller("ada@example.org").await;
        let password = Some(PASSWORD.to_owned().into());
        let new = NewUser { email: email.to_owned(), name: String::new(), role, password };
        self.accounts.create_user(&ada, &new).await.unwrap();
        self.caller(email).await
    }
}

pub(crate) fn vault() -> Vault {
    Vault::new(ServerKey::parse(&"5a".repeat(32)).unwrap(), Vec::new())
}

pub(crate) fn new_account(email: &str) -> NewAccount<'_> {
    NewAccount { email, name: "Ada", password: PASSWORD }
}

//! The first account, one-time links, and sign-up.

use gostream::account::{
    Config, Cost, Error, FieldFault, FirstAdmin, LinkUse, PasswordFault, Visitor, reset_link, setup_link,
};
use gostream::store::{Error as StoreError, Role, Unique};

use crate::support::{Bench, NOW};
use crate::world::{MINUTE, PASSWORD, SECOND, VISITOR, World, new_account};

pub(crate) async fn the_setup_link_makes_the_first_administrator_once(bench: Bench) {
    let world = World::empty(&bench).await;
    let accounts = &world.accounts;
    assert!(!accounts.is_set_up().await.unwrap());
    let link = accounts.setup_link().await.unwrap();
    let token = link.token.expose();
    assert!(token.starts_with("setup_") && token.len() == 58, "{token}");
    assert_eq!(link.path(), format!("/setup#{token}"));
    assert_eq!(link.expires_at, NOW.after(30 * MINUTE));
    assert_eq!(accounts.look_at_link(token, VISITOR).await.unwrap(), LinkUse::FirstAdmin);
    assert!(matches!(
        accounts.sign_up(new_account("eve@example.org"), VISITOR).await,
        Err(Error::SignUpClosed)
    ));

    let mut weak = new_account("ada@example.org");
    weak.password = "short";
    let refused = accounts.set_up(token, weak, VISITOR).await;
    assert!(matches!(refused, Err(Error::Password(PasswordFault::TooShort))));
    let refused = accounts.set_up(token, new_account("ada"), VISITOR).await;
    assert!(matches!(refused, Err(Error::Field(FieldFault::Email))));

    let ada = accounts.set_up(token, new_account("ada@example.org"), VISITOR).await.unwrap();
    assert_eq!((ada.user.role, ada.user.name.as_str()), (Role::Admin, "Ada"));
    assert_eq!(world.who(&ada).await.unwrap().user.id, ada.user.id);
    assert!(accounts.is_set_up().await.unwrap());
    let again = accounts.set_up(token, new_account("eve@example.org"), VISITOR).await;
    assert!(matches!(again, Err(Error::AlreadySetUp)));
    assert!(matches!(accounts.look_at_link(token, VISITOR).await, Err(Error::Link)));
    assert!(matches!(accounts.setup_link().await, Err(Error::AlreadySetUp)));
    assert!(matches!(setup_link(&world.store, NOW).await, Err(Error::AlreadySetUp)));
}

pub(crate) async fn a_link_that_signs_in_makes_an_administrator_and_works_once(bench: Bench) {
    let world = World::empty(&bench).await;
    let accounts = &world.accounts;
    let older = accounts.entry_link().await.unwrap();
    let link = accounts.entry_link().await.unwrap();
    let token = link.token.expose();
    assert!(token.starts_with("entry_"), "{token}");
    assert!(matches!(accounts.enter(older.token.expose(), VISITOR).await, Err(Error::Link)));
    // It lets in, and sets no password.
    assert!(matches!(accounts.reset_password(token, PASSWORD, VISITOR).await, Err(Error::Link)));
    let inside = accounts.enter(token, VISITOR).await.unwrap();
    assert_eq!((inside.user.role, inside.user.password_hash.is_none()), (Role::Admin, true));
    assert!(matches!(accounts.enter(token, VISITOR).await, Err(Error::Link)));
    assert!(matches!(accounts.setup_link().await, Err(Error::AlreadySetUp)));
    // The same person again; who has neither password nor provider sets a first one.
    let caller = world.who(&inside).await.unwrap();
    let again = accounts.enter(accounts.entry_link().await.unwrap().token.expose(), VISITOR).await.unwrap();
    assert_eq!(again.user.id, inside.user.id);
    world.clock.advance(30 * MINUTE);
    assert!(accounts.change_password(&caller, "", PASSWORD, VISITOR).await.is_ok());
    assert!(accounts.sign_in(&inside.user.email, PASSWORD, VISITOR).await.is_ok());
}

pub(crate) async fn a_setup_link_works_for_half_an_hour_and_only_the_newest_one(bench: Bench) {
    let world = World::empty(&bench).await;
    let accounts = &world.accounts;
    let first = accounts.setup_link().await.unwrap();
    let second = setup_link(&world.store, NOW).await.unwrap();
    let with = async |token: &str| accounts.set_up(token, new_account("ada@example.org"), VISITOR).await;
    assert!(matches!(with(first.token.expose()).await, Err(Error::Link)));
    for wrong in
        ["", "setup_", "setup_é", &"x".repeat(58), &second.token.expose().replace("setup_", "reset_")]
    {
        assert!(matches!(with(wrong).await, Err(Error::Link)), "{wrong}");
    }
    world.clock.advance(30 * MINUTE);
    assert!(matches!(with(second.token.expose()).await, Err(Error::Link)));
    let third = accounts.setup_link().await.unwrap();
    world.clock.advance(30 * MINUTE - SECOND);
    assert!(with(third.token.expose()).await.is_ok());
}

pub(crate) async fn of_many_that_hold_the_setup_link_one_becomes_the_administrator(bench: Bench) {
    let world = World::empty(&bench).await;
    let link = world.accounts.setup_link().await.unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (accounts, token) = (world.accounts.clone(), link.token.clone());
            tokio::spawn(async move {
                let email = format!("{number}@example.org");
                accounts.set_up(token.expose(), new_account(&email), VISITOR).await.is_ok()
            })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        made += usize::from(task.await.unwrap());
    }
    assert_eq!((made, bench.count("SELECT count(*) FROM users").await), (1, 1));
}

pub(crate) async fn the_environment_names_the_first_administrator_and_no_second(bench: Bench) {
    let world = World::empty(&bench).await;
    let accounts = &world.accounts;
    let refused = accounts.first_admin("ada@example.org", "password123").await;
    assert!(matches!(refused, Err(Error::Password(PasswordFault::TooCommon))));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let accounts = accounts.clone();
            tokio::spawn(async move { accounts.first_admin("ada@example.org", PASSWORD).await })
        })
        .collect();
    let mut made = 0;
    for task in tasks {
        // Of two at once, one may find its own link replaced, and then the account.
        if let Ok(FirstAdmin::Made(ada)) = task.await.unwrap() {
            assert_eq!(ada.role, Role::Admin);
            made += 1;
        }
    }
    assert!(made <= 1);
    let again = accounts.first_admin("ada@example.org", PASSWORD).await.unwrap();
    assert_eq!(made == 1, again == FirstAdmin::NotNeeded);
    assert_eq!(accounts.first_admin("eve@example.org", "x").await.unwrap(), FirstAdmin::NotNeeded);
    assert_eq!(bench.count("SELECT count(*) FROM users").await, 1);
    assert!(accounts.sign_in("ada@example.org", PASSWORD, VISITOR).await.is_ok());
}

pub(crate) async fn a_reset_link_sets_the_password_and_ends_every_session(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let before = world.sign_in("ada@example.org").await;
    assert!(world.who(&before).await.is_ok());
    assert!(matches!(
        reset_link(&world.store, "bob@example.org", NOW).await,
        Err(Error::Store(StoreError::NotFound("user")))
    ));
    let link = reset_link(&world.store, "ADA@example.org", NOW).await.unwrap();
    let token = link.token.expose();
    let used_for = accounts.look_at_link(token, VISITOR).await.unwrap();
    assert_eq!(used_for, LinkUse::Password { email: "ada@example.org".to_owned() });
    assert!(matches!(
        accounts.set_up(token, new_account("eve@example.org"), VISITOR).await,
        Err(Error::AlreadySetUp)
    ));
    let refused = accounts.reset_password(token, "ada@example.org", VISITOR).await;
    assert!(matches!(refused, Err(Error::Password(PasswordFault::IsTheEmail))));

    let after = accounts.reset_password(token, "another horse", VISITOR).await.unwrap();
    assert!(matches!(world.who(&before).await, Err(Error::NotSignedIn)));
    assert!(world.who(&after).await.is_ok());
    assert!(matches!(accounts.reset_password(token, "a third horse", VISITOR).await, Err(Error::Link)));
    let with = async |password| accounts.sign_in("ada@example.org", password, VISITOR).await;
    assert!(matches!(with(PASSWORD).await, Err(Error::Credentials)));
    assert!(with("another horse").await.is_ok());
}

pub(crate) async fn sign_up_is_closed_unless_it_is_opened_and_makes_viewers(bench: Bench) {
    let config = Config { cost: Cost::LEAST, sign_up: true, ..Config::default() };
    let world = World::configured(&bench, config).await;
    let accounts = &world.accounts;
    let early = accounts.sign_up(new_account("eve@example.org"), VISITOR).await;
    assert!(matches!(early, Err(Error::NotSetUp)), "nobody overtakes the administrator");
    accounts.first_admin("ada@example.org", PASSWORD).await.unwrap();
    let bob = accounts.sign_up(new_account("bob@example.org"), VISITOR).await.unwrap();
    assert_eq!(world.who(&bob).await.unwrap().user.role, Role::Viewer);
    let taken = accounts.sign_up(new_account("Bob@example.org"), VISITOR).await;
    assert!(matches!(taken, Err(Error::Store(StoreError::Duplicate(Unique::Email)))));
    for number in 0..2 {
        let email = format!("{number}@example.org");
        assert!(accounts.sign_up(new_account(&email), VISITOR).await.is_ok());
    }
    let sixth = accounts.sign_up(new_account("6@example.org"), VISITOR).await;
    assert!(matches!(sixth, Err(Error::TooMany { .. })), "{sixth:?}");
    let elsewhere = Visitor { address: "2001:db8::1".parse().unwrap(), ..VISITOR };
    assert!(accounts.sign_up(new_account("7@example.org"), elsewhere).await.is_ok());
}

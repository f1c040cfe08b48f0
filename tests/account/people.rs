//! Accounts as people manage them.

use gostream::account::{Action, Error, NewUser, UserChange};
use gostream::store::{Error as StoreError, Page, Revision, Role, Unique};

use crate::support::Bench;
use crate::world::{DAY, PASSWORD, SECOND, VISITOR, World};

fn named(email: &str, role: Role) -> NewUser {
    NewUser { email: email.to_owned(), name: "Bob".to_owned(), role, password: None }
}

pub(crate) async fn an_administrator_makes_changes_and_takes_away_accounts(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    world.clock.advance(SECOND);
    let bob = accounts.create_user(&ada, &named("bob@example.org", Role::Operator)).await.unwrap();
    let taken = accounts.create_user(&ada, &named("BOB@example.org", Role::Viewer)).await;
    assert!(matches!(taken, Err(Error::Store(StoreError::Duplicate(Unique::Email)))));
    let without = accounts.sign_in("bob@example.org", PASSWORD, VISITOR).await;
    assert!(matches!(without, Err(Error::Credentials)), "there is no password yet");
    let link = accounts.reset_link_for(&ada, bob.id).await.unwrap();
    accounts.reset_password(link.token.expose(), PASSWORD, VISITOR).await.unwrap();
    let bob = world.caller("bob@example.org").await;
    assert_eq!((bob.user.role, bob.user.name.as_str()), (Role::Operator, "Bob"));

    let change = UserChange { name: Some("Robert".to_owned()), ..UserChange::default() };
    let stale = accounts.update_user(&ada, bob.user.id, Some(Revision(99)), &change).await;
    assert!(matches!(stale, Err(Error::Store(StoreError::Conflict { .. }))));
    let changed = accounts.update_user(&ada, bob.user.id, Some(bob.user.revision), &change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.email.as_str()), ("Robert", "bob@example.org"));
    let listed = accounts.users(&ada, Page::first(1)).await.unwrap();
    assert_eq!((listed.items.len(), listed.next), (1, Some(ada.user.id)));

    let change = UserChange { password: Some("a third horse".to_owned().into()), ..UserChange::default() };
    accounts.update_user(&ada, bob.user.id, None, &change).await.unwrap();
    assert!(accounts.sign_in("bob@example.org", "a third horse", VISITOR).await.is_ok());
    accounts.delete_user(&ada, bob.user.id, None).await.unwrap();
    let gone = accounts.sign_in("bob@example.org", "a third horse", VISITOR).await;
    assert!(matches!(gone, Err(Error::Credentials)));
    let gone = accounts.delete_user(&ada, bob.user.id, None).await;
    assert!(matches!(gone, Err(Error::Store(StoreError::NotFound("user")))));
}

pub(crate) async fn a_change_of_role_is_felt_at_the_next_request(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    world.add("bob@example.org", Role::Operator).await;
    let bob = world.sign_in("bob@example.org").await;
    assert!(world.who(&bob).await.unwrap().may(Action::ChangeProjects).is_ok());
    let change = UserChange { role: Some(Role::Viewer), ..UserChange::default() };
    accounts.update_user(&ada, bob.user.id, None, &change).await.unwrap();
    let demoted = world.who(&bob).await.unwrap();
    assert!(matches!(demoted.may(Action::ChangeProjects), Err(Error::Forbidden(Action::ChangeProjects))));
    let change = UserChange { disabled: Some(true), ..UserChange::default() };
    accounts.update_user(&ada, bob.user.id, None, &change).await.unwrap();
    assert!(matches!(world.who(&bob).await, Err(Error::NotSignedIn)));
    let refused = accounts.sign_in("bob@example.org", PASSWORD, VISITOR).await;
    assert!(matches!(refused, Err(Error::Credentials)));
    let link = accounts.reset_link_for(&ada, bob.user.id).await.unwrap();
    let reset = accounts.reset_password(link.token.expose(), PASSWORD, VISITOR).await;
    assert!(matches!(reset, Err(Error::Link)), "a link does not let a disabled account in");
}

pub(crate) async fn nobody_but_an_administrator_touches_others(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    let forbidden = |outcome: Result<(), Error>| {
        assert!(matches!(outcome, Err(Error::Forbidden(Action::Administer))), "{outcome:?}");
    };
    for role in [Role::Viewer, Role::Operator] {
        let bob = world.add(&format!("{role}@example.org"), role).await;
        let (me, her) = (bob.user.id, ada.user.id);
        let own = UserChange { name: Some("Me".to_owned()), ..UserChange::default() };
        assert!(accounts.update_user(&bob, me, None, &own).await.is_ok());
        assert_eq!(accounts.user(&bob, me).await.unwrap().name, "Me");
        for more in [
            UserChange { role: Some(Role::Admin), ..UserChange::default() },
            UserChange { disabled: Some(false), ..UserChange::default() },
            UserChange { password: Some(PASSWORD.to_owned().into()), ..UserChange::default() },
        ] {
            forbidden(accounts.update_user(&bob, me, None, &more).await.map(drop));
        }
        forbidden(accounts.update_user(&bob, her, None, &own).await.map(drop));
        forbidden(accounts.user(&bob, her).await.map(drop));
        forbidden(accounts.users(&bob, Page::first(1)).await.map(drop));
        forbidden(accounts.create_user(&bob, &named("eve@example.org", Role::Viewer)).await.map(drop));
        forbidden(accounts.delete_user(&bob, me, None).await);
        forbidden(accounts.reset_link_for(&bob, her).await.map(drop));
        forbidden(accounts.sessions(&bob, her, Page::first(1)).await.map(drop));
        forbidden(accounts.end_sessions(&bob, her).await.map(drop));
        forbidden(accounts.tokens(&bob, her, Page::first(1)).await.map(drop));
        let hers = accounts.sessions(&ada, her, Page::first(1)).await.unwrap().items.remove(0);
        let hidden = accounts.end_session(&bob, hers.id).await;
        assert!(matches!(hidden, Err(Error::Store(StoreError::NotFound("session")))));
    }
}

pub(crate) async fn a_new_password_needs_the_old_one_and_ends_every_session(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let [here, elsewhere] = [world.sign_in("ada@example.org").await, world.sign_in("ada@example.org").await];
    let ada = world.who(&here).await.unwrap();
    let refused = accounts.change_password(&ada, "a wrong horse", "another horse", VISITOR).await;
    assert!(matches!(refused, Err(Error::Credentials)));
    let refused = accounts.change_password(&ada, PASSWORD, "qwertyuiop", VISITOR).await;
    assert!(matches!(refused, Err(Error::Password(_))));
    assert!(world.who(&elsewhere).await.is_ok());
    let now = accounts.change_password(&ada, PASSWORD, "another horse", VISITOR).await.unwrap();
    for ended in [&here, &elsewhere] {
        assert!(matches!(world.who(ended).await, Err(Error::NotSignedIn)));
    }
    let ada = world.who(&now).await.unwrap();
    assert!(accounts.sign_in("ada@example.org", "another horse", VISITOR).await.is_ok());

    // An open browser does not set a password without the old one, whatever its role.
    let change = UserChange { password: Some("a third horse".to_owned().into()), ..UserChange::default() };
    world.clock.advance(DAY);
    let refused = accounts.update_user(&ada, ada.user.id, None, &change).await;
    assert!(matches!(refused, Err(Error::NeedsProof)));
}

pub(crate) async fn the_last_administrator_stays(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    let last = |outcome: Result<(), Error>| {
        assert!(matches!(outcome, Err(Error::Store(StoreError::LastAdmin))), "{outcome:?}");
    };
    let demoted = UserChange { role: Some(Role::Operator), ..UserChange::default() };
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    last(accounts.update_user(&ada, ada.user.id, None, &demoted).await.map(drop));
    last(accounts.update_user(&ada, ada.user.id, None, &disabled).await.map(drop));
    last(accounts.delete_user(&ada, ada.user.id, None).await);
    world.add("bob@example.org", Role::Admin).await;
    let ada = world.caller("ada@example.org").await;
    assert!(accounts.update_user(&ada, ada.user.id, None, &demoted).await.is_ok());
    assert!(world.caller("ada@example.org").await.may(Action::Administer).is_err());
}

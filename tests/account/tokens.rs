//! API tokens, and how little the store is asked about them.

use gostream::account::{
    Accounts, Action, Caller, Error, FieldFault, MadeToken, Scopes, UserChange, Via, WantedToken,
};
use gostream::store::{Error as StoreError, Page, Role};

use crate::support::Bench;
use crate::world::{DAY, MINUTE, SECOND, VISITOR, World};

fn wanted(scopes: &[&str]) -> WantedToken {
    let scopes = Scopes::parse(scopes.iter().copied()).unwrap();
    WantedToken { name: "backup script".to_owned(), scopes, expires_at: None }
}

async fn program(world: &World, made: &MadeToken) -> Result<Caller, Error> {
    world.accounts.authenticate_bearer(made.token.expose()).await
}

pub(crate) async fn a_token_does_what_its_scopes_say_and_no_more(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    let made = accounts.create_token(&ada, &wanted(&["projects:read", "streams:write"])).await.unwrap();
    let token = made.token.expose();
    assert!(token.starts_with("gst_") && token.ends_with(&made.kept.hint) && made.kept.hint.len() == 4);
    assert_eq!(Accounts::scopes_of(&made.kept).words(), ["projects:read", "streams:write"]);
    let caller = program(&world, &made).await.unwrap();
    assert_eq!((caller.user.id, caller.via), (ada.user.id, Via::Token(made.kept.id)));
    let may: Vec<_> = Action::ALL.into_iter().filter(|action| caller.may(*action).is_ok()).collect();
    assert_eq!(may, [Action::SeeProjects, Action::SeeStreams, Action::RunStreams]);
    assert!(caller.proved_lately(accounts.now()).is_ok(), "the scopes say all");

    let bob = world.add("bob@example.org", Role::Viewer).await;
    let made = accounts.create_token(&bob, &wanted(&["*"])).await.unwrap();
    let caller = program(&world, &made).await.unwrap();
    assert!(caller.may(Action::ChangeProjects).is_err(), "a token lifts nobody");

    let refused = accounts.create_token(&ada, &wanted(&[])).await;
    assert!(matches!(refused, Err(Error::Field(FieldFault::NoScopes))));
    let refused = accounts.create_token(&ada, &WantedToken { name: " ".to_owned(), ..wanted(&["*"]) }).await;
    assert!(matches!(refused, Err(Error::Field(FieldFault::TokenName))));
    let past = WantedToken { expires_at: Some(accounts.now()), ..wanted(&["*"]) };
    assert!(matches!(accounts.create_token(&ada, &past).await, Err(Error::Field(FieldFault::Expiry))));
}

pub(crate) async fn a_token_ends_with_its_time_its_owner_or_by_hand(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let bob = world.add("bob@example.org", Role::Operator).await;
    let ada = world.caller("ada@example.org").await;
    let short = WantedToken { expires_at: Some(accounts.now().after(3 * SECOND)), ..wanted(&["*"]) };
    let short = accounts.create_token(&bob, &short).await.unwrap();
    assert!(program(&world, &short).await.is_ok());
    world.clock.advance(3 * SECOND);
    assert!(
        matches!(program(&world, &short).await, Err(Error::NotSignedIn)),
        "though it was known a moment ago"
    );

    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(accounts.create_token(&bob, &wanted(&["projects:read"])).await.unwrap());
    }
    for one in &made {
        assert!(program(&world, one).await.is_ok());
    }
    let stranger = world.add("eve@example.org", Role::Operator).await;
    let hidden = accounts.delete_token(&stranger, made[0].kept.id).await;
    assert!(matches!(hidden, Err(Error::Store(StoreError::NotFound("token")))));
    accounts.delete_token(&bob, made[0].kept.id).await.unwrap();
    accounts.delete_token(&ada, made[1].kept.id).await.unwrap();
    assert!(program(&world, &made[0]).await.is_err() && program(&world, &made[1]).await.is_err());
    assert!(program(&world, &made[2]).await.is_ok());
    let listed = accounts.tokens(&ada, bob.user.id, Page::first(10)).await.unwrap().items;
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [short.kept.id, made[2].kept.id]);
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    accounts.update_user(&ada, bob.user.id, None, &disabled).await.unwrap();
    assert!(matches!(program(&world, &made[2]).await, Err(Error::NotSignedIn)));
}

pub(crate) async fn a_token_makes_no_tokens(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.caller("ada@example.org").await;
    let admin = accounts.create_token(&ada, &wanted(&["users:admin"])).await.unwrap();
    let admin = program(&world, &admin).await.unwrap();
    assert!(accounts.users(&admin, Page::first(1)).await.is_ok());
    let refused = accounts.create_token(&admin, &wanted(&["projects:read"])).await;
    assert!(matches!(refused, Err(Error::Forbidden(Action::ManageSelf))));
    let all = accounts.create_token(&ada, &wanted(&["*"])).await.unwrap();
    let all = program(&world, &all).await.unwrap();
    assert!(accounts.create_token(&all, &wanted(&["*"])).await.is_ok(), "but one that may do everything");
    assert!(matches!(accounts.sign_out(&all).await, Err(Error::NeedsSession)));
    let refused = accounts.change_password(&all, "correct horse", "another horse", VISITOR).await;
    assert!(matches!(refused, Err(Error::NeedsSession)));
    for _ in 3..100 {
        accounts.create_token(&ada, &wanted(&["*"])).await.unwrap();
    }
    let full = accounts.create_token(&ada, &wanted(&["*"])).await;
    assert!(matches!(full, Err(Error::Full { at_most: 100 })));
}

pub(crate) async fn who_was_known_a_moment_ago_is_not_looked_up_again(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let ada = world.sign_in("ada@example.org").await;
    let before = accounts.cache();
    for _ in 0..100 {
        world.who(&ada).await.unwrap();
    }
    let after = accounts.cache();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (99, 1));
    let queries = || world.store.totals();
    let asked = queries();
    world.who(&ada).await.unwrap();
    assert_eq!(queries(), asked, "not one query");
    world.clock.advance(5 * SECOND);
    world.who(&ada).await.unwrap();
    assert_eq!(accounts.cache().misses - after.misses, 1, "then it is looked up again");

    let caller = world.who(&ada).await.unwrap();
    let made = accounts.create_token(&caller, &wanted(&["*"])).await.unwrap();
    program(&world, &made).await.unwrap();
    let used = async || world.store.token(made.kept.id).await.unwrap().last_used_at;
    let first = used().await;
    assert_eq!(first, Some(accounts.now()));
    world.clock.advance(MINUTE - SECOND);
    program(&world, &made).await.unwrap();
    assert_eq!(used().await, first, "written down once a minute");
    world.clock.advance(DAY);
    program(&world, &made).await.unwrap();
    assert_eq!(used().await, Some(accounts.now()));
    assert!(format!("{accounts:?} {made:?} {caller:?}").find("gst_").is_none());
}

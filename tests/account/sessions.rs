//! Signing in, what lasts of it, and how it ends.

use gostream::account::{Accounts, Config, Cost, Error, Limited, Via, Visitor};
use gostream::store::{Page, Role};

use crate::support::{Bench, NOW};
use crate::world::{DAY, MINUTE, PASSWORD, SECOND, VISITOR, World, vault};

pub(crate) async fn a_password_signs_in_and_nothing_else_does(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    for (email, password) in [
        ("ada@example.org", "correct horsE"),
        ("ada@example.org", ""),
        ("ada@example.org", &"x".repeat(100_000)),
        ("bob@example.org", PASSWORD),
        ("", ""),
        ("ada@example.org\0", PASSWORD),
        (" ada@example.org", PASSWORD),
    ] {
        let refused = accounts.sign_in(email, password, VISITOR).await;
        assert!(matches!(refused, Err(Error::Credentials)), "{email:?} {refused:?}");
    }
    let ada = accounts.sign_in("Ada@Example.org", PASSWORD, VISITOR).await.unwrap();
    let token = ada.token.expose();
    assert!(token.starts_with("gss_") && token.len() == 56, "{token}");
    assert!(!format!("{ada:?}").contains(token));
    assert_eq!((ada.session.address.as_str(), ada.session.user_agent.as_str()), ("203.0.113.7", "Firefox"));
    let caller = world.who(&ada).await.unwrap();
    assert_eq!((caller.user.id, caller.via), (ada.user.id, Via::Session(ada.session.id)));
    for wrong in ["", "gss_", &token[..55], &token.to_uppercase(), &token.replace("gss_", "gst_")] {
        assert!(matches!(accounts.authenticate(wrong, VISITOR).await, Err(Error::NotSignedIn)), "{wrong}");
        assert!(matches!(accounts.authenticate_bearer(wrong).await, Err(Error::NotSignedIn)), "{wrong}");
    }
}

pub(crate) async fn a_session_lasts_while_it_is_used(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let ada = world.sign_in("ada@example.org").await;
    assert_eq!(ada.session.expires_at, NOW.after(7 * DAY));
    // Within a minute of the last note, none is written.
    world.clock.advance(MINUTE - SECOND);
    world.who(&ada).await.unwrap();
    let kept = world.store.session(ada.session.id).await.unwrap();
    assert_eq!((kept.last_seen_at, kept.expires_at), (NOW, NOW.after(7 * DAY)));
    world.clock.advance(6 * DAY);
    let elsewhere = Visitor { address: "2001:db8::7".parse().unwrap(), ..VISITOR };
    world.accounts.authenticate(ada.token.expose(), elsewhere).await.unwrap();
    let kept = world.store.session(ada.session.id).await.unwrap();
    let now = NOW.after(MINUTE - SECOND + 6 * DAY);
    assert_eq!((kept.last_seen_at, kept.expires_at), (now, now.after(7 * DAY)));
    assert_eq!(kept.address, "2001:db8::7");
    for _ in 0..30 {
        world.clock.advance(3 * DAY);
        if world.who(&ada).await.is_err() {
            break;
        }
    }
    let kept = world.store.session(ada.session.id).await.unwrap();
    assert_eq!(kept.expires_at, NOW.after(90 * DAY), "however often it is used");
    assert!(matches!(world.who(&ada).await, Err(Error::NotSignedIn)));

    let ada = world.sign_in("ada@example.org").await;
    world.clock.advance(7 * DAY);
    assert!(matches!(world.who(&ada).await, Err(Error::NotSignedIn)), "an unused one ends");
}

pub(crate) async fn a_session_that_is_ended_works_no_more_at_once(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(world.sign_in("ada@example.org").await);
    }
    let works = async |index: usize| world.who(&sessions[index]).await.is_ok();
    for index in 0..4 {
        assert!(works(index).await);
    }
    let ada = world.who(&sessions[0]).await.unwrap();
    let listed = accounts.sessions(&ada, ada.user.id, Page::first(10)).await.unwrap().items;
    let ids: Vec<_> = sessions.iter().map(|one| one.session.id).collect();
    assert!(listed.len() == 4 && listed.iter().all(|one| ids.contains(&one.id)));
    accounts.end_session(&ada, ids[1]).await.unwrap();
    assert!(!works(1).await && works(2).await);
    assert_eq!(accounts.end_sessions(&ada, ada.user.id).await.unwrap(), 2);
    assert!(works(0).await && !works(2).await && !works(3).await);
    accounts.sign_out(&ada).await.unwrap();
    assert!(!works(0).await);
    assert!(accounts.sign_out(&ada).await.is_ok(), "twice is no mistake");
}

pub(crate) async fn an_account_has_so_many_sessions_and_the_oldest_end(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let mut first = None;
    for _ in 0..53 {
        world.clock.advance(MINUTE);
        let ada = world.sign_in("ada@example.org").await;
        first.get_or_insert(ada);
    }
    assert_eq!(bench.count("SELECT count(*) FROM sessions").await, 50);
    assert!(matches!(world.who(&first.unwrap()).await, Err(Error::NotSignedIn)));
}

pub(crate) async fn who_tries_too_often_waits(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let from = |host: u8| Visitor { address: [198, 51, 100, host].into(), ..VISITOR };
    for host in 0..10 {
        let refused = accounts.sign_in("ada@example.org", "a wrong horse", from(host)).await;
        assert!(matches!(refused, Err(Error::Credentials)));
    }
    match accounts.sign_in("ada@example.org", PASSWORD, from(99)).await {
        Err(Error::TooMany { by: Limited::Account, retry_after }) => assert!(retry_after <= 6 * SECOND),
        other => panic!("{other:?}"),
    }
    world.clock.advance(6 * SECOND);
    assert!(accounts.sign_in("ada@example.org", PASSWORD, from(99)).await.is_ok());
    for number in 0..40 {
        let email = format!("{number}@example.org");
        let outcome = accounts.sign_in(&email, PASSWORD, from(200)).await;
        if number >= 30 {
            assert!(matches!(outcome, Err(Error::TooMany { by: Limited::Address, .. })), "{number}");
        }
    }
    assert_eq!((accounts.refused(Limited::Account), accounts.refused(Limited::Address)), (1, 10));
}

pub(crate) async fn a_hash_of_another_cost_is_replaced_at_the_next_sign_in(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let ada = world.sign_in("ada@example.org").await;
    let hash = async || world.store.user(ada.user.id).await.unwrap().password_hash.unwrap().0;
    assert!(hash().await.contains("m=8,t=1,p=1"));
    let config = Config { cost: Cost { memory_kib: 64, passes: 3 }, ..Config::default() };
    let later = Accounts::new(world.store.clone(), vault(), config).unwrap();
    assert!(later.sign_in("ada@example.org", "a wrong horse", VISITOR).await.is_err());
    assert!(hash().await.contains("m=8,t=1,p=1"));
    assert!(later.sign_in("ada@example.org", PASSWORD, VISITOR).await.is_ok());
    assert!(hash().await.contains("m=64,t=3,p=1"));
    assert!(later.sign_in("ada@example.org", PASSWORD, VISITOR).await.is_ok());
}

pub(crate) async fn a_proof_of_who_one_is_gets_old(bench: Bench) {
    let world = World::with_ada(&bench).await;
    let accounts = &world.accounts;
    let old = world.sign_in("ada@example.org").await;
    let ada = world.who(&old).await.unwrap();
    assert!(ada.proved_lately(accounts.now()).is_ok());
    world.clock.advance(10 * MINUTE + SECOND);
    assert!(matches!(ada.proved_lately(accounts.now()), Err(Error::NeedsProof)));
    let refused = accounts.confirm(&ada, "a wrong horse", VISITOR).await;
    assert!(matches!(refused, Err(Error::Credentials)));
    assert!(world.who(&old).await.is_ok(), "a slip ends nothing");
    let new = accounts.confirm(&ada, PASSWORD, VISITOR).await.unwrap();
    assert!(world.who(&new).await.unwrap().proved_lately(accounts.now()).is_ok());
    assert!(matches!(world.who(&old).await, Err(Error::NotSignedIn)), "one takes the other's place");
    assert_eq!(world.add("bob@example.org", Role::Viewer).await.user.role, Role::Viewer);
}

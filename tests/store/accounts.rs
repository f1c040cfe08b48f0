//! Accounts, what signs them in, and what they ask for twice.

use std::time::Duration;

use gostream::store::{
    Claim, Claimed, Error, Hidden, Json, Keep, NewToken, OidcIdentity, Opaque, Page, Revision, Role, Swept,
    Unique,
};

use crate::support::{Bench, NOW, at_once, event, hash, later, project, session, user};

pub(crate) async fn names_are_kept_byte_for_byte(bench: Bench) {
    let store = bench.store().await;
    let names = [
        "Create Live",
        "select * from users; DROP TABLE users;--",
        "update",
        "Ünïcode Ω 東京 🎥",
        "e\u{301} is not é",
        "\u{202e}backwards\u{200d}",
        "  spaces  \t\n",
        "'quoted' \"twice\" \\ % _ $1 {columns}",
        "",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let mut fields = user(&format!("{number}@example.org"), Role::Viewer);
        fields.name = name.to_owned();
        let made = store.create_user(&fields, NOW).await.unwrap();
        assert_eq!(made.name.as_bytes(), name.as_bytes());
        assert_eq!(store.user(made.id).await, Ok(made));
        let mut fields = project(&number.to_string());
        fields.name = name.to_owned();
        fields.settings = Json(serde_json::json!({ name: [name, 1, 0.5, null, "\u{0}"] }));
        let made = store.create_project(&fields, None, NOW).await.unwrap();
        assert_eq!(store.project(made.id).await.unwrap().fields(), fields);
    }
}

pub(crate) async fn an_address_has_one_account_in_any_case(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("Ada@Exämple.org", Role::Admin), NOW).await.unwrap();
    assert_eq!(ada.email, "Ada@Exämple.org");
    assert_eq!(ada.revision, Revision::FIRST);
    let taken = Err(Error::Duplicate(Unique::Email));
    assert_eq!(store.create_user(&user("ADA@EXÄMPLE.ORG", Role::Viewer), NOW).await, taken);
    assert_eq!(store.user_by_email("ada@exämple.org").await.unwrap().map(|user| user.id), Some(ada.id));
    assert_eq!(store.user_by_email("bob@example.org").await, Ok(None));

    let identity = OidcIdentity { issuer: "https://id.example".to_owned(), subject: "1".to_owned() };
    let mut bob = user("bob@example.org", Role::Viewer);
    bob.identity = Some(identity.clone());
    let bob = store.create_user(&bob, NOW).await.unwrap();
    assert_eq!(store.user_by_identity(&identity).await, Ok(Some(bob.clone())));
    assert_eq!(bob.fields().identity, Some(identity.clone()));
    let mut fields = ada.fields();
    fields.identity = Some(identity);
    let taken = Err(Error::Duplicate(Unique::Identity));
    assert_eq!(store.update_user(ada.id, ada.revision, &fields, NOW).await, taken);
    let mut fields = ada.fields();
    fields.email = "BOB@example.org".to_owned();
    let taken = Err(Error::Duplicate(Unique::Email));
    assert_eq!(store.update_user(ada.id, ada.revision, &fields, NOW).await, taken);
    assert_eq!(store.user(ada.id).await, Ok(ada), "a refused change changes nothing");
}

pub(crate) async fn the_last_administrator_stays(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap();
    let bob = store.create_user(&user("bob@example.org", Role::Viewer), NOW).await.unwrap();
    let mut demoted = ada.fields();
    demoted.role = Role::Operator;
    let mut disabled = ada.fields();
    disabled.disabled = true;
    for fields in [&demoted, &disabled] {
        assert_eq!(store.update_user(ada.id, ada.revision, fields, NOW).await, Err(Error::LastAdmin));
    }
    assert_eq!(store.delete_user(ada.id, None).await, Err(Error::LastAdmin));

    let mut promoted = bob.fields();
    promoted.role = Role::Admin;
    store.update_user(bob.id, bob.revision, &promoted, NOW).await.unwrap();
    assert_eq!(store.update_user(ada.id, ada.revision, &demoted, NOW).await.unwrap().role, Role::Operator);
    let conflict = Error::Conflict { expected: Revision(1), found: Revision(2) };
    assert_eq!(store.delete_user(ada.id, Some(Revision(1))).await, Err(conflict));
    assert_eq!(store.delete_user(ada.id, Some(Revision(2))).await, Ok(()));
    assert_eq!(store.delete_user(ada.id, None).await, Err(Error::NotFound("user")));
}

pub(crate) async fn of_two_administrators_that_leave_at_once_one_stays(bench: Bench) {
    let store = bench.store().await;
    let mut ids = Vec::new();
    for number in 0..4 {
        let fields = user(&format!("{number}@example.org"), Role::Admin);
        ids.push(store.create_user(&fields, NOW).await.unwrap().id);
    }
    let outcomes = at_once(ids.len(), |number| {
        let (store, id) = (store.clone(), ids[number]);
        async move { store.delete_user(id, None).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Err(Error::LastAdmin)).count(), 1);
}

pub(crate) async fn the_setup_link_works_once_and_only_before_anybody_is_there(bench: Bench) {
    let store = bench.store().await;
    assert_eq!(store.has_users().await, Ok(false));
    store.create_setup_link(&hash("old"), None, NOW, later(1000)).await.unwrap();
    store.create_setup_link(&hash("new"), None, NOW, later(1000)).await.unwrap();
    let none = Err(Error::NotFound("setup link"));
    let ada = user("ada@example.org", Role::Admin);
    assert_eq!(store.create_first_user(&hash("old").0, &ada, NOW).await, none);
    assert_eq!(store.create_first_user(&hash("new").0, &ada, later(1000)).await, none);
    assert!(store.setup_link(&hash("new").0, later(999)).await.unwrap().is_some());

    let outcomes = at_once(5, |number| {
        let store = store.clone();
        let fields = user(&format!("{number}@example.org"), Role::Admin);
        async move { store.create_first_user(&hash("new").0, &fields, NOW).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(store.has_users().await, Ok(true));
    assert_eq!(store.setup_link(&hash("new").0, NOW).await, Ok(None));
    store.create_setup_link(&hash("third"), None, NOW, later(1000)).await.unwrap();
    assert_eq!(store.create_first_user(&hash("third").0, &ada, NOW).await, none);
}

pub(crate) async fn a_reset_link_sets_the_password_and_signs_out(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap();
    store.create_session(&session(ada.id, "s", later(1000)), NOW).await.unwrap();
    store.create_setup_link(&hash("reset"), Some(ada.id), NOW, later(1000)).await.unwrap();
    let new = Hidden("$argon2id$new".to_owned());
    let changed = store.reset_password(&hash("reset").0, &new, NOW).await.unwrap();
    assert_eq!((changed.password_hash.as_ref(), changed.revision), (Some(&new), Revision(2)));
    assert_eq!(store.session_by_hash(&hash("s").0, NOW).await, Ok(None));
    let none = Err(Error::NotFound("setup link"));
    assert_eq!(store.reset_password(&hash("reset").0, &new, NOW).await, none);
    let printed = format!("{changed:?}");
    assert!(!printed.contains("argon2"), "{printed}");
}

pub(crate) async fn a_session_ends_with_its_time_its_deletion_or_its_account(bench: Bench) {
    let store = bench.store().await;
    store.create_user(&user("root@example.org", Role::Admin), NOW).await.unwrap();
    let ada = store.create_user(&user("ada@example.org", Role::Viewer), NOW).await.unwrap();
    let mut made = Vec::new();
    for number in 0..5 {
        let new = session(ada.id, &number.to_string(), later(1000));
        made.push(store.create_session(&new, later(number)).await.unwrap());
    }
    assert_eq!(store.session_by_hash(&hash("0").0, later(999)).await.unwrap().as_ref(), Some(&made[0]));
    assert_eq!(store.session_by_hash(&hash("0").0, later(1000)).await, Ok(None));
    store.touch_session(made[0].id, "::1", later(500), later(2000)).await.unwrap();
    let touched = store.session_by_hash(&hash("0").0, later(1999)).await.unwrap().unwrap();
    assert_eq!((touched.address.as_str(), touched.last_seen_at), ("::1", later(500)));

    let page = store.sessions(ada.id, Page::first(2)).await.unwrap();
    assert_eq!(page.items.iter().map(|session| session.id).collect::<Vec<_>>(), [made[4].id, made[3].id]);
    assert_eq!(store.delete_session(made[4].id).await, Ok(()));
    assert_eq!(store.delete_session(made[4].id).await, Err(Error::NotFound("session")));
    assert_eq!(store.delete_sessions(ada.id, Some(made[0].id)).await, Ok(3));
    let mut fields = ada.fields();
    fields.disabled = true;
    store.update_user(ada.id, ada.revision, &fields, NOW).await.unwrap();
    assert_eq!(store.session_by_hash(&hash("0").0, NOW).await, Ok(None));
    store.delete_user(ada.id, None).await.unwrap();
    let orphan = store.create_session(&session(ada.id, "x", later(1000)), NOW).await;
    assert_eq!(orphan, Err(Error::NotFound("owner of the row")));
}

pub(crate) async fn a_token_is_found_by_its_hash_while_it_works(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap();
    let new = NewToken {
        user_id: ada.id,
        name: "deploy".to_owned(),
        token_hash: hash("t"),
        hint: "cafe".to_owned(),
        scopes: Json(serde_json::json!(["projects:read"])),
        expires_at: Some(later(10)),
    };
    let token = store.create_token(&new, NOW).await.unwrap();
    assert_eq!(store.create_token(&new, NOW).await, Err(Error::Duplicate(Unique::Secret)));
    assert_eq!(store.token_by_hash(&hash("t").0, later(9)).await, Ok(Some(token.clone())));
    assert_eq!(store.token_by_hash(&hash("t").0, later(10)).await, Ok(None));
    store.touch_token(token.id, later(5)).await.unwrap();
    assert_eq!(store.token(token.id).await.unwrap().last_used_at, Some(later(5)));
    assert_eq!(store.tokens(ada.id, Page::first(10)).await.unwrap().items.len(), 1);
    assert_eq!(store.delete_token(token.id).await, Ok(()));
    assert_eq!(store.delete_token(token.id).await, Err(Error::NotFound("token")));
}

pub(crate) async fn a_request_is_done_once_and_answered_again(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap();
    let claim = move |key: &'static str, request: &'static [u8]| Claim {
        user: ada.id,
        key,
        request_hash: request,
        lock: Duration::from_millis(100),
        keep: Duration::from_millis(1000),
    };
    let outcomes = at_once(6, |_| {
        let store = store.clone();
        async move { store.claim_request(&claim("k", b"r"), NOW).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Claimed::New)).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(Claimed::Running)).count(), 5);

    let body = Opaque(b"{}".to_vec());
    store.finish_request(ada.id, "k", 201, &body).await.unwrap();
    assert_eq!(store.finish_request(ada.id, "k", 500, &body).await, Err(Error::NotFound("request")));
    let done = Claimed::Done { status: 201, body };
    assert_eq!(store.claim_request(&claim("k", b"r"), later(999)).await, Ok(done));
    assert_eq!(store.claim_request(&claim("k", b"other"), later(999)).await, Ok(Claimed::Different));
    assert_eq!(
        store.claim_request(&claim("k", b"other"), later(1000)).await,
        Ok(Claimed::New),
        "kept no longer"
    );

    assert_eq!(store.claim_request(&claim("dies", b"r"), NOW).await, Ok(Claimed::New));
    assert_eq!(store.claim_request(&claim("dies", b"r"), later(99)).await, Ok(Claimed::Running));
    assert_eq!(store.claim_request(&claim("dies", b"r"), later(100)).await, Ok(Claimed::New));
    store.abandon_request(ada.id, "dies").await.unwrap();
    assert_eq!(store.claim_request(&claim("dies", b"r"), later(101)).await, Ok(Claimed::New));
}

pub(crate) async fn what_is_too_old_goes_in_batches(bench: Bench) {
    let store = bench.store().await;
    let ada = store.create_user(&user("ada@example.org", Role::Admin), NOW).await.unwrap();
    for number in 0..5 {
        let new = session(ada.id, &number.to_string(), later(number));
        store.create_session(&new, NOW).await.unwrap();
        store.add_events(&[event("stream.started", None, later(number))]).await.unwrap();
    }
    store.create_setup_link(&hash("l"), Some(ada.id), NOW, later(1)).await.unwrap();
    let keep = Keep {
        events: Duration::from_millis(10),
        deliveries: Duration::from_millis(10),
        streams: Duration::from_millis(10),
        batch: 2,
    };
    let swept = store.sweep(&keep, later(3)).await.unwrap();
    assert_eq!(swept, Swept { sessions: 2, links: 1, ..Swept::default() });
    assert!(swept.may_have_more(&keep));
    let swept = store.sweep(&keep, later(12)).await.unwrap();
    assert_eq!(swept, Swept { sessions: 2, events: 2, ..Swept::default() });
    let swept = store.sweep(&keep, later(12)).await.unwrap();
    assert_eq!(swept, Swept { sessions: 1, events: 1, ..Swept::default() });
    assert!(!swept.may_have_more(&keep));
    assert_eq!(bench.count("SELECT count(*) FROM events").await, 2);
}

//! Sign-in at an identity provider, and every way in which it must not succeed.

use axum::http::StatusCode;
use gostream::account::oidc::{self, Callback, TokenFault};
use gostream::account::{Config, Cost, Error, SignedIn, UserChange};
use gostream::store::{Error as StoreError, Role};
use serde_json::json;
use tokio::net::TcpListener;

use crate::issuer::{BACK, CLIENT, Issuer, SECRET, Signer, es256, rs256};
use crate::support::{Bench, NOW};
use crate::world::{MINUTE, PASSWORD, SECOND, VISITOR, World};

/// Somebody new becomes a viewer, unless a case says otherwise.
fn settings(issuer: &Issuer) -> oidc::Config {
    oidc::Config {
        issuer: issuer.url().to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.to_owned().into(),
        name: "Example".to_owned(),
        link_by_email: false,
        create: Some(Role::Viewer),
    }
}

async fn world(bench: &Bench, oidc: oidc::Config) -> World {
    let world =
        World::configured(bench, Config { cost: Cost::LEAST, oidc: Some(oidc), ..Config::default() }).await;
    world.accounts.first_admin("ada@example.org", PASSWORD).await.unwrap();
    world
}

/// A person signs in, in one browser.
async fn sign_in(world: &World, issuer: &Issuer) -> Result<(SignedIn, String), Error> {
    // Nobody is that quick; here, the limit of addresses is not the point.
    world.clock.advance(4 * SECOND);
    let begun = world.accounts.begin_elsewhere(BACK, "/projects?new=1", VISITOR).await?;
    let (code, state) = issuer.visit(&begun);
    let callback = Callback { code: Some(&code), state: Some(&state), ..Callback::default() };
    world.accounts.finish_elsewhere(&callback, begun.kept.expose(), VISITOR).await
}

async fn fault(world: &World, issuer: &Issuer) -> TokenFault {
    match sign_in(world, issuer).await {
        Err(Error::Oidc(oidc::Error::Token(fault))) => fault,
        other => panic!("{other:?}"),
    }
}

async fn refused(world: &World, issuer: &Issuer) -> oidc::Error {
    match sign_in(world, issuer).await {
        Err(Error::Oidc(error)) => error,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn an_identity_gets_an_account_and_keeps_it(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let world = world(&bench, settings(&issuer)).await;
    assert_eq!(world.accounts.doors().elsewhere.as_deref(), Some("Example"));
    let (first, return_to) = sign_in(&world, &issuer).await.unwrap();
    assert_eq!(return_to, "/projects?new=1");
    let user = world.who(&first).await.unwrap().user;
    assert_eq!(
        (user.email.as_str(), user.name.as_str(), user.role),
        ("grace@example.org", "Grace", Role::Viewer)
    );
    assert_eq!((user.oidc_issuer.as_deref(), user.oidc_subject.as_deref()), (Some(issuer.url()), Some("7")));
    assert!(user.password_hash.is_none());
    let by_password = world.accounts.sign_in("grace@example.org", "", VISITOR).await;
    assert!(matches!(by_password, Err(Error::Credentials)));

    // What counts is the subject, whatever the rest says by now.
    issuer.with(|manners| manners.claims = json!({"email": "hopper@example.org", "name": null}));
    let (second, _) = sign_in(&world, &issuer).await.unwrap();
    assert_eq!((second.user.id, second.user.email.as_str()), (user.id, "grace@example.org"));
    issuer.with(|manners| manners.claims = json!({"sub": "8", "email": "hopper@example.org"}));
    let (third, _) = sign_in(&world, &issuer).await.unwrap();
    assert_ne!(third.user.id, user.id);

    let ada = world.caller("ada@example.org").await;
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    world.accounts.update_user(&ada, third.user.id, None, &disabled).await.unwrap();
    assert!(matches!(sign_in(&world, &issuer).await, Err(Error::Credentials)));
    assert_eq!(issuer.asked(), [1, 1, 4], "what it says about itself is asked for once");
}

pub(crate) async fn rsa_keys_forms_and_what_is_said_beside_are_taken_too(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    issuer.with(|manners| {
        manners.signer = rs256();
        manners.published = json!([manners.signer.key("one")]);
        manners.key_id = None;
        manners.document = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
        manners.claims = json!({"email": null, "email_verified": null, "aud": [CLIENT]});
        manners.user_info = json!({"sub": "7", "email": "grace@example.org", "email_verified": "true"});
    });
    let world = world(&bench, oidc::Config { create: Some(Role::Operator), ..settings(&issuer) }).await;
    let (grace, _) = sign_in(&world, &issuer).await.unwrap();
    assert_eq!((grace.user.email.as_str(), grace.user.role), ("grace@example.org", Role::Operator));
    // Another account's words beside the token are nobody's.
    issuer.with(|manners| manners.claims = json!({"sub": "8", "email": null}));
    assert!(matches!(refused(&world, &issuer).await, oidc::Error::NoEmail));
}

pub(crate) async fn a_token_that_is_not_right_lets_nobody_in(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let world = world(&bench, settings(&issuer)).await;
    let second = |offset: i64| NOW.0 / 1000 + offset;
    for (claims, wrong) in [
        (json!({"nonce": "another"}), TokenFault::Nonce),
        (json!({"nonce": null}), TokenFault::Nonce),
        (json!({"aud": "somebody else"}), TokenFault::Audience),
        (json!({"aud": [CLIENT, "somebody else"]}), TokenFault::Audience),
        (json!({"aud": [CLIENT, "somebody else"], "azp": "somebody else"}), TokenFault::Audience),
        (json!({"azp": "somebody else"}), TokenFault::Audience),
        (json!({"aud": null}), TokenFault::Malformed),
        (json!({"iss": "https://evil.example"}), TokenFault::Issuer),
        (json!({"iss": null}), TokenFault::Malformed),
        (json!({"exp": second(-120)}), TokenFault::Time),
        (json!({"exp": null}), TokenFault::Malformed),
        (json!({"exp": "soon"}), TokenFault::Malformed),
        (json!({"nbf": second(3600)}), TokenFault::Time),
        (json!({"iat": second(3600)}), TokenFault::Time),
        (json!({"sub": null}), TokenFault::Malformed),
        (json!({"sub": ""}), TokenFault::Malformed),
        (json!({"sub": "x".repeat(256)}), TokenFault::Malformed),
    ] {
        issuer.with(|manners| manners.claims = claims.clone());
        assert_eq!(fault(&world, &issuer).await, wrong, "{claims}");
    }
    issuer.with(|manners| manners.claims = json!({"sub": "7"}));
    for (signer, wrong) in [
        (Signer::Nobody, TokenFault::Algorithm),
        (Signer::PublicKey, TokenFault::Algorithm),
        (es256(), TokenFault::Signature),
        (rs256(), TokenFault::Signature),
    ] {
        issuer.with(|manners| manners.signer = signer);
        assert_eq!(fault(&world, &issuer).await, wrong);
    }
    assert_eq!(bench.count("SELECT count(*) FROM users").await, 1);
}

pub(crate) async fn a_code_is_of_use_to_its_browser_alone(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let world = world(&bench, settings(&issuer)).await;
    let accounts = &world.accounts;
    let mine = accounts.begin_elsewhere(BACK, "/", VISITOR).await.unwrap();
    let theirs = accounts.begin_elsewhere(BACK, "/", VISITOR).await.unwrap();
    let (code, state) = issuer.visit(&mine);
    let (_, their_state) = issuer.visit(&theirs);
    let finish = async |code: &str, state: &str, kept: &str| {
        let callback = Callback { code: Some(code), state: Some(state), ..Callback::default() };
        accounts.finish_elsewhere(&callback, kept, VISITOR).await
    };
    let begun_elsewhere = finish(&code, &state, theirs.kept.expose()).await;
    assert!(matches!(begun_elsewhere, Err(Error::Oidc(oidc::Error::Begun))));
    // The code in a browser whose sign-in it is not: the proof of PKCE is another's.
    match finish(&code, &their_state, theirs.kept.expose()).await {
        Err(Error::Oidc(oidc::Error::Refused(why))) => assert_eq!(why.to_string(), "invalid_grant"),
        other => panic!("{other:?}"),
    }
    let (code, state) = issuer.visit(&mine);
    assert!(finish(&code, &state, mine.kept.expose()).await.is_ok());
    let again = finish(&code, &state, mine.kept.expose()).await;
    assert!(matches!(again, Err(Error::Oidc(oidc::Error::Refused(_)))), "a code works once");
    let (code, state) = issuer.visit(&mine);
    world.clock.advance(10 * MINUTE);
    let late = finish(&code, &state, mine.kept.expose()).await;
    assert!(matches!(late, Err(Error::Oidc(oidc::Error::Begun))));
    let astray = accounts.begin_elsewhere(BACK, "//evil.example", VISITOR).await;
    assert!(matches!(astray, Err(Error::Oidc(oidc::Error::ReturnTo))));
    let denied = accounts.begin_elsewhere(BACK, "/", VISITOR).await.unwrap();
    let (_, state) = issuer.visit(&denied);
    let callback = Callback { error: Some("access_denied"), state: Some(&state), ..Callback::default() };
    match accounts.finish_elsewhere(&callback, denied.kept.expose(), VISITOR).await {
        Err(Error::Oidc(oidc::Error::Refused(why))) => assert!(why.is_by_hand()),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn an_address_joins_an_account_only_where_that_is_wanted_and_it_is_verified(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    issuer.with(|manners| manners.claims = json!({"email": "ADA@example.org"}));
    let apart = world(&bench, settings(&issuer)).await;
    assert!(matches!(refused(&apart, &issuer).await, oidc::Error::EmailTaken));

    let world = world(&bench, oidc::Config { link_by_email: true, create: None, ..settings(&issuer) }).await;
    for verified in [json!(false), json!(null), json!("yes"), json!("false")] {
        issuer
            .with(|manners| manners.claims = json!({"email": "ADA@example.org", "email_verified": verified}));
        assert!(matches!(refused(&world, &issuer).await, oidc::Error::EmailTaken), "{verified}");
    }
    issuer.with(|manners| manners.claims = json!({"email": "ADA@example.org"}));
    let (ada, _) = sign_in(&world, &issuer).await.unwrap();
    assert_eq!((ada.user.email.as_str(), ada.user.role), ("ada@example.org", Role::Admin));
    assert!(world.sign_in("ada@example.org").await.user.oidc_subject.is_some(), "the password works on");
    // An account has one identity: another subject with the same address is somebody else.
    issuer.with(|manners| manners.claims = json!({"sub": "8", "email": "ada@example.org"}));
    assert!(matches!(refused(&world, &issuer).await, oidc::Error::EmailTaken));
    issuer.with(|manners| manners.claims = json!({"sub": "9"}));
    assert!(matches!(refused(&world, &issuer).await, oidc::Error::NoAccount), "nobody is made");
}

pub(crate) async fn nobody_overtakes_the_first_administrator_from_elsewhere(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let config = Config { cost: Cost::LEAST, oidc: Some(settings(&issuer)), ..Config::default() };
    let world = World::configured(&bench, config).await;
    assert!(matches!(sign_in(&world, &issuer).await, Err(Error::NotSetUp)));
    world.accounts.first_admin("ada@example.org", PASSWORD).await.unwrap();
    // Two tabs at once make one account.
    let (one, two) = tokio::join!(sign_in(&world, &issuer), sign_in(&world, &issuer));
    assert_eq!(one.unwrap().0.user.id, two.unwrap().0.user.id);
    let config = Config { cost: Cost::LEAST, ..Config::default() };
    let without = World::configured(&bench, config).await;
    let off = without.accounts.begin_elsewhere(BACK, "/", VISITOR).await;
    assert!(matches!(off, Err(Error::Oidc(oidc::Error::Off))));
    assert_eq!(without.accounts.doors().elsewhere, None);
    for email in [json!(null), json!("no address"), json!("a b@example.org")] {
        issuer.with(|manners| manners.claims = json!({"sub": "9", "email": email}));
        assert!(matches!(refused(&world, &issuer).await, oidc::Error::NoEmail), "{email}");
    }
    issuer.with(|manners| {
        manners.claims = json!({"sub": "9", "email": "eve@example.org", "email_verified": false})
    });
    assert!(matches!(refused(&world, &issuer).await, oidc::Error::NoEmail));
    let made = world.store.user_by_email("eve@example.org").await;
    assert_eq!(made, Ok::<_, StoreError>(None));
}

pub(crate) async fn an_issuer_that_is_down_is_said_to_be_and_left_alone(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let oidc = settings(&issuer);
    let address = issuer.url().trim_start_matches("http://").to_owned();
    drop(issuer);
    let world = world(&bench, oidc).await;
    let begin = async || world.accounts.begin_elsewhere(BACK, "/", VISITOR).await;
    let unavailable = |error: Error| match error {
        Error::Oidc(oidc::Error::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    };
    // The listener goes when its task has ended.
    while TcpListener::bind(&address).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(unavailable(begin().await.unwrap_err()), "no connection");
    assert_eq!(unavailable(begin().await.unwrap_err()), "no connection");
    assert!(matches!(begin().await, Err(Error::Oidc(oidc::Error::LeftAlone { .. }))));
    let issuer = Issuer::start_at(TcpListener::bind(&address).await.unwrap(), NOW);
    assert!(matches!(begin().await, Err(Error::Oidc(oidc::Error::LeftAlone { .. }))));
    world.clock.advance(30 * SECOND);
    assert!(sign_in(&world, &issuer).await.is_ok(), "then it is asked again");

    // What it said before is used on while it fails, and a code is not exchanged twice.
    issuer.with(|manners| manners.fails = Some((StatusCode::SERVICE_UNAVAILABLE, String::new())));
    let asked = issuer.asked();
    assert_eq!(unavailable(sign_in(&world, &issuer).await.unwrap_err()), "it fails");
    assert_eq!(issuer.asked(), [asked[0], asked[1], asked[2] + 1]);
    world.clock.advance(60 * MINUTE);
    assert!(begin().await.is_ok());
    assert_eq!(issuer.asked()[0], asked[0] + 3, "three attempts");
}

pub(crate) async fn an_issuer_that_says_too_much_or_nothing_of_use_is_not_believed(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    issuer.with(|manners| manners.fails = Some((StatusCode::OK, "x".repeat(300_000))));
    let begin = async || {
        let world = world(&bench, settings(&issuer)).await;
        match world.accounts.begin_elsewhere(BACK, "/", VISITOR).await {
            Err(Error::Oidc(error)) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    assert!(begin().await.contains("its answer is too large"));
    for (status, body) in [(StatusCode::OK, "<html>"), (StatusCode::OK, "{}"), (StatusCode::NOT_FOUND, "{}")]
    {
        issuer.with(|manners| manners.fails = Some((status, body.to_owned())));
        assert!(begin().await.contains("auth.oidc does not fit"), "{body}");
    }
    issuer.with(|manners| manners.fails = None);
    for (document, why) in [
        (json!({"issuer": "https://evil.example"}), "exactly what the issuer calls itself"),
        (json!({"token_endpoint": "http://evil.example/token"}), "must begin with https:"),
        (json!({"jwks_uri": "keys"}), "an address of the issuer is none"),
    ] {
        issuer.with(|manners| manners.document = document);
        let told = begin().await;
        assert!(told.contains(why), "{told}");
    }
}

pub(crate) async fn a_new_key_is_asked_for_and_not_too_often(bench: Bench) {
    let issuer = Issuer::start(NOW).await;
    let world = world(&bench, settings(&issuer)).await;
    assert!(sign_in(&world, &issuer).await.is_ok());
    issuer.with(|manners| {
        manners.signer = es256();
        manners.published = json!([{}, manners.signer.key("two")]);
        manners.key_id = Some("two");
    });
    assert_eq!(fault(&world, &issuer).await, TokenFault::Signature, "asked within the minute");
    assert_eq!(issuer.asked()[1], 1);
    world.clock.advance(MINUTE);
    assert!(sign_in(&world, &issuer).await.is_ok());
    assert!(sign_in(&world, &issuer).await.is_ok());
    assert_eq!(issuer.asked()[1], 2);
    // A name that nobody has makes no more questions than one a minute.
    issuer.with(|manners| manners.key_id = Some("three"));
    world.clock.advance(MINUTE);
    for _ in 0..3 {
        assert_eq!(fault(&world, &issuer).await, TokenFault::Signature);
    }
    assert_eq!(issuer.asked()[1], 3);
}

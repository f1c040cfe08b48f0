//! Setting up, signing in, accounts and tokens.

use gostream::api::v1::Config;
use gostream::api::v1::door;
use serde_json::{Value, json};

use crate::support::{Api, PASSWORD};

#[tokio::test]
async fn the_setup_link_makes_the_first_administrator_and_then_never_works_again() {
    let api = Api::start().await;
    let setup = api.get("/setup").send().await.is(200).json();
    assert_eq!(
        (&setup["needed"], &setup["oidc"], &setup["sign_up"]),
        (&json!(true), &Value::Null, &json!(false))
    );
    assert_eq!(setup["password_rule"], json!({ "min_length": 10, "max_length": 200 }));
    let link = api.services.accounts.setup_link().await.expect("a link");
    let body = |password: &str| {
        json!({
            "link": format!("http://lan:8080{}", link.path()), "email": "ada@example.org", "name": "Ada", "password": password,
        })
    };
    let weak = api.post("/setup", body("short")).send().await;
    weak.is_problem(422, "invalid");
    assert_eq!(weak.json()["errors"][0]["pointer"], "/password");
    let made = api.post("/setup", body(PASSWORD)).send().await.is(201);
    assert_eq!(made.json()["user"]["role"], "admin");
    let me = api.get("/me").cookie(&made.cookie()).send().await.is(200).json();
    assert_eq!(
        (&me["user"]["email"], &me["via"], &me["scopes"]),
        (&json!("ada@example.org"), &json!("session"), &json!(["*"]))
    );
    assert_eq!(api.get("/setup").send().await.is(200).json()["needed"], false);
    api.post("/setup", body(PASSWORD)).send().await.is_problem(403, "setup_closed");
}

#[tokio::test]
async fn a_cookie_is_secure_only_where_the_browser_came_by_tls() {
    let trusted =
        door::Config { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..door::Config::default() };
    let api = Api::start_with(Config { door: trusted, ..Config::default() }).await;
    api.admin().await;
    let body = || json!({ "email": "ada@example.org", "password": PASSWORD });
    let plain = api.post("/session", body()).send().await.is(201);
    let cookie = plain.header("set-cookie");
    for part in ["gostream_session=gss_", "; Path=/", "; HttpOnly", "; SameSite=Lax", "; Max-Age="] {
        assert!(cookie.contains(part), "{part} in the cookie");
    }
    assert!(!cookie.contains("Secure"), "nobody on a LAN could sign in");
    let secure = api.post("/session", body()).header("x-forwarded-proto", "https").send().await.is(201);
    assert!(secure.header("set-cookie").ends_with("; Secure"));
    let api = Api::start().await;
    api.admin().await;
    let claimed = api.post("/session", body()).header("x-forwarded-proto", "https").send().await.is(201);
    assert!(!claimed.header("set-cookie").contains("Secure"), "anybody can write such a header");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let api = Api::start().await;
    api.admin().await;
    let cookie = api.sign_in("ada@example.org").await.cookie();
    let other = api.sign_in("Ada@Example.org").await.cookie();
    let out = api.delete("/session").cookie(&cookie).send().await.is(204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    api.get("/me").cookie(&cookie).send().await.is_problem(401, "signed_out");
    api.delete("/session").cookie(&cookie).send().await.is(204);
    api.get("/me").cookie(&other).send().await.is(200);
    let wrong = json!({ "email": "ada@example.org", "password": "not this one" });
    api.post("/session", wrong).send().await.is_problem(401, "bad_credentials");
}

#[tokio::test]
async fn one_sees_and_ends_ones_own_sessions() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let phone = api.sign_in("ada@example.org").await.cookie();
    let sessions = api.get("/me/sessions").cookie(&phone).send().await.is(200).json();
    let items = sessions["items"].as_array().expect("items");
    assert_eq!((items.len(), &items[0]["current"], &items[1]["current"]), (2, &json!(true), &json!(false)));
    assert_eq!(items[0]["address"], "127.0.0.1");
    let first = items[1]["id"].as_str().expect("an id");
    api.delete(&format!("/me/sessions/{first}")).cookie(&phone).send().await.is(204);
    api.get("/me").cookie(&admin).send().await.is_problem(401, "signed_out");
    api.get("/me").cookie(&phone).send().await.is(200);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_signs_out_elsewhere() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let phone = api.sign_in("ada@example.org").await.cookie();
    let change = |old: &str| json!({ "password": "another long password", "current_password": old });
    let wrong = api.patch("/me", change("wrong")).cookie(&admin).send().await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/current_password");
    let changed = api.patch("/me", change(PASSWORD)).cookie(&admin).send().await.is(200);
    api.get("/me").cookie(&phone).send().await.is_problem(401, "signed_out");
    api.get("/me").cookie(&changed.cookie()).send().await.is(200);
}

#[tokio::test]
async fn the_password_given_again_begins_a_new_session() {
    let api = Api::start().await;
    let admin = api.admin().await;
    api.post("/me/confirm", json!({ "password": "wrong wrong wrong" }))
        .cookie(&admin)
        .send()
        .await
        .is_problem(422, "invalid");
    let confirmed =
        api.post("/me/confirm", json!({ "password": PASSWORD })).cookie(&admin).send().await.is(204);
    api.get("/me").cookie(&confirmed.cookie()).send().await.is(200);
    api.get("/me").cookie(&admin).send().await.is_problem(401, "signed_out");
}

/// Defect 6 of the predecessor: words and letters were taken out of names.
#[tokio::test]
async fn a_name_is_kept_letter_by_letter() {
    let api = Api::start().await;
    let admin = api.admin().await;
    for name in ["Create Live select update", "東京 ライブ 🎥", "Zoë O'Neil <b>", "  spaces  "] {
        let changed = api.patch("/me", json!({ "name": name })).cookie(&admin).send().await.is(200);
        assert_eq!(changed.json()["user"]["name"], name);
    }
    let refused = api.patch("/me", json!({ "name": "two\nlines" })).cookie(&admin).send().await;
    refused.is_problem(422, "invalid");
    assert_eq!(refused.json()["errors"][0]["pointer"], "/name");
}

#[tokio::test]
async fn administrators_manage_accounts_and_nobody_else_does() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let viewer = api.somebody(&admin, "vic", "viewer").await;
    api.get("/users").cookie(&viewer).send().await.is_problem(403, "not_allowed");
    let all = api.get("/users?limit=1").cookie(&admin).send().await.is(200).json();
    let cursor = all["next_cursor"].as_str().expect("another page");
    let rest = api.get(&format!("/users?limit=1&cursor={cursor}")).cookie(&admin).send().await.is(200).json();
    assert_eq!((&rest["items"][0]["email"], &rest["next_cursor"]), (&json!("vic@example.org"), &Value::Null));
    let path = format!("/users/{}", rest["items"][0]["id"].as_str().expect("an id"));
    let seen = api.get(&path).cookie(&admin).send().await.is(200);
    let tag = seen.header("etag");
    let promoted = api.patch(&path, json!({ "role": "operator" })).cookie(&admin).header("if-match", tag);
    assert_eq!(promoted.send().await.is(200).json()["role"], "operator");
    let twice = json!({ "email": "Vic@example.org", "role": "viewer" });
    let twice = api.post("/users", twice).cookie(&admin).send().await;
    twice.is_problem(409, "duplicate");
    assert_eq!(twice.json()["errors"][0]["pointer"], "/email");
    let unknown = api.post("/users", json!({ "email": "x@y", "role": "owner" })).cookie(&admin).send().await;
    unknown.is_problem(422, "invalid");
    assert_eq!(unknown.json()["errors"][0]["pointer"], "/role");
    api.delete(&path)
        .cookie(&admin)
        .header("if-match", tag)
        .send()
        .await
        .is_problem(412, "revision_mismatch");
    api.delete(&path).cookie(&admin).send().await.is(204);
    api.get("/me").cookie(&viewer).send().await.is_problem(401, "signed_out");
    let me = api.get("/me").cookie(&admin).send().await.json();
    let own = format!("/users/{}", me["user"]["id"].as_str().expect("an id"));
    api.patch(&own, json!({ "role": "viewer" })).cookie(&admin).send().await.is_problem(409, "last_admin");
    api.delete(&own).cookie(&admin).send().await.is_problem(409, "last_admin");
}

#[tokio::test]
async fn a_reset_link_leads_to_where_one_asked() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let made = api
        .post("/users", json!({ "email": "new@example.org", "role": "viewer" }))
        .cookie(&admin)
        .send()
        .await;
    let path = format!("/users/{}/reset-link", made.json()["id"].as_str().expect("an id"));
    let link = api.post(&path, json!({})).cookie(&admin).send().await.is(201).json();
    let link = link["link"].as_str().expect("a link");
    assert!(link.starts_with(&format!("http://{}/setup#reset_", api.addr)), "not localhost, not elsewhere");
    let looked = async || api.post("/setup/link", json!({ "link": link })).send().await;
    for _ in 0..2 {
        assert_eq!(
            looked().await.is(200).json(),
            json!({ "email": "new@example.org" }),
            "and it works afterwards"
        );
    }
    let set = api.post("/setup", json!({ "link": link, "password": PASSWORD })).send().await.is(200);
    looked().await.is_problem(403, "setup_closed");
    assert_eq!(api.get("/me").cookie(&set.cookie()).send().await.json()["user"]["email"], "new@example.org");
    let again = api.post("/setup", json!({ "link": link, "password": PASSWORD })).send().await;
    again.is_problem(403, "setup_closed");
}

#[tokio::test]
async fn a_token_does_what_it_was_made_for_until_it_is_taken_away() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let asked = json!({ "name": "deck", "scopes": ["users:admin"], "expires_at": "2099-01-01T00:00:00Z" });
    let made = api.post("/tokens", asked).cookie(&admin).send().await.is(201);
    let token = made.json();
    let secret = token["secret"].as_str().expect("a secret");
    assert!(secret.starts_with("gst_") && secret.ends_with(token["hint"].as_str().expect("a hint")));
    assert_eq!(token["expires_at"], "2099-01-01T00:00:00.000Z");
    let path = made.header("location").to_owned();
    assert!(api.get(&path).cookie(&admin).send().await.is(200).json().get("secret").is_none(), "told once");
    api.get("/users").bearer(secret).send().await.is(200);
    api.get("/tokens").bearer(secret).send().await.is_problem(403, "not_allowed");
    let more = api.post("/tokens", json!({ "name": "x", "scopes": ["*"] })).bearer(secret).send().await;
    more.is_problem(403, "not_allowed");
    let wrong =
        api.post("/tokens", json!({ "name": "x", "scopes": ["projects"] })).cookie(&admin).send().await;
    wrong.is_problem(422, "invalid");
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/scopes");
    let other = api.somebody(&admin, "bob", "admin").await;
    api.get(&path).cookie(&other).send().await.is_problem(404, "not_found");
    api.delete(&path).cookie(&admin).send().await.is(204);
    api.get("/users").bearer(secret).send().await.is_problem(401, "signed_out");
}

#[tokio::test]
async fn people_sign_up_only_where_that_is_open() {
    let api = Api::start().await;
    api.admin().await;
    let body = json!({ "email": "me@example.org", "password": PASSWORD });
    api.post("/sign-up", body.clone()).send().await.is_problem(403, "sign_up_off");
    let api = Api::start_with(Config { strangers: true, ..Config::default() }).await;
    api.admin().await;
    assert_eq!(api.get("/setup").send().await.json()["sign_up"], true);
    assert_eq!(api.post("/sign-up", body).send().await.is(201).json()["role"], "viewer");
}

#[tokio::test]
async fn guessing_a_password_gets_slow() {
    let api = Api::start().await;
    api.admin().await;
    let wrong = json!({ "email": "ada@example.org", "password": "guess guess guess" });
    let mut refused = None;
    for _ in 0..12 {
        let answer = api.post("/session", wrong.clone()).send().await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("it stops");
    refused.is_problem(429, "too_many_requests");
    assert!(!refused.header("retry-after").is_empty());
}

/// Defect 9 of the predecessor: a secret and a password that everybody knew.
#[tokio::test]
async fn a_new_server_has_no_account_and_no_password_that_works() {
    let api = Api::start().await;
    for (email, password) in
        [("admin", "admin"), ("admin@example.org", "admin"), ("admin@localhost", "password"), ("root", "")]
    {
        let asked = json!({ "email": email, "password": password });
        api.post("/session", asked).send().await.is_problem(401, "bad_credentials");
    }
    let guessed =
        json!({ "link": format!("setup_{}", "a".repeat(52)), "email": "a@b", "password": PASSWORD });
    api.post("/setup", guessed).send().await.is_problem(403, "setup_closed");
}

//! Sign-in at an identity provider, the way a browser walks it.

use gostream::account::oidc;
use gostream::api::v1::Config;
use gostream::store::{Role, UnixMillis};
use reqwest::Url;
use serde_json::{Value, json};

use crate::issuer::{CLIENT, Issuer, SECRET};
use crate::support::{Answer, Api};

const CALLBACK: &str = "/api/v1/session/oidc/callback";

/// A server where whoever the issuer knows may come, as this.
async fn with(issuer: &Issuer, create: Option<Role>, strangers: bool) -> Api {
    let provider = oidc::Config {
        issuer: issuer.url().to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.to_owned().into(),
        name: "Example".to_owned(),
        link_by_email: false,
        create,
    };
    let config = Config { strangers, ..Config::default() };
    Api::start_among(
        config,
        |_| {},
        |people| {
            people.oidc = Some(provider);
            people.sign_up = false;
        },
    )
    .await
}

async fn issuer() -> Issuer {
    Issuer::start(UnixMillis::from(std::time::SystemTime::now())).await
}

/// All cookies that an answer sets, by their names.
fn cookies(answer: &Answer) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}

fn cookie(answer: &Answer, name: &str) -> String {
    let begin = format!("{name}=");
    cookies(answer).into_iter().find(|cookie| cookie.starts_with(&begin)).unwrap_or_default()
}

/// As the browser sends it back.
fn kept(cookie: &str) -> &str {
    cookie.split(';').next().unwrap_or_default()
}

/// A browser that was sent away and has agreed at the issuer: where it comes back to, and what it kept.
async fn away(api: &Api, issuer: &Issuer, return_to: &str) -> (Url, String) {
    let sent = api.get(&format!("/session/oidc?return_to={return_to}")).send().await.is(302);
    let keeps = cookie(&sent, "gostream_sign_in");
    for word in ["HttpOnly", "SameSite=Lax", "Path=/api/v1/session/oidc", "Max-Age="] {
        assert!(keeps.contains(word), "{keeps}");
    }
    assert!(!keeps.contains("Secure"), "this is plain http: {keeps}");
    let back = format!("http://{}{CALLBACK}", api.addr);
    let (code, state) = issuer.visit_from(sent.header("location"), &back);
    let mut url: Url = back.parse().expect("an address");
    url.query_pairs_mut().append_pair("code", &code).append_pair("state", &state);
    (url, kept(&keeps).to_owned())
}

fn path(url: &Url) -> String {
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Sends a browser that could not sign in to the page where people sign in, with the code of the problem.
#[track_caller]
fn shows(answer: &Answer, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (302, &*format!("/login?problem={code}"))
    );
    assert!(cookie(answer, "gostream_session").is_empty(), "nobody is signed in");
}

#[tokio::test]
async fn a_browser_goes_to_the_issuer_and_comes_back_signed_in() {
    let issuer = issuer().await;
    let api = with(&issuer, Some(Role::Operator), true).await;
    let admin = api.admin().await;
    api.project(&admin, "The house's own").await;
    let setup = api.get("/setup").send().await.json();
    assert_eq!(setup["oidc"], json!({ "name": "Example" }));
    let (url, keeps) = away(&api, &issuer, "/projects%3Fnew%3D1").await;
    let back = api.get(&path(&url)).cookie(&keeps).send().await.is(302);
    assert_eq!(back.header("location"), "/projects?new=1", "where it wanted to go");
    let forgets = cookie(&back, "gostream_sign_in");
    assert!(forgets.starts_with("gostream_sign_in=;") && forgets.contains("Max-Age=0"), "{forgets}");
    let session = cookie(&back, "gostream_session");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    let session = kept(&session);
    let me = api.get("/me").cookie(session).send().await.is(200).json();
    assert_eq!(
        (&me["user"]["email"], &me["user"]["role"]),
        (&json!("grace@example.org"), &json!("operator"))
    );
    // A stranger whom nobody here let in sees what is their own.
    assert_eq!(api.get("/projects").cookie(session).send().await.is(200).json()["items"], json!([]));
    api.post("/projects", json!({ "name": "Mine" })).cookie(session).send().await.is(201);
    let told = api.until(&admin, "/events?type=user.signed_in", |list| list["items"] != json!([])).await;
    let by = |event: &Value| event["data"]["by"] == "identity_provider";
    assert!(told["items"].as_array().expect("a list").iter().any(by), "{told}");
    // The same address again, as a browser's history has it.
    shows(&api.get(&path(&url)).cookie(&keeps).send().await, "sign_in_elsewhere_failed");
    api.delete("/session").cookie(session).send().await.is(204);
    api.get("/me").cookie(session).send().await.is_problem(401, "signed_out");
}

#[tokio::test]
async fn a_browser_that_cannot_sign_in_is_told_why_on_the_page() {
    let issuer = issuer().await;
    let api = with(&issuer, Some(Role::Viewer), false).await;
    api.admin().await;
    let failed = "sign_in_elsewhere_failed";
    let (url, keeps) = away(&api, &issuer, "/").await;
    shows(&api.get(&path(&url)).send().await, failed);
    let (_, of_another) = away(&api, &issuer, "/").await;
    shows(&api.get(&path(&url)).cookie(&of_another).send().await, failed);
    shows(&api.get(&format!("{CALLBACK}?error=access_denied&state=x")).cookie(&keeps).send().await, failed);
    shows(&api.get(CALLBACK).cookie(&keeps).send().await, failed);
    shows(&api.get("/session/oidc?return_to=https%3A%2F%2Fevil.example").send().await, "bad_query");
    shows(&api.get("/session/oidc?return_to=%2F%2Fevil.example").send().await, "bad_query");

    let closed = with(&issuer, None, false).await;
    closed.admin().await;
    let (url, keeps) = away(&closed, &issuer, "/").await;
    shows(&closed.get(&path(&url)).cookie(&keeps).send().await, failed);
    let none = Api::start().await;
    shows(&none.get("/session/oidc").send().await, "not_available");
    drop(issuer);
    let api = with(&Issuer::start(UnixMillis::from(std::time::SystemTime::now())).await, None, false).await;
    shows(&api.get("/session/oidc").send().await, "not_available");
}

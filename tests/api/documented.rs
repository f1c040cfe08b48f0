//! The document and the server say the same: every route is there, and lets in whom the document says.

use gostream::api::v1::docs;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Api;

/// An id that no connection has.
const NO_CONNECTION: &str = "999999";

/// Every operation of the document, with a path that can be asked for.
fn operations() -> Vec<(Method, String, Value)> {
    let document = docs::whole();
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, said) in item.as_object().expect("an item") {
            let mut asked = path.clone();
            for parameter in
                said["parameters"].as_array().into_iter().flatten().filter(|known| known["in"] == "path")
            {
                let name = parameter["name"].as_str().expect("a name");
                // A connection's id is a number, and has no pattern.
                let id =
                    parameter["schema"]["pattern"].as_str().map_or(NO_CONNECTION.to_owned(), |pattern| {
                        let prefix = pattern.trim_start_matches('^').split('[').next().expect("a prefix");
                        format!("{prefix}01KB2Q5S3W0000000000000000")
                    });
                asked = asked.replace(&format!("{{{name}}}"), &id);
            }
            // Its answer has no end; who may listen is tested where it is listened to.
            if path == "/events/stream" {
                continue;
            }
            all.push((method.to_uppercase().parse().expect("a method"), asked, said.clone()));
        }
    }
    assert!(all.len() > 15);
    all
}

#[tokio::test]
async fn every_route_lets_in_whom_the_document_says() {
    let api = Api::start().await;
    let admin = api.admin().await;
    let all = [
        "projects:read",
        "projects:write",
        "streams:read",
        "streams:write",
        "keys:reveal",
        "webhooks:read",
        "webhooks:write",
        "system:read",
        "users:admin",
    ];
    let mut tokens = Tokens::default();
    for (method, path, said) in operations() {
        let ask = || {
            let asking = api.to(method.clone(), &path);
            if said.get("requestBody").is_some() { asking.json(json!({})) } else { asking }
        };
        let needs = said["security"].as_array().expect("security");
        let answer = ask().send().await;
        if needs.iter().any(|need| *need == json!({})) {
            assert_ne!(answer.status, 401, "{method} {path} is for everybody");
            continue;
        }
        if path == "/session" {
            continue; // Signing out works for whoever is not signed in.
        }
        answer.is_problem(401, "signed_out");
        let scopes = needs.iter().find_map(|need| need["token"].as_array());
        let Some(scope) = scopes.and_then(|scopes| scopes.first()).and_then(Value::as_str) else { continue };
        let others: Vec<_> =
            all.into_iter().filter(|other| *other != scope && !brings(other, scope)).collect();
        let token = tokens.of(&api, &admin, &others).await;
        ask().bearer(&token).send().await.is_problem(403, "not_allowed");
        let token = tokens.of(&api, &admin, &[scope]).await;
        let allowed = ask().bearer(&token).send().await;
        assert!(
            ![401, 403, 404].contains(&allowed.status.as_u16())
                || path.contains('_')
                || path.contains(NO_CONNECTION),
            "{method} {path}: {allowed:?}"
        );
        assert!(![401, 405].contains(&allowed.status.as_u16()), "{method} {path}: {allowed:?}");
        if allowed.status == 403 {
            assert_ne!(allowed.json()["code"], "not_allowed", "{method} {path}: {allowed:?}");
        }
        let status = allowed.status.as_u16().to_string();
        assert!(
            said["responses"].get(&status).is_some(),
            "{method} {path} answers {status} and does not say so"
        );
    }
}

/// A token for each set of scopes: an account may not have any number of them.
#[derive(Default)]
struct Tokens(std::collections::HashMap<String, String>);

impl Tokens {
    async fn of(&mut self, api: &Api, admin: &str, scopes: &[&str]) -> String {
        let name = scopes.join(" ");
        if !self.0.contains_key(&name) {
            self.0.insert(name.clone(), api.token(admin, scopes).await);
        }
        self.0[&name].clone()
    }
}

fn brings(other: &str, scope: &str) -> bool {
    other.strip_suffix(":write").is_some_and(|name| scope.strip_suffix(":read") == Some(name))
}

#[tokio::test]
async fn the_document_and_its_pages_are_served() {
    let api = Api::start().await;
    let document = api.get("/api/openapi.json").send().await.is(200);
    assert_eq!(document.json()["openapi"], "3.1.0");
    let tag = document.header("etag").to_owned();
    api.get("/api/openapi.json").header("if-none-match", &tag).send().await.is(304);
    let pages = api.get("/api-docs/").send().await.is(200);
    assert!(pages.header("content-security-policy").contains("script-src 'self'"));
    assert!(!pages.text.contains("<script>"), "no script that stands in the page");
    assert!(pages.text.contains("name=\"viewport\""), "a phone does not show it as small as a desktop's");
    assert!(
        api.get("/api-docs/swagger-initializer.js").send().await.is(200).text.contains("/api/openapi.json")
    );
    assert!(api.get("/api-docs/swagger-ui-bundle.js").send().await.is(200).text.len() > 100_000);
    let lead = api.get("/api-docs").send().await;
    assert_eq!(lead.header("location"), "/api-docs/");
}

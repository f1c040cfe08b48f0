//! The table of rights, spelled out once more the other way round.

use super::*;

fn allowed(role: Role, scopes: Scopes) -> Vec<Action> {
    Action::ALL.into_iter().filter(|action| action.is_allowed(role, scopes)).collect()
}

#[test]
fn each_role_may_do_what_the_one_below_may_and_more() {
    let viewer = [Action::SeeProjects, Action::SeeStreams, Action::ManageSelf];
    assert_eq!(allowed(Role::Viewer, Scopes::EVERYTHING), viewer);
    let operator: Vec<_> = Action::ALL.into_iter().filter(|action| *action != Action::Administer).collect();
    assert_eq!(allowed(Role::Operator, Scopes::EVERYTHING), operator);
    assert_eq!(allowed(Role::Admin, Scopes::EVERYTHING), Action::ALL);
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        assert_eq!(allowed(role, Scopes::NONE), []);
    }
}

#[test]
fn a_scope_limits_an_administrator_and_lifts_nobody() {
    let scopes = |words: &[&str]| Scopes::parse(words.iter().copied()).expect("scopes");
    let one = |word: &str| allowed(Role::Admin, scopes(&[word]));
    assert_eq!(one("projects:read"), [Action::SeeProjects]);
    assert_eq!(one("projects:write"), [Action::SeeProjects, Action::ChangeProjects]);
    assert_eq!(one("streams:write"), [Action::SeeStreams, Action::RunStreams]);
    assert_eq!(one("webhooks:write"), [Action::SeeWebhooks, Action::ChangeWebhooks]);
    assert_eq!(one("keys:reveal"), [Action::RevealKeys]);
    assert_eq!(one("system:read"), [Action::SeeSystem]);
    assert_eq!(one("users:admin"), [Action::Administer]);
    let all: Vec<_> = Scope::ALL.into_iter().map(Scope::word).collect();
    let all = allowed(Role::Admin, scopes(&all));
    assert!(!all.contains(&Action::ManageSelf), "a token with a list of scopes makes no further tokens");
    assert_eq!(all.len(), Action::ALL.len() - 1);
    assert_eq!(allowed(Role::Viewer, scopes(&["projects:write", "users:admin"])), [Action::SeeProjects]);
}

#[test]
fn scopes_are_kept_as_the_words_they_were_given_as() {
    for words in [&["projects:read", "keys:reveal"][..], &["*"], &[], &["users:admin"]] {
        let scopes = Scopes::parse(words.iter().copied()).expect("scopes");
        assert_eq!(scopes.words(), words);
        assert_eq!(Scopes::from_json(&scopes.to_json()), scopes);
    }
    assert_eq!(Scopes::parse(["projects:read", "*"]), Ok(Scopes::EVERYTHING));
    for wrong in ["", "projects", "Projects:read", "projects:*", "projects:read "] {
        assert_eq!(Scopes::parse([wrong]), Err(NotAScope), "{wrong}");
    }
    let later = Json(serde_json::json!(["projects:read", "recordings:read", 7, null]));
    assert_eq!(Scopes::from_json(&later).words(), ["projects:read"]);
    assert!(Scopes::from_json(&Json(serde_json::json!("*"))).is_empty(), "a list or nothing");
    let listed = Scope::ALL.map(Scope::word).join(", ");
    assert_eq!(NotAScope.to_string(), format!("a scope is one of {listed}, or * for all"));
}

#[test]
fn nobody_hands_on_more_than_they_have() {
    let scopes = |words: &[&str]| Scopes::parse(words.iter().copied()).expect("scopes");
    let writer = scopes(&["projects:write"]);
    assert!(writer.covers(scopes(&["projects:read"])));
    assert!(writer.covers(writer) && writer.covers(Scopes::NONE));
    assert!(!scopes(&["projects:read"]).covers(writer));
    assert!(!writer.covers(scopes(&["streams:read"])));
    let all: Vec<_> = Scope::ALL.into_iter().map(Scope::word).collect();
    assert!(!scopes(&all).covers(Scopes::EVERYTHING));
    assert!(Scopes::EVERYTHING.covers(scopes(&all)) && Scopes::EVERYTHING.covers(Scopes::EVERYTHING));
}

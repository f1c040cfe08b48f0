//! The document is complete, and its copy in `docs` is the same.

use std::collections::BTreeSet;

use serde_json::Value;

use super::whole;

/// Every operation: method, path and what is said of it.
fn operations(document: &Value) -> impl Iterator<Item = (&String, &String, &Value)> {
    document["paths"].as_object().into_iter().flatten().flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, said)| (method, path, said))
    })
}

#[test]
fn the_copy_in_docs_is_what_is_served() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");
    let mut text = serde_json::to_string_pretty(&whole()).expect("text");
    text.push('\n');
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).expect("written");
    }
    let copy = std::fs::read_to_string(path).unwrap_or_default();
    assert!(copy == text, "docs/openapi.json is not what is served: UPDATE_OPENAPI=1 writes it");
}

#[test]
fn every_route_is_named_once_and_says_what_it_answers() {
    let document = whole();
    let mut names = BTreeSet::new();
    for (method, path, said) in operations(&document) {
        let name = said["operationId"].as_str().unwrap_or_default();
        assert!(!name.is_empty() && names.insert(name.to_owned()), "{method} {path}: {name:?} is taken");
        assert!(said["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{method} {path} has a tag");
        assert!(
            said["summary"].as_str().is_some_and(|text| !text.is_empty()),
            "{method} {path} says what it does"
        );
        let responses = said["responses"].as_object().expect("responses");
        assert!(responses.keys().any(|status| status < &"400".to_owned()), "{method} {path} can succeed");
        for status in ["429", "500", "503"] {
            assert!(responses.contains_key(status), "{method} {path} {status}");
        }
        let needs = said["security"].as_array().expect("who may");
        let public = needs.contains(&serde_json::json!({}));
        assert!(public || said["security"][0]["session"].is_array(), "{method} {path} says who may");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = whole();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

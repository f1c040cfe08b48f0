//! What is true of every answer by rule: each field is there, null where there is nothing to say, and what is one of a few
//! words says which. A type that leaves fields out, or that is also asked with, is as its handler has it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::push::OutputState;
use crate::stream::StreamState;

/// What the names of lists begin with.
const LISTS: &[&str] = &["Items_", "Listed_"];

/// Answers that leave fields out.
const WITH_HOLES: &[&str] = &["Problem", "Fault"];

const STREAM: &[&str] = &StreamState::LABELS;
const OUTPUT: &[&str] = &OutputState::LABELS;
const HEALTH: &[&str] = &["good", "ok", "bad", "no_data"];
const SEVERITY: &[&str] = &["info", "warning", "error"];

/// Type, field, and the words that stand in it.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("LiveShown", "state", STREAM),
    ("OutputShown", "state", OUTPUT),
    ("OutputFigures", "state", OUTPUT),
    ("StatsEvent", "state", STREAM),
    ("StatsEvent", "status", HEALTH),
    ("HealthShown", "status", HEALTH),
    ("IssueShown", "severity", SEVERITY),
    ("ReportIssue", "severity", SEVERITY),
    ("StepShown", "step", &["dns", "tcp", "tls", "connect", "publish"]),
    ("StepShown", "state", &["pending", "running", "ok", "failed", "skipped"]),
    ("DeliveryShown", "status", &["pending", "delivered", "failed"]),
    ("Examined", "state", &["ok", "warn", "fail"]),
    ("SystemShown", "phase", &["starting", "ready", "draining"]),
];

/// Adds it to the document's types.
pub(super) fn apply(document: &mut Value) {
    let asked = asked_with(document);
    refer_from_lists(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in schemas.into_iter().flatten() {
        open_objects(schema);
        for (_, field, words) in WORDS.iter().filter(|(of, _, _)| of == name) {
            if let Some(property) = schema.pointer_mut(&format!("/properties/{field}")) {
                property["enum"] = json!(words);
            }
        }
        if !asked.contains(name) && !WITH_HOLES.contains(&name.as_str()) {
            require_all(schema);
        }
    }
}

/// A list refers to the type of what it lists, instead of repeating it.
fn refer_from_lists(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else {
        return;
    };
    let names: BTreeSet<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas {
        let listed =
            LISTS.iter().find_map(|list| name.strip_prefix(list)).filter(|name| names.contains(*name));
        if let (Some(listed), Some(items)) = (listed, schema.pointer_mut("/properties/items/items")) {
            *items = json!({ "$ref": format!("#/components/schemas/{listed}") });
        }
    }
}

/// The names of the types that requests have, with all that they refer to.
fn asked_with(document: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open: Vec<&Value> = Vec::new();
    let operations = document["paths"].as_object().into_iter().flatten();
    for operation in operations.flat_map(|(_, item)| item.as_object().into_iter().flatten()) {
        open.extend(operation.1.get("requestBody"));
    }
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                let name = fields.get("$ref").and_then(Value::as_str).and_then(|at| at.rsplit('/').next());
                if let Some(name) = name.filter(|name| names.insert((*name).to_owned())) {
                    open.extend(document["components"]["schemas"].get(name));
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    names
}

/// All fields of a type, also of those that it holds or is made of.
fn require_all(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(names) = fields.get("properties").and_then(Value::as_object).map(names) {
                fields.insert("required".to_owned(), names);
            }
            fields.values_mut().for_each(require_all);
        }
        Value::Array(items) => items.iter_mut().for_each(require_all),
        _ => {}
    }
}

fn names(properties: &Map<String, Value>) -> Value {
    properties.keys().cloned().collect()
}

/// An object of which no field is named may have any.
fn open_objects(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_bare = fields.get("type").is_some_and(|kind| kind == "object")
                && !["properties", "additionalProperties"].iter().any(|key| fields.contains_key(*key));
            if is_bare {
                fields.insert("additionalProperties".to_owned(), true.into());
            }
            fields.values_mut().for_each(open_objects);
        }
        Value::Array(items) => items.iter_mut().for_each(open_objects),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::docs::whole;
    use crate::push::TrialStep;

    #[test]
    fn the_words_are_those_that_are_said() {
        let document = whole();
        for (name, field, words) in WORDS {
            let said = &document["components"]["schemas"][name]["properties"][field]["enum"];
            assert_eq!(*said, json!(words), "{name}.{field}");
        }
        let steps = WORDS.iter().find(|(name, field, _)| (*name, *field) == ("StepShown", "step"));
        assert!(
            steps
                .is_some_and(|(_, _, words)| TrialStep::ALL.iter().all(|step| words.contains(&step.label())))
        );
    }

    #[test]
    fn an_answer_has_all_its_fields_and_a_request_those_that_it_needs() {
        let document = whole();
        let required = |name: &str| document["components"]["schemas"][name]["required"].clone();
        assert!(
            required("OutputShown").as_array().is_some_and(|all| all.iter().any(|name| name == "reason"))
        );
        assert_eq!(required("ProjectAsked"), json!(["name"]));
        assert_eq!(
            document["components"]["schemas"]["EventShown"]["properties"]["data"]["additionalProperties"],
            true
        );
    }
}

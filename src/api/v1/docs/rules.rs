//! What is true of every route by rule, and so is written once: parameters of the path, the errors of each kind of
//! request, the headers of a resource.

use serde_json::{Map, Value, json};

use crate::api::catalogue::{self, Code};
use crate::api::problem::{MEDIA_TYPE, TYPE_BASE};

/// What stands before a parameter of the path, and the ids that it takes.
const IDS: &[(&str, &str)] = &[
    ("users", "usr_"),
    ("sessions", "ses_"),
    ("tokens", "tok_"),
    ("projects", "prj_"),
    ("stream-keys", "key_"),
    ("destinations", "dst_"),
    ("streams", "str_"),
    ("webhooks", "whk_"),
    ("deliveries", "dlv_"),
    ("events", "evt_"),
];

/// Answers of one route that no rule has.
const OF_THEIR_OWN: &[(&str, &str, &[u16])] = &[("post", "/session", &[401])];

/// An entity tag of ours, or any.
const TAG_PATTERN: &str = r#"^(\*|(W/)?"[1-9][0-9]{0,17}(-[0-9a-f]{1,16})?")$"#;

const METHODS: &[&str] = &["get", "put", "post", "patch", "delete"];

/// The document with all that the rules add.
pub(super) fn apply(mut document: Value) -> Value {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str())
                && let Some(operation) = operation.as_object_mut()
            {
                complete(path, method, operation);
            }
        }
    }
    let responses = statuses().map(|status| (name(status), problems(status))).collect();
    document["components"]["responses"] = Value::Object(responses);
    document
}

fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let writes = method != "get";
    let has_body = operation.contains_key("requestBody");
    let secured = !is_public(operation);
    let mut parameters = path_parameters(path);
    if method == "post" && secured {
        parameters.push(idempotency_key());
    }
    let own = operation.remove("parameters").and_then(|own| match own {
        Value::Array(own) => Some(own),
        _ => None,
    });
    parameters.extend(own.unwrap_or_default());
    for parameter in parameters.iter_mut().filter(|known| known["name"] == "If-Match") {
        parameter["schema"] = json!({ "type": "string", "pattern": TAG_PATTERN });
    }
    let has = |place: &str, name: &str| {
        parameters.iter().any(|known| known["in"] == place && (name.is_empty() || known["name"] == name))
    };
    let mut statuses = vec![429, 500, 503];
    let mine = OF_THEIR_OWN.iter().find(|own| (own.0, own.1) == (method, path));
    let rules: [(bool, &[u16]); 9] = [
        (secured, &[401, 403]),
        // Another site's page may change nothing, whoever sits before it.
        (writes, &[403]),
        (path.contains('{') || has("query", "project_id") || has("query", "stream_id"), &[404]),
        (has_body, &[400, 413, 415, 422]),
        (has("query", ""), &[400]),
        (has("header", "Idempotency-Key"), &[400, 422]),
        (writes, &[409]),
        (has("header", "If-Match"), &[400, 412]),
        (mine.is_some(), mine.map_or(&[], |own| own.2)),
    ];
    statuses
        .extend(rules.iter().filter(|(holds, _)| *holds).flat_map(|(_, statuses)| statuses.iter().copied()));
    let cached = has("header", "If-None-Match");
    operation.insert("parameters".to_owned(), parameters.into());
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for status in statuses {
        let at = format!("#/components/responses/{}", name(status));
        responses.entry(status.to_string()).or_insert_with(|| json!({ "$ref": at }));
    }
    if cached {
        let same = json!({ "description": "It is as If-None-Match has it." });
        responses.entry("304").or_insert(same);
        if let Some(found) = responses.get_mut("200") {
            let tag = json!({ "description": "What If-Match and If-None-Match take.", "schema": { "type": "string" } });
            found["headers"]["ETag"] = tag;
        }
    }
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        if response["description"] == "" {
            response["description"] = "It is so.".into();
        }
    }
}

/// Whether a route is for everybody: it says so by an empty requirement.
fn is_public(operation: &Map<String, Value>) -> bool {
    let needs = operation.get("security").and_then(Value::as_array);
    needs.is_some_and(|needs| needs.iter().any(|need| need.as_object().is_some_and(Map::is_empty)))
}

fn path_parameters(path: &str) -> Vec<Value> {
    let segments: Vec<_> = path.split('/').collect();
    let pairs = segments.iter().zip(segments.iter().skip(1));
    pairs
        .filter_map(|(before, segment)| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            let prefix = IDS.iter().find(|(known, _)| known == before).map(|(_, prefix)| *prefix);
            let schema = match prefix {
                Some(prefix) => {
                    json!({ "type": "string", "pattern": format!("^{prefix}[0-9A-HJKMNP-TV-Z]{{26}}$") })
                }
                None => json!({ "type": "string" }),
            };
            Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        })
        .collect()
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Names this request for a day: repeated, it is answered as the first time.",
        "schema": { "type": "string", "pattern": "^(\"[!-~]{1,255}\"|[!#-~][!-~]{0,254})$" },
    })
}

/// Every status that the catalogue has, once.
fn statuses() -> impl Iterator<Item = u16> {
    let mut statuses: Vec<_> = catalogue::ALL.iter().map(|code| code.status.as_u16()).collect();
    statuses.dedup();
    statuses.into_iter()
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

/// All problems of one status.
fn problems(status: u16) -> Value {
    let codes: Vec<&Code> =
        catalogue::ALL.iter().copied().filter(|code| code.status.as_u16() == status).collect();
    let lines: Vec<_> =
        codes.iter().map(|code| format!("- `{}`: {}. {}", code.code, code.title, code.help)).collect();
    let example = codes.first().map(|code| {
        json!({
            "type": format!("{TYPE_BASE}{}", code.code), "title": code.title, "status": status,
            "code": code.code, "request_id": "r-5f1c0a9be2d84417", "instance": "/api/v1/projects",
        })
    });
    let mut problem = json!({
        "description": lines.join("\n"),
        "content": { MEDIA_TYPE: { "schema": { "$ref": "#/components/schemas/Problem" }, "example": example } },
        "headers": { "X-Request-Id": { "description": "The request's name in our log.", "schema": { "type": "string" } } },
    });
    if matches!(status, 429 | 503) {
        let wait = json!({ "description": "Seconds.", "schema": { "type": "integer" } });
        problem["headers"]["Retry-After"] = wait;
    }
    problem
}

//! `/api-docs/problems`: a page for each code, which the `type` of a problem leads to.

use std::fmt::Write as _;

use axum::extract::Path;
use axum::response::{Html, IntoResponse, Response};

use crate::api::Problem;
use crate::api::catalogue::{self, Code};
use crate::api::problem::TYPE_BASE;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;\
    color-scheme:light dark}code{font-family:ui-monospace,monospace}dt{margin-top:1rem}";

/// All codes.
pub(super) async fn list() -> Html<String> {
    let mut body = String::from("<h1>Problems</h1><p>Programs look at <code>code</code>.</p><dl>");
    for code in catalogue::ALL.iter().chain(catalogue::BESIDE) {
        let Code { code: name, title, status, .. } = code;
        // A String takes everything.
        let _written = write!(
            body,
            "<dt><a href=\"{TYPE_BASE}{name}\"><code>{name}</code></a> ({})</dt><dd>{}</dd>",
            status.as_u16(),
            escaped(title)
        );
    }
    body.push_str("</dl>");
    page("Problems", &body)
}

/// One code.
pub(super) async fn one(Path(name): Path<String>) -> Response {
    let Some(code) = catalogue::of(&name) else {
        return Problem::of(&catalogue::NOT_FOUND).detail("there is no such code").into_response();
    };
    let Code { code: name, title, status, help } = code;
    let body = format!(
        "<h1>{}</h1><p>{}</p><p><code>{name}</code>, status {}. <a href=\"{}\">All problems</a></p>",
        escaped(title),
        escaped(help),
        status.as_u16(),
        TYPE_BASE.trim_end_matches('/')
    );
    page(name, &body).into_response()
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style>{body}</html>"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

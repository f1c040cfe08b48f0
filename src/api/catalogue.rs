//! Every code that a problem can have: its status, its title, and what to do about it.
//!
//! One table for the API and one for what is served beside it: answers, the OpenAPI document and the page of a code are
//! made from them. A code never changes its meaning.

use axum::http::StatusCode;

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// What programs look at, in `snake_case`.
    pub code: &'static str,
    /// Always the same for one code.
    pub status: StatusCode,
    /// The same for every occurrence.
    pub title: &'static str,
    /// What it means and what to do, for the page of the code.
    pub help: &'static str,
}

/// Declares each code once, and the table of all of them.
macro_rules! codes {
    ($(#[$doc:meta])* $table:ident: $($constant:ident = $status:ident $code:literal $title:literal $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Code =
                Code { code: $code, status: StatusCode::$status, title: $title, help: $help };
        )*

        $(#[$doc])*
        pub static $table: &[&Code] = &[$(&$constant),*];
    };
}

codes! {
    /// All codes of the API, by status.
    ALL:
    BAD_REQUEST = BAD_REQUEST "bad_request" "The request cannot be read"
        "A header or the form of the request is wrong; the detail says which.";
    MALFORMED_JSON = BAD_REQUEST "malformed_json" "The body is not JSON"
        "The body does not parse as JSON; the detail says where.";
    BAD_QUERY = BAD_REQUEST "bad_query" "The query cannot be read"
        "A parameter of the query has a value that it cannot have. A cursor is only good for the list it came from.";

    SIGNED_OUT = UNAUTHORIZED "signed_out" "Sign in first"
        "There is no valid session cookie and no valid token. Sign in again, or check that the token has not expired.";
    BAD_CREDENTIALS = UNAUTHORIZED "bad_credentials" "Email or password is wrong"
        "No account has this email and password. Which of the two is wrong is not said.";

    NOT_ALLOWED = FORBIDDEN "not_allowed" "You may not do this"
        "The account's role, or the token's scopes, do not include this; the detail names what is missing.";
    CONFIRM_PASSWORD = FORBIDDEN "confirm_password" "Confirm your password first"
        "This needs a password that was given in the last minutes: POST /me/confirm, then ask again.";
    CROSS_ORIGIN = FORBIDDEN "cross_origin" "The request came from another site"
        "With a session cookie, what changes something must come from this server's own pages, as application/json.";
    SETUP_CLOSED = FORBIDDEN "setup_closed" "The link is not good"
        "A link works once and for half an hour. `gostream admin setup-link` prints a new one for the first administrator, \
         `gostream admin reset-link` one for an account that is there.";
    ELSEWHERE_FAILED = FORBIDDEN "sign_in_elsewhere_failed" "Signing in elsewhere did not work"
        "The identity provider did not vouch for anybody, or nobody here; the detail says why.";
    SIGN_UP_OFF = FORBIDDEN "sign_up_off" "Accounts are made by an administrator here"
        "Signing up oneself is off; an administrator can make an account.";

    NOT_FOUND = NOT_FOUND "not_found" "There is nothing here"
        "No route has this path, or nothing has this id.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed" "This method is not allowed here"
        "The Allow header says which methods are.";

    DECLARED_IN_FILE = CONFLICT "declared_in_file" "This is declared in the configuration file"
        "What stands in the configuration file is changed there, and shown here.";
    DUPLICATE = CONFLICT "duplicate" "There is one like this already"
        "Another one has the same value where it must be unique; `errors` points to it.";
    TOO_MANY = CONFLICT "too_many" "There are as many as there may be"
        "A bound is reached; the detail says which. Delete one, or raise the bound in the configuration.";
    LAST_ADMIN = CONFLICT "last_admin" "The last administrator cannot be taken away"
        "Somebody must be able to administer. Make another account an administrator first.";
    NOT_LIVE = CONFLICT "not_live" "This is not live"
        "What was asked for needs a stream that is live.";
    NOT_POSSIBLE = CONFLICT "not_possible" "This is not possible now"
        "The present state does not allow it; the detail says why.";
    REQUEST_RUNNING = CONFLICT "request_running" "The same request is still being done"
        "A request with this Idempotency-Key has not been answered yet. Ask again in a moment.";

    REVISION_MISMATCH = PRECONDITION_FAILED "revision_mismatch" "It has been changed in the meantime"
        "The revision in If-Match is not the present one. Get it again, and repeat the change on what is there now.";
    TOO_LARGE = PAYLOAD_TOO_LARGE "too_large" "The body is too large"
        "Bodies may have 64 KiB.";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body must be JSON"
        "Send `Content-Type: application/json`; for PATCH also `application/merge-patch+json`.";
    INVALID = UNPROCESSABLE_ENTITY "invalid" "Something in the body is not valid"
        "Each entry of `errors` points to a value of the body (RFC 6901) and says what is wrong with it.";
    KEY_REUSED = UNPROCESSABLE_ENTITY "idempotency_key_reused" "This Idempotency-Key was used for another request"
        "A key names one request with one body for a day. Use a new key for a new request.";
    TOO_MANY_REQUESTS = TOO_MANY_REQUESTS "too_many_requests" "Too many requests"
        "Wait as long as Retry-After says. Media, health, and the stream of events are never counted.";

    INTERNAL = INTERNAL_SERVER_ERROR "internal" "Something went wrong in the server"
        "It is our fault; the log has a line with the request_id.";
    STARTING = SERVICE_UNAVAILABLE "starting" "The server is starting"
        "Ask again in a moment; /readyz says what is waited for.";
    DRAINING = SERVICE_UNAVAILABLE "draining" "The server is stopping"
        "It finishes what it has and changes nothing any more. Ask again in a moment, or another node.";
    DATABASE_UNAVAILABLE = SERVICE_UNAVAILABLE "database_unavailable" "The database does not answer"
        "Nothing was changed, as far as we know. What is on the air goes on. Ask again in a moment.";
    TOOK_TOO_LONG = SERVICE_UNAVAILABLE "took_too_long" "The request took too long"
        "It was given up; it may have been done or not. With an Idempotency-Key it can be repeated safely.";
    NOT_AVAILABLE = SERVICE_UNAVAILABLE "not_available" "This part is not there"
        "The server runs without this part, or it is not ready; the detail says which.";
}

codes! {
    /// Those of media, pages and health, beside the API's, by status.
    BESIDE:
    BAD_DIRECTIVE = BAD_REQUEST "bad_directive" "The playlist cannot be waited for like this"
        "A delivery directive (`_HLS_msn`, `_HLS_part`) names what cannot come soon; load the playlist without it.";
    TOKEN_MISSING = FORBIDDEN "token_missing" "The stream cannot be played with this address"
        "This server plays streams with a token alone; ask whoever shows the stream for an address.";
    TOKEN_EXPIRED = FORBIDDEN "token_expired" "The stream cannot be played with this address"
        "The token in the address was good for a while; ask for a new address.";
    TOKEN_INVALID = FORBIDDEN "token_invalid" "The stream cannot be played with this address"
        "The token in the address is not of this server, or for another stream.";
    UNKNOWN_STREAM = NOT_FOUND "unknown_stream" "There is no such stream"
        "No project has this playback id.";
    NOT_LIVE_YET = NOT_FOUND "not_live_yet" "The stream is starting"
        "Its first segment is not whole yet. Ask again after Retry-After.";
    SEGMENT_GONE = NOT_FOUND "segment_gone" "The segment has left the live window"
        "Load the playlist anew: it names what is there.";
    NOT_READY = SERVICE_UNAVAILABLE "not_ready" "Not ready"
        "The server is starting or stopping; the detail says what is waited for.";
    TOO_MANY_WAITING = SERVICE_UNAVAILABLE "too_many_waiting" "Too many requests wait for this stream"
        "Ask again after Retry-After, without waiting for what is to come.";
}

/// The code of this name, of all there are.
#[must_use]
pub fn of(name: &str) -> Option<&'static Code> {
    ALL.iter().chain(BESIDE).copied().find(|code| code.code == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_there_once_and_says_what_to_do() {
        let mut seen = BTreeSet::new();
        for code in ALL.iter().chain(BESIDE) {
            assert!(seen.insert(code.code), "{} twice", code.code);
            assert!(code.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", code.code);
            assert!(code.help.ends_with('.') && !code.title.ends_with('.'), "{}", code.code);
            assert!(code.status.is_client_error() || code.status.is_server_error(), "{}", code.code);
        }
        for table in [ALL, BESIDE] {
            assert!(table.is_sorted_by_key(|code| code.status.as_u16()), "by status");
        }
        for fault in crate::stream::TokenFault::ALL {
            assert!(of(fault.label()).is_some(), "{fault}");
        }
    }
}

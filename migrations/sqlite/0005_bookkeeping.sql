-- Requests that may come twice, and which server keys have sealed what is here.
CREATE TABLE idempotency (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status BIGINT,
    body BLOB,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

CREATE TABLE server_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    check_value BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

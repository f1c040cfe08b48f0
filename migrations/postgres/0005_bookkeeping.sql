-- Requests that may come twice, and which server keys have sealed what is here.
CREATE TABLE idempotency (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    status BIGINT,
    body BYTEA,
    locked_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_expires_at ON idempotency (expires_at);

CREATE TABLE server_keys (
    id BIGINT NOT NULL PRIMARY KEY,
    check_value BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);

-- What is relayed, and where to. `running` and `enabled` are wishes; what really runs is the engine's to say.
CREATE TABLE projects (
    id TEXT NOT NULL PRIMARY KEY,
    owner_id TEXT REFERENCES users (id) ON DELETE SET NULL,
    name TEXT NOT NULL,
    playback_id TEXT NOT NULL,
    hold_ms BIGINT,
    settings TEXT NOT NULL,
    declared BOOLEAN NOT NULL DEFAULT FALSE,
    running BOOLEAN NOT NULL DEFAULT TRUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX projects_playback_id ON projects (playback_id);
CREATE INDEX projects_owner_id ON projects (owner_id, id);

CREATE TABLE stream_keys (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    key_lookup BLOB NOT NULL,
    key_sealed BLOB NOT NULL,
    key_hint TEXT NOT NULL,
    sealed_with BIGINT NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    expires_at BIGINT,
    last_used_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX stream_keys_key_lookup ON stream_keys (key_lookup);
CREATE INDEX stream_keys_project_id ON stream_keys (project_id, id);

CREATE TABLE destinations (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    platform TEXT NOT NULL,
    url TEXT NOT NULL,
    key_sealed BLOB,
    key_hint TEXT,
    sealed_with BIGINT,
    enabled BOOLEAN NOT NULL DEFAULT TRUE,
    insecure BOOLEAN NOT NULL DEFAULT FALSE,
    chunk_size BIGINT,
    codecs TEXT,
    video_track BIGINT,
    audio_track BIGINT,
    limits TEXT,
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX destinations_project_id ON destinations (project_id, position, id);

-- What happened. Events have no foreign keys: they outlive what they tell of, until they are too old.
CREATE TABLE streams (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    node TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT,
    encoder TEXT,
    report TEXT
);
CREATE INDEX streams_project_id ON streams (project_id, id);
CREATE INDEX streams_open ON streams (node, id) WHERE ended_at IS NULL;
CREATE INDEX streams_ended_at ON streams (ended_at);

CREATE TABLE events (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    project_id TEXT COLLATE "C",
    stream_id TEXT COLLATE "C",
    at BIGINT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX events_project_id ON events (project_id, id);
CREATE INDEX events_stream_id ON events (stream_id, id);
CREATE INDEX events_kind ON events (kind, id);
CREATE INDEX events_at ON events (at);

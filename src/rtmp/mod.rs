//! The rtmp room.

//! The push room.

//! The hls room.

//! FLV tags and tag bodies.

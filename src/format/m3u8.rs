//! Playlist values to text.

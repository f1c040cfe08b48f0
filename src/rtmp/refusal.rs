//! Why a publisher is refused, in words that encoders show.

/// Why a publisher is refused, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishRefusal {
    /// The key is not known. OBS shows its "invalid stream key" box.
    UnknownKey,
    /// It did not authenticate, and everyone who publishes must.
    Unauthenticated,
    /// Somebody publishes with this key, and takeover is off.
    Busy,
    /// The process is on its way out.
    Draining,
}

impl PublishRefusal {
    /// Code and description of the status.
    pub(super) const fn status(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownKey => ("NetStream.Publish.Denied", "The stream key is not valid"),
            Self::Unauthenticated => {
                ("NetStream.Publish.Denied", "Publishing here needs a user name and password (authmod=adobe)")
            }
            Self::Busy => ("NetStream.Publish.BadName", "The stream key is in use by another encoder"),
            Self::Draining => ("NetStream.Publish.Rejected", "The server is shutting down"),
        }
    }
}

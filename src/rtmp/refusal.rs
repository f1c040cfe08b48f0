//! Why a publisher or a player is refused, in words that encoders and players show.

/// Why a publisher is refused, as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishRefusal {
    /// The key is not known. OBS shows its "invalid stream key" box.
    UnknownKey,
    /// The key was good once.
    ExpiredKey,
    /// The key is switched off.
    DisabledKey,
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
            Self::ExpiredKey => {
                ("NetStream.Publish.Denied", "The stream key has expired: take the project's present one")
            }
            Self::DisabledKey => ("NetStream.Publish.Denied", "The stream key is switched off"),
            Self::Unauthenticated => {
                ("NetStream.Publish.Denied", "Publishing here needs a user name and password (authmod=adobe)")
            }
            Self::Busy => ("NetStream.Publish.BadName", "The stream key is in use by another encoder"),
            Self::Draining => ("NetStream.Publish.Rejected", "The server is shutting down"),
        }
    }
}

/// Why a player is refused, with the words that it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlayRefusal<'a> {
    /// There is nothing to play.
    NotFound(&'a str),
    /// It may not play.
    Denied(&'a str),
}

impl<'a> PlayRefusal<'a> {
    /// Code and description of the status.
    pub(super) const fn status(self) -> (&'static str, &'a str) {
        match self {
            Self::NotFound(why) => ("NetStream.Play.StreamNotFound", why),
            Self::Denied(why) => ("NetStream.Play.Failed", why),
        }
    }
}

impl<'a> From<&'a str> for PlayRefusal<'a> {
    fn from(why: &'a str) -> Self {
        Self::NotFound(why)
    }
}

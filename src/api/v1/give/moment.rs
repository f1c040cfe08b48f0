//! A moment as the API writes it: RFC 3339, UTC, milliseconds.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::store::UnixMillis;

/// Years, in UTC, of moments that are taken: what is taken can be written again, with four digits (RFC 3339).
const YEARS: RangeInclusive<i32> = 1970..=9999;

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(pub UnixMillis);

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self(SystemTime::now().into())
    }
}

impl From<UnixMillis> for Moment {
    fn from(at: UnixMillis) -> Self {
        Self(at)
    }
}

impl From<SystemTime> for Moment {
    fn from(at: SystemTime) -> Self {
        Self(at.into())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error as _;
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0.0) * 1_000_000);
        let at = at.map_err(S::Error::custom)?.format(form).map_err(S::Error::custom)?;
        serializer.serialize_str(&at)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at = OffsetDateTime::parse(&text, &Rfc3339);
        let at =
            at.map_err(|_| D::Error::custom("must be a time as RFC 3339 has it, 2026-11-27T12:00:00Z"))?;
        let at = at.checked_to_offset(UtcOffset::UTC).filter(|at| YEARS.contains(&at.year()));
        let at = at.ok_or_else(|| D::Error::custom("must be in the years 1970 to 9999"))?;
        let millis = i64::try_from(at.unix_timestamp_nanos() / 1_000_000);
        millis.map(|millis| Self(UnixMillis(millis))).map_err(|_| D::Error::custom("is too far away"))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-27T12:00:00.000Z"])
            .into()
    }
}

impl ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds_and_read_in_any_zone() {
        let moment = Moment(UnixMillis(1_795_780_800_007));
        let text = serde_json::to_string(&moment).expect("text");
        assert_eq!(text, "\"2026-11-27T12:00:00.007Z\"");
        for same in [text.as_str(), "\"2026-11-27T14:00:00.007+02:00\"", "\"2026-11-27T12:00:00.0079Z\""] {
            assert_eq!(serde_json::from_str::<Moment>(same).expect("a moment"), moment, "{same}");
        }
        for wrong in [
            "\"\"",
            "\"2026-11-27\"",
            "\"2026-11-27T12:00:00\"",
            "17",
            "\"2026-13-27T12:00:00Z\"",
            // Beyond what can be written, in UTC.
            "\"9999-12-31T23:59:59-01:00\"",
            "\"0000-01-01T00:00:00+01:00\"",
            "\"1969-12-31T23:59:59Z\"",
        ] {
            assert!(serde_json::from_str::<Moment>(wrong).is_err(), "{wrong}");
        }
    }
}

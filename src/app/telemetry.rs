//! Log lines: to stderr, as text for people or as one JSON object each.
//!
//! A JSON line is `{"timestamp","level","message","target"}` and the fields of the event and of the spans around it,
//! flat; where names meet, the event's own and then the innermost span's win. Fields that name things are always
//! called `stream`, `output` and `session`. What is secret is kept out by its type, which prints no secret.

use std::fmt;
use std::io::IsTerminal as _;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::config::{Log, LogFormat};

/// Why no lines can be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// `log.level` is no filter; the configuration refuses those.
    #[error("log.level: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The process writes lines already.
    #[error("logging: {0}")]
    Started(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// Starts writing lines to stderr, for the whole process, also for panics.
///
/// # Errors
/// [`Error`]; a second call is one.
pub(super) fn start(log: &Log) -> Result<(), Error> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match log.format {
        LogFormat::Text => tracing::subscriber::set_global_default(text(log, colours, std::io::stderr)?)?,
        LogFormat::Json => tracing::subscriber::set_global_default(json(log, std::io::stderr)?)?,
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, backtrace = %std::backtrace::Backtrace::capture(), "panic: {what}");
    }));
    Ok(())
}

fn text<W>(log: &Log, colours: bool, writer: W) -> Result<impl Subscriber + Send + Sync, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.level)?;
    Ok(tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(writer).finish())
}

fn json<W>(log: &Log, writer: W) -> Result<impl Subscriber + Send + Sync, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.level)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer);
    Ok(builder.fmt_fields(JsonFields::new()).event_format(Flat).finish())
}

/// One flat JSON object a line.
struct Flat;

impl<S> FormatEvent<S, JsonFields> for Flat
where
    S: Subscriber + for<'s> LookupSpan<'s>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut fields = Fields(Map::new());
        for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            let written =
                extensions.get::<FormattedFields<JsonFields>>().map_or("", |written| written.as_str());
            if let Ok(Value::Object(of_span)) = serde_json::from_str(written) {
                fields.0.extend(of_span);
            }
        }
        event.record(&mut fields);
        let mut fields = fields.0;
        let message = fields.remove("message").unwrap_or_else(|| "".into());
        let metadata = event.metadata();
        let head = [
            ("timestamp", timestamp.into()),
            ("level", metadata.level().as_str().into()),
            ("message", message),
            ("target", metadata.target().into()),
        ];
        let mut separator = '{';
        for (name, value) in &head {
            write!(writer, "{separator}\"{name}\":{value}")?;
            separator = ',';
        }
        for (name, value) in fields.iter().filter(|(name, _)| head.iter().all(|(taken, _)| taken != name)) {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        writeln!(writer, "}}")
    }
}

/// Fields of an event as JSON.
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string().into());
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::stream::{StreamId, StreamKey};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("whole").clone()).expect("UTF-8")
        }
    }

    fn log(level: &str, format: LogFormat) -> Log {
        Log { level: level.to_owned(), format }
    }

    fn say_something() {
        let span = tracing::info_span!("session", session = 7, stream = "outer");
        let _within = span.enter();
        let key = StreamKey::new("opensesame");
        tracing::info!(stream = %StreamId::new("inner"), ?key, level = "mine", "publishing \"now\"");
        tracing::debug!("too quiet");
    }

    #[test]
    fn a_json_line_is_flat_and_shows_no_key() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = json(&log("info", LogFormat::Json), move || writer.clone()).expect("a filter");
        tracing::subscriber::with_default(subscriber, say_something);
        let text = lines.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("{\"timestamp\":\"20"), "{text}");
        let line: Value = serde_json::from_str(&text).expect("JSON");
        for (name, value) in [
            ("level", Value::from("INFO")),
            ("message", "publishing \"now\"".into()),
            ("target", "gostream::app::telemetry::tests".into()),
            ("session", 7.into()),
            ("stream", "inner".into()),
            ("key", "StreamKey(redacted)".into()),
        ] {
            assert_eq!(line[name], value, "{name}");
        }
        assert_eq!(text.matches("\"level\"").count(), 1, "{text}");
    }

    #[test]
    fn a_text_line_says_the_same_to_people() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = text(&log("off,gostream=info", LogFormat::Text), false, move || writer.clone());
        tracing::subscriber::with_default(subscriber.expect("a filter"), say_something);
        let text = lines.text();
        assert!(text.contains(" INFO session{session=7 stream=\"outer\"}: "), "{text}");
        assert!(text.contains("publishing \"now\" stream=inner key=StreamKey(redacted)"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

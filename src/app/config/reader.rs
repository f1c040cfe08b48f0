//! Lays the sources over one another along the table of keys, and collects all that is wrong on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::conflicts;
use super::error::{Errors, Place, Problem};
use super::keys::{self, Visit};
use super::nearest::nearest;
use super::project::{self, ProjectDraft};
use super::sources::{ENV_PREFIX, Loaded, Origin, Origins, Sources, env_name, join};
use super::values::{Fault, Kind, Raw, type_name};
use super::{Config, Project, mask};
use crate::stream::StreamKey;

/// The largest file a `..._FILE` variable or `..._file` key may name, bytes.
const SECRET_BYTES_MAX: u64 = 4096;

/// Entries of one list that variables may add, so that a variable cannot ask for any amount of memory.
const ENV_ENTRIES_MAX: usize = 1000;

/// The whole configuration.
pub(super) fn load(sources: &Sources) -> Result<Loaded, Errors> {
    let (config, origins) = read(sources, |reader| {
        let (mut config, mut drafts) = (Config::default(), Vec::new());
        keys::config(reader, &mut config, &mut drafts);
        reader.check_conflicts(&config);
        config.projects = reader.finish_projects(drafts);
        config
    })?;
    Ok(Loaded { config, origins })
}

fn read<T>(sources: &Sources, walk: impl FnOnce(&mut Reader<'_>) -> T) -> Result<(T, Origins), Errors> {
    let file = sources.file.as_ref().map(|(path, text)| (path.as_path(), text.as_str()));
    let (table, syntax) = file.map(|(_, text)| DeTable::parse_recoverable(text)).unzip();
    let syntax = syntax.unwrap_or_default();
    // Keys of a file that does not parse may have ended up in the wrong table: only its syntax is reported.
    let is_toml = syntax.is_empty();
    let table = table.as_ref().map(Spanned::get_ref).filter(|_| is_toml);
    let scope = Scope { path: String::new(), table, header: None, known: Vec::new() };
    let mut reader = Reader { file: file.filter(|_| is_toml), ..Reader::new(sources, scope) };
    for error in &syntax {
        reader.problems.push(syntax_problem(error));
    }
    let read = walk(&mut reader);
    reader.check_leftovers();
    if let (Some((path, _)), Some(table)) = (reader.file, table)
        && table.is_empty()
    {
        let title = format!("there are no keys in {}", path.display());
        reader.problems.push(Problem { title, place: Place::Nowhere, help: None });
    }
    if reader.problems.is_empty() {
        return Ok((read, reader.origins));
    }
    reader.problems.sort_by_key(Problem::order);
    let shown = file.map(|(path, text)| {
        let secrets = if is_toml { reader.secrets } else { mask::guess(text) };
        (path.display().to_string(), mask::hide(text, &secrets))
    });
    Err(Errors::new(&reader.problems, shown.as_ref().map(|(path, text)| (path.as_str(), text.as_str()))))
}

fn syntax_problem(error: &toml::de::Error) -> Problem {
    let mut lines = error.message().splitn(2, '\n');
    let title = lines.next().unwrap_or_default().to_owned();
    let label = lines.next().unwrap_or_default().replace('\n', "; ");
    let place = match error.span() {
        Some(span) => Place::File { span, label, first: None },
        None => Place::Nowhere,
    };
    Problem { title, place, help: None }
}

/// The table that is being read, in the file if it is there at all.
struct Scope<'a> {
    path: String,
    table: Option<&'a DeTable<'a>>,
    /// Where the table begins, to point at when a key is missing.
    header: Option<Range<usize>>,
    known: Vec<&'static str>,
}

struct Reader<'a> {
    sources: &'a Sources,
    file: Option<(&'a Path, &'a str)>,
    scope: Scope<'a>,
    origins: Origins,
    /// Where the values of the file stand.
    spans: BTreeMap<String, Range<usize>>,
    /// What must not be shown of the file.
    secrets: Vec<Range<usize>>,
    env_known: BTreeSet<String>,
    /// Keys something is wrong with: rules between keys do not judge them.
    faulty: BTreeSet<String>,
    problems: Vec<Problem>,
}

/// A value in the file: its key's place and its own.
type FileValue<'a> = (Range<usize>, &'a Spanned<DeValue<'a>>);

impl<'a> Reader<'a> {
    fn new(sources: &'a Sources, scope: Scope<'a>) -> Self {
        Self {
            sources,
            file: None,
            scope,
            origins: Origins::default(),
            spans: BTreeMap::new(),
            secrets: Vec::new(),
            env_known: BTreeSet::new(),
            faulty: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    fn in_file(&mut self, name: &'static str) -> Option<FileValue<'a>> {
        self.scope.known.push(name);
        let (key, value) = self.scope.table?.iter().find(|(key, _)| key.get_ref() == name)?;
        Some((key.span(), value))
    }

    /// The variable of a key, if it is set; one that is not UTF-8 is a problem and counts as not set.
    fn in_env(&mut self, key: &str) -> Option<(String, &'a str)> {
        let name = env_name(key);
        self.env_known.insert(name.clone());
        let value = self.sources.env.get(&name)?;
        let Some(text) = value.to_str() else {
            self.fault(
                key,
                Place::Named { source: name, label: "this is not".to_owned() },
                "must be UTF-8",
                None,
            );
            return None;
        };
        Some((name, text))
    }

    fn set_by_file(&mut self, key: &str, span: Range<usize>) {
        if let Some((path, text)) = self.file {
            let line = 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
            self.origins.0.insert(key.to_owned(), Origin::File { path: path.to_owned(), line });
        }
        self.spans.insert(key.to_owned(), span);
    }

    fn fault(&mut self, key: &str, place: Place, must: &str, help: Option<String>) {
        self.faulty.insert(key.to_owned());
        let shown: Vec<_> = key.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
        self.problems.push(Problem { title: format!("{} {must}", shown.join(".")), place, help });
    }

    fn fault_in_file(&mut self, key: &str, span: Range<usize>, fault: Fault, help: Option<String>) {
        self.fault(key, Place::File { span, label: fault.label, first: None }, &fault.must, help);
    }

    fn fault_in_env(&mut self, key: &str, name: String, fault: Fault, help: Option<String>) {
        self.fault(key, Place::Named { source: name, label: fault.label }, &fault.must, help);
    }

    /// Reports at the place a key was set, whatever that is.
    fn fault_at_origin(&mut self, key: &str, first: Option<&str>, fault: Fault) {
        let place = match self.origins.of(key) {
            Origin::File { .. } => match self.spans.get(key) {
                Some(span) => {
                    let first = first.and_then(|first| self.spans.get(first)).filter(|first| *first != span);
                    Place::File { span: span.clone(), label: fault.label, first: first.cloned() }
                }
                None => Place::Nowhere,
            },
            Origin::Default => Place::Nowhere,
            origin => Place::Named { source: origin.to_string(), label: fault.label },
        };
        self.fault(key, place, &fault.must, None);
    }

    fn missing(&mut self, name: &str) {
        let key = join(&self.scope.path, name);
        let fault = Fault::new("is missing", format!("this has no {name}"));
        match self.scope.header.clone() {
            Some(header) => self.fault_in_file(&key, header, fault, None),
            None => self.fault_in_env(
                &key,
                env_name(&key),
                Fault { label: "this is not set".to_owned(), ..fault },
                None,
            ),
        }
    }

    /// Runs `body` in a table below the present one, then reports the keys it did not ask for.
    fn enter(
        &mut self,
        path: String,
        table: Option<(&'a DeTable<'a>, Range<usize>)>,
        body: impl FnOnce(&mut Self),
    ) {
        let (table, header) = table.unzip();
        let outer = std::mem::replace(&mut self.scope, Scope { path, table, header, known: Vec::new() });
        body(self);
        let inner = std::mem::replace(&mut self.scope, outer);
        self.unknown_keys(&inner);
    }

    fn unknown_keys(&mut self, scope: &Scope<'a>) {
        let unknown = scope
            .table
            .into_iter()
            .flatten()
            .filter(|(key, _)| !scope.known.contains(&key.get_ref().as_ref()));
        for (key, value) in unknown {
            let span = key.span();
            // A mistyped `stream_key` holds a secret all the same. A table with a heading begins before its key.
            if value.span().start >= span.end {
                self.secrets.push(value.span());
            }
            let here: Vec<_> = scope.path.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
            let here = here.join(".");
            let place = if here.is_empty() { "at the top".to_owned() } else { format!("in [{here}]") };
            let help = match nearest(key.get_ref(), &scope.known) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the keys {place} are {}", scope.known.join(", ")),
            };
            let title = format!("there is no key {}", join(&here, key.get_ref()));
            self.faulty.insert(join(&scope.path, key.get_ref()));
            let label = format!("unknown {place}");
            self.problems.push(Problem {
                title,
                place: Place::File { span, label, first: None },
                help: Some(help),
            });
        }
    }

    /// Unknown keys at the top, and variables that set nothing.
    fn check_leftovers(&mut self) {
        let top = std::mem::take(&mut self.scope.known);
        let top = Scope { path: String::new(), table: self.scope.table, header: None, known: top };
        self.unknown_keys(&top);
        let single = |name: &str| name.replace("__", "_");
        for name in self.sources.env.keys().filter(|name| name.starts_with(ENV_PREFIX)) {
            if self.env_known.contains(name) {
                continue;
            }
            let slip = self.env_known.iter().find(|known| single(known) == single(name));
            // Names without a double underscore may be anybody's: Kubernetes sets `GOSTREAM_SERVICE_HOST` and its
            // like for a service of our name. They matter only where one is clearly meant for us.
            if slip.is_none() && !name.contains("__") {
                continue;
            }
            let known: Vec<_> = self.env_known.iter().map(String::as_str).collect();
            let near = slip.map(String::as_str).or_else(|| nearest(name, &known));
            self.problems.push(Problem {
                title: format!("the environment variable {name} sets nothing"),
                place: Place::Nowhere,
                help: near.map(|near| format!("did you mean {near}?")),
            });
        }
    }

    fn check_conflicts(&mut self, config: &Config) {
        if self.sources.file.is_some() && self.file.is_none() {
            return;
        }
        for (key, must, label) in conflicts::between(config, &self.faulty) {
            self.fault_at_origin(key, None, Fault { must, label });
        }
    }

    fn finish_projects(&mut self, drafts: Vec<ProjectDraft>) -> Vec<Project> {
        for clash in project::clashes(&drafts) {
            self.fault_at_origin(&clash.key, Some(&clash.first), Fault::new(clash.must, clash.label));
        }
        drafts.into_iter().filter_map(ProjectDraft::finish).collect()
    }

    /// Reads the file that `..._FILE` or `..._file` names.
    fn secret_file(path: &str) -> Result<String, Fault> {
        use std::io::Read as _;
        let must = "must name a file that holds a secret";
        let mut text = String::new();
        let opened = std::fs::File::open(path).map(|file| file.take(SECRET_BYTES_MAX + 1));
        match opened.and_then(|mut file| file.read_to_string(&mut text)) {
            Err(error) => Err(Fault::new(must, format!("cannot read it: {error}"))),
            Ok(_) if text.len() as u64 > SECRET_BYTES_MAX => {
                Err(Fault::new(must, "the file is too large for one"))
            }
            Ok(_) if text.trim_end().is_empty() => Err(Fault::new(must, "the file is empty")),
            Ok(_) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        }
    }

    /// What a URL in the file must not show: parts of it, or all of it where its place in the text is unclear.
    fn hide_url(&mut self, value: &Spanned<DeValue<'_>>) {
        let span = value.span();
        let written = self.file.and_then(|(_, text)| text.get(span.clone())).unwrap_or_default();
        match value.get_ref().as_str() {
            Some(url) if written.get(1..written.len().saturating_sub(1)) == Some(url) => {
                let start = span.start + 1;
                let parts = mask::url_secrets(url);
                self.secrets.extend(parts.into_iter().map(|part| start + part.start..start + part.end));
            }
            _ => self.secrets.push(span),
        }
    }

    fn secret_of(raw: Result<&str, &DeValue<'_>>, is_path: bool, ours: bool) -> Result<StreamKey, Fault> {
        let text =
            raw.map_err(|other| Fault::new("must be a string", format!("this is {}", type_name(other))))?;
        let text = if is_path { Self::secret_file(text)? } else { text.to_owned() };
        super::values::secret(&text, ours)?;
        Ok(StreamKey::new(text))
    }
}

impl Visit for Reader<'_> {
    fn value<T, K: Kind<T>>(&mut self, name: &'static str, slot: &mut T, kind: &K) {
        let key = join(&self.scope.path, name);
        let default = kind.print(slot).filter(|_| !K::REQUIRED);
        let mut given = false;
        if let Some((_, value)) = self.in_file(name) {
            given = true;
            match value.get_ref() {
                _ if K::URL => self.hide_url(value),
                // No key of one value has any: whatever it holds, it may be a secret in the wrong place.
                DeValue::Array(_) if K::LIST => {}
                DeValue::Array(_) | DeValue::Table(_) => self.secrets.push(value.span()),
                _ => {}
            }
            match kind.read(Raw::Toml(value.get_ref())) {
                Ok(read) => {
                    *slot = read;
                    self.set_by_file(&key, value.span());
                }
                Err(fault) => {
                    let help = default.as_ref().map(|default| format!("leave it out to use {default}"));
                    self.fault_in_file(&key, value.span(), fault, help);
                }
            }
        }
        if let Some((variable, text)) = self.in_env(&key) {
            given = true;
            match kind.read(Raw::Text(text)) {
                Ok(read) => {
                    *slot = read;
                    self.origins.0.insert(key.clone(), Origin::Env(variable));
                }
                Err(fault) => {
                    let help =
                        kind.print(slot).filter(|_| !K::REQUIRED).map(|now| format!("unset it to use {now}"));
                    self.fault_in_env(&key, variable, fault, help);
                }
            }
        }
        let sources = self.sources;
        if let Some(flag) = sources.flags.iter().find(|flag| flag.key == key) {
            match kind.read(Raw::Text(&flag.value)) {
                Ok(read) => {
                    *slot = read;
                    self.origins.0.insert(key.clone(), Origin::Flag(flag.name));
                }
                Err(fault) => self.fault_in_env(&key, flag.name.to_owned(), fault, None),
            }
        }
        if K::REQUIRED && !given {
            self.missing(name);
        }
    }

    fn secret(&mut self, name: &'static str, slot: &mut StreamKey, required: bool) {
        let key = join(&self.scope.path, name);
        let file_name: &'static str = match name {
            "stream_key" => "stream_key_file",
            "secret" => "secret_file",
            "publish_password" => "publish_password_file",
            "url" => "url_file",
            _ => unreachable!("no other key is a secret"),
        };
        let direct = self.in_file(name);
        if let Some((_, value)) = &direct {
            self.secrets.push(value.span());
        }
        let by_file = self.in_file(file_name);
        if let (Some((_, _)), Some((span, _))) = (&direct, &by_file) {
            let fault = Fault::new(format!("and {file_name} exclude each other"), "it is given twice");
            self.fault_in_file(&key, span.clone(), fault, None);
        }
        let chosen = direct.map(|(_, value)| (value, false)).or(by_file.map(|(_, value)| (value, true)));
        if let Some((value, is_path)) = chosen {
            let raw = value.get_ref().as_str().ok_or(value.get_ref());
            match Self::secret_of(raw, is_path, required) {
                Ok(read) => {
                    *slot = read;
                    self.set_by_file(&key, value.span());
                }
                Err(fault) => self.fault_in_file(&key, value.span(), fault, None),
            }
        }
        let direct = self.in_env(&key);
        let by_file = self.in_env(&format!("{key}_file"));
        if let (Some(_), Some((variable, _))) = (&direct, &by_file) {
            let fault = Fault::new("is given by two variables", "the same without _FILE is set as well");
            self.fault_in_env(&key, variable.clone(), fault, None);
        }
        let given = chosen.is_some() || direct.is_some() || by_file.is_some();
        let chosen = direct.map(|found| (found, false)).or(by_file.map(|found| (found, true)));
        if let Some(((variable, text), is_path)) = chosen {
            match Self::secret_of(Ok(text), is_path, required) {
                Ok(read) => {
                    *slot = read;
                    self.origins.0.insert(key, Origin::Env(variable));
                }
                Err(fault) => self.fault_in_env(&key, variable, fault, None),
            }
        }
        if required && !given {
            self.missing(name);
        }
    }

    fn table(&mut self, name: &'static str, mut body: impl FnMut(&mut Self)) {
        let path = join(&self.scope.path, name);
        let table = match self.in_file(name) {
            None => None,
            Some((span, value)) => match value.get_ref().as_table() {
                Some(table) => Some((table, span)),
                None => {
                    let label = format!("this is {}", type_name(value.get_ref()));
                    self.secrets.push(value.span());
                    self.fault_in_file(
                        &path,
                        span,
                        Fault::new(format!("must be a table: [{path}]"), label),
                        None,
                    );
                    None
                }
            },
        };
        self.enter(path, table, |reader| body(reader));
    }

    fn list<T: Default>(
        &mut self,
        name: &'static str,
        items: &mut Vec<T>,
        mut body: impl FnMut(&mut Self, &mut T),
    ) {
        let path = join(&self.scope.path, name);
        let mut tables = Vec::new();
        if let Some((span, value)) = self.in_file(name) {
            let entries = value.get_ref().as_array();
            for entry in entries.into_iter().flat_map(|entries| entries.iter()) {
                tables.extend(entry.get_ref().as_table().map(|table| (table, entry.span())));
            }
            if entries.is_none_or(|entries| entries.len() != tables.len()) {
                let heading: Vec<_> = path.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
                let fault = Fault::new(format!("must be tables: [[{}]]", heading.join(".")), "this is not");
                self.secrets.push(value.span());
                self.fault_in_file(&path, span, fault, None);
            }
        }
        let in_env = |index: usize| {
            let prefix = format!("{}__", env_name(&join(&path, &index.to_string())));
            self.sources
                .env
                .range(prefix.clone()..)
                .next()
                .is_some_and(|(variable, _)| variable.starts_with(&prefix))
        };
        let added = (tables.len()..ENV_ENTRIES_MAX).take_while(|index| in_env(*index)).count();
        for index in 0..tables.len() + added {
            let mut item = T::default();
            let table = tables.get(index).cloned();
            self.enter(join(&path, &index.to_string()), table, |reader| body(reader, &mut item));
            items.push(item);
        }
    }
}

//! Rules of the house that a machine can hold: floors, first lines, file sizes, banned calls.
//!
//! Each rule has its reason beside it, and each failure names a file, a line and what to do instead. Function length,
//! `unwrap` and the like are clippy's; equality of `config.toml` with the defaults is tested where the defaults are.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The rooms and their floors. A file uses lower floors only, and rooms on one floor do not use each other: a new
/// arrow between rooms is a design act, so it starts with a change of this table.
const FLOORS: &[(&str, u32)] = &[
    ("format", 1),
    ("store", 1),
    ("vault", 1),
    ("media", 2),
    ("rtmp", 2),
    ("net", 3),
    ("stream", 4),
    ("account", 5),
    ("auth", 5),
    ("hls", 5),
    ("push", 5),
    ("session", 5),
    ("stage", 6),
    ("journal", 7),
    ("control", 8),
    ("webhook", 8),
    ("api", 9),
    ("app", 10),
    // Built for fuzzing alone: it may reach every reader of bytes.
    ("fuzzing", 11),
];

/// Floors up to this one are sans-I/O: bytes and `now` come in, events and bytes go out.
const PURE_FLOOR_MAX: u32 = 2;

/// A file longer than this is split, whatever its reason.
const FILE_LINES_MAX: usize = 800;

/// A file longer than this needs an entry in [`LONG_FILES`].
const FILE_LINES_THINK: usize = 500;

/// Files between the two sizes, each with the reason why no noun is missing in it. `tests.rs` files are free up to
/// [`FILE_LINES_MAX`]: they are lists of cases.
const LONG_FILES: &[(&str, &str)] =
    &[("tests/tidy.rs", "the rules and the small reader of sources that they need, in one place")];

/// A call or word that does not occur in some part of the tree.
struct Ban {
    /// What is looked for in code, with comments and string literals taken out (or in all text, see `everywhere`).
    needle: &'static str,
    /// Why, and what to use instead.
    reason: &'static str,
    /// Which files it holds for.
    scope: fn(&Source) -> bool,
    /// Whether it also holds inside `#[cfg(test)]` code.
    in_tests: bool,
    /// Whether comments and strings count too.
    everywhere: bool,
}

const BANS: &[Ban] = &[
    Ban {
        needle: "Instant::now",
        reason: "a pure floor takes `now` as an argument, so that tests and the simulation move time by hand",
        scope: Source::is_pure,
        in_tests: false, // a test has no other way to make its first Instant
        everywhere: false,
    },
    Ban {
        needle: "SystemTime::now",
        reason: "a pure floor takes `now` as an argument, so that tests and the simulation move time by hand",
        scope: Source::is_pure,
        in_tests: true,
        everywhere: false,
    },
    Ban {
        needle: "tokio",
        reason: "tasks and sockets begin on floor 3; a machine that knows tokio cannot be driven byte by byte",
        scope: Source::is_pure,
        in_tests: true,
        everywhere: false,
    },
    Ban {
        needle: "tracing::",
        reason: "a pure floor returns events; the shell that drives it decides what is worth a log line",
        scope: Source::is_pure,
        in_tests: true,
        everywhere: false,
    },
    Ban {
        needle: "unbounded_channel",
        reason: "every queue has a bound with a name, a unit and a reason: use a bounded channel",
        scope: Source::is_ours,
        in_tests: true,
        everywhere: false,
    },
    Ban {
        needle: "tokio::spawn",
        reason: "a task has one place where it ends: spawn on the room's TaskTracker, or return the future to `app`",
        scope: |file| file.is_ours() && file.room() != Some("app"),
        in_tests: false,
        everywhere: false,
    },
    Ban {
        needle: "task::spawn(",
        reason: "a task has one place where it ends: spawn on the room's TaskTracker, or return the future to `app`",
        scope: |file| file.is_ours() && file.room() != Some("app"),
        in_tests: false,
        everywhere: false,
    },
    Ban {
        needle: concat!("FIX", "ME"),
        reason: WORD_REASON,
        scope: |_| true,
        in_tests: true,
        everywhere: true,
    },
    Ban {
        needle: concat!("TO", "DO"),
        reason: WORD_REASON,
        scope: |_| true,
        in_tests: true,
        everywhere: true,
    },
    Ban {
        needle: concat!("XX", "X:"),
        reason: WORD_REASON,
        scope: |_| true,
        in_tests: true,
        everywhere: true,
    },
];

const WORD_REASON: &str = "what is left to do belongs in an issue, where somebody finds it";

#[test]
fn arrows_between_rooms_point_down() {
    let mut faults = Faults::default();
    for file in Source::all("src") {
        let Some(room) = file.room() else { continue };
        let Some(floor) = floor_of(room) else {
            faults.add(&file, 1, format!("room `{room}` is not in the floor table of tests/tidy.rs"));
            continue;
        };
        for (line, target) in rooms_used(&file) {
            match floor_of(&target) {
                None => faults.add(
                    &file,
                    line,
                    format!("`crate::{target}`: no such room; nothing lives at the crate root"),
                ),
                Some(_) if target == room => {}
                Some(other) if other < floor => {}
                Some(other) => faults.add(
                    &file,
                    line,
                    format!(
                        "`{room}` (floor {floor}) uses `{target}` (floor {other}): arrows point down. \
                         Declare a trait here and let the upper room implement it, or move the type down"
                    ),
                ),
            }
        }
    }
    faults.report();
}

#[test]
fn every_file_says_first_what_it_owns() {
    let mut faults = Faults::default();
    for file in Source::all("src").into_iter().chain(Source::all("tests")).chain(Source::all("benches")) {
        let first = file.text.lines().next().unwrap_or_default();
        let included = first.starts_with("#![doc = include_str!(");
        if !included && (!first.starts_with("//!") || first.trim_start_matches("//!").trim().is_empty()) {
            faults.add(
                &file,
                1,
                "the first line is a `//!` sentence that says what the file owns".to_owned(),
            );
        }
    }
    faults.report();
}

#[test]
fn files_are_short_or_say_why_not() {
    let mut faults = Faults::default();
    let files: Vec<Source> = Source::all("src").into_iter().chain(Source::all("tests")).collect();
    for file in &files {
        let lines = file.text.lines().count();
        let listed = LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > FILE_LINES_MAX {
            faults.add(
                file,
                lines,
                format!("{lines} lines, more than {FILE_LINES_MAX}: look for the missing noun and split"),
            );
        } else if lines > FILE_LINES_THINK && !listed && !file.path.ends_with("tests.rs") {
            faults.add(file, lines, format!("{lines} lines, more than {FILE_LINES_THINK}: split, or list it in LONG_FILES with a reason"));
        } else if lines <= FILE_LINES_THINK && listed {
            faults.add(file, lines, "short again: take it out of LONG_FILES".to_owned());
        }
    }
    for (path, _) in LONG_FILES {
        assert!(
            files.iter().any(|file| file.path == *path),
            "{path} is in LONG_FILES of tests/tidy.rs, but not in the tree"
        );
    }
    faults.report();
}

#[test]
fn banned_calls_and_leftovers_do_not_occur() {
    let mut faults = Faults::default();
    let roots = ["src", "tests", "benches", "fuzz/fuzz_targets", "examples"];
    for file in roots.into_iter().flat_map(Source::all) {
        for ban in BANS.iter().filter(|ban| (ban.scope)(&file)) {
            let text = match (ban.everywhere, ban.in_tests) {
                (true, _) => &file.text,
                (false, true) => &file.code,
                (false, false) => &file.product,
            };
            for (index, line) in text.lines().enumerate() {
                if holds_word(line, ban.needle) {
                    faults.add(&file, index + 1, format!("`{}`: {}", ban.needle, ban.reason));
                }
            }
        }
    }
    faults.report();
}

#[test]
fn the_reader_of_this_test_sees_uses_in_every_form() {
    let file = Source::new(
        "src/hls/mod.rs",
        "//! Doc with crate::api::X, ignored.\nuse crate::{media::{Packet, time}, push};\nuse crate::stream as s;\n\
         fn f() { let _ = \"crate::app\"; let c = '\"'; crate::session::go(); super::api::serve(c) }\n"
            .to_owned(),
    );
    let seen: Vec<(usize, String)> = rooms_used(&file);
    let seen: Vec<(usize, &str)> = seen.iter().map(|(line, room)| (*line, room.as_str())).collect();
    assert_eq!(seen, [(2, "media"), (2, "push"), (3, "stream"), (4, "session"), (4, "api")]);
}

#[test]
fn the_reader_of_this_test_tells_product_from_test_code() {
    let file = Source::new(
        "src/rtmp/link.rs",
        "fn a() { one() }\n#[cfg(test)]\nmod tests {\n    fn b() { two() }\n}\nfn c() { r#\"three()\"#; /* four() */ five::<'_>() }\n".to_owned(),
    );
    assert!(file.code.contains("two()") && !file.product.contains("two()"));
    assert!(!file.code.contains("three()") && !file.code.contains("four()"));
    assert!(file.product.contains("one()") && file.product.contains("five"));
    assert_eq!(file.code.lines().count(), file.text.lines().count());
}

fn floor_of(room: &str) -> Option<u32> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// Every room a file names, with the line: `crate::x`, `crate::{x, y::Z}`, and `super::x` where that climbs out of
/// the room.
fn rooms_used(file: &Source) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    let code = file.code.as_str();
    for (at, path) in code.match_indices("crate::") {
        let inside_word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if inside_word {
            continue;
        }
        for (offset, name) in first_names(&code[at + path.len()..]) {
            used.push((line_of(code, at + path.len() + offset), name));
        }
    }
    for (at, path) in code.match_indices("super::") {
        for (offset, name) in first_names(&code[at + path.len()..]) {
            if floor_of(&name).is_some() && !file.owns_module(&name) {
                used.push((line_of(code, at + path.len() + offset), name));
            }
        }
    }
    used.sort_by_key(|(line, _)| *line);
    used
}

/// The first segment of each path that starts here: one for `x::Y`, several for `{x, y::{A, B}}`.
fn first_names(rest: &str) -> Vec<(usize, String)> {
    let ident = |from: usize| {
        let text = &rest[from..];
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        (end > 0).then(|| (from, text[..end].to_owned()))
    };
    if !rest.starts_with('{') {
        return ident(0).into_iter().collect();
    }
    let mut names = Vec::new();
    let mut depth = 0;
    let mut expecting = false;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => {
                depth += 1;
                expecting = depth == 1;
            }
            '}' => depth -= 1,
            ',' if depth == 1 => expecting = true,
            c if c.is_whitespace() => {}
            _ if expecting => {
                names.extend(ident(at));
                expecting = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

/// Whether the line holds the needle at a word's start, so that `xtokio` is not `tokio`.
fn holds_word(line: &str, needle: &str) -> bool {
    line.match_indices(needle).any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// One Rust file, in three forms of equal line count.
struct Source {
    /// From the package's root, with forward slashes.
    path: String,
    text: String,
    /// The text with comments and literals blanked.
    code: String,
    /// The code with `#[cfg(test)]` modules blanked too.
    product: String,
}

impl Source {
    fn new(path: &str, text: String) -> Self {
        let code = without_comments_and_literals(&text);
        let all_test = path.ends_with("tests.rs") || path.contains("/tests/");
        let product = if all_test { String::new() } else { without_test_modules(&code) };
        Self { path: path.to_owned(), text, code, product }
    }

    /// Every `.rs` file under a folder of the package, in order of path; none if there is no such folder.
    fn all(folder: &str) -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        let mut folders: Vec<PathBuf> = vec![root.join(folder)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let path = entry.expect("the tree can be listed").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let name =
                        path.strip_prefix(root).expect("under the root").to_string_lossy().replace('\\', "/");
                    files.push(Self::new(
                        &name,
                        std::fs::read_to_string(&path).expect("a source file is UTF-8"),
                    ));
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    /// The room the file lives in; `None` for `main.rs`, `lib.rs` and everything outside `src`.
    fn room(&self) -> Option<&str> {
        let inside = self.path.strip_prefix("src/")?;
        match inside.split_once('/') {
            Some((room, _)) => Some(room),
            None => inside.strip_suffix(".rs").filter(|name| *name != "main" && *name != "lib"),
        }
    }

    fn is_pure(&self) -> bool {
        // The store is low because it knows no other room; what it does is wait for a database.
        self.room() != Some("store")
            && self.room().and_then(floor_of).is_some_and(|floor| floor <= PURE_FLOOR_MAX)
    }

    fn is_ours(&self) -> bool {
        self.path.starts_with("src/")
    }

    /// Whether the room has a module of this name, so that `super::name` stays inside it.
    fn owns_module(&self, name: &str) -> bool {
        let Some(room) = self.room() else { return true };
        let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
        room.join(format!("{name}.rs")).exists() || room.join(name).exists()
    }
}

/// Blanks comments, strings and characters, and keeps every newline where it was.
fn without_comments_and_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment_len(rest)
        } else if c == '"' {
            string_len(rest)
        } else if !after_word && c == 'r' {
            raw_string_len(rest)
        } else if !after_word && rest.starts_with("br") {
            raw_string_len(&rest[1..]).checked_add(1).filter(|len| *len > 1).unwrap_or(0)
        } else if c == '\'' {
            char_len(rest)
        } else {
            0
        };
        if skip == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skip].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[skip..];
        }
    }
    out
}

fn block_comment_len(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn string_len(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of `r"…"` or `r#"…"#`; 0 where an `r` is only an `r`.
fn raw_string_len(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len())
}

/// The length of a character literal; 0 for a lifetime.
fn char_len(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3)
        }
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// Blanks `#[cfg(test)] mod … { … }` in code that has no literals left.
fn without_test_modules(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(at) = out[from..].find("#[cfg(test)]").map(|at| from + at) {
        from = at + "#[cfg(test)]".len();
        let Some(open) = out[from..].find(['{', ';']).map(|open| from + open) else { break };
        let mut depth = 0;
        let mut end = open + 1;
        for (offset, c) in out[open..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                end = open + offset + c.len_utf8();
                break;
            }
        }
        let blank: String = out[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(at..end, &blank);
        from = at + blank.len();
    }
    out
}

/// What was found, so that one run shows all of it.
#[derive(Default)]
struct Faults(String);

impl Faults {
    fn add(&mut self, file: &Source, line: usize, what: String) {
        writeln!(self.0, "{}:{line}: {what}", file.path).expect("a String takes everything");
    }

    fn report(self) {
        assert!(self.0.is_empty(), "\n{}", self.0);
    }
}

/// `make test` builds both, and what is built alike is built once.
#[test]
fn the_fuzz_targets_have_their_libraries_as_the_tests_do() {
    let libraries = |path: &str| {
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a manifest");
        let (_, rest) =
            text.split_once("[profile.dev.package]\n").expect("the libraries that are fast in tests");
        rest.lines().take_while(|line| line.contains("opt-level")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(libraries("fuzz/Cargo.toml"), libraries("Cargo.toml"));
    assert!(!libraries("Cargo.toml").is_empty());
}

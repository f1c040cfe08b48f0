//! What is wrong with the configuration, told so that it can be mended: the rule, the place, the way out.
//!
//! **Invariant:** rendering sees the masked text of a file only, so that no caret line shows a secret.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Everything that is wrong, rendered for a terminal or a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Errors {
    rendered: Vec<String>,
}

impl Errors {
    pub(super) fn new(problems: &[Problem], file: Option<(&str, &str)>) -> Self {
        Self { rendered: problems.iter().map(|problem| problem.render(file)).collect() }
    }

    /// An error that concerns a source as a whole.
    pub(super) fn whole(title: impl Into<String>, help: Option<&str>) -> Self {
        Self::new(
            &[Problem { title: title.into(), place: Place::Nowhere, help: help.map(str::to_owned) }],
            None,
        )
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rendered.len()
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rendered.join("\n\n"))
    }
}

impl fmt::Debug for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}\n")
    }
}

impl std::error::Error for Errors {}

/// One thing that is wrong.
pub(super) struct Problem {
    pub(super) title: String,
    pub(super) place: Place,
    pub(super) help: Option<String>,
}

/// Where it is wrong.
pub(super) enum Place {
    /// In the file, with another place it contradicts.
    File { span: Range<usize>, label: String, first: Option<Range<usize>> },
    /// In a named variable or flag.
    Named { source: String, label: String },
    /// In a source as a whole.
    Nowhere,
}

impl Problem {
    /// Order of a report: through the file from the top, then the rest as it was found.
    pub(super) fn order(&self) -> usize {
        match &self.place {
            Place::File { span, .. } => span.start,
            Place::Named { .. } | Place::Nowhere => usize::MAX,
        }
    }

    /// With `file` as the name and the masked text of the file.
    fn render(&self, file: Option<(&str, &str)>) -> String {
        let title = Level::ERROR.primary_title(self.title.as_str());
        let mut group = Group::with_title(title);
        match (&self.place, file) {
            (Place::File { span, label, first }, Some((path, text))) => {
                let label = Some(label.as_str()).filter(|label| !label.is_empty());
                let primary = AnnotationKind::Primary.span(span.clone()).label(label);
                let first = first
                    .as_ref()
                    .map(|first| AnnotationKind::Context.span(first.clone()).label("first here"));
                let snippet = Snippet::source(text).path(path).annotation(primary).annotations(first);
                group = group.element(snippet);
            }
            (Place::Named { source, label }, _) => {
                group = group.element(Level::NOTE.message(format!("{source}: {label}")));
            }
            (Place::File { label, .. }, None) => group = group.element(Level::NOTE.message(label.as_str())),
            (Place::Nowhere, _) => {}
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        Renderer::plain().render(&[group])
    }
}

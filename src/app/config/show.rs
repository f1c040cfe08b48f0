//! The configuration in force, as TOML, with every secret masked and, if asked, where each value came from.

use super::Config;
use super::keys::{self, Visit};
use super::project::ProjectDraft;
use super::sources::{Origins, join};
use super::values::Kind;
use crate::stream::StreamKey;

/// What stands for a secret.
const MASKED: &str = "\"***\"";

/// Where comments begin, in columns, if the value leaves room.
const COMMENT_COLUMN: usize = 40;

/// Prints every key; with `origins`, each line ends in where its value came from.
#[must_use]
pub fn show(config: &Config, origins: Option<&Origins>) -> String {
    let mut printer = Printer { out: String::new(), path: String::new(), heading: None, origins };
    let mut projects: Vec<_> = config.projects.iter().map(ProjectDraft::from).collect();
    keys::config(&mut printer, &mut config.clone(), &mut projects);
    printer.out
}

struct Printer<'a> {
    out: String,
    /// The key path of the table being printed, indexes included.
    path: String,
    /// The heading to print before the next key.
    heading: Option<String>,
    origins: Option<&'a Origins>,
}

impl Printer<'_> {
    fn line(&mut self, name: &str, value: &str) {
        if let Some(heading) = self.heading.take() {
            self.out.push_str(&format!("\n{heading}\n"));
        }
        let line = format!("{name} = {value}");
        match self.origins {
            Some(origins) => {
                let origin = origins.of(&join(&self.path, name));
                self.out.push_str(&format!("{line:COMMENT_COLUMN$} # {origin}\n"));
            }
            None => self.out.push_str(&format!("{line}\n")),
        }
    }

    /// The path without indexes, as a heading has it.
    fn name(&self, name: &str) -> String {
        let parts: Vec<_> = self.path.split('.').filter(|part| part.parse::<usize>().is_err()).collect();
        join(&parts.join("."), name)
    }
}

impl Visit for Printer<'_> {
    fn value<T, K: Kind<T>>(&mut self, name: &'static str, slot: &mut T, kind: &K) {
        if let Some(value) = kind.print(slot) {
            self.line(name, &value);
        }
    }

    fn secret(&mut self, name: &'static str, slot: &mut StreamKey, _required: bool) {
        if !slot.is_empty() {
            self.line(name, MASKED);
        }
    }

    fn secrets(&mut self, name: &'static str, slot: &mut Vec<StreamKey>) {
        self.line(name, &format!("[{}]", vec![MASKED; slot.len()].join(", ")));
    }

    fn table(&mut self, name: &'static str, mut body: impl FnMut(&mut Self)) {
        let inner = join(&self.path, name);
        let outer = std::mem::replace(&mut self.path, inner);
        self.heading = Some(format!("[{}]", self.path));
        body(self);
        self.path = outer;
    }

    fn list<T: Default>(
        &mut self,
        name: &'static str,
        items: &mut Vec<T>,
        mut body: impl FnMut(&mut Self, &mut T),
    ) {
        for (index, item) in items.iter_mut().enumerate() {
            let heading = format!("[[{}]]", self.name(name));
            let inner = join(&join(&self.path, name), &index.to_string());
            let outer = std::mem::replace(&mut self.path, inner);
            self.heading = Some(heading);
            body(self, item);
            self.path = outer;
        }
    }
}

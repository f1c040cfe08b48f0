//! A browser that a test tells what to do, line by line (`web/test/drive.mjs`): it looks at what a person sees, and acts
//! as a person does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::GUARD;
use super::programs::chromium;

/// Chromium with a few tabs, ended with the test.
pub(crate) struct Browser {
    child: Child,
    /// Gone when it is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Browser {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With variables in its environment: `RESOLVE` for names that it alone knows.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/test/drive.mjs");
        let mut command = Command::new("node");
        command.arg(script).env("CHROMIUM_PATH", chromium()).envs(variables.iter().copied());
        command.env("GUARD_MS", GUARD.as_millis().to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().expect("node runs");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Self { child, input, output: BufReader::new(output.expect("it is piped")) }
    }

    /// Does one thing and waits until it has come true.
    ///
    /// # Panics
    /// With what the page shows, when it does not.
    #[track_caller]
    fn ask(&mut self, command: &Value) -> Value {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{command}").expect("the driver listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the driver answers");
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        let page = answer["page"].as_str().unwrap_or_default();
        assert!(answer["error"].is_null(), "{command}: {}\n--- the page says:\n{page}", answer["error"]);
        answer
    }

    #[track_caller]
    pub(crate) fn open(&mut self, url: &str) {
        self.ask(&json!({ "open": url }));
    }

    /// Opens it on a phone, in a tab and with a session of its own.
    #[track_caller]
    pub(crate) fn open_on_phone(&mut self, tab: usize, url: &str) {
        self.ask(&json!({ "open": url, "tab": tab, "phone": true }));
    }

    /// Opens it in another tab, or goes on in that one where there is no address.
    #[track_caller]
    pub(crate) fn tab(&mut self, tab: usize, url: Option<&str>) {
        match url {
            Some(url) => self.ask(&json!({ "open": url, "tab": tab })),
            None => self.ask(&json!({ "tab": tab })),
        };
    }

    #[track_caller]
    pub(crate) fn fill(&mut self, label: &str, text: &str) {
        self.ask(&json!({ "fill": label, "with": text }));
    }

    #[track_caller]
    pub(crate) fn fill_in(&mut self, within: &str, label: &str, text: &str) {
        self.ask(&json!({ "fill": label, "with": text, "within": within }));
    }

    #[track_caller]
    pub(crate) fn press(&mut self, name: &str) {
        self.ask(&json!({ "press": name }));
    }

    /// A button whose name has this in it.
    #[track_caller]
    pub(crate) fn press_like(&mut self, name: &str) {
        self.ask(&json!({ "press": name, "exact": false }));
    }

    /// A link whose name has this in it.
    #[track_caller]
    pub(crate) fn follow(&mut self, name: &str) {
        self.ask(&json!({ "press": name, "role": "link", "exact": false }));
    }

    #[track_caller]
    pub(crate) fn select(&mut self, label: &str, option: &str) {
        self.ask(&json!({ "select": label, "option": option }));
    }

    /// It is there, and cannot be pressed.
    #[track_caller]
    pub(crate) fn see_dead(&mut self, name: &str) {
        self.ask(&json!({ "dead": name }));
    }

    /// Where the tab is.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        self.ask(&json!({ "address": true }))["text"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub(crate) fn press_in(&mut self, within: &str, name: &str) {
        self.ask(&json!({ "press": name, "within": within }));
    }

    /// Something out of the menu behind a button.
    #[track_caller]
    pub(crate) fn choose(&mut self, menu: &str, entry: &str) {
        self.press(menu);
        self.ask(&json!({ "press": entry, "role": "menuitem" }));
    }

    #[track_caller]
    pub(crate) fn see(&mut self, text: &str) {
        self.ask(&json!({ "see": text }));
    }

    #[track_caller]
    pub(crate) fn see_in(&mut self, within: &str, text: &str) {
        self.ask(&json!({ "see": text, "within": within }));
    }

    #[track_caller]
    pub(crate) fn gone(&mut self, text: &str) {
        self.ask(&json!({ "gone": text }));
    }

    /// What stands there, and then something else: it runs.
    #[track_caller]
    pub(crate) fn runs(&mut self, selector: &str) {
        self.ask(&json!({ "runs": selector }));
    }

    #[track_caller]
    pub(crate) fn read(&mut self, selector: &str) -> String {
        let answer = self.ask(&json!({ "read": selector }));
        answer["text"].as_str().unwrap_or_default().to_owned()
    }

    /// Where the links lead that fit.
    #[track_caller]
    pub(crate) fn links(&mut self, selector: &str) -> Vec<String> {
        let answer = self.ask(&json!({ "links": selector }));
        let links = answer["links"].as_array().into_iter().flatten();
        links.filter_map(|link| link.as_str().map(str::to_owned)).collect()
    }

    /// Whether the browser says that it decodes this type.
    #[track_caller]
    pub(crate) fn decodes(&mut self, mime: &str) -> bool {
        self.ask(&json!({ "decodes": mime }))["yes"] == true
    }

    /// What a paste brings.
    #[track_caller]
    pub(crate) fn copied(&mut self) -> String {
        self.ask(&json!({ "copied": true }))["text"].as_str().unwrap_or_default().to_owned()
    }

    /// The page is whole, and axe finds nothing on it.
    #[track_caller]
    pub(crate) fn assert_accessible(&mut self, page: &str) {
        assert_eq!(self.ask(&json!({ "audit": true }))["found"], json!([]), "{page}");
    }

    /// The picture's clock goes on for so many seconds.
    #[track_caller]
    pub(crate) fn moves(&mut self, seconds: f64) {
        self.ask(&json!({ "moves": seconds }));
    }

    /// The pages kept to their own policy, said nothing in the console, and were not loaded anew.
    #[track_caller]
    pub(crate) fn assert_clean(&mut self) {
        let seen = self.ask(&json!({ "faults": true }));
        assert_eq!(seen["violations"], json!([]), "the pages keep to their own policy");
        assert_eq!(seen["console"], json!([]), "no error in the console");
        assert_eq!(seen["reloads"], 0, "nothing was loaded anew");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its end of input is its end, with the browser that it has started; whoever does not hear that is ended.
        drop(self.input.take());
        let ended = (0..100).any(|_| {
            std::thread::sleep(super::LOOK);
            self.child.try_wait().is_ok_and(|status| status.is_some())
        });
        if !ended {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}

//! What a webhook may be.

use reqwest::Url;

use super::Config;
use super::error::Fault;
use super::guard::Guard;
use crate::journal;

/// The longest address, in bytes.
const URL_MAX: usize = 2_000;

/// Reads an address.
///
/// # Errors
/// What is wrong with it, as a sentence. It quotes nothing: an address may hold a secret.
pub(super) fn url(text: &str, config: &Config) -> Result<Url, Fault> {
    let fault = |detail: &str| Fault { pointer: "/url", detail: detail.to_owned() };
    if text.len() > URL_MAX {
        return Err(fault("The address may have 2000 characters at most"));
    }
    let url = Url::parse(text).map_err(|_| fault("The address is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault("The address must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("The address may hold no user and no password; the signature says who we are"));
    }
    if Guard(config.allowed).check(&url).is_err() {
        let said = "The address leads into a private network, where webhooks may not go; relay.allow_private in the \
                    configuration permits it";
        return Err(fault(said));
    }
    Ok(url)
}

/// Reads a list of events.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) fn events(words: &[String]) -> Result<(), Fault> {
    let fault = |detail: String| Fault { pointer: "/events", detail };
    if words.is_empty() {
        return Err(fault("At least one kind of event is needed; \"*\" is all".to_owned()));
    }
    if words.len() > journal::WORDS_MAX {
        return Err(fault(format!("There may be {} kinds of events at most", journal::WORDS_MAX)));
    }
    match words.iter().find(|word| !journal::is_known(word)) {
        None => Ok(()),
        Some(word) => {
            let word: String = word.chars().filter(|c| !c.is_control()).take(40).collect();
            Err(fault(format!("\"{word}\" is no kind of event")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Allowed;

    #[test]
    fn an_address_is_one_of_a_web_server_outside() {
        let config = Config::default();
        for wrong in [
            "",
            "hooks.example/in",
            "ftp://hooks.example/in",
            "file:///etc/passwd",
            "https://user:secret@hooks.example/in",
            "http://127.0.0.1:9090/metrics",
            &format!("https://hooks.example/{}", "x".repeat(2_000)),
        ] {
            let fault = url(wrong, &config).expect_err(wrong);
            assert_eq!(fault.pointer, "/url");
            assert!(!fault.detail.contains("secret"));
        }
        assert!(url("https://hooks.example/in?token=a", &config).is_ok());
        let config = Config { allowed: Allowed::All, ..config };
        assert!(url("http://127.0.0.1:9090/metrics", &config).is_ok());
    }

    #[test]
    fn a_list_names_events_that_there_are() {
        let list = |words: &[&str]| events(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["stream.*", "output.state"]), Ok(()));
        assert_eq!(list(&["*"]), Ok(()));
        assert!(list(&[]).is_err() && list(&["stream.begun"]).is_err() && list(&["*"; 65]).is_err());
    }
}

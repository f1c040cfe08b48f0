//! Rules for what people type of themselves. They check and never rewrite.

/// Characters of an address at most (RFC 5321 §4.5.3.1, less the brackets).
const EMAIL_CHARS_MAX: usize = 254;

/// Characters of a name at most.
const NAME_CHARS_MAX: usize = 100;

/// Characters that are kept of what a browser calls itself.
const USER_AGENT_CHARS_MAX: usize = 256;

/// A field that breaks its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// The address is none.
    #[error("an email address looks like name@example.org, without spaces, and has at most 254 characters")]
    Email,
    /// The name cannot be shown.
    #[error("a name has at most 100 characters, and no control characters")]
    Name,
    /// A token's name says nothing.
    #[error("a token's name has 1 to 100 characters, and no control characters")]
    TokenName,
    /// A token would be of no use.
    #[error("a token has at least one scope")]
    NoScopes,
    /// A token would not work for a moment.
    #[error("a token's expiry lies in the future")]
    Expiry,
}

/// Whether it can be an address. Whether mail arrives there is nobody's business here.
pub(super) fn email(text: &str) -> Result<(), FieldFault> {
    let whole = text.chars().count() <= EMAIL_CHARS_MAX
        && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | '"'));
    match text.split_once('@') {
        Some((local, domain))
            if whole && !local.is_empty() && !domain.is_empty() && !domain.contains('@') =>
        {
            Ok(())
        }
        _ => Err(FieldFault::Email),
    }
}

/// Whether it can be shown as a person's name; none is a name too.
pub(super) fn name(text: &str) -> Result<(), FieldFault> {
    if text.chars().count() > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(FieldFault::Name);
    }
    Ok(())
}

/// Whether it can be shown as a token's name.
pub(super) fn token_name(text: &str) -> Result<(), FieldFault> {
    match name(text) {
        Ok(()) if !text.trim().is_empty() => Ok(()),
        _ => Err(FieldFault::TokenName),
    }
}

/// As much of a browser's name for itself as is kept; nobody typed it.
pub(super) fn user_agent(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_two_sides_and_no_spaces() {
        for good in
            ["a@b", "Ada.Lovelace+live@exämple.org", "o'neil@example.org", &format!("{}@b", "a".repeat(252))]
        {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            " a@b",
            "a@b\n",
            "a b@c",
            "Ada <a@b>",
            &format!("{}@b", "a".repeat(253)),
        ] {
            assert_eq!(email(bad), Err(FieldFault::Email), "{bad}");
        }
    }

    #[test]
    fn a_name_is_whatever_can_be_shown() {
        for good in ["", "Ada", "select * from users", "東京 🎥", &"ä".repeat(100)] {
            assert_eq!(name(good), Ok(()), "{good}");
        }
        for bad in ["a\0b", "two\nlines", &"ä".repeat(101)] {
            assert_eq!(name(bad), Err(FieldFault::Name), "{bad}");
        }
        assert_eq!(token_name("  "), Err(FieldFault::TokenName));
        assert_eq!(user_agent("Mozilla\u{1b}[31m\0/5.0"), "Mozilla[31m/5.0");
        assert_eq!(user_agent(&"x".repeat(1000)).len(), USER_AGENT_CHARS_MAX);
    }
}

//! A span of time as it stands in a query: `30s`, `5m`.

/// Seconds of a span; `None` where it is none. A number alone is none: it does not say of what.
#[must_use]
pub fn span(text: &str) -> Option<u32> {
    let (number, scale) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
        (Some(number), _) => (number, 1),
        (None, Some(number)) => (number, 60),
        (None, None) => return None,
    };
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u32>().ok().filter(|_| is_plain)?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_number_and_a_unit() {
        assert_eq!(["1s", "30s", "5m", "0s"].map(span), [Some(1), Some(30), Some(300), Some(0)]);
        for wrong in ["", "5", "s", "m", "-1s", "+1s", "1.5s", "5h", "1 s", "99999999999s", "4294967295m"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}

//! X.509 certificates (RFC 5280), of which one thing is read: until when they are valid. What a certificate is worth is
//! for TLS to say.

use time::{Date, Month, Time};

/// A DER element's tags (X.690 §8.1.2), as many as stand before the validity.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When a certificate in DER form ceases to be valid, in seconds since 1970; `None` where that cannot be read.
#[must_use]
pub fn not_after(certificate: &[u8]) -> Option<i64> {
    let mut rest = expect(&mut { certificate }, SEQUENCE)?;
    let mut signed = expect(&mut rest, SEQUENCE)?;
    if signed.first() == Some(&VERSION) {
        element(&mut signed)?;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        element(&mut signed)?;
    }
    let mut validity = expect(&mut signed, SEQUENCE)?;
    element(&mut validity)?;
    let (tag, text) = element(&mut validity)?;
    seconds(tag, text)
}

/// The content of the next element, which must have this tag.
fn expect<'a>(input: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    element(input).filter(|(found, _)| *found == tag).map(|(_, content)| content)
}

/// The next element's tag and content; `input` goes on behind it.
fn element<'a>(input: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let tag = *input.split_off_first()?;
    let first = *input.split_off_first()?;
    let len = match first {
        0..=0x7f => usize::from(first),
        // Up to four bytes of length: certificates are kilobytes.
        0x81..=0x84 => {
            let bytes = input.split_off(..usize::from(first & 0x7f))?;
            bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte))
        }
        _ => return None,
    };
    Some((tag, input.split_off(..len)?))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
fn seconds(tag: u8, text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    if rest.len() != 10 {
        return None;
    }
    let pair = |at: usize| rest.get(at..at + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(pair(0)?).ok()?, pair(2)?).ok()?;
    let time = Time::from_hms(pair(4)?, pair(6)?, pair(8)?).ok()?;
    Some(date.with_time(time).assume_utc().unix_timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(year: i32) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a good name");
        params.not_after = rcgen::date_time_ymd(year, 3, 1);
        let key = rcgen::KeyPair::generate().expect("a key");
        params.self_signed(&key).expect("a certificate").der().to_vec()
    }

    #[test]
    fn both_ways_to_write_a_date_are_read() {
        assert_eq!(not_after(&made(2031)), Some(1_930_089_600));
        assert_eq!(not_after(&made(2061)), Some(2_876_860_800));
    }

    #[test]
    fn what_is_cut_or_no_certificate_has_no_date() {
        let whole = made(2031);
        for len in 0..whole.len() {
            assert_eq!(not_after(whole.get(..len).expect("longer")), None, "{len}");
        }
        assert_eq!(not_after(b"0\x84\xff\xff\xff\xff"), None);
        assert_eq!(seconds(UTC_TIME, b"310230000000Z"), None);
        assert_eq!(seconds(UTC_TIME, b"3102300000Z"), None);
    }
}

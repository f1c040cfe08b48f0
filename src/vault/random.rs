//! Secrets that nobody chose.

use zeroize::Zeroizing;

use super::Error;

/// Digits and small letters without those that are mistaken for one another: five bits a character.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of a token: the fewest that hold 256 bits.
pub(super) const TOKEN_CHARS: usize = 52;

/// `prefix` and 256 random bits, in characters that can stand anywhere and be read aloud.
///
/// # Errors
/// [`Error::Random`].
pub fn random_token(prefix: &str) -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0_u8; TOKEN_CHARS]);
    getrandom::fill(&mut *bytes).map_err(|_| Error::Random)?;
    let mut token = Zeroizing::new(String::with_capacity(prefix.len() + TOKEN_CHARS));
    token.push_str(prefix);
    // 256 is a multiple of 32, so each character is as likely as any other.
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
    token.extend(bytes.iter().map(|byte| char::from(letter(byte))));
    Ok(token)
}

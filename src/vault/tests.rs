//! What holds of secrets: the values others compute, what is refused, and what is never printed.

use std::collections::BTreeSet;

use super::random::TOKEN_CHARS;
use super::*;

/// 00 01 02 … 1f.
const COUNTING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

const PURPOSES: [Purpose; 4] =
    [Purpose::StreamKey, Purpose::DestinationKey, Purpose::WebhookSecret, Purpose::SignIn];

fn key(text: &str) -> ServerKey {
    ServerKey::parse(text).expect("a key")
}

fn other() -> ServerKey {
    key(&"ab".repeat(32))
}

fn vault() -> Vault {
    Vault::new(key(COUNTING), Vec::new())
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<_> = hexadecimal.chars().map(|digit| digit.to_digit(16).expect("a digit")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}

#[test]
fn others_compute_the_same() {
    // HKDF-SHA256 and AES-256-GCM by Python's hmac and cryptography: salt "gostream vault", the labels as info.
    let vault = vault();
    assert_eq!(vault.key_id(), 2_677_015_356_295_758_982);
    assert_eq!(
        vault.check_value().as_slice(),
        bytes("b8357e0acca35f72c5ae54ea18933a6b7a0e99c4bb4a5e72c3ed5b25db557d35")
    );
    assert_eq!(
        vault.lookup("open sesame").as_slice(),
        bytes("4a55b9597793061a766065a2a2a583d0958ab5faeae859f935fb2d19e8108399")
    );
    let sealed = bytes("6465666768696a6b6c6d6e6fabf621bbfd1c91add5fa90b309244b86ea992477c02707790d5531");
    let opened = vault.open(Purpose::StreamKey, &sealed, vault.key_id()).expect("opens");
    assert_eq!(*opened, "open sesame");
    // printf abc | sha256sum
    assert_eq!(
        digest("abc").as_slice(),
        bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    );
}

#[test]
fn a_sealed_secret_opens_for_its_purpose_alone() {
    let vault = vault();
    for secret in ["", "live_123_äöü", &"x".repeat(10_000)] {
        let (one, two) = (
            vault.seal(Purpose::DestinationKey, secret).expect("sealed"),
            vault.seal(Purpose::DestinationKey, secret).expect("sealed"),
        );
        assert_ne!(one.bytes, two.bytes, "the same secret twice does not show");
        assert_eq!(one.bytes.len(), secret.len() + 28);
        for purpose in PURPOSES {
            match vault.open(purpose, &one.bytes, one.key_id) {
                Ok(opened) => assert_eq!((purpose, &**opened), (Purpose::DestinationKey, secret)),
                Err(Error::NotOurs) => assert_ne!(purpose, Purpose::DestinationKey),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn what_was_changed_does_not_open() {
    let vault = vault();
    let sealed = vault.seal(Purpose::StreamKey, "open sesame").expect("sealed");
    for at in 0..sealed.bytes.len() {
        for bit in 0..8 {
            let mut changed = sealed.bytes.clone();
            changed[at] ^= 1 << bit;
            assert!(matches!(vault.open(Purpose::StreamKey, &changed, sealed.key_id), Err(Error::NotOurs)));
        }
        let short = &sealed.bytes[..at];
        assert!(matches!(vault.open(Purpose::StreamKey, short, sealed.key_id), Err(Error::NotOurs)));
    }
    let stranger = Vault::new(other(), Vec::new());
    assert!(matches!(
        stranger.open(Purpose::StreamKey, &sealed.bytes, sealed.key_id),
        Err(Error::UnknownKey(_))
    ));
    assert!(matches!(
        stranger.open(Purpose::StreamKey, &sealed.bytes, stranger.key_id()),
        Err(Error::NotOurs)
    ));
}

#[test]
fn what_an_older_key_made_is_found_and_opened() {
    let before = vault();
    let sealed = before.seal(Purpose::StreamKey, "open sesame").expect("sealed");
    let after = Vault::new(other(), vec![key(COUNTING), other(), key(COUNTING)]);
    assert_ne!(after.key_id(), before.key_id());
    assert_eq!(after.key_ids().collect::<Vec<_>>(), [after.key_id(), before.key_id()]);
    let opened = after.open(Purpose::StreamKey, &sealed.bytes, sealed.key_id).expect("opens");
    assert_eq!(*opened, "open sesame");
    let lookups: Vec<_> = after.lookups("open sesame").collect();
    assert_eq!(lookups, [after.lookup("open sesame"), before.lookup("open sesame")]);
    let again = after.seal(Purpose::StreamKey, "open sesame").expect("sealed");
    assert_eq!(again.key_id, after.key_id());
}

#[test]
fn a_server_key_is_what_openssl_prints() {
    let id = vault().key_id();
    for text in [
        COUNTING.to_uppercase().as_str(),
        &format!("  {COUNTING}\r\n"),
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    ] {
        assert_eq!(Vault::new(key(text), Vec::new()).key_id(), id, "{text}");
    }
    // The same bytes in both alphabets of base64.
    let [standard, url_safe] = ["+/".repeat(21) + "8", "-_".repeat(21) + "8"].map(|text| key(&text));
    assert_eq!(*standard.derive(b"id"), *url_safe.derive(b"id"));
    for wrong in ["", "secret", &COUNTING[1..], &COUNTING.replace('f', "g"), &"A".repeat(44), &"é".repeat(32)]
    {
        assert!(matches!(ServerKey::parse(wrong), Err(Error::NotAKey)), "{wrong}");
    }
}

#[test]
fn the_first_run_makes_a_key_that_the_second_finds() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = dir.path().join("deep/data");
    let id = |key| Vault::new(key, Vec::new()).key_id();
    let first = id(ServerKey::load_or_create(&data).expect("made"));
    assert_eq!(id(ServerKey::load_or_create(&data).expect("kept")), first);
    let elsewhere = tempfile::tempdir().expect("a directory");
    assert_ne!(id(ServerKey::load_or_create(elsewhere.path()).expect("made")), first);
    let left: Vec<_> =
        std::fs::read_dir(&data).expect("listed").map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(left, [FILE_NAME]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(data.join(FILE_NAME)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn of_many_that_start_together_all_have_one_key() {
    let dir = tempfile::tempdir().expect("a directory");
    let ids: BTreeSet<i64> = std::thread::scope(|scope| {
        let start = || Vault::new(ServerKey::load_or_create(dir.path()).expect("a key"), Vec::new()).key_id();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("none panics")).collect()
    });
    assert_eq!(ids.len(), 1);
}

#[test]
fn a_file_without_a_key_is_not_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(FILE_NAME);
    for text in ["", "no key at all", &"0".repeat(1000)] {
        std::fs::write(&path, text).expect("written");
        let told = ServerKey::load_or_create(dir.path()).expect_err("refused").to_string();
        assert!(told.contains("server.key holds no server key"), "{told}");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), text);
    }
}

#[test]
fn a_hint_shows_four_characters_and_never_more_than_a_third() {
    for (secret, shown) in [
        ("", ""),
        ("ab", ""),
        ("abc", "c"),
        ("abcdefgh", "gh"),
        ("abcdefghijkl", "ijkl"),
        ("live_1234567890_secret", "cret"),
        ("äöüÄÖÜ", "ÖÜ"),
    ] {
        assert_eq!(hint(secret), shown, "{secret}");
    }
}

#[test]
fn random_tokens_are_long_and_never_twice_the_same() {
    let tokens: BTreeSet<String> =
        (0..1000).map(|_| random_token("gst_").expect("random").to_string()).collect();
    assert_eq!(tokens.len(), 1000);
    for token in &tokens {
        let random = token.strip_prefix("gst_").expect("the prefix");
        assert_eq!(random.len(), TOKEN_CHARS);
        assert!(random.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()), "{token}");
    }
    let letters: BTreeSet<char> = tokens.iter().flat_map(|token| token[4..].chars()).collect();
    assert_eq!(letters.len(), 32);
}

#[test]
fn nothing_secret_is_printed() {
    let vault = Vault::new(key(COUNTING), vec![other()]);
    let sealed = vault.seal(Purpose::StreamKey, "open sesame").expect("sealed");
    let printed = format!("{:?} {vault:?} {sealed:?}", key(COUNTING));
    let expected = format!(
        "ServerKey(redacted) Vault {{ key_id: 2677015356295758982, older: [{}] }} Sealed(39 bytes by 2677015356295758982)",
        vault.key_ids().nth(1).expect("the older one")
    );
    assert_eq!(printed, expected);
}

//! The arithmetic against values made elsewhere, and what becomes of answers that are wrong, late or invented.

use super::*;

const USER: &str = "studio";
const PASSWORD: &str = "correct-horse";
const SEED: u64 = 7;

fn auth(now: Instant) -> PublishAuth {
    PublishAuth::new(USER, PASSWORD, &[3; 32], now)
}

/// One value of a description, as clients find it.
fn value<'a>(description: &'a str, name: &str) -> &'a str {
    let (_, tail) = description.split_once('?').expect("a query");
    let pair = tail.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    pair.expect("the value").1
}

/// The app of a client's third connection, after it read `description`.
pub(in crate::rtmp) fn answer(description: &str, user: &str, password: &str, own_challenge: &str) -> String {
    let opaque = value(description, "opaque");
    let response = response(&salted(user, value(description, "salt"), password), opaque, own_challenge);
    format!("live?authmod=adobe&user={user}&challenge={own_challenge}&response={response}&opaque={opaque}")
}

fn judge(auth: &PublishAuth, app: &str, now: Instant) -> Result<(), Unauthenticated> {
    let (rest, offer) = Offer::cut(app);
    assert_eq!(rest, "live");
    auth.judge(&offer.expect("an offer"), now)
}

#[test]
fn answers_are_those_of_librtmp_and_of_ffmpeg() {
    // Python: base64(md5(user + salt + password)), then base64(md5(that + opaque + challenge)).
    let salted = salted(USER, "SaLt1234", PASSWORD);
    assert_eq!(*salted, "TSs9DJDnPHpltpVY0fmesQ==");
    assert_eq!(response(&salted, "opaque-token", "q83vEg=="), "4CPn8msK8E5j60+tYRSOTQ==", "librtmp");
    assert_eq!(response(&salted, "opaque-token", "1a2b3c4d"), "f4qBaLgmo3mJLELOMpBl1Q==", "FFmpeg");
}

#[test]
fn three_connections_lead_in() {
    let now = Instant::now();
    let auth = auth(now);
    let asked = auth.description(Unauthenticated::Asked, now, SEED);
    assert!(asked.contains("code=403 need auth; authmod=adobe"), "{asked}");
    assert_eq!(judge(&auth, "live?authmod=adobe&user=studio", now), Err(Unauthenticated::Challenged));
    let challenged = auth.description(Unauthenticated::Challenged, now, SEED);
    assert!(challenged.contains("authmod=adobe ] : ?reason=needauth&user=studio&salt="), "{challenged}");
    for own_challenge in ["q83vEg==", "//8+/w==", "1a2b3c4d"] {
        assert_eq!(judge(&auth, &answer(&challenged, USER, PASSWORD, own_challenge), now), Ok(()));
    }
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_told_apart() {
    let now = Instant::now();
    let auth = auth(now);
    let challenged = auth.description(Unauthenticated::Challenged, now, SEED);
    let wrong = judge(&auth, &answer(&challenged, USER, "wrong", "1a2b3c4d"), now);
    assert_eq!(wrong, Err(Unauthenticated::WrongPassword));
    assert!(auth.description(Unauthenticated::WrongPassword, now, SEED).contains("?reason=authfailed"));
    let unknown = judge(&auth, "live?authmod=adobe&user=nobody", now);
    assert_eq!(unknown, Err(Unauthenticated::UnknownUser));
    assert!(auth.description(Unauthenticated::UnknownUser, now, SEED).contains("?reason=nosuchuser"));
    for other in ["live?authmod=llnw&user=studio", "live?authmod=adobe", "live?authmod="] {
        assert_eq!(judge(&auth, other, now), Err(Unauthenticated::Asked), "{other}");
    }
}

#[test]
fn an_answer_is_worth_nothing_after_a_minute() {
    let now = Instant::now();
    let auth = auth(now);
    let issued = now + Duration::from_secs(100);
    let app = answer(&auth.description(Unauthenticated::Challenged, issued, SEED), USER, PASSWORD, "c");
    assert_eq!(judge(&auth, &app, issued + Duration::from_secs(60)), Ok(()));
    let late = judge(&auth, &app, issued + Duration::from_secs(61));
    assert_eq!(late, Err(Unauthenticated::StaleChallenge));
}

#[test]
fn an_invented_challenge_does_not_help_who_knows_the_password() {
    let now = Instant::now();
    let auth = auth(now);
    let real = auth.description(Unauthenticated::Challenged, now, SEED);
    let stranger = PublishAuth::new(USER, PASSWORD, &[4; 32], now);
    let foreign = stranger.description(Unauthenticated::Challenged, now, SEED);
    let token = value(&real, "opaque");
    let younger = format!("00000ffff{}", token.get(TIME_LEN..).expect("longer"));
    for forged in [younger.as_str(), "", "0", "ééééééééééééé", value(&foreign, "opaque")] {
        let app = answer(&real.replace(token, forged), USER, PASSWORD, "1a2b3c4d");
        assert_eq!(judge(&auth, &app, now), Err(Unauthenticated::StaleChallenge), "{forged}");
    }
}

#[test]
fn debian_s_librtmp_neither_crashes_nor_fails() {
    let now = Instant::now();
    let auth = auth(now);
    let challenged = auth.description(Unauthenticated::Challenged, now, SEED);
    assert_eq!(value(&challenged, "opaque").len() % 16, 9, "the most room in its buffer");
    let app = answer(&challenged, USER, PASSWORD, "rOH4Qw==");
    let overrun = app.replace("&opaque=", "\u{fffd}=\u{fffd}K&:\u{7f}&opaque=");
    assert_eq!(judge(&auth, &overrun, now), Ok(()));
    let short = app.replace("==&opaque=", "&opaque=");
    assert_eq!(judge(&auth, &short, now), Err(Unauthenticated::WrongPassword));
}

#[test]
fn challenges_of_one_second_differ() {
    let now = Instant::now();
    let auth = auth(now);
    assert_ne!(auth.challenge(now, 1), auth.challenge(now, 2));
}

#[test]
fn ffmpeg_keeps_the_whole_challenge() {
    let now = Instant::now();
    let auth = PublishAuth::new(&"u".repeat(49), PASSWORD, &[3; 32], now);
    assert!(auth.description(Unauthenticated::Challenged, now, u64::MAX).len() <= 255);
}

#[test]
fn the_offer_is_cut_off_whatever_stands_before_it() {
    for (text, rest) in [
        ("live?authmod=adobe&user=u", "live"),
        ("live?tok=1?authmod=adobe&user=u", "live?tok=1"),
        ("live?tok=1&authmod=adobe&user=u", "live?tok=1"),
        ("live/inst?authmod=adobe&response=a/b+c==&user=u", "live/inst"),
        ("?authmod=adobe&user=u", ""),
    ] {
        let (cut, offer) = Offer::cut(text);
        assert_eq!((cut, offer.map(|offer| offer.user)), (rest, Some("u")), "{text}");
    }
    assert!(Offer::cut("live?tok=1").1.is_none());
    assert!(Offer::cut("live/authmod=adobe").1.is_none());
    let (_, offer) = Offer::cut("live?authmod=adobe&response=a/b+c==");
    assert_eq!(offer.map(|offer| offer.response), Some("a/b+c=="));
}

#[test]
fn neither_password_nor_what_is_made_of_it_prints() {
    let auth = auth(Instant::now());
    let printed = format!("{auth:?}");
    assert_eq!(printed, "PublishAuth(\"studio\", redacted)");
}

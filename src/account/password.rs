//! Passwords: the one rule for them, and their hashes.
//!
//! A hash takes tens of milliseconds of a core and 19 MiB, so it runs beside the runtime, a few at once, and a bounded
//! number wait their turn.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::Zeroizing;

use super::commonest;
use super::{Cost, Error};
use crate::store::Hidden;
use crate::vault;

/// Hashes at once at most, so that a wave of sign-ins leaves cores and memory for the streams.
const AT_ONCE_MAX: usize = 4;

/// Passwords that wait for their hash at most; who comes then is told to try again.
const WAITING_MAX: usize = 64;

/// The rule for passwords, as it can be shown before anybody types one (after NIST SP 800-63B §3.1.1: long, not known,
/// and nothing about kinds of characters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordRule {
    /// The fewest characters.
    pub chars_min: usize,
    /// The most, so that hashing one costs what it should.
    pub chars_max: usize,
}

impl PasswordRule {
    /// The one that holds.
    pub const CURRENT: Self = Self { chars_min: 10, chars_max: 200 };

    /// Whether a password keeps to it, for the account with this address.
    ///
    /// # Errors
    /// [`PasswordFault`], the first that is found.
    pub fn check(self, password: &str, email: &str) -> Result<(), PasswordFault> {
        let chars = password.chars().count();
        if chars < self.chars_min {
            return Err(PasswordFault::TooShort);
        }
        if chars > self.chars_max {
            return Err(PasswordFault::TooLong);
        }
        let folded = Zeroizing::new(password.to_lowercase());
        let email = email.to_lowercase();
        let local = email.split('@').next().unwrap_or_default();
        if [email.as_str(), local].contains(&folded.as_str()) {
            return Err(PasswordFault::IsTheEmail);
        }
        let mut chars = folded.chars();
        let first = chars.next();
        if commonest::PASSWORDS.contains(&folded.as_str()) || chars.all(|next| Some(next) == first) {
            return Err(PasswordFault::TooCommon);
        }
        Ok(())
    }
}

/// How a password breaks the rule, as the rest of a sentence that begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// It has too few characters.
    #[error("must have at least {} characters", PasswordRule::CURRENT.chars_min)]
    TooShort,
    /// It has too many.
    #[error("must have at most {} characters", PasswordRule::CURRENT.chars_max)]
    TooLong,
    /// It is the address, or what stands before its `@`.
    #[error("must not be the email address")]
    IsTheEmail,
    /// It is among those that are tried first.
    #[error("is one that many people have, and is guessed first: take another")]
    TooCommon,
}

/// Whether a password is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Wrong,
    Right,
    /// Right, and its hash is of another cost than hashes have now.
    RightButOutdated,
}

/// Makes and checks hashes.
pub(super) struct Passwords {
    params: Params,
    /// A hash of nothing, at the same cost: checked where there is no account, so that the time tells nothing.
    nobody: Hidden,
    waiting: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

impl Passwords {
    pub(super) fn new(cost: Cost) -> Result<Self, Error> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None)
            .map_err(|_| Error::Internal("Argon2 cannot work at this cost"))?;
        let mut random = [0_u8; 48];
        getrandom::fill(&mut random).map_err(|_| vault::Error::Random)?;
        let (salt, output) = random.split_at(16);
        let [salt, output] = [salt, output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        let (memory, passes) = (cost.memory_kib, cost.passes);
        let cores = available_parallelism().map_or(1, usize::from);
        Ok(Self {
            params,
            nobody: Hidden(format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}")),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
            running: Arc::new(Semaphore::new(cores.min(AT_ONCE_MAX))),
        })
    }

    /// A password's hash, with a salt of its own.
    pub(super) async fn hash(&self, password: &str) -> Result<Hidden, Error> {
        let argon = self.argon();
        let password = Zeroizing::new(password.to_owned());
        self.run(move || {
            let hash: PasswordHash = argon
                .hash_password(password.as_bytes())
                .map_err(|_| Error::Internal("a password cannot be hashed"))?;
            Ok(Hidden(hash.to_string()))
        })
        .await
    }

    /// Whether the password is the one of this hash; without a hash, it takes as long to say no.
    pub(super) async fn verify(&self, password: &str, hash: Option<&Hidden>) -> Result<Verdict, Error> {
        // Nobody has a longer one, and hashing it would cost more than that of others.
        let known = hash.filter(|_| password.chars().count() <= PasswordRule::CURRENT.chars_max);
        let (is_somebody, hash) = (known.is_some(), known.unwrap_or(&self.nobody).clone());
        let shown: String = password.chars().take(PasswordRule::CURRENT.chars_max).collect();
        let (shown, argon, current) = (Zeroizing::new(shown), self.argon(), self.params.clone());
        self.run(move || {
            const NOT_OURS: Error = Error::Internal("a password's hash cannot be read");
            let hash = PasswordHash::new(&hash.0).map_err(|_| NOT_OURS)?;
            match argon.verify_password(shown.as_bytes(), &hash) {
                Ok(()) if !is_somebody => Ok(Verdict::Wrong),
                Ok(()) => {
                    let params = Params::try_from(&hash).map_err(|_| NOT_OURS)?;
                    let same = (params.m_cost(), params.t_cost(), params.p_cost())
                        == (current.m_cost(), current.t_cost(), current.p_cost());
                    Ok(if same { Verdict::Right } else { Verdict::RightButOutdated })
                }
                Err(password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
                Err(_) => Err(NOT_OURS),
            }
        })
        .await
    }

    fn argon(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }

    /// Runs it on a thread that may be busy. The permits go along: a caller that goes away leaves the work behind, and
    /// it still counts.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let closed = |_| Error::Internal("nothing is hashed any more");
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Error::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(closed)?;
        spawn_blocking(move || {
            let done = work();
            drop((waiting, running));
            done
        })
        .await
        .map_err(|_| Error::Internal("hashing was cut off"))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .build()
            .expect("a runtime")
            .block_on(work)
    }

    fn check(password: &str) -> Result<(), PasswordFault> {
        PasswordRule::CURRENT.check(password, "Ada.Lovelace@example.org")
    }

    #[test]
    fn a_password_is_long_and_not_known() {
        for good in ["ten chars!", "аналитическая", "🎥🎥🎥🎥🎥🎥🎥🎥🎥📺", "         x", &"ab".repeat(100)]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("", PasswordFault::TooShort),
            ("123456789", PasswordFault::TooShort),
            (&"ab".repeat(101), PasswordFault::TooLong),
            ("ada.lovelace@EXAMPLE.org", PasswordFault::IsTheEmail),
            ("Ada.Lovelace", PasswordFault::IsTheEmail),
            ("Password123", PasswordFault::TooCommon),
            ("QWERTYuiop", PasswordFault::TooCommon),
            ("zzzzzzzzzzzz", PasswordFault::TooCommon),
            ("          ", PasswordFault::TooCommon),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
        let (rule, list) = (PasswordRule::CURRENT, commonest::PASSWORDS);
        for common in list {
            assert!(common.chars().count() >= rule.chars_min, "{common} is refused for its length");
            assert_eq!(*common, common.to_lowercase());
        }
    }

    #[test]
    fn a_hash_is_argon2id_with_a_salt_of_its_own_and_says_its_cost() {
        block_on(async {
            let passwords = Passwords::new(Cost::default()).expect("made");
            let one = passwords.hash("open sesame").await.expect("hashed");
            assert!(one.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.0);
            assert!(passwords.nobody.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
            assert_eq!(passwords.nobody.0.len(), one.0.len());
            assert_eq!(passwords.verify("open sesame", Some(&one)).await.expect("checked"), Verdict::Right);
            assert_eq!(passwords.verify("open sesamE", Some(&one)).await.expect("checked"), Verdict::Wrong);
        });
    }

    #[test]
    fn a_hash_of_another_cost_is_right_and_outdated() {
        block_on(async {
            let cheap = Passwords::new(Cost::LEAST).expect("made");
            let dearer = Passwords::new(Cost { memory_kib: 16, passes: 2 }).expect("made");
            let [one, two] = [
                cheap.hash("open sesame").await.expect("hashed"),
                cheap.hash("open sesame").await.expect("hashed"),
            ];
            assert_ne!(one, two, "salted");
            let verify = dearer.verify("open sesame", Some(&one)).await;
            assert_eq!(verify.expect("checked"), Verdict::RightButOutdated);
            assert_eq!(dearer.verify("wrong", Some(&one)).await.expect("checked"), Verdict::Wrong);
            assert_eq!(cheap.verify("open sesame", None).await.expect("checked"), Verdict::Wrong);
            let strange = Hidden("$2b$12$somebody.elses".to_owned());
            assert!(matches!(cheap.verify("x", Some(&strange)).await, Err(Error::Internal(_))));
        });
    }

    #[test]
    fn of_too_many_at_once_some_are_told_to_come_again() {
        block_on(async {
            let passwords = Passwords::new(Cost::LEAST).expect("made");
            let one = passwords.hash("open sesame").await.expect("hashed");
            let many = (0..2 * WAITING_MAX).map(|_| passwords.verify("open sesame", Some(&one)));
            let outcomes = futures_util::future::join_all(many).await;
            let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Busy))).count();
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Verdict::Right) | Err(Error::Busy))));
            assert!((1..=WAITING_MAX).contains(&busy), "{busy}");
            assert!(passwords.verify("open sesame", Some(&one)).await.is_ok(), "all permits are back");
        });
    }
}

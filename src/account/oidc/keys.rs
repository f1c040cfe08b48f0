//! The issuer's public keys (RFC 7517), kept for a while; a key that is not among them makes us ask again, seldom.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use reqwest::Url;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::fetch::Fetch;
use super::id_token::Signed;
use super::{Clock, Error};

/// How long keys are used before they are asked for again: one that was taken back is not used longer.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long after one question the next is asked for an unknown key.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// Keys that are looked at. Issuers have a handful.
const KEYS_MAX: usize = 100;

/// Keys that a token without a key's name is checked with.
const CANDIDATES_MAX: usize = 8;

/// The document. Each key is read by itself: one of a kind that we do not know harms none that we do.
#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Default)]
struct Known {
    keys: Arc<[Jwk]>,
    fetched: Option<Duration>,
    asked: Option<Duration>,
}

pub(super) struct Keys {
    clock: Clock,
    known: Mutex<Known>,
}

impl Keys {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { clock: clock.clone(), known: Mutex::default() }
    }

    /// The keys that may have signed it. Asked for by one at a time: the others wait for the same answer.
    pub(super) async fn candidates(
        &self,
        fetch: &Fetch,
        address: &Url,
        signed: &Signed,
    ) -> Result<Vec<Jwk>, Error> {
        let mut known = self.known.lock().await;
        let now = self.clock.passed();
        let within = |at: Option<Duration>, time| at.is_some_and(|at| now < at + time);
        let fitting = fitting(&known.keys, signed);
        let is_fresh = within(known.fetched, FRESH);
        if is_fresh && (!fitting.is_empty() || within(known.asked, ASK_EVERY)) {
            return Ok(fitting);
        }
        known.asked = Some(now);
        let document: Document = fetch.document(address).await?;
        let read = document.keys.into_iter().take(KEYS_MAX);
        known.keys = read.filter_map(|key| serde_json::from_value(key).ok()).collect();
        known.fetched = Some(now);
        Ok(self::fitting(&known.keys, signed))
    }
}

pub(super) fn fitting(keys: &[Jwk], signed: &Signed) -> Vec<Jwk> {
    keys.iter().filter(|key| fits(key, signed)).take(CANDIDATES_MAX).cloned().collect()
}

fn fits(key: &Jwk, signed: &Signed) -> bool {
    let kind = match (signed.algorithm, &key.algorithm) {
        (Algorithm::RS256, AlgorithmParameters::RSA(_)) => true,
        (Algorithm::ES256, AlgorithmParameters::EllipticCurve(curve)) => curve.curve == EllipticCurve::P256,
        _ => false,
    };
    let stated = match key.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => signed.algorithm == Algorithm::RS256,
        Some(KeyAlgorithm::ES256) => signed.algorithm == Algorithm::ES256,
        Some(_) => false,
    };
    let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let named = signed.key_id.is_none() || signed.key_id == key.common.key_id;
    kind && stated && signs && named
}

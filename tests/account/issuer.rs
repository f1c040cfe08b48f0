//! A small OpenID Connect issuer: real HTTP, real keys, and as wrong as a case wants it to be.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use aws_lc_rs::{digest, hmac};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gostream::account::oidc::Begun;
use gostream::store::UnixMillis;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const CLIENT: &str = "gostream client";
pub(crate) const SECRET: &str = "s3cret/+:=%";
pub(crate) const BACK: &str = "https://live.example/api/v1/session/elsewhere";

/// An answer that is none.
type Failure = (StatusCode, String);

/// What signs an ID token.
pub(crate) enum Signer {
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
    /// `alg: none`, and no signature.
    Nobody,
    /// `alg: HS256`, with the public key as the secret.
    PublicKey,
}

/// What a code stands for.
struct Granted {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

/// What a case changes.
pub(crate) struct Manners {
    pub(crate) signer: Signer,
    /// What the header says the key is called.
    pub(crate) key_id: Option<&'static str>,
    /// What the key document has.
    pub(crate) published: Value,
    /// Laid over what the token says; null takes a claim out.
    pub(crate) claims: Value,
    /// What is said beside the token.
    pub(crate) user_info: Value,
    /// Laid over the document about the issuer.
    pub(crate) document: Value,
    /// Every answer is this instead.
    pub(crate) fails: Option<Failure>,
}

struct Shared {
    url: String,
    now: UnixMillis,
    manners: Mutex<Manners>,
    granted: Mutex<HashMap<String, Granted>>,
    asked: [AtomicU32; 3],
}

/// The issuer, until it is dropped.
pub(crate) struct Issuer {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn es256() -> Signer {
    Signer::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
}

pub(crate) fn rs256() -> Signer {
    Signer::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

impl Signer {
    /// The key as the issuer publishes it.
    pub(crate) fn key(&self, id: &str) -> Value {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::Es256(key) => {
                let point = key.public_key().as_ref();
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": id,
                    "x": encoded(&point[1..33]), "y": encoded(&point[33..65])})
            }
            Self::Rs256(key) => {
                // PKCS#1: SEQUENCE { INTEGER of 257 bytes, the first of them 0, INTEGER }
                let der = key.public_key().as_ref();
                assert_eq!((der[4..9].to_vec(), der.len()), (vec![2, 0x82, 1, 1, 0], 270));
                json!({"kty": "RSA", "alg": "RS256", "kid": id, "n": encoded(&der[9..265]), "e": "AQAB"})
            }
            Self::Nobody | Self::PublicKey => unreachable!("they have no key"),
        }
    }

    fn sign(&self, message: &str, published: &Value) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256(key) => key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::Nobody => Vec::new(),
            Self::PublicKey => {
                let public = published[0]["x"].as_str().unwrap();
                let key = hmac::Key::new(hmac::HMAC_SHA256, &URL_SAFE_NO_PAD.decode(public).unwrap());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
        }
    }

    const fn algorithm(&self) -> &'static str {
        match self {
            Self::Es256(_) => "ES256",
            Self::Rs256(_) => "RS256",
            Self::Nobody => "none",
            Self::PublicKey => "HS256",
        }
    }
}

impl Issuer {
    /// Starts one whose clock stands at `now`.
    pub(crate) async fn start(now: UnixMillis) -> Self {
        Self::start_at(TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), now)
    }

    /// Starts one on a socket that is there.
    pub(crate) fn start_at(listener: TcpListener, now: UnixMillis) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let signer = es256();
        let manners = Manners {
            published: json!([{"kty": "OKP", "crv": "X448", "x": "a strange one"}, signer.key("one")]),
            signer,
            key_id: Some("one"),
            claims: json!({}),
            user_info: json!({}),
            document: json!({}),
            fails: None,
        };
        let shared = Arc::new(Shared {
            url,
            now,
            manners: Mutex::new(manners),
            granted: Mutex::default(),
            asked: Default::default(),
        });
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(document))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/user", get(user_info))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { shared, serving }
    }

    pub(crate) fn url(&self) -> &str {
        &self.shared.url
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.shared.manners.lock().unwrap());
    }

    /// How often its document, its keys and its tokens were asked for.
    pub(crate) fn asked(&self) -> [u32; 3] {
        self.shared.asked.each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// What a person does there: comes with the address, says yes, and is sent back with a code and the state.
    pub(crate) fn visit(&self, begun: &Begun) -> (String, String) {
        self.visit_from(&begun.url, BACK)
    }

    /// The same, to be sent back to this address.
    pub(crate) fn visit_from(&self, address: &str, back: &str) -> (String, String) {
        let url: Url = address.parse().unwrap();
        assert!(address.starts_with(&format!("{}/authorize?", self.url())), "{address}");
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", back),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(query[name], value);
        }
        let granted = Granted {
            nonce: query["nonce"].clone(),
            challenge: query["code_challenge"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
        };
        let mut all = self.shared.granted.lock().unwrap();
        let code = format!("code+{}", all.len());
        all.insert(code.clone(), granted);
        (code, query["state"].clone())
    }
}

impl Shared {
    /// Counts the request, and fails where it has to.
    fn begin(&self, what: usize) -> Result<(), Failure> {
        self.asked[what].fetch_add(1, Ordering::Relaxed);
        let fails = self.manners.lock().unwrap().fails.clone();
        fails.map_or(Ok(()), Err)
    }

    fn id_token(&self, nonce: &str) -> String {
        let manners = self.manners.lock().unwrap();
        let seconds = self.now.0 / 1000;
        let mut claims = json!({"iss": self.url, "aud": CLIENT, "sub": "7", "nonce": nonce, "iat": seconds,
            "exp": seconds + 300, "email": "grace@example.org", "email_verified": true, "name": "Grace"});
        overlay(&mut claims, &manners.claims);
        let mut header = json!({"alg": manners.signer.algorithm(), "typ": "JWT"});
        overlay(&mut header, &json!({"kid": manners.key_id}));
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(&claims));
        let published = manners.published.as_array().map_or(json!([]), |keys| json!(keys[1..]));
        let signature = manners.signer.sign(&message, &published);
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn overlay(under: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        match value {
            Value::Null => under.as_object_mut().unwrap().remove(name),
            value => under.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
}

async fn document(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Failure> {
    shared.begin(0)?;
    let url = &shared.url;
    let mut document = json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
        "userinfo_endpoint": format!("{url}/user"), "response_types_supported": ["code"]});
    overlay(&mut document, &shared.manners.lock().unwrap().document);
    Ok(Json(document))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Result<Json<Value>, Failure> {
    shared.begin(1)?;
    Ok(Json(json!({"keys": shared.manners.lock().unwrap().published})))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, Failure> {
    shared.begin(2)?;
    let refused = |error: &str| (StatusCode::BAD_REQUEST, json!({"error": error}).to_string());
    let form: Url = format!("http://form/?{body}").parse().unwrap();
    let form: HashMap<String, String> = form.query_pairs().into_owned().collect();
    let basic = format!("Basic {}", STANDARD.encode("gostream+client:s3cret%2F%2B%3A%3D%25"));
    let by_header = headers.get("authorization").is_some_and(|value| value == basic.as_str());
    let by_form = form.get("client_id").is_some_and(|id| id == CLIENT)
        && form.get("client_secret").is_some_and(|secret| secret == SECRET);
    let wants_form =
        shared.manners.lock().unwrap().document.get("token_endpoint_auth_methods_supported").is_some();
    if by_form != wants_form || by_header == wants_form {
        return Err(refused("invalid_client"));
    }
    // Once.
    let granted = shared.granted.lock().unwrap().remove(&form["code"]);
    let granted = granted.ok_or_else(|| refused("invalid_grant"))?;
    let hashed = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    let proved = URL_SAFE_NO_PAD.encode(hashed) == granted.challenge;
    if !proved || form["redirect_uri"] != granted.redirect_uri || form["grant_type"] != "authorization_code" {
        return Err(refused("invalid_grant"));
    }
    let token = shared.id_token(&granted.nonce);
    Ok(Json(json!({"access_token": "opens the user", "token_type": "Bearer", "id_token": token})))
}

async fn user_info(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Json<Value>, Failure> {
    match headers.get("authorization") {
        Some(value) if value == "Bearer opens the user" => {
            Ok(Json(shared.manners.lock().unwrap().user_info.clone()))
        }
        _ => Err((StatusCode::UNAUTHORIZED, String::new())),
    }
}

use std::collections::BTreeMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tenancy::session::{self, Tokens};
use tenancy::{AccessToken, AccountSettings, Caller, Db, Issuer};

use crate::people::{installation, person, process, process_with, settings, sign_in};
use crate::support::World;

const OLGA: &str = "olga@example.com";

/// An installation whose signing key this test has taken the place of.
struct Forge {
    world: World,
    db: Db,
    tokens: Tokens,
    other: Tokens,
    key: EncodingKey,
    public: Vec<u8>,
    header: Header,
    claims: Value,
}

/// A key pair: the private half, and the public one.
fn pair() -> (EncodingKey, Vec<u8>) {
    let private = Ed25519KeyPair::generate_pkcs8v1(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    (EncodingKey::from_ed_der(private.as_ref()), pair.public_key().as_ref().to_vec())
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn parts(token: &AccessToken) -> Vec<String> {
    token.reveal().split('.').map(str::to_owned).collect()
}

impl Forge {
    async fn new() -> Self {
        let world = installation().await;
        person(&world, OLGA).await;
        person(&world, "adam@example.com").await;
        let tokens = sign_in(&world.db, OLGA).await;
        let other = sign_in(&world.db, "adam@example.com").await;
        let (key, public) = pair();
        let hex: String = public.iter().map(|byte| format!("{byte:02x}")).collect();
        world.sql(&format!("update signing_keys set public_key = decode('{hex}', 'hex')")).await;
        let db = process(&world).await;
        let genuine = parts(&tokens.access_token);
        let header = serde_json::from_value(part(&genuine[0])).unwrap();
        Self { db, key, public, header, claims: part(&genuine[1]), world, tokens, other }
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }

    /// The good token with other claims.
    fn with(&self, changes: Value) -> String {
        let mut claims = self.claims.clone();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        self.sign(&self.header, &claims)
    }

    async fn is_good(&self, text: &str) -> bool {
        match AccessToken::parse(text) {
            Some(token) => session::authenticate(&self.db, &token).await.unwrap().is_some(),
            None => false,
        }
    }
}

// proves AUT-2
#[tokio::test]
async fn a_token_says_who_is_signed_in_and_for_how_long() {
    let forge = Forge::new().await;
    let header = part(&parts(&forge.tokens.access_token)[0]);
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    let said: BTreeMap<String, Value> = serde_json::from_value(forge.claims.clone()).unwrap();
    let names: Vec<&str> = said.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "aud",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "org_id",
            "org_role",
            "platform_role",
            "sid",
            "sub",
            "workspace_id",
            "workspace_role"
        ]
    );
    let now = forge.db.now().timestamp();
    assert_eq!((&said["iat"], &said["nbf"], &said["exp"]), (&json!(now), &json!(now), &json!(now + 900)));
    assert_eq!((&said["iss"], &said["aud"]), (&json!("http://localhost"), &json!("doorward")));
    assert_eq!(said["sid"], json!(forge.tokens.session));
    // The end is the first moment at which it is dead.
    let token = forge.with(json!({}));
    forge.world.clock.set(forge.tokens.access_expires_at - chrono::TimeDelta::milliseconds(1));
    assert!(forge.is_good(&token).await);
    forge.world.clock.set(forge.tokens.access_expires_at);
    assert!(!forge.is_good(&token).await);
}

// proves AUT-2
#[tokio::test]
async fn claims_that_are_signed_well_and_wrong_are_refused() {
    let forge = Forge::new().await;
    assert!(forge.is_good(&forge.with(json!({}))).await, "what is refused below is not refused for its key");
    let now = forge.db.now().timestamp();
    let others = part(&parts(&forge.other.access_token)[1]);
    for changes in [
        json!({ "exp": null }),
        json!({ "exp": (now + 900).to_string() }),
        json!({ "exp": now }),
        json!({ "exp": -1 }),
        json!({ "exp": 1e30 }),
        json!({ "exp": 18_446_744_073_709_551_615_u64 }),
        json!({ "exp": [now + 900] }),
        json!({ "exp": true }),
        json!({ "nbf": null }),
        json!({ "nbf": now + 3600 }),
        json!({ "nbf": now.to_string() }),
        json!({ "iss": null }),
        json!({ "iss": "http://localhost/" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": ["http://localhost", "https://evil.example"] }),
        json!({ "aud": null }),
        json!({ "aud": "doorward2" }),
        json!({ "aud": "" }),
        json!({ "aud": ["doorward"] }),
        json!({ "aud": ["other", "doorward"] }),
        json!({ "sub": null }),
        json!({ "sub": "olga" }),
        json!({ "sub": others["sub"] }),
        json!({ "sid": others["sid"] }),
        json!({ "jti": others["jti"] }),
        json!({ "sid": others["sid"], "jti": others["jti"] }),
        json!({ "sub": others["sub"], "sid": others["sid"] }),
        json!({ "jti": null }),
        json!({ "sid": null }),
        json!({ "jti": uuid::Uuid::nil() }),
    ] {
        assert!(!forge.is_good(&forge.with(changes.clone())).await, "{changes}");
    }
    // All three of the other's: that is the other.
    let all = json!({ "sub": others["sub"], "sid": others["sid"], "jti": others["jti"] });
    assert!(forge.is_good(&forge.with(all)).await);
}

// proves AUT-2
#[tokio::test]
async fn a_head_that_names_another_algorithm_key_or_type_is_refused() {
    let forge = Forge::new().await;
    let good = forge.header.clone();
    let kid = good.kid.clone();
    for typ in [None, Some("JWT"), Some("jwt"), Some("at+jwt2"), Some("")] {
        let header = Header { typ: typ.map(str::to_owned), ..good.clone() };
        assert!(!forge.is_good(&forge.sign(&header, &forge.claims)).await, "{typ:?}");
    }
    for kid in
        [None, Some(String::new()), Some("../../etc/passwd".into()), Some(uuid::Uuid::nil().to_string())]
    {
        let header = Header { kid: kid.clone(), ..good.clone() };
        assert!(!forge.is_good(&forge.sign(&header, &forge.claims)).await, "{kid:?}");
    }
    // Signed with what everybody knows.
    let jwk = BASE64_URL_SAFE_NO_PAD.encode(&forge.public);
    for secret in [forge.public.as_slice(), jwk.as_bytes(), b""] {
        for algorithm in [Algorithm::HS256, Algorithm::HS512] {
            let header = Header { alg: algorithm, ..good.clone() };
            let token = encode(&header, &forge.claims, &EncodingKey::from_secret(secret)).unwrap();
            assert!(!forge.is_good(&token).await, "{algorithm:?}");
        }
    }
    // Not signed at all.
    let claims = BASE64_URL_SAFE_NO_PAD.encode(forge.claims.to_string());
    let signature = parts(&forge.tokens.access_token)[2].clone();
    for alg in ["none", "None", "NONE", "nOnE", "", "EdDSA", "HS256", "ES256", "Ed25519"] {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": kid });
        let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
        for signature in ["", "AAAA", &signature] {
            assert!(!forge.is_good(&format!("{header}.{claims}.{signature}")).await, "{alg} {signature}");
        }
    }
    // A key that came along in the head.
    let (theirs, public) = pair();
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "jwk": { "kty": "OKP", "crv": "Ed25519", "x": x } });
    let text = format!("{}.{claims}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()));
    let signature = jsonwebtoken::crypto::sign(text.as_bytes(), &theirs, Algorithm::EdDSA).unwrap();
    assert!(!forge.is_good(&format!("{text}.{signature}")).await);
    // Another key under a known name.
    assert!(!forge.is_good(&encode(&good, &forge.claims, &theirs).unwrap()).await);
    assert!(forge.is_good(&forge.with(json!({}))).await);
}

// proves AUT-2
#[tokio::test]
async fn what_is_no_token_or_was_touched_is_refused() {
    let forge = Forge::new().await;
    let good = forge.with(json!({}));
    let pieces: Vec<&str> = good.split('.').collect();
    let mut richer = forge.claims.clone();
    richer["platform_role"] = json!("super_admin");
    let richer = BASE64_URL_SAFE_NO_PAD.encode(richer.to_string());
    for text in [
        "",
        "..",
        "a.b.c",
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{good}.{}", pieces[2]),
        &format!("{}.{}", pieces[0], pieces[1]),
        &format!("{}.{}.", pieces[0], pieces[1]),
        &format!("{}.{richer}.{}", pieces[0], pieces[2]),
        &format!("{}.{}.{}=", pieces[0], pieces[1], pieces[2]),
        &format!("{good} "),
        &format!("{good}\n"),
        &good.replace('.', "%2e"),
        &good[..good.len() - 1],
        &format!("{}.{}.{}", "A".repeat(5000), pieces[1], pieces[2]),
        &"a".repeat(5000),
    ] {
        assert!(!forge.is_good(text).await, "{text}");
    }
    assert!(forge.is_good(&good).await);
}

// proves AUT-2
#[tokio::test]
async fn a_token_of_another_installation_is_refused() {
    let world = installation().await;
    person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    let issuer = Issuer { url: "https://other.example".into(), ..settings().issuer };
    let other = process_with(&world, AccountSettings { issuer, ..settings() }).await;
    assert!(session::authenticate(&other, &tokens.access_token).await.unwrap().is_none());
    let theirs = sign_in(&other, OLGA).await;
    assert!(session::authenticate(&world.db, &theirs.access_token).await.unwrap().is_none());
    assert!(matches!(session::authenticate(&other, &theirs.access_token).await, Ok(Some(Caller::User(_)))));
}

// proves AUT-2
#[tokio::test]
async fn a_process_whose_clock_is_a_little_behind_knows_a_token_at_once() {
    let world = installation().await;
    person(&world, OLGA).await;
    let tokens = sign_in(&world.db, OLGA).await;
    world.clock.set(world.db.now() - chrono::TimeDelta::seconds(5));
    assert!(crate::people::may_ask(&world.db, &tokens).await);
}

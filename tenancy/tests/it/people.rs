//! People who register, read their mails and sign in.

use tenancy::account::{self, Credentials, Registration};
use tenancy::session::{self, Tokens};
use tenancy::{
    AccessToken, AccountSettings, Caller, Db, Device, Identity, LinkId, LinkToken, Locale, MasterKey,
    Password, PasswordHashing, RefreshToken, Result, UserId, user_action,
};

use crate::support::{World, request, shipped_policies};

/// What every process of an installation knows.
pub(crate) const SECRET: &str = "the secret of an installation, and long enough";

pub(crate) const PASSWORD: &str = "zebra stripes at dawn";

/// Cheap, so that races are races.
pub(crate) fn hashing(passes: u32) -> PasswordHashing {
    PasswordHashing { memory: 64, passes, concurrency: 8 }
}

pub(crate) fn settings() -> AccountSettings {
    AccountSettings { passwords: hashing(1), ..AccountSettings::default() }
}

pub(crate) fn identity(secret: &str, settings: AccountSettings) -> Identity {
    Identity::new(settings, MasterKey::new(&secret.into()), runtime::Random::system())
}

/// An installation that nobody has an account of.
pub(crate) async fn installation() -> World {
    let world = World::empty().await;
    let db = world.db.clone().with_identity(identity(SECRET, settings()));
    // Connections that are open already let races be races.
    let mut open = vec![];
    for _ in 0..8 {
        open.push(db.begin(request()).await.expect("a transaction"));
    }
    drop(open);
    World { db, ..world }
}

/// One more process of it.
pub(crate) async fn process(world: &World) -> Db {
    process_with(world, settings()).await
}

pub(crate) async fn process_with(world: &World, settings: AccountSettings) -> Db {
    world.connect(8, &shipped_policies()).await.with_identity(identity(SECRET, settings))
}

pub(crate) fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

pub(crate) fn registration(email: &str) -> Registration {
    let email = email.parse().expect("an address");
    Registration { email, name: "Somebody".into(), password: password(PASSWORD), locale: Locale::English }
}

pub(crate) async fn register(db: &Db, email: &str) -> Result<()> {
    account::register(db, request(), &registration(email)).await
}

/// Signs in with any password.
pub(crate) async fn sign_in_by(db: &Db, email: &str, text: &str) -> Result<Tokens> {
    let given = Credentials { email: email.into(), password: password(text), code: None };
    let grant = account::sign_in(db, request(), &given, &Device::default()).await?;
    db.tokens(grant).await
}

pub(crate) async fn sign_in(db: &Db, email: &str) -> Tokens {
    sign_in_by(db, email, PASSWORD).await.unwrap_or_else(|error| panic!("{email}: {error}"))
}

pub(crate) async fn refresh(db: &Db, token: &RefreshToken) -> Result<Tokens> {
    let grant = session::refresh(db, request(), token, &Device::default()).await?;
    db.tokens(grant).await
}

/// Who this is, in the next request.
pub(crate) async fn who(db: &Db, token: &AccessToken) -> Option<Caller> {
    session::authenticate(db, token).await.expect("an answer")
}

pub(crate) async fn may_ask(db: &Db, tokens: &Tokens) -> bool {
    who(db, &tokens.access_token).await.is_some()
}

pub(crate) async fn caller(db: &Db, tokens: &Tokens) -> Caller {
    who(db, &tokens.access_token).await.expect("somebody")
}

pub(crate) async fn id_of(world: &World, email: &str) -> UserId {
    let id = world.sql(&format!("select id from users where lower(email) = lower('{email}')")).await;
    UserId(id.trim().parse().expect("an account"))
}

/// The link in the newest mail of this kind to somebody; as the worker gets it.
pub(crate) async fn mailed(world: &World, mail: &str, email: &str) -> LinkToken {
    let user = id_of(world, email).await;
    let last = format!(
        "select payload ->> 'link_id' from jobs where kind = 'mail.send' and payload ->> 'mail' = '{mail}'
             and payload ->> 'user_id' = '{user}' order by id desc limit 1"
    );
    let link = LinkId(world.sql(&last).await.trim().parse().expect("a mail with a link"));
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<user_action::Mail>(&Caller::Worker, user).await.expect("the worker may");
    tenancy::link::to_be_mailed(&mut tx, &allowed, link)
        .await
        .expect("an answer")
        .expect("a link that is good")
        .0
}

/// An account whose address is verified.
pub(crate) async fn person(world: &World, email: &str) -> UserId {
    register(&world.db, email).await.expect("an account");
    let link = mailed(world, "verification", email).await;
    account::verify_email(&world.db, request(), &link).await.expect("verified");
    id_of(world, email).await
}

/// Asks for a link for a forgotten password, lets the worker do its part, and opens the mail.
pub(crate) async fn forgotten(world: &World, email: &str) -> LinkToken {
    account::request_password_reset(&world.db, request(), email).await.expect("accepted");
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    account::answer_forgotten(&mut tx, id_of(world, email).await).await.expect("answered");
    tx.commit().await.expect("committed");
    mailed(world, "password_reset", email).await
}

/// How many rows a condition holds for.
pub(crate) async fn count(world: &World, of: &str) -> usize {
    world.sql(&format!("select count(*) from {of}")).await.trim().parse().expect("a number")
}

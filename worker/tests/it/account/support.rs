//! A store with accounts, a worker, and a mail server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authz::Live;
use harness::smtp::Received;
use harness::{Database, Smtp};
use runtime::{Clock, Health, Random, Shutdown};
use storage::{Reach, Store, Stores};
use tenancy::account::{self, Credentials, Registration};
use tenancy::{
    AccountSettings, Db, Device, Identity, Job, LinkToken, Locale, Mail, MasterKey, Password, Request,
    SendMail, UserId,
};
use tokio::task::spawn_blocking;
use worker::{Settings, Worker, mail};

pub(super) const PUBLIC_URL: &str = "https://door.example.org/access";
pub(super) const APP_URL: &str = "https://app.example.net/";
pub(super) const ANN: &str = "ann@example.org";

pub(super) struct World {
    database: Arc<Database>,
    pub(super) db: Db,
    server: Smtp,
    /// With a folder as the store of the installation.
    pub(super) stores: Stores,
    _objects: tempfile::TempDir,
}

/// The first password of everybody here.
pub(super) fn password() -> Password {
    Password::new("a door that squeaks".into())
}

impl World {
    pub(super) async fn new() -> Self {
        let database = spawn_blocking(|| harness::database("empty", |_| Ok(()))).await.unwrap().unwrap();
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        let live = Live::open(&policies, tenancy::ACTIONS, Clock::system()).unwrap();
        let db =
            Db::connect(&database.url.as_str().into(), 12, live, Clock::system(), Random::system()).await;
        let key = MasterKey::new(&"a secret that every process on this store has".into());
        let db = db.unwrap().with_identity(Identity::new(AccountSettings::default(), key, Random::system()));
        db.migrate().await.unwrap();
        let objects = tempfile::tempdir().unwrap();
        let stores = Stores::new(Store::folder(objects.path()).unwrap(), Reach::Anywhere).unwrap();
        Self { database: Arc::new(database), db, server: Smtp::start().unwrap(), stores, _objects: objects }
    }

    pub(super) async fn worker(&self) -> Worker {
        self.worker_within("100/1h").await
    }

    /// One that sends so many mails for each organization.
    async fn worker_within(&self, mail_per_org: &str) -> Worker {
        let settings = Settings {
            redis_url: None,
            mail: mail::Settings {
                smtp_url: Some(self.server.url().into()),
                from: "doorward@localhost".into(),
                folder: "unused".into(),
                public_url: PUBLIC_URL.into(),
                bound: Duration::from_secs(30),
                authorities: vec![],
            },
            mail_per_address: "100/1h".parse().unwrap(),
            mail_per_org: mail_per_org.parse().unwrap(),
            public_url: PUBLIC_URL.into(),
            app_url: APP_URL.into(),
            concurrency: 4,
            lease: Duration::from_secs(30),
            backoff: Duration::from_secs(1),
            retention: Duration::from_secs(3600),
            signing_key_lifetime: Duration::from_secs(30 * 24 * 3600),
            purge_page: 1_000,
            grace: Duration::from_secs(30),
            patience: Duration::from_secs(600),
        };
        let health = Health::new(Clock::system());
        Worker::new(self.db.clone(), settings, self.stores.clone(), Random::system(), health).await.unwrap()
    }

    /// Does all that is due, and fails if anything fails.
    pub(super) async fn work(&self) {
        let tally = self.worker().await.drain(&Shutdown::new()).await.unwrap().to_string();
        assert!(tally.ends_with(" 0 to be tried later, 0 dead"), "{tally}");
    }

    /// Does what may be done within a budget for each organization.
    pub(super) async fn work_within(&self, mail_per_org: &str) {
        let worker = self.worker_within(mail_per_org).await;
        worker.drain(&Shutdown::new()).await.unwrap();
    }

    pub(super) async fn register(&self, email: &str, locale: Locale) -> UserId {
        let new =
            Registration { email: email.parse().unwrap(), name: "Ann".into(), password: password(), locale };
        account::register(&self.db, Request::default(), &new).await.unwrap();
        let id = self.sql(&format!("select id from users where lower(email) = lower('{email}')")).await;
        UserId(id.parse().unwrap())
    }

    /// Somebody with a verified address, whose mails so far were sent and are forgotten.
    pub(super) async fn somebody(&self, email: &str) -> UserId {
        let id = self.register(email, Locale::English).await;
        self.sql("delete from jobs; delete from one_time_links; update users set email_verified_at = now()")
            .await;
        id
    }

    pub(super) async fn forget_password(&self, email: &str) {
        account::request_password_reset(&self.db, Request::default(), email).await.unwrap();
    }

    pub(super) async fn enqueue<J: Job>(&self, job: &J) {
        let mut tx = self.db.begin(Request::default()).await.unwrap();
        tx.enqueue(job).await.unwrap().unwrap();
        tx.commit().await.unwrap();
    }

    pub(super) async fn send(&self, mail: Mail) {
        self.enqueue(&SendMail(mail)).await;
    }

    /// What the server got so far.
    pub(super) fn mails(&self) -> Vec<Received> {
        self.server.mails()
    }

    /// What the server got so far, by their subjects.
    pub(super) fn subjects(&self) -> Vec<String> {
        self.mails().iter().map(|mail| mail.header("Subject").unwrap()).collect()
    }

    pub(super) async fn sql(&self, script: &str) -> String {
        let (database, script) = (Arc::clone(&self.database), script.to_owned());
        spawn_blocking(move || database.run(&script)).await.unwrap().unwrap()
    }

    pub(super) async fn sign_in(&self, password: Password) -> tenancy::Result<tenancy::session::Grant> {
        let credentials = Credentials { email: ANN.into(), password, code: None };
        account::sign_in(&self.db, Request::default(), &credentials, &Device::default()).await
    }
}

/// What a mail says, in both of its parts.
pub(super) fn said(mail: &Received) -> String {
    let joined = mail.data.replace("=\r\n", "");
    let mut bytes = vec![];
    let mut rest = joined.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let code = (byte == b'=').then(|| behind.get(..2)).flatten();
        match code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &behind[2..];
            }
            None => {
                bytes.push(byte);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// The token in the link to this page.
pub(super) fn token(mail: &Received, page: &str) -> LinkToken {
    let said = said(mail);
    let (_, behind) = said.split_once(&format!("{PUBLIC_URL}/{page}?token=")).expect(&said);
    let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c)).unwrap();
    LinkToken::parse(&behind[..end]).expect(behind)
}

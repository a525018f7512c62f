//! What is left of uploads and documents: swept, and erased from a real S3 server.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use authz::Live;
use harness::S3;
use harness::s3::Fault;
use runtime::{Clock, Config, FixedClock, Health, Random, Shutdown};
use storage::Stores;
use tenancy::document::{self, Document, NewDocument};
use tenancy::{
    AccountSettings, Caller, Db, Identity, MasterKey, Person, Request, UserId, WorkspaceId, document_action,
};
use tokio::task::spawn_blocking;
use worker::{Settings, Worker};

const ANN: &str = "019aa000-0000-7000-8000-0000000000a2";
const HOME: &str = "019aa000-0000-7000-8000-0000000000a6";
const HOUR: Duration = Duration::from_secs(3600);

struct World {
    database: Arc<harness::Database>,
    db: Db,
    clock: FixedClock,
    server: S3,
    config: Config,
    _data: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let database = spawn_blocking(|| harness::database("empty", |_| Ok(()))).await.unwrap().unwrap();
        let (server, data) = (S3::start().unwrap(), tempfile::tempdir().unwrap());
        let settings = [
            ("DATABASE_URL", database.url.clone()),
            ("S3_URL", server.url("versioned")),
            ("DOORWARD_DATA", data.path().display().to_string()),
        ];
        let config = Config::load(None, settings.map(|(name, value)| (name.to_owned(), value))).unwrap();
        let clock = Clock::fixed(Clock::system().now());
        let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
        let live = Live::open(&policies, tenancy::ACTIONS, clock.clock()).unwrap();
        let url = config.database_url.clone().unwrap();
        let db = Db::connect(&url, 12, live, clock.clock(), Random::system()).await.unwrap();
        let key = MasterKey::new(&"a secret that every process on this store has".into());
        let db = db.with_identity(Identity::new(AccountSettings::default(), key, Random::system()));
        db.migrate().await.unwrap();
        let world = Self { database: Arc::new(database), db, clock, server, config, _data: data };
        world
            .sql(&format!(
                "insert into users (id, email, name, status, email_verified_at, approval_due_at, created_at)
                 values ('{ANN}', 'ann@example.com', 'Ann', 'active', now(), now(), now());
                 insert into workspaces (id, owner_id, name, visibility, created_at)
                 values ('{HOME}', '{ANN}', 'home', 'private', now());
                 insert into workspace_members (workspace_id, user_id, role, created_at)
                 values ('{HOME}', '{ANN}', 'admin', now())"
            ))
            .await;
        world
    }

    async fn sql(&self, script: &str) -> String {
        let (database, script) = (Arc::clone(&self.database), script.to_owned());
        spawn_blocking(move || database.run(&script)).await.unwrap().unwrap().trim().to_owned()
    }

    async fn announce(&self, size: i64) -> Document {
        let ann = Caller::User(Person::without_session(UserId(ANN.parse().unwrap())));
        let home = WorkspaceId(HOME.parse().unwrap());
        let mut tx = self.db.begin(Request::default()).await.unwrap();
        let context = document::context(&mut tx, home, size).await.unwrap();
        let allowed = tx.authorize_with::<document_action::Create>(&ann, home, context).await.unwrap();
        let (name, content_type) = ("a".to_owned(), "text/plain".to_owned());
        let new = NewDocument { name, content_type, size, sha256: [0; 32] };
        let made = document::begin(&mut tx, &allowed, None, &new, HOUR).await.unwrap();
        tx.commit().await.unwrap();
        made
    }

    /// Does what is due, and tells what became of it.
    async fn work(&self) -> String {
        let stores = Stores::configured(&self.config).unwrap();
        let settings = Settings::from(&self.config);
        let health = Health::new(self.clock.clock());
        let worker = Worker::new(self.db.clone(), settings, stores, Random::system(), health).await.unwrap();
        // The sweep of this minute may have been done.
        self.sql("delete from job_slots").await;
        worker.drain(&Shutdown::new()).await.unwrap().to_string()
    }

    async fn used(&self) -> String {
        self.sql("select used_bytes from user_quotas").await
    }
}

fn key(document: &Document) -> String {
    document::key(document.workspace_id, document.id)
}

// proves DOC-1, DOC-2
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_never_came_is_erased_with_all_that_did_and_gives_its_quota_back() {
    let world = World::new().await;
    let (early, late) = (world.announce(5).await, world.announce(7).await);
    world.server.put("versioned", &key(&early), "part of it");
    world.server.put("versioned", &key(&early), "more of it");
    let stores = Stores::configured(&world.config).unwrap();
    let name = storage::Key::parse(&key(&early)).unwrap();
    // Begun, and never written down.
    stores.installation().begin_parts(&name, "text/plain").await.unwrap();
    assert_eq!(world.server.items("versioned", "").len(), 3);
    world.work().await;
    assert_eq!((world.used().await.as_str(), world.server.items("versioned", "").len()), ("12", 3));

    world
        .sql(&format!(
            "update documents set upload_expires_at = upload_expires_at + interval '1 hour' where id = '{}'",
            late.id
        ))
        .await;
    world.clock.advance(HOUR + Duration::from_secs(90));
    world.work().await;
    assert_eq!(world.server.items("versioned", "").len(), 0);
    assert_eq!(world.sql("select string_agg(id::text, ' ') from documents").await, late.id.to_string());
    assert_eq!(world.used().await, "7");
}

// proves DOC-1
#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_deleted_once_the_store_is_back_and_for_good_when_its_address_has_ended() {
    let world = World::new().await;
    let made = world.announce(5).await;
    world.server.put("versioned", &key(&made), "bytes");
    let ann = Caller::User(Person::without_session(UserId(ANN.parse().unwrap())));
    let mut tx = world.db.begin(Request::default()).await.unwrap();
    let allowed = tx.authorize::<document_action::Delete>(&ann, made.id).await.unwrap();
    document::delete(&mut tx, &allowed).await.unwrap();
    tx.commit().await.unwrap();

    world.server.faults().on("ListObjectVersions", Fault::Status(503));
    world.work().await;
    let waiting = world.sql("select state from jobs where kind = 'document.erase'").await;
    assert_eq!((waiting.as_str(), world.used().await.as_str()), ("pending", "5"));
    world.server.faults().mend();
    world.sql("update jobs set run_at = now() where state = 'pending'").await;
    world.work().await;
    // More can come, and is counted as long.
    assert_eq!((world.used().await.as_str(), world.server.items("versioned", "").len()), ("5", 0));

    // Somebody uses the address that was given out.
    world.server.put("versioned", &key(&made), "bytes");
    world.clock.advance(HOUR + Duration::from_secs(90));
    world.sql("update jobs set run_at = now() where state = 'pending'").await;
    world.work().await;
    assert_eq!((world.used().await.as_str(), world.server.items("versioned", "").len()), ("0", 0));
    let jobs =
        "select count(*), count(*) filter (where state = 'done') from jobs where kind = 'document.erase'";
    assert_eq!(world.sql(jobs).await, "1|1");
}

// proves DOC-1, CON-1
#[tokio::test(flavor = "multi_thread")]
async fn a_document_behind_credentials_that_do_not_open_is_given_up_in_the_end_and_the_audit_log_says_so() {
    let world = World::new().await;
    let made = world.announce(5).await;
    world
        .sql(&format!(
            "insert into encryption_keys (id, sealed, created_at) values (gen_random_uuid(), 'garbage', now());
             insert into connections (id, owner_id, name, provider, settings, encryption_key_id, sealed, created_at, rotated_at)
             select gen_random_uuid(), '{ANN}', 'Lost', 's3', '{{}}', k.id, 'garbage', now(), now() from encryption_keys k;
             update documents set state = 'deleting', deleting_at = now(), upload_expires_at = now(),
                 connection_id = (select id from connections) where id = '{}'",
            made.id
        ))
        .await;
    let tried = "select string_agg(state, ' ' order by id) from jobs where kind = 'document.erase'";
    world.work().await;
    assert_eq!((world.sql(tried).await.as_str(), world.used().await.as_str()), ("dead", "5"));
    world.clock.advance(8 * 24 * HOUR);
    // The sweep tries again after an hour.
    world.sql("update jobs set finished_at = finished_at - interval '2 hours'").await;
    world.work().await;
    assert_eq!((world.sql(tried).await.as_str(), world.used().await.as_str()), ("dead done", "0"));
    let told = format!(
        "select details like '%\"abandoned\"%' from audit a join audit_details d using (chain, seq)
         where a.target_type = 'StoredDocument' and a.target_id = '{}' order by a.seq desc limit 1",
        made.id
    );
    assert_eq!(world.sql(&told).await, "t");
}

//! A land with somebody who goes, and others who stay.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt as _;
use harness::s3::Item;
use runtime::{Clock, FixedClock};
use serde_json::{Value, json};
use storage::{Key, Reach, S3, Store, Stores};
use tenancy::connection::{self, Access, NewConnection, Provider};
use tenancy::queue::{self, Claim, Fence, Wake};
use tenancy::{
    Caller, ConnectionOwner, Job as _, Person, PurgeId, Request, RunPurge, UserId, connection_action,
};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::super::World;
use crate::context::Context;
use crate::failure::Failure;
use crate::registry::{Registry, Work as _};
use crate::worker::Worker;

/// Names in the scripts, and what they stand for.
const NAMES: [&str; 15] = ["u", "w", "o", "ow", "oa", "k", "s", "v", "e", "x", "xw", "xp", "xa", "xi", "xd"];

pub(super) fn id(name: &str) -> Uuid {
    let place = NAMES.iter().position(|known| *known == name).expect("a name");
    Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + place as u128)
}

pub(super) struct Land {
    pub(super) world: World,
    /// The store of the installation.
    pub(super) s3: Arc<harness::S3>,
    /// The store that the connection of the subject leads to.
    pub(super) other: Arc<harness::S3>,
    /// The connection as it was first made: it comes with its subject, again and again.
    connection: Mutex<Option<String>>,
    pub(super) clock: FixedClock,
    pub(super) context: Arc<Context>,
    /// The first lines of each script.
    names: String,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Attempt {
    Done,
    Died,
    Failed(Failure),
}

impl Land {
    /// With others only. Purges erase so much at a time.
    pub(super) async fn new(page: usize) -> Self {
        let s3 = Arc::new(spawn_blocking(harness::S3::start).await.unwrap().unwrap());
        let other = Arc::new(spawn_blocking(harness::S3::start).await.unwrap().unwrap());
        let clock = Clock::fixed(Clock::system().now());
        let world = World::at(clock.clock()).await;
        let settings = S3::from_url(&s3.url("versioned")).unwrap();
        let stores = Stores::new(Store::s3(&settings, &Reach::Anywhere).unwrap(), Reach::Anywhere).unwrap();
        let worker: Worker = world.worker_with(world.db.clone(), Registry::all(), stores, page).await;
        let names = NAMES.iter().map(|name| format!("\\set {name} {}\n", id(name))).collect();
        let (context, connection) = (worker.context(), Mutex::default());
        let land = Self { world, s3, other, connection, clock, context, names };
        land.sql(include_str!("others.sql")).await;
        for n in 0..4 {
            land.s3.put("versioned", &format!("workspaces/{}/documents/{n}", id("xw")), "theirs");
        }
        land.s3.put("versioned", &format!("exports/{}/{n}.zip", id("e"), n = 1), "theirs");
        // In the same bucket, of another one of theirs, and of nobody here.
        for key in ["ours/workspaces/another/documents/1", "ours/theirs", "theirs"] {
            land.other.put("versioned", key, "theirs");
        }
        land
    }

    /// The subject, with objects in the store of the installation.
    pub(super) async fn settle(&self) {
        self.sql(include_str!("subject.sql")).await;
        for (place, objects) in [
            (format!("workspaces/{}", id("w")), 20),
            (format!("workspaces/{}", id("ow")), 5),
            (format!("exports/{}", id("u")), 2),
        ] {
            for n in 0..objects {
                let key = format!("{place}/documents/{n}");
                self.s3.put("versioned", &key, format!("{key}, first"));
                if n % 4 == 0 {
                    self.s3.put("versioned", &key, format!("{key}, second"));
                }
            }
        }
        let store = self.context.stores.installation();
        let key = Key::parse(&format!("workspaces/{}/documents/unfinished", id("w"))).unwrap();
        store.begin_parts(&key, "text/plain").await.unwrap();
        self.connect().await;
        for n in 0..9 {
            let key = format!("ours/workspaces/{}/documents/{n}", id("w"));
            self.other.put("versioned", &key, "ours");
        }
        self.other.put("versioned", &format!("ours/workspaces/{}/documents/4", id("w")), "again");
        let mut settings = S3::from_url(&self.other.url("versioned")).unwrap();
        settings.prefix = "ours/".into();
        self.context.stores.connected(&settings).unwrap().begin_parts(&key, "text/plain").await.unwrap();
    }

    /// Makes the connection of the subject, or puts it where it was.
    async fn connect(&self) {
        let known = self.connection.lock().unwrap().clone();
        let row = if let Some(row) = known {
            row
        } else {
            let user = UserId(id("u"));
            self.sql("update users set status = 'active' where id = :'u'").await;
            let object = |value: Value| value.as_object().cloned().unwrap();
            let access = Access::checked(
                Provider::S3,
                object(json!({ "endpoint": format!("http://{}", self.other.address()), "bucket": "versioned", "prefix": "ours/" })),
                object(json!({ "access_key": harness::s3::ACCESS_KEY, "secret_key": harness::s3::SECRET_KEY })),
            )
            .unwrap();
            let mut tx = self.world.db.begin(Request::default()).await.unwrap();
            let caller = Caller::User(Person::without_session(user));
            let owner = ConnectionOwner::User(user);
            let allowed = tx.authorize::<connection_action::Create>(&caller, owner).await.unwrap();
            connection::create(&mut tx, &allowed, &NewConnection { name: "Archive".into(), access })
                .await
                .unwrap();
            tx.commit().await.unwrap();
            self.sql(
                "update users set status = 'deleting' where id = :'u';
                 select to_jsonb(c) from connections c; delete from connections",
            )
            .await
        };
        self.sql(&format!(
            "insert into connections select * from jsonb_populate_record(null::connections, $json${row}$json$);
             update documents set connection_id = (select id from connections)
             where id = (select min(id::text)::uuid from documents where workspace_id = :'w')"
        ))
        .await;
        *self.connection.lock().unwrap() = Some(row);
    }

    /// Asks for the purge of the subject, as a request does.
    pub(super) async fn ask(&self) -> PurgeId {
        let (id, script) = self.asking();
        self.sql(&script).await;
        id
    }

    /// The script that asks for one.
    pub(super) fn asking(&self) -> (PurgeId, String) {
        let purge = Uuid::from_u128(rand_id());
        let now = self.clock.clock().now().to_rfc3339();
        let script = format!(
            "insert into purges (id, subject, subject_id, state, requested_at, due_at, deadline_at, uploads_until, token_hash)
             values ('{purge}', 'user', :'u', 'waiting', '{now}', '{now}', '{now}'::timestamptz + interval '3 days', '{now}', '{purge}');
             insert into purge_targets values ('{purge}', 'user', :'u'), ('{purge}', 'organization', :'o');"
        );
        (PurgeId(purge), script)
    }

    /// One attempt at a purge, that dies at the `nth` place.
    pub(super) async fn attempt(&self, purge: PurgeId, nth: Option<usize>) -> Attempt {
        // Their leases would have ended, and somebody else would have taken them.
        self.sql(
            "update jobs set state = 'cancelled', lease_token = null, lease_until = null, finished_at = now()
             where state = 'running'",
        )
        .await;
        let claim = self.claim(purge).await;
        self.run(purge, &claim, nth).await
    }

    pub(super) async fn claim(&self, purge: PurgeId) -> Claim {
        let mut tx = self.world.db.begin(Request::default()).await.unwrap();
        let job = tx.enqueue(&RunPurge { purge_id: purge }).await.unwrap().expect("no equal one waits");
        tx.commit().await.unwrap();
        let (wake, lease) = (Wake { job, epoch: 0 }, Duration::from_secs(600));
        queue::claim(&self.world.db, wake, &[RunPurge::KIND], "test", lease).await.unwrap().expect("a claim")
    }

    pub(super) async fn run(&self, purge: PurgeId, claim: &Claim, nth: Option<usize>) -> Attempt {
        let context = &*self.context;
        context.fuse.set(nth);
        let work = AssertUnwindSafe(async {
            let mut tx = RunPurge { purge_id: purge }.run(context, claim).await?;
            if context.fuse.at(tx.finish(claim)).await? == Fence::Lost {
                return Err(Failure::Failed("lost".to_owned()));
            }
            context.fuse.at(tx.commit()).await?;
            Ok(())
        });
        let ended = work.catch_unwind().await;
        let has_died = !context.fuse.is_whole();
        context.fuse.set(None);
        match ended {
            Err(_) => {
                assert!(has_died, "it panicked by itself");
                Attempt::Died
            }
            Ok(Ok(())) => Attempt::Done,
            Ok(Err(failure)) => Attempt::Failed(failure),
        }
    }

    pub(super) async fn sql(&self, script: &str) -> String {
        self.world.sql(&format!("{}{script}", self.names)).await
    }

    /// Everything that lies in the store of the installation, and in the other one.
    pub(super) fn objects(&self) -> Vec<Item> {
        [self.s3.items("versioned", ""), self.other.items("versioned", "")].concat()
    }

    /// The one receipt.
    pub(super) async fn receipt(&self, purge: PurgeId) -> Value {
        let found =
            self.sql(&format!("select receipt from purges where id = '{purge}' and state = 'done'")).await;
        serde_json::from_str(&found).unwrap_or_else(|_| panic!("one receipt: {found}"))
    }
}

fn rand_id() -> u128 {
    u128::from_be_bytes(runtime::Random::system().bytes::<16>())
}

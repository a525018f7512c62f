//! A small world for each test: a database of its own, the policies that ship, a clock that stands still, and
//! facts that came in by the import.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Debug;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authz::Live;
use chrono::{DateTime, TimeZone, Utc};
use runtime::{Clock, FixedClock, Random};
use serde_json::{Map, Value, json};
use tenancy::api_key::{self, ApiKey, NewApiKey, Scope};
use tenancy::import::{self, Line};
use tenancy::resource::{self, MayWrite, NewResource, Resource, ResourcePatch, Written};
use tenancy::{
    AgentId, Answer, ApiKeyId, Ask, Caller, Consistency, Db, Error, KeyOwner, OrgId, Platform, Request,
    ResourceId, Result, Revision, ShareId, Token, UserId, WorkspaceId, key, platform,
    workspace_action as workspace,
};
use tokio::sync::Barrier;
use tokio::task::spawn_blocking;
use uuid::Uuid;

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0000 + number)
}

/// Plan pro, active.
pub(crate) const ACME: OrgId = OrgId(id(0xa1));
/// Plan starter, active.
pub(crate) const GLOBEX: OrgId = OrgId(id(0xa2));
/// Plan free, in its trial until [`TRIAL_END`].
pub(crate) const SPROUT: OrgId = OrgId(id(0xa3));

pub(crate) const ACME_DEFAULT: WorkspaceId = WorkspaceId(id(0xb1));
/// Visible to the organization.
pub(crate) const ACME_OPEN: WorkspaceId = WorkspaceId(id(0xb2));
/// Private.
pub(crate) const ACME_VAULT: WorkspaceId = WorkspaceId(id(0xb3));
pub(crate) const GLOBEX_DEFAULT: WorkspaceId = WorkspaceId(id(0xb4));
/// Zoe's personal workspace.
pub(crate) const ZOE_HOME: WorkspaceId = WorkspaceId(id(0xb5));
pub(crate) const SPROUT_DEFAULT: WorkspaceId = WorkspaceId(id(0xb6));

/// Owner of Acme and Sprout.
pub(crate) const OLGA: UserId = UserId(id(0xc1));
/// Admin of Acme.
pub(crate) const ADAM: UserId = UserId(id(0xc2));
/// Manager of Acme.
pub(crate) const MARY: UserId = UserId(id(0xc3));
/// Member of Acme, in no workspace.
pub(crate) const MIA: UserId = UserId(id(0xc4));
/// Member of Acme, viewer in the vault.
pub(crate) const VIC: UserId = UserId(id(0xc5));
/// Member of Acme, editor in the vault.
pub(crate) const EVE: UserId = UserId(id(0xc6));
/// Admin of Acme and of the vault; the membership is suspended.
pub(crate) const SUSI: UserId = UserId(id(0xc7));
/// In no organization, with a personal workspace.
pub(crate) const ZOE: UserId = UserId(id(0xc8));
/// Owner of Globex.
pub(crate) const GARY: UserId = UserId(id(0xc9));
/// Member of Globex, editor in its default workspace.
pub(crate) const GIL: UserId = UserId(id(0xca));
/// Pending until [`DEADLINE`]; admin of Acme.
pub(crate) const PIA: UserId = UserId(id(0xcb));
/// Platform admin.
pub(crate) const PAT: UserId = UserId(id(0xcc));
/// Super admin.
pub(crate) const SAM: UserId = UserId(id(0xcd));
/// In nothing at all.
pub(crate) const GREG: UserId = UserId(id(0xce));

pub(crate) const FREE_AGENT: AgentId = AgentId(id(0xd1));
pub(crate) const ACME_AGENT: AgentId = AgentId(id(0xd2));
/// Shared with Acme.
pub(crate) const GLOBEX_AGENT: AgentId = AgentId(id(0xd3));
pub(crate) const ACME_IDLE_AGENT: AgentId = AgentId(id(0xd4));

/// In the open workspace.
pub(crate) const REPORT: &str = "report";
/// A folder in the vault.
pub(crate) const HANDBOOK: &str = "handbook";
/// A document in the vault, in the handbook.
pub(crate) const CHAPTER: &str = "chapter";
/// A robot in the vault.
pub(crate) const CRAWLER: &str = "crawler";
/// A document of Globex.
pub(crate) const RECIPE: &str = "recipe";
/// A document in Zoe's personal workspace.
pub(crate) const DIARY: &str = "diary";

/// When the clock of a world stands still.
pub(crate) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

/// Pia's account.
pub(crate) const DEADLINE: &str = "2026-11-21T14:00:00Z";
/// Sprout's trial.
pub(crate) const TRIAL_END: &str = "2026-11-30T00:00:00Z";

pub(crate) fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn user(id: UserId, name: &str) -> Value {
    json!({ "user": {
        "id": id, "email": format!("{name}@example.com"), "name": name, "status": "active",
        "email_verified_at": "2026-01-01T00:00:00Z",
    } })
}

fn user_with(id: UserId, name: &str, more: Value) -> Value {
    let mut line = user(id, name);
    let Value::Object(more) = more else { panic!("an object") };
    line["user"].as_object_mut().unwrap().extend(more);
    line
}

fn member(org_id: OrgId, user_id: UserId, role: &str) -> Value {
    json!({ "membership": { "org_id": org_id, "user_id": user_id, "role": role } })
}

fn folder(id: WorkspaceId, org_id: OrgId, name: &str, visibility: &str) -> Value {
    json!({ "workspace": {
        "id": id, "org_id": org_id, "name": name, "visibility": visibility, "is_default": name == "Default",
    } })
}

fn worker(workspace_id: WorkspaceId, user_id: UserId, role: &str) -> Value {
    json!({ "workspace_member": { "workspace_id": workspace_id, "user_id": user_id, "role": role } })
}

/// The lines that every world begins with.
pub(crate) fn facts() -> Vec<Value> {
    let document = json!({ "classification": "internal", "legal_hold": false });
    vec![
        user(OLGA, "olga"),
        user(ADAM, "adam"),
        user(MARY, "mary"),
        user(MIA, "mia"),
        user(VIC, "vic"),
        user(EVE, "eve"),
        user(SUSI, "susi"),
        user(ZOE, "zoe"),
        user(GARY, "gary"),
        user(GIL, "gil"),
        user_with(PIA, "pia", json!({ "status": "pending", "approval_due_at": DEADLINE })),
        user_with(PAT, "pat", json!({ "platform_role": "admin" })),
        user_with(SAM, "sam", json!({ "platform_role": "super_admin" })),
        user(GREG, "greg"),
        json!({ "organization": { "id": ACME, "slug": "acme", "name": "Acme", "plan": "pro",
            "subscription_status": "active" } }),
        json!({ "organization": { "id": GLOBEX, "slug": "globex", "name": "Globex", "plan": "starter",
            "subscription_status": "active" } }),
        json!({ "organization": { "id": SPROUT, "slug": "sprout", "name": "Sprout", "plan": "free",
            "subscription_status": "trial", "trial_ends_at": TRIAL_END } }),
        member(ACME, OLGA, "owner"),
        member(ACME, ADAM, "admin"),
        member(ACME, MARY, "manager"),
        member(ACME, MIA, "member"),
        member(ACME, VIC, "member"),
        member(ACME, EVE, "member"),
        json!({ "membership": { "org_id": ACME, "user_id": SUSI, "role": "admin",
            "suspended_at": "2026-11-01T00:00:00Z" } }),
        member(ACME, PIA, "admin"),
        member(GLOBEX, GARY, "owner"),
        member(GLOBEX, GIL, "member"),
        member(SPROUT, OLGA, "owner"),
        folder(ACME_DEFAULT, ACME, "Default", "org"),
        folder(ACME_OPEN, ACME, "Open", "org"),
        folder(ACME_VAULT, ACME, "Vault", "private"),
        folder(GLOBEX_DEFAULT, GLOBEX, "Default", "org"),
        folder(SPROUT_DEFAULT, SPROUT, "Default", "org"),
        json!({ "workspace": { "id": ZOE_HOME, "owner_id": ZOE, "name": "Zoe", "visibility": "private" } }),
        worker(ACME_VAULT, VIC, "viewer"),
        worker(ACME_VAULT, EVE, "editor"),
        worker(ACME_VAULT, SUSI, "admin"),
        worker(GLOBEX_DEFAULT, GIL, "editor"),
        json!({ "agent": { "id": FREE_AGENT, "agent_type": "chat", "name": "Chat", "license": "free" } }),
        json!({ "agent": { "id": ACME_AGENT, "org_id": ACME, "agent_type": "chat", "name": "Chat",
            "license": "proprietary" } }),
        json!({ "agent": { "id": GLOBEX_AGENT, "org_id": GLOBEX, "agent_type": "chat", "name": "Chat",
            "license": "proprietary" } }),
        json!({ "agent": { "id": ACME_IDLE_AGENT, "org_id": ACME, "agent_type": "idle", "name": "Idle",
            "license": "proprietary", "is_active": false } }),
        json!({ "resource": { "type": "Resource", "id": REPORT, "workspace_id": ACME_OPEN, "owner_id": OLGA,
            "attributes": { "kind": "report" } } }),
        json!({ "resource": { "type": "Docs::Folder", "id": HANDBOOK, "workspace_id": ACME_VAULT } }),
        json!({ "resource": { "type": "Docs::Document", "id": CHAPTER, "workspace_id": ACME_VAULT,
            "owner_id": EVE, "attributes": document,
            "parents": [{ "type": "Docs::Folder", "id": HANDBOOK }] } }),
        json!({ "resource": { "type": "Docs::Robot", "id": CRAWLER, "workspace_id": ACME_VAULT,
            "attributes": { "may_read": ["internal"] } } }),
        json!({ "resource": { "type": "Docs::Document", "id": RECIPE, "workspace_id": GLOBEX_DEFAULT,
            "attributes": document } }),
        json!({ "resource": { "type": "Docs::Document", "id": DIARY, "workspace_id": ZOE_HOME,
            "owner_id": ZOE, "attributes": document } }),
        share(1, &of("Agent", GLOBEX_AGENT), &of("Organization", ACME), "viewer", None),
    ]
}

/// A line that shares something.
pub(crate) fn share(
    number: u128,
    on: &ResourceId,
    to: &ResourceId,
    level: &str,
    expires_at: Option<&str>,
) -> Value {
    let id = ShareId(id(0xf000 + number));
    json!({ "share": { "id": id, "on": on, "to": to, "level": level, "expires_at": expires_at } })
}

/// An entity, as questions name it.
pub(crate) fn of(kind: &str, id: impl ToString) -> ResourceId {
    ResourceId { kind: kind.to_owned(), id: id.to_string() }
}

pub(crate) fn document(id: &str) -> ResourceId {
    of("Docs::Document", id)
}

/// What a document needs.
pub(crate) fn document_in(workspace_id: WorkspaceId) -> NewResource {
    NewResource {
        workspace_id,
        owner_id: None,
        attributes: object(json!({ "classification": "internal", "legal_hold": false })),
        parents: vec![],
    }
}

/// What a folder needs.
pub(crate) fn folder_in(workspace_id: WorkspaceId, parents: &[ResourceId]) -> NewResource {
    NewResource { workspace_id, owner_id: None, attributes: Map::new(), parents: parents.to_vec() }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else { panic!("an object") };
    object
}

pub(crate) fn ask(principal: ResourceId, action: &str, resource: ResourceId) -> Ask {
    // What is dangerous wants a password that was given a short while ago.
    let context = match action {
        "org.delete" => object(json!({ "authenticated_at": start() })),
        _ => Map::new(),
    };
    Ask { principal: Some(principal), action: action.into(), resource, context }
}

/// An answer in a line: `allow by a.policy`, `deny forbidden by a.policy`, `deny unknown_resource`.
pub(crate) fn told(answer: &Answer) -> String {
    let decision = &answer.decision;
    let policies: Vec<&str> = decision.policies.iter().map(|policy| policy.id.as_str()).collect();
    let outcome = decision
        .reason
        .as_ref()
        .map_or_else(|| "allow".to_owned(), |reason| format!("deny {}", reason.code()));
    if policies.is_empty() { outcome } else { format!("{outcome} by {}", policies.join(", ")) }
}

/// An outcome in a line: `ok`, or the error with everything that a client may see of it.
pub(crate) fn said<T>(outcome: &Result<T>) -> String {
    let Err(error) = outcome else { return "ok".into() };
    match error {
        Error::BadCredentials => "bad_credentials".into(),
        Error::SecondFactorRequired => "second_factor_required".into(),
        Error::Gone(_) => "gone".into(),
        Error::Unauthenticated => "unauthenticated".into(),
        Error::Forbidden { action, policies } => {
            let policies: Vec<&str> = policies.iter().map(|policy| policy.id.as_str()).collect();
            format!("forbidden {action} by [{}]", policies.join(", "))
        }
        Error::NotFound(noun) => format!("not found: {noun}"),
        Error::Conflict { code, message } => format!("conflict {code}: {message}"),
        Error::Invalid(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|wrong| format!("{}: {}", wrong.field, wrong.message)).collect();
            format!("invalid {}", fields.join("; "))
        }
        Error::SoleOwner(organizations) => {
            let names: Vec<&str> = organizations.iter().map(|org| org.name.as_str()).collect();
            format!("sole owner of {}", names.join(", "))
        }
        Error::Refused { code, .. } => format!("refused: {code}"),
        Error::LimitReached { resource, current, limit, plan } => {
            format!("limit: {current} of {limit} {resource} on {plan}")
        }
        Error::QuotaExceeded { used, limit, wanted } => format!("quota: {used} and {wanted} of {limit}"),
        Error::Store(_) | Error::Unreachable | Error::NotReached(_) => format!("store: {error}"),
    }
}

pub(crate) fn shipped_policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies")
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: FixedClock,
    pub(crate) database: Arc<harness::Database>,
}

impl World {
    /// A migrated database with [`facts`].
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.import(&facts()).await;
        world
    }

    /// A migrated database without a row.
    pub(crate) async fn empty() -> Self {
        let clock = Clock::fixed(start());
        let database = spawn_blocking(|| harness::database(&template(), migrate)).await.unwrap();
        let database = database.expect("a database for the test");
        let db = connect(&database.url, 12, &shipped_policies(), &clock).await;
        Self { db, clock, database: Arc::new(database) }
    }

    /// The same database with other policies, or fewer connections.
    pub(crate) async fn connect(&self, connections: u32, policies: &Path) -> Db {
        connect(&self.database.url, connections, policies, &self.clock).await
    }

    /// The database's own answer, on a connection of its own: columns separated by `|`, rows by line ends.
    /// What it changes is seen by the next question.
    pub(crate) async fn sql(&self, script: &str) -> String {
        let answer = self.try_sql(script).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        self.db.ask_items(&Caller::Operator, &[], Consistency::Fresh).await.expect("a look at the store");
        answer
    }

    pub(crate) async fn try_sql(&self, script: &str) -> Result<String, String> {
        let (database, script) = (Arc::clone(&self.database), script.to_owned());
        spawn_blocking(move || database.run(&script).map_err(|error| error.to_string())).await.unwrap()
    }

    pub(crate) async fn import(&self, lines: &[Value]) -> Revision {
        self.try_import(lines).await.unwrap_or_else(|error| panic!("{error}: {error:?}"))
    }

    /// As the operator does it: one batch, through text.
    pub(crate) async fn try_import(&self, lines: &[Value]) -> Result<Revision> {
        import(&self.db, lines).await
    }

    /// Lets the operator ask, and compares what is told with what is expected, all of it at once.
    pub(crate) async fn expect(&self, cases: &[(ResourceId, &str, ResourceId, &str)]) {
        let asks: Vec<Ask> = cases
            .iter()
            .map(|(principal, action, resource, _)| ask(principal.clone(), action, resource.clone()))
            .collect();
        let answers = self.db.ask(&Caller::Operator, &asks).await.expect("answers").answers;
        let name = |(principal, action, resource, told): (&ResourceId, &str, &ResourceId, &str)| {
            format!(
                "{}::{} {action} {}::{}: {told}",
                principal.kind, principal.id, resource.kind, resource.id
            )
        };
        let expected: Vec<String> = cases.iter().map(|(p, a, r, told)| name((p, a, r, told))).collect();
        let actual: Vec<String> =
            cases.iter().zip(&answers).map(|((p, a, r, _), answer)| name((p, a, r, &told(answer)))).collect();
        assert_eq!(actual, expected);
    }

    /// One question of the operator's.
    pub(crate) async fn told(&self, principal: ResourceId, action: &str, resource: ResourceId) -> String {
        self.told_to(&Caller::Operator, ask(principal, action, resource)).await
    }

    pub(crate) async fn told_to(&self, caller: &Caller, ask: Ask) -> String {
        let answers = self.db.ask(caller, &[ask]).await.expect("an answer").answers;
        told(&answers[0])
    }

    /// A key that the operator makes.
    pub(crate) async fn key(&self, owner: KeyOwner, scopes: &[Scope]) -> Key {
        self.key_until(owner, scopes, None).await
    }

    pub(crate) async fn key_until(
        &self,
        owner: KeyOwner,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Key {
        let new = NewApiKey { name: "a key".into(), scopes: scopes.to_vec(), expires_at };
        let (key, token) =
            create_key(&self.db, &Caller::Operator, owner, &new).await.unwrap_or_else(|e| panic!("{e:?}"));
        Key { caller: Caller::ApiKey(key.id), id: key.id, token }
    }

    /// All chains hold.
    pub(crate) async fn assert_audit_holds(&self) -> usize {
        let verified = self.db.verify_audit(|_| ()).await.expect("an audit log");
        assert_eq!(verified.breaks, []);
        verified.entries
    }
}

pub(crate) struct Key {
    pub(crate) caller: Caller,
    pub(crate) id: ApiKeyId,
    pub(crate) token: Token,
}

pub(crate) fn request() -> Request {
    Request { id: "request-1".into(), ip: Some("192.0.2.7".parse().unwrap()) }
}

pub(crate) async fn create_key(
    db: &Db,
    caller: &Caller,
    owner: KeyOwner,
    new: &NewApiKey,
) -> Result<(ApiKey, Token)> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize_with::<key::Create>(caller, owner, new.context()).await?;
    let made = api_key::create(&mut tx, allowed, new).await?;
    tx.commit().await?;
    Ok(made)
}

pub(crate) async fn rotate_key(db: &Db, caller: &Caller, id: ApiKeyId) -> Result<(ApiKey, Token)> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<key::Rotate>(caller, id).await?;
    let made = api_key::rotate(&mut tx, allowed).await?;
    tx.commit().await?;
    Ok(made)
}

pub(crate) async fn revoke_key(db: &Db, caller: &Caller, id: ApiKeyId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<key::Revoke>(caller, id).await?;
    api_key::revoke(&mut tx, allowed).await?;
    tx.commit().await?;
    Ok(())
}

pub(crate) async fn import(db: &Db, lines: &[Value]) -> Result<Revision> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let lines: Vec<(usize, Line)> = import::parse(&text)?;
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<platform::Import>(&Caller::Operator, Platform).await?;
    assert_eq!(import::run(&mut tx, &allowed, &lines).await?, lines.len());
    tx.commit().await
}

/// As `PUT /resources/{type}/{id}` does it.
pub(crate) async fn put(
    db: &Db,
    caller: &Caller,
    id: &ResourceId,
    new: &NewResource,
) -> Result<(Written, Revision)> {
    let mut tx = db.begin(request()).await?;
    let to = tx.authorize::<workspace::WriteResources>(caller, new.workspace_id).await?;
    let from = match resource::locate(&mut tx, caller, id).await? {
        Some(lies_in) => Some(tx.authorize::<workspace::WriteResources>(caller, lies_in).await?),
        None => None,
    };
    let (_, written) = resource::put(&mut tx, MayWrite { to: &to, from: from.as_ref() }, id, new).await?;
    Ok((written, tx.commit().await?))
}

/// As `PATCH /resources/{type}/{id}` does it.
pub(crate) async fn patch(
    db: &Db,
    caller: &Caller,
    id: &ResourceId,
    patch: ResourcePatch,
) -> Result<Resource> {
    let mut tx = db.begin(request()).await?;
    let lies_in = resource::locate(&mut tx, caller, id).await?.ok_or(Error::NotFound("resource"))?;
    let from = tx.authorize::<workspace::WriteResources>(caller, lies_in).await?;
    let to = match patch.workspace_id {
        Some(to) if to != lies_in => Some(tx.authorize::<workspace::WriteResources>(caller, to).await?),
        _ => None,
    };
    let may = MayWrite { to: to.as_ref().unwrap_or(&from), from: Some(&from) };
    let resource = resource::patch(&mut tx, may, id, patch).await?;
    tx.commit().await?;
    Ok(resource)
}

/// As `GET /resources/{type}/{id}` does it.
pub(crate) async fn get(db: &Db, caller: &Caller, id: &ResourceId) -> Result<Resource> {
    let mut tx = db.begin(request()).await?;
    let lies_in = resource::locate(&mut tx, caller, id).await?.ok_or(Error::NotFound("resource"))?;
    let allowed = tx.authorize::<workspace::ReadResources>(caller, lies_in).await?;
    resource::get(&mut tx, &allowed, id).await
}

/// As `DELETE /resources/{type}/{id}` does it.
pub(crate) async fn delete(db: &Db, caller: &Caller, id: &ResourceId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let lies_in = resource::locate(&mut tx, caller, id).await?.ok_or(Error::NotFound("resource"))?;
    let allowed = tx.authorize::<workspace::WriteResources>(caller, lies_in).await?;
    resource::delete(&mut tx, &allowed, id).await?;
    tx.commit().await?;
    Ok(())
}

/// Starts all at once, and waits for what they have to say.
pub(crate) async fn race<T, F>(count: usize, work: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + Debug + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|number| {
            let (barrier, work) = (Arc::clone(&barrier), work(number));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect();
    let mut outcomes = vec![];
    for task in tasks {
        outcomes.push(task.await.expect("a task that ends"));
    }
    outcomes
}

pub(crate) async fn connect(url: &str, connections: u32, policies: &Path, clock: &FixedClock) -> Db {
    let live =
        Live::open(policies, tenancy::ACTIONS, clock.clock()).unwrap_or_else(|report| panic!("{report}"));
    Db::connect(&url.into(), connections, live, clock.clock(), Random::system()).await.expect("a connection")
}

/// Named after what the migrations say, so that a server which outlives a change makes a new one.
fn template() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        std::fs::read(file).unwrap().hash(&mut hasher);
    }
    format!("tenancy_{:016x}", hasher.finish())
}

fn migrate(url: &str) -> Result<(), String> {
    tokio::runtime::Handle::current().block_on(async {
        let db = connect(url, 1, &shipped_policies(), &Clock::fixed(start())).await;
        let outcome = db.migrate().await.map_err(|error| error.to_string());
        db.close().await;
        outcome
    })
}

/// The empty database, for tests of the migrations themselves.
pub(crate) async fn unmigrated() -> (Db, Arc<harness::Database>) {
    let database = spawn_blocking(|| harness::postgres().unwrap().empty().unwrap()).await.unwrap();
    let db = connect(&database.url, 4, &shipped_policies(), &Clock::fixed(start())).await;
    (db, Arc::new(database))
}

//! The decision log.

mod partition;
mod reading;
mod writing;

use runtime::{Metrics, Sinks};
use serde_json::{Value, json};
use tenancy::decision_log::{self, Cursor, CursorPage, Filter, Logged, Settings, Writer};
use tenancy::{Answer, Ask, Caller, Db, DecisionLog, KeyOwner, Result, decision_action as decision};

use crate::support::{ACME, GLOBEX, OLGA, World, ask, of, request};

/// Everything goes into the store; `ip` and tokens are masked.
fn settings() -> Settings {
    Settings {
        sinks: Sinks { postgres: true, stdout: false },
        sample: vec![],
        mask: vec!["ip".parse().unwrap(), "*token*".parse().unwrap()],
        retention: chrono::TimeDelta::days(30),
        entries: 1_000,
        bytes: 1 << 20,
    }
}

/// A store with a log, and what writes it.
fn logging(db: &Db, settings: Settings) -> (Db, Writer) {
    Metrics::install().unwrap();
    let db = db.clone().with_log(DecisionLog::new(settings));
    let writer = Writer::of(&db).expect("a log");
    (db, writer)
}

/// What a counter of the log stands at.
fn counted(name: &str) -> u64 {
    let text = Metrics::install().unwrap().render();
    let line =
        text.lines().find_map(|line| line.strip_prefix(&format!("doorward_decision_log_{name}_total ")));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Allowed.
fn olga_sees(org: tenancy::OrgId) -> Ask {
    ask(of("User", OLGA), "org.view", of("Organization", org))
}

/// Olga may see Acme, and may not see Globex.
fn allowed() -> Ask {
    olga_sees(ACME)
}

fn denied() -> Ask {
    olga_sees(GLOBEX)
}

async fn answer(db: &Db, caller: &Caller, ask: Ask) -> Answer {
    db.ask(caller, &[ask]).await.expect("an answer").answers.remove(0)
}

/// A page, as `GET /decisions` reads it.
async fn page(
    db: &Db,
    caller: &Caller,
    owner: KeyOwner,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<CursorPage> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<decision::List>(caller, owner).await?;
    decision_log::list(&mut tx, &allowed, filter, after, limit).await
}

/// Everything that the operator finds.
async fn all(db: &Db, filter: &Filter) -> Vec<Logged> {
    let page = page(db, &Caller::Operator, KeyOwner::Platform, filter, None, 200).await.expect("a page");
    assert_eq!(page.next, None);
    page.decisions
}

fn shown(logged: &Logged) -> Value {
    serde_json::to_value(logged).unwrap()
}

/// How many rows there are.
async fn rows(world: &World) -> usize {
    world.sql("select count(*) from decisions").await.parse().unwrap()
}

fn context(value: Value, ask: Ask) -> Ask {
    Ask { context: crate::support::object(value), ..ask }
}

fn nothing() -> Value {
    json!({})
}

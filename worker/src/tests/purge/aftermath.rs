//! What there is before and after a purge, in one look each: the tests that die everywhere look hundreds of times.

use std::collections::BTreeMap;

use serde_json::Value;
use tenancy::PurgeId;

use super::land::Land;

/// What is not compared: what keeps the memory of a purge, and the machinery.
const MEMORY: &str = "'^(audit|changes|change_trim|job|purge|encryption_keys|master_key|_sqlx|mail_budgets)'";

/// Between the answers of one look.
const NEXT: &str = "select '----';";

/// What others keep of somebody who is gone, and then without it again.
const KEPT: &str = "
    select owner_id is null from resources where id = 'theirs';
    select owner_id is null from documents where id = :'xd';
    select email, accepted_by is null from invitations where id = :'xi';
    select role from workspace_members where workspace_id = :'xp' and user_id = :'e';
    select '----';
    delete from resources where id = 'theirs'; delete from documents where id = :'xd';
    delete from invitations where id = :'xi';
    update workspace_members set role = 'editor' where workspace_id = :'xp';";

/// What must not be left of the purges themselves.
const LEFTOVERS: &str = "
    select (select count(*) from purge_intents), (select count(*) from audit where action = 'purge.run')
           - (select count(*) from purges where state = 'done');";

/// All that is to be known of a purge that has ended.
pub(super) struct Aftermath {
    pub(super) receipt: Value,
    /// How many rows each table has.
    pub(super) rows: BTreeMap<String, i64>,
    /// What others keep.
    pub(super) kept: String,
    /// Every row that is not memory, without that, as text.
    pub(super) everything: String,
    pub(super) leftovers: String,
}

impl Land {
    /// Every row that is not memory, as text.
    pub(super) async fn everything(&self) -> String {
        self.sql(&everything()).await
    }

    /// How many rows each table has, and then asks for the purge of the subject.
    pub(super) async fn ask_counted(&self) -> (BTreeMap<String, i64>, PurgeId) {
        let (id, ask) = self.asking();
        (counts(&self.sql(&(rows() + &ask)).await), id)
    }

    /// Looks at everything, and takes away what others keep of the subject.
    pub(super) async fn aftermath(&self, purge: PurgeId) -> Aftermath {
        let receipt = format!("select receipt from purges where id = '{purge}' and state = 'done';");
        let script = [receipt, rows(), KEPT.to_owned(), everything(), LEFTOVERS.to_owned()].join(NEXT);
        let told = self.sql(&script).await;
        let parts: Vec<&str> = told.split("----").map(str::trim).collect();
        let [receipt, rows, kept, nothing, everything, leftovers] = parts[..] else { panic!("{told}") };
        assert_eq!(nothing, "");
        Aftermath {
            receipt: serde_json::from_str(receipt).unwrap_or_else(|_| panic!("one receipt: {receipt}")),
            rows: counts(rows),
            kept: kept.to_owned(),
            everything: everything.to_owned(),
            leftovers: leftovers.to_owned(),
        }
    }
}

fn everything() -> String {
    format!(
        "select format('select %L, to_jsonb(t)::text from %I t order by 2', tablename, tablename)
         from pg_tables where schemaname = 'public' and tablename !~ {MEMORY} order by tablename \\gexec\n"
    )
}

fn rows() -> String {
    format!(
        "select format('select %L, count(*) from %I', tablename, tablename) from pg_tables
         where schemaname = 'public' and tablename !~ {MEMORY} and tablename !~ 'decisions_' order by tablename \\gexec\n"
    )
}

fn counts(told: &str) -> BTreeMap<String, i64> {
    let read = |line: &str| {
        let (table, count) = line.split_once('|').unwrap();
        (table.to_owned(), count.parse().unwrap())
    };
    told.lines().map(read).collect()
}

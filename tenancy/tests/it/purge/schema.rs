//! The schema itself tells what could name somebody: a new table, or a new column, is erased too, or stands here with its
//! reason.

use std::collections::BTreeSet;

use crate::support::World;

/// Columns that hold an id or a name of one of ours, and are not erased with it. Each with why.
const STAYS: &[(&str, &str)] = &[
    // Chained by their hash; who was who is not known once accounts and details are gone.
    ("audit.actor_id", "an id that leads to nothing"),
    ("audit.target_id", "an id that leads to nothing"),
    ("audit.request_id", "the number of a request"),
    ("audit.decision_id", "the number of a decision"),
    ("audit.chain", "an id that leads to nothing"),
    ("audit_chains.chain", "an id that leads to nothing"),
    ("audit_details.chain", "an id that leads to nothing"),
    // The receipt.
    ("purges.subject_id", "the receipt names what is gone by its id"),
    ("purges.org_id", "the receipt names what is gone by its id"),
    ("purge_targets.id", "as the receipt"),
    ("purge_intents.connection_id", "gone with the last step"),
    ("purge_exceptions.connection_id", "as the receipt"),
    // Numbers of other things.
    ("changes.id", "the change feed, which is trimmed"),
    ("refresh_tokens.successor_id", "goes with its session"),
    ("job_slots.job_id", "runs of schedules, which are nobody's"),
    ("decisions.request_id", "the number of a request"),
    ("uses.used_id", "goes with its organization"),
    ("wallet_entries.used_id", "what others used stays in their own books, as an id"),
    ("documents.upload_id", "goes with its document"),
    ("connections.encryption_key_id", "names a key of the installation, and goes with its connection"),
];

/// Every column whose name says that it holds an id of something, an address or a caller. Parts of partitioned tables are as the
/// whole.
const NAMING: &str = "
    select c.relname || '.' || a.attname, coalesce((
        select max(k.confdeltype::text) from pg_constraint k
        where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)), '-')
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
      and (a.attname ~ '(_id|_by)$' or a.attname in ('actor', 'email', 'chain', 'caller_id') or (a.attname = 'id' and c.relname in ('changes', 'purge_targets')))
    order by 1";

/// All that says what is erased.
fn classes() -> String {
    include_str!("../../../src/purge/rows/user.rs").to_owned()
        + include_str!("../../../src/purge/rows/organization.rs")
        + include_str!("../../../src/purge/rows/workspace.rs")
        + include_str!("../../../src/purge/rows.rs")
        + include_str!("../../../src/purge/rows/leave.rs")
}

#[tokio::test]
async fn every_column_that_can_name_somebody_is_erased_or_stands_here_with_its_reason() {
    // proves PRG-3
    let world = World::empty().await;
    let classes = classes();
    let mut forgotten = vec![];
    let mut known = BTreeSet::new();
    for line in world.sql(NAMING).await.lines() {
        let (column, on_delete) = line.split_once('|').expect("two columns");
        let (table, name) = column.split_once('.').expect("table and column");
        let is_erased = classes.contains(&format!("\"{table}\"")) && classes.contains(name)
            || table == "decisions" && classes.contains(name);
        // The foreign key sees to it: the row goes, or forgets.
        let goes_by_itself = matches!(on_delete, "c" | "n");
        let stays = STAYS.iter().any(|(stays, _)| *stays == column);
        if stays {
            known.insert(column.to_owned());
        } else if !is_erased && !goes_by_itself {
            forgotten.push(column.to_owned());
        }
    }
    assert_eq!(forgotten, [""; 0], "erase them in tenancy/src/purge/rows, or say here why they stay");
    let stale: Vec<_> =
        STAYS.iter().map(|(column, _)| *column).filter(|column| !known.contains(*column)).collect();
    assert_eq!(stale, [""; 0], "there are no such columns");
}

#[tokio::test]
async fn every_row_that_would_go_by_a_foreign_key_is_counted_before() {
    // proves PRG-4
    let world = World::empty().await;
    let tied = world
        .sql(
            "select distinct c.conrelid::regclass from pg_constraint c
             where c.contype = 'f' and c.confdeltype = 'c' and c.conparentid = 0
               and c.confrelid in ('users'::regclass, 'organizations'::regclass, 'workspaces'::regclass,
                                   'resources'::regclass, 'memberships'::regclass, 'sessions'::regclass)",
        )
        .await;
    let classes = classes();
    let uncounted: Vec<_> = tied.lines().filter(|table| !classes.contains(&format!("\"{table}\""))).collect();
    assert_eq!(uncounted, [""; 0], "they have to have a class of their own in tenancy/src/purge/rows");
}

#[tokio::test]
async fn every_row_that_a_foreign_key_ties_to_what_goes_lets_it_go() {
    // proves PRG-1
    let world = World::empty().await;
    // Those that neither go nor forget by themselves.
    let holding = world
        .sql(
            "select c.conrelid::regclass || '.' || a.attname from pg_constraint c
             join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
             where c.contype = 'f' and c.confdeltype not in ('c', 'n')
               and c.confrelid in ('users'::regclass, 'organizations'::regclass, 'workspaces'::regclass,
                                   'connections'::regclass, 'resources'::regclass, 'memberships'::regclass)
               and c.conparentid = 0
             order by 1",
        )
        .await;
    // Each is let go before, in tenancy/src/purge/rows.
    assert_eq!(
        holding,
        "documents.connection_id\nresource_parents.parent_id\nresource_parents.parent_type\nresources.owner_id"
    );
}

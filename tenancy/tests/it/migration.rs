//! The schema, and what it sees to by itself.

use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, EVE, GLOBEX, GREG, OLGA, SUSI, VIC, World, ZOE, ZOE_HOME, race, unmigrated,
};

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let (db, database) = unmigrated().await;
    db.migrate().await.expect("once");
    let tables = "select count(*) from information_schema.tables where table_schema = 'public'";
    let before = database.run(tables).expect("a count");
    db.migrate().await.expect("twice");
    assert_eq!(database.run(tables).expect("a count"), before);
}

#[tokio::test]
async fn replicas_that_start_together_migrate_once() {
    let (db, database) = unmigrated().await;
    let outcomes = race(4, |_| {
        let db = db.clone();
        async move { db.migrate().await.map_err(|error| error.to_string()) }
    })
    .await;
    assert_eq!(outcomes, [const { Ok(()) }; 4]);
    let applied = database.run("select count(*), bool_and(success) from _sqlx_migrations").expect("a count");
    let migrations =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations")).expect("a folder");
    assert_eq!(applied, format!("{}|t", migrations.count()));
}

#[tokio::test]
async fn who_leaves_an_organization_leaves_its_workspaces() {
    // proves ORG-7
    let world = World::new().await;
    let roles = format!("select count(*) from workspace_members where user_id = '{EVE}'");
    assert_eq!(world.sql(&roles).await, "1");
    world.sql(&format!("delete from memberships where user_id = '{EVE}' and org_id = '{ACME}'")).await;
    assert_eq!(world.sql(&roles).await, "0");
    let others =
        format!("select count(*) from workspace_members where user_id in ('{VIC}', '{SUSI}', '{ZOE}')");
    assert_eq!(world.sql(&others).await, "3", "nobody else does");
}

#[tokio::test]
async fn no_writer_can_leave_out_the_organization_of_a_workspace_role() {
    let world = World::new().await;
    let insert = |user| {
        format!(
            "insert into workspace_members (workspace_id, user_id, org_id, role, created_at)
             values ('{ACME_OPEN}', '{user}', null, 'admin', now())"
        )
    };
    let refused = world.try_sql(&insert(GREG)).await.expect_err("not a member");
    assert!(refused.contains("workspace_members_are_members"), "{refused}");
    world.sql(&insert(OLGA)).await;
    let org = format!("select org_id from workspace_members where workspace_id = '{ACME_OPEN}'");
    assert_eq!(world.sql(&org).await, ACME.to_string());
}

#[tokio::test]
async fn a_personal_workspace_has_no_member_but_its_owner() {
    // proves WSP-5
    let world = World::new().await;
    for (user, role) in [(GREG, "viewer"), (ZOE, "viewer")] {
        let refused = world
            .try_sql(&format!(
                "insert into workspace_members (workspace_id, user_id, role, created_at)
                 values ('{ZOE_HOME}', '{user}', '{role}', now())
                 on conflict (workspace_id, user_id) do update set role = excluded.role"
            ))
            .await
            .expect_err("not the owner as admin");
        assert!(refused.contains("a personal workspace has no members but its owner, as admin"), "{refused}");
    }
    let members = format!("select user_id, role from workspace_members where workspace_id = '{ZOE_HOME}'");
    assert_eq!(world.sql(&members).await, format!("{ZOE}|admin"));
}

#[tokio::test]
async fn an_organization_has_one_default_workspace() {
    // proves WSP-3
    let world = World::new().await;
    let refused = world
        .try_sql(&format!("update workspaces set is_default = true where id = '{ACME_OPEN}'"))
        .await
        .expect_err("a second one");
    assert!(refused.contains("workspaces_default"), "{refused}");
    world
        .sql(&format!(
            "begin; update workspaces set is_default = false where id = '{ACME_DEFAULT}';
             update workspaces set is_default = true where id = '{ACME_OPEN}'; commit"
        ))
        .await;
}

#[tokio::test]
async fn a_personal_workspace_stays_one_private_and_alone() {
    // proves WSP-5
    let world = World::new().await;
    for (change, constraint) in [
        ("visibility = 'org'".to_owned(), "workspaces_personal_private"),
        ("is_default = true".to_owned(), "workspaces_personal_private"),
        (format!("org_id = '{GLOBEX}'"), "workspaces_org_or_owner"),
        ("owner_id = null".to_owned(), "workspaces_org_or_owner"),
    ] {
        let refused = world
            .try_sql(&format!("update workspaces set {change} where id = '{ZOE_HOME}'"))
            .await
            .expect_err(constraint);
        assert!(refused.contains(constraint), "{change}: {refused}");
    }
    let second = world
        .try_sql(&format!(
            "insert into workspaces (id, owner_id, name, visibility, created_at)
             values ('{ACME}', '{ZOE}', 'Another', 'private', now())"
        ))
        .await
        .expect_err("one each");
    assert!(second.contains("workspaces_personal"), "{second}");
}

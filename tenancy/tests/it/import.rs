//! Bringing in many things at once.

use serde_json::{Value, json};
use tenancy::import::{self, Line};

use crate::support::{
    ACME, ACME_AGENT, ACME_OPEN, ACME_VAULT, ADAM, CHAPTER, EVE, GLOBEX, GLOBEX_DEFAULT, GREG, HANDBOOK,
    OLGA, World, ZOE, ZOE_HOME, document, facts, import, object, of, race, said, share,
};

const NOBODY: &str = "019aa000-0000-7000-8000-00000000dead";
const NEW: &str = "019aa000-0000-7000-8000-00000000f00d";

/// The first of `lines` is good and the last is not: none of them may be there afterwards.
async fn refused(world: &World, lines: &[Value]) -> String {
    let before = state(world).await;
    let told = said(&world.try_import(lines).await);
    assert_eq!(state(world).await, before, "a part was written: {told}");
    told
}

/// Everything that an import can write.
async fn state(world: &World) -> String {
    let tables = [
        "users",
        "organizations",
        "memberships",
        "workspaces",
        "workspace_members",
        "agents",
        "resources",
        "resource_parents",
        "shares",
    ];
    let selects = tables.map(|table| format!("select '{table}', (t.*)::text from {table} t"));
    world.sql(&format!("{} order by 1, 2", selects.join(" union all "))).await
}

fn greg(more: Value) -> Value {
    let mut user = json!({ "id": GREG, "email": "greg@example.com", "name": "greg", "status": "active",
        "email_verified_at": "2026-01-01T00:00:00Z" });
    let Value::Object(more) = more else { panic!("an object") };
    user.as_object_mut().expect("an object").extend(more);
    json!({ "user": user })
}

#[tokio::test]
async fn a_batch_can_be_sent_again() {
    // proves OPS-6
    let world = World::new().await;
    let before = state(&world).await;
    assert!(before.lines().count() > 40, "{before}");
    world.clock.set(crate::support::start() + chrono::TimeDelta::hours(1));
    world.import(&facts()).await;
    let after = state(&world).await;
    let without_times = |state: &str| state.replace("2026-11-21 13:00:00+00", "2026-11-21 12:00:00+00");
    assert_eq!(without_times(&after), without_times(&before));
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_batch_replaces_what_is_there_under_the_same_id() {
    // proves OPS-6
    let world = World::new().await;
    world.import(&[greg(json!({ "name": "Gregory", "status": "disabled" }))]).await;
    let row = format!("select name, status from users where id = '{GREG}'");
    assert_eq!(world.sql(&row).await, "Gregory|disabled");
    world.import(&[json!({ "membership": { "org_id": ACME, "user_id": EVE, "role": "manager" } })]).await;
    let row = format!("select role from memberships where user_id = '{EVE}'");
    assert_eq!(world.sql(&row).await, "manager");
}

#[tokio::test]
async fn a_batch_is_written_as_a_whole_or_not_at_all() {
    // proves OPS-6
    let world = World::new().await;
    let told = refused(
        &world,
        &[
            greg(json!({ "name": "Gregory" })),
            json!({ "agent": { "id": NEW, "agent_type": "a", "name": "A", "license": "free" } }),
            json!({ "membership": { "org_id": NOBODY, "user_id": GREG, "role": "member" } }),
        ],
    )
    .await;
    assert_eq!(told, "invalid line 3: org_id: there is no such organization");
}

#[tokio::test]
async fn lines_are_numbered_as_in_the_file() {
    // proves OPS-6
    let world = World::new().await;
    let text = format!("\n{}\n\n  \n{}\n", greg(json!({})), greg(json!({ "email": "nobody" })));
    let lines: Vec<(usize, Line)> = import::parse(&text).expect("lines");
    assert_eq!(lines.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 5]);
    let mut tx = world.db.begin(crate::support::request()).await.expect("a transaction");
    let allowed = tx
        .authorize::<tenancy::platform::Import>(&tenancy::Caller::Operator, tenancy::Platform)
        .await
        .expect("allowed");
    let told = import::run(&mut tx, &allowed, &lines).await;
    assert_eq!(
        said(&told),
        "invalid line 5: email: not an e-mail address that can be used here: name@example.com, in Latin letters before the @"
    );
}

#[tokio::test]
async fn what_cannot_be_read_is_named_line_by_line() {
    let world = World::new().await;
    for (line, hint) in [
        (json!({ "user": { "id": GREG } }), "missing field"),
        (greg(json!({ "is_root": true })), "unknown field `is_root`"),
        (greg(json!({ "status": "aktive" })), "unknown variant `aktive`"),
        (greg(json!({ "platform_role": "root" })), "unknown variant `root`"),
        (greg(json!({ "id": "greg" })), "UUID"),
        (greg(json!({ "email_verified_at": "yesterday" })), "line 2"),
        (json!({ "usr": {} }), "unknown variant `usr`"),
        (json!({ "user": {}, "agent": {} }), "line 2"),
        (json!("user"), "line 2"),
    ] {
        let told = refused(&world, &[greg(json!({ "name": "Gregory" })), line.clone()]).await;
        assert!(told.starts_with("invalid line 2: ") && told.contains(hint), "{line}: {told}");
    }
}

/// Lines, and what is said about the last of them, without its number.
fn wrong() -> Vec<(Vec<Value>, &'static str)> {
    let user = |more: Value| vec![greg(more)];
    let org = |more: Value| {
        let mut org =
            json!({ "id": NEW, "slug": "new", "name": "N", "plan": "free", "subscription_status": "active" });
        org.as_object_mut().expect("an object").extend(object(more));
        vec![json!({ "organization": org })]
    };
    let membership = |org: &str, user: &str| {
        vec![json!({ "membership": { "org_id": org, "user_id": user, "role": "member" } })]
    };
    let workspace = |more: Value| {
        let mut workspace = json!({ "id": NEW, "name": "New", "visibility": "private" });
        workspace.as_object_mut().expect("an object").extend(object(more));
        vec![json!({ "workspace": workspace })]
    };
    let worker = |workspace: &dyn ToString, user: &dyn ToString, role: &str| {
        vec![json!({ "workspace_member":
            { "workspace_id": workspace.to_string(), "user_id": user.to_string(), "role": role } })]
    };
    let agent = |more: Value| {
        let mut agent = json!({ "id": NEW, "agent_type": "new", "name": "N", "license": "free" });
        agent.as_object_mut().expect("an object").extend(object(more));
        vec![json!({ "agent": agent })]
    };
    let to_greg = of("User", GREG);
    let chapter = document(CHAPTER);
    let resource = |more: Value| {
        let mut resource = json!({ "type": "Docs::Folder", "id": "new", "workspace_id": ACME_OPEN });
        resource.as_object_mut().expect("an object").extend(object(more));
        vec![json!({ "resource": resource })]
    };
    vec![
        (user(json!({ "email": "OLGA@example.com" })), "email: another account has this address"),
        (
            user(json!({ "email": "@example.com" })),
            "email: not an e-mail address that can be used here: name@example.com, in Latin letters before the @",
        ),
        (
            user(json!({ "email": "a b@example.com" })),
            "email: not an e-mail address that can be used here: name@example.com, in Latin letters before the @",
        ),
        (user(json!({ "email": "a\u{0}b@example.com" })), "texts cannot hold NUL"),
        (user(json!({ "name": "a\u{0}b" })), "texts cannot hold NUL"),
        (user(json!({ "status": "pending" })), "approval_due_at: a pending account has a deadline"),
        (org(json!({ "slug": "acme" })), "slug: another organization has this slug"),
        (org(json!({ "slug": "" })), "slug: 1 to 64 characters"),
        (org(json!({ "slug": "x".repeat(65) })), "slug: 1 to 64 characters"),
        (org(json!({ "slug": "a\u{0}b" })), "texts cannot hold NUL"),
        (org(json!({ "plan": "gold" })), "plan: no such plan; there are enterprise, free, pro, starter"),
        (org(json!({ "subscription_status": "trial" })), "trial_ends_at: a trial has an end"),
        (membership(NOBODY, &GREG.to_string()), "org_id: there is no such organization"),
        (membership(&ACME.to_string(), NOBODY), "user_id: there is no such user"),
        (workspace(json!({ "org_id": NOBODY })), "org_id: there is no such organization"),
        (workspace(json!({ "owner_id": NOBODY })), "owner_id: there is no such user"),
        (workspace(json!({ "owner_id": ZOE })), "owner_id: this user has a personal workspace already"),
        (workspace(json!({})), "org_id: a workspace has either an org_id or an owner_id"),
        (
            workspace(json!({ "org_id": ACME, "owner_id": GREG })),
            "org_id: a workspace has either an org_id or an owner_id",
        ),
        (
            workspace(json!({ "owner_id": GREG, "visibility": "org" })),
            "visibility: a personal workspace is private, and no default",
        ),
        (
            workspace(json!({ "owner_id": GREG, "is_default": true })),
            "visibility: a personal workspace is private, and no default",
        ),
        (
            workspace(json!({ "org_id": ACME, "name": "Vault" })),
            "name: another workspace of the organization has this name",
        ),
        (
            workspace(json!({ "org_id": ACME, "is_default": true })),
            "is_default: the organization has a default workspace already",
        ),
        (workspace(json!({ "org_id": ACME, "name": "a\u{0}b" })), "texts cannot hold NUL"),
        (
            workspace(json!({ "id": ACME_VAULT, "org_id": GLOBEX })),
            "id: the workspace belongs to another organization or person, and stays there",
        ),
        (
            workspace(json!({ "id": ZOE_HOME, "org_id": GLOBEX })),
            "id: the workspace belongs to another organization or person, and stays there",
        ),
        (
            workspace(json!({ "id": ZOE_HOME, "owner_id": GREG })),
            "id: the workspace belongs to another organization or person, and stays there",
        ),
        (worker(&NOBODY, &EVE, "viewer"), "workspace_id: there is no such workspace"),
        (worker(&GLOBEX_DEFAULT, &NOBODY, "viewer"), "user_id: there is no such user"),
        (
            worker(&ZOE_HOME, &NOBODY, "viewer"),
            "user_id: a personal workspace has no members but its owner, as admin",
        ),
        (
            worker(&ZOE_HOME, &GREG, "admin"),
            "user_id: a personal workspace has no members but its owner, as admin",
        ),
        (
            worker(&ZOE_HOME, &ZOE, "viewer"),
            "user_id: a personal workspace has no members but its owner, as admin",
        ),
        (worker(&GLOBEX_DEFAULT, &EVE, "viewer"), "user_id: not a member of the workspace's organization"),
        (agent(json!({ "org_id": ACME })), "license: a free agent has no org, a proprietary one has"),
        (
            agent(json!({ "license": "proprietary" })),
            "license: a free agent has no org, a proprietary one has",
        ),
        (agent(json!({ "agent_type": "chat" })), "agent_type: the owner has an agent of this type already"),
        (
            agent(json!({ "org_id": ACME, "license": "proprietary", "agent_type": "chat" })),
            "agent_type: the owner has an agent of this type already",
        ),
        (
            agent(json!({ "org_id": NOBODY, "license": "proprietary" })),
            "org_id: there is no such organization",
        ),
        (agent(json!({ "agent_type": "a\u{0}b" })), "texts cannot hold NUL"),
        (resource(json!({ "workspace_id": NOBODY })), "workspace_id: there is no such workspace"),
        (
            resource(json!({ "owner_id": NOBODY })),
            "owner_id: not a member of the workspace's organization, nor somebody whom the workspace is shared with",
        ),
        (
            vec![share(9, &of("Workspace", ZOE_HOME), &of("Organization", ACME), "viewer", None)],
            "to.type: a personal workspace is shared with a user or with the platform",
        ),
        (resource(json!({ "type": "User" })), "type: User is one of Doorward's own types"),
        (
            resource(json!({ "parents": [{ "type": "Docs::Folder", "id": HANDBOOK }] })),
            "parents: there is no Docs::Folder \"handbook\" in this workspace",
        ),
        (resource(json!({ "id": HANDBOOK })), "resources in the old workspace have this one as their parent"),
        (
            vec![share(9, &of("Workspace", NOBODY), &to_greg, "viewer", None)],
            "on: there is no such workspace",
        ),
        (vec![share(9, &of("Agent", NOBODY), &to_greg, "viewer", None)], "on: there is no such agent"),
        (vec![share(9, &document("none"), &to_greg, "viewer", None)], "on: there is no such resource"),
        (vec![share(9, &document("a\0b"), &to_greg, "viewer", None)], "texts cannot hold NUL"),
        (
            vec![share(9, &of("Organization", ACME), &to_greg, "viewer", None)],
            "on.type: Organization cannot be shared",
        ),
        (vec![share(9, &of("Workspace", "vault"), &to_greg, "viewer", None)], "on.id: not a UUID"),
        (vec![share(9, &chapter, &of("User", NOBODY), "viewer", None)], "to: there is no such user"),
        (
            vec![share(9, &chapter, &of("Organization", NOBODY), "viewer", None)],
            "to: there is no such organization",
        ),
        (
            vec![share(9, &chapter, &of("Workspace", NOBODY), "viewer", None)],
            "to: there is no such workspace",
        ),
        (
            vec![share(9, &chapter, &of("Agent", ACME_AGENT), "viewer", None)],
            "to.type: nothing can be shared with a Agent",
        ),
        (vec![share(9, &chapter, &of("User", "greg"), "viewer", None)], "to.id: not a UUID"),
        (
            vec![share(8, &chapter, &to_greg, "viewer", None), share(9, &chapter, &to_greg, "editor", None)],
            "to: there is a share with this grantee already",
        ),
        (
            vec![share(9, &chapter, &of("Platform", "doorward"), "viewer", None)],
            "to: only a workspace can be shared with the platform, and only as viewer",
        ),
        (
            vec![share(9, &of("Workspace", ZOE_HOME), &of("Platform", "doorward"), "editor", None)],
            "to: only a workspace can be shared with the platform, and only as viewer",
        ),
        (
            vec![share(9, &of("Agent", ACME_AGENT), &of("Organization", GLOBEX), "editor", None)],
            "level: an agent is shared as viewer",
        ),
    ]
}

#[tokio::test]
async fn every_rule_of_the_store_is_told_in_the_words_of_the_field() {
    // proves OPS-6, API-9
    let world = World::new().await;
    for (lines, expected) in wrong() {
        let mut batch = vec![json!({ "user": { "id": OLGA, "email": "olga@example.com", "name": "Changed",
            "status": "active" } })];
        batch.extend(lines);
        let told = refused(&world, &batch).await;
        assert_eq!(told, format!("invalid line {}: {expected}", batch.len()));
    }
}

#[tokio::test]
async fn a_batch_of_nothing_is_none() {
    let world = World::new().await;
    assert_eq!(said(&world.try_import(&[]).await), "invalid : no lines");
    assert_eq!(said(&import::parse::<Line>("\n \n")), "invalid : no lines");
}

#[tokio::test]
async fn times_that_decisions_could_not_read_are_refused() {
    // A far-off year once made every question about the thing an error of the store.
    let world = World::new().await;
    let cases = |time: &str| {
        [
            greg(json!({ "status": "pending", "approval_due_at": time })),
            json!({ "organization": { "id": ACME, "slug": "acme", "name": "A", "plan": "pro",
                "subscription_status": "trial", "trial_ends_at": time } }),
            share(9, &document(CHAPTER), &of("User", GREG), "viewer", Some(time)),
        ]
    };
    for time in ["+12026-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "+262000-01-01T00:00:00Z"] {
        for line in cases(time) {
            let told = refused(&world, &[line]).await;
            assert!(told.starts_with("invalid line 1: "), "{time}: {told}");
        }
    }
    for time in ["9999-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
        world.import(&cases(time)).await;
        for (principal, action, resource) in [
            (GREG, "user.view", of("User", GREG)),
            (ADAM, "org.view", of("Organization", ACME)),
            (EVE, "Docs::read", document(CHAPTER)),
        ] {
            let told = world.told(of("User", principal), action, resource).await;
            assert!(told.starts_with("allow"), "{time} {action}: {told}");
        }
    }
}

#[tokio::test]
async fn batches_at_once_are_written_one_after_the_other() {
    // proves OPS-6
    let world = World::new().await;
    let outcomes = race(6, |number| {
        let (db, mut lines) = (world.db.clone(), facts());
        // Opposite orders, as far as the lines do not need one another.
        if number % 2 == 1 {
            lines[..14].reverse();
            lines[14..17].reverse();
        }
        async move { said(&import(&db, &lines).await) }
    })
    .await;
    assert_eq!(outcomes, ["ok"; 6]);
    assert_eq!(world.assert_audit_holds().await, 7);
}

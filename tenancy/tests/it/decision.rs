//! Decisions over the store: what becomes of each noun in Cedar.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, json};
use tenancy::api_key::Scope;
use tenancy::{Ask, Caller, Consistency, Error, KeyOwner, ResourceId, WorkspaceId};

use crate::support::{
    ACME, ACME_AGENT, ACME_DEFAULT, ACME_IDLE_AGENT, ACME_OPEN, ACME_VAULT, ADAM, CHAPTER, CRAWLER, DEADLINE,
    DIARY, EVE, FREE_AGENT, GARY, GIL, GLOBEX, GLOBEX_AGENT, GLOBEX_DEFAULT, GREG, HANDBOOK, MARY, MIA, OLGA,
    PAT, PIA, RECIPE, REPORT, SAM, SPROUT, SPROUT_DEFAULT, SUSI, TRIAL_END, VIC, World, ZOE, ZOE_HOME, ask,
    document, document_in, folder_in, object, of, patch, put, said, share, shipped_policies, time, told,
};

fn user(id: impl ToString) -> ResourceId {
    of("User", id)
}

fn org(id: impl ToString) -> ResourceId {
    of("Organization", id)
}

fn workspace(id: impl ToString) -> ResourceId {
    of("Workspace", id)
}

fn agent(id: impl ToString) -> ResourceId {
    of("Agent", id)
}

#[tokio::test]
async fn roles_in_an_organization_come_from_the_store() {
    let world = World::new().await;
    let no = "deny no_policy_allows";
    world
        .expect(&[
            (user(OLGA), "org.delete", org(ACME), "allow by org.owner.fate"),
            (user(OLGA), "org.view_wallet", org(ACME), "allow by org.manager.money"),
            (user(OLGA), "org.update", org(ACME), "allow by org.admin.manage"),
            (user(ADAM), "org.update", org(ACME), "allow by org.admin.manage"),
            (user(ADAM), "org.view_wallet", org(ACME), no),
            (user(ADAM), "org.delete", org(ACME), no),
            (user(MARY), "org.view_wallet", org(ACME), "allow by org.manager.money"),
            (user(MARY), "org.update", org(ACME), no),
            (user(MIA), "org.view", org(ACME), "allow by org.member.view"),
            (user(MIA), "org.view_audit", org(ACME), no),
            (user(GARY), "org.view", org(ACME), no),
            (user(OLGA), "org.view", org(GLOBEX), no),
        ])
        .await;
}

#[tokio::test]
async fn a_membership_carries_its_person_organization_and_role() {
    let world = World::new().await;
    let membership = |user: &dyn ToString| of("Membership", format!("{ACME}/{}", user.to_string()));
    world
        .expect(&[
            (
                user(OLGA),
                "membership.remove",
                membership(&ADAM),
                "allow by member.admin.removes, member.owner.removes",
            ),
            (user(ADAM), "membership.remove", membership(&MIA), "allow by member.admin.removes"),
            (user(ADAM), "membership.remove", membership(&MARY), "deny no_policy_allows"),
            (user(OLGA), "membership.remove", membership(&OLGA), "deny forbidden by member.not_self"),
            (user(OLGA), "membership.remove", membership(&GARY), "deny unknown_resource"),
            // Suspended, and still there to be removed.
            (
                user(OLGA),
                "membership.remove",
                membership(&SUSI),
                "allow by member.admin.removes, member.owner.removes",
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_suspended_membership_gives_nothing() {
    // proves ORG-8
    let world = World::new().await;
    let to_acme = share(20, &of("Docs::Document", RECIPE), &org(ACME), "viewer", None);
    world.import(&[to_acme]).await;
    let cases = [
        (user(SUSI), "org.view", org(ACME)),
        (user(SUSI), "workspace.view", workspace(ACME_VAULT)),
        (user(SUSI), "workspace.view", workspace(ACME_OPEN)),
        (user(SUSI), "Docs::read", document(CHAPTER)),
        (user(SUSI), "Docs::read", document(RECIPE)),
        (user(SUSI), "agent.run", agent(ACME_AGENT)),
        (user(SUSI), "agent.run", agent(GLOBEX_AGENT)),
    ];
    for (principal, action, resource) in cases.clone() {
        let told = world.told(principal, action, resource.clone()).await;
        assert!(told.starts_with("deny"), "{action} {resource:?}: {told}");
    }
    world.sql("update memberships set suspended_at = null").await;
    for (principal, action, resource) in cases {
        let told = world.told(principal, action, resource.clone()).await;
        assert!(told.starts_with("allow"), "{action} {resource:?}: {told}");
    }
}

#[tokio::test]
async fn roles_in_a_workspace_come_from_the_store() {
    // proves WSP-4
    let world = World::new().await;
    let (no, closed) = ("deny no_policy_allows", "deny forbidden by privacy.private_content");
    world
        .expect(&[
            (user(VIC), "Docs::read", document(CHAPTER), "allow by content.viewer.read"),
            (user(VIC), "Docs::edit", document(CHAPTER), no),
            (user(EVE), "Docs::read", document(CHAPTER), "allow by content.owner, content.viewer.read"),
            (user(EVE), "Docs::delete", document(CHAPTER), "allow by content.owner"),
            (user(EVE), "Docs::edit", of("Docs::Folder", HANDBOOK), "allow by content.editor.write"),
            (user(EVE), "Docs::delete", of("Docs::Folder", HANDBOOK), no),
            (user(MIA), "Docs::read", document(CHAPTER), closed),
            (user(OLGA), "Docs::read", document(CHAPTER), closed),
            (
                user(OLGA),
                "workspace.view",
                workspace(ACME_VAULT),
                "deny forbidden by privacy.private_workspace",
            ),
            (user(SAM), "Docs::read", document(CHAPTER), closed),
            (user(ADAM), "resource.delete", of("Resource", REPORT), "allow by content.org_admin"),
            (user(MIA), "resource.read", of("Resource", REPORT), no),
            (
                user(OLGA),
                "workspace.delete",
                workspace(ACME_DEFAULT),
                "deny forbidden by workspace.default.stays",
            ),
            (user(OLGA), "workspace.delete", workspace(ACME_OPEN), "allow by workspace.org_admin.manage"),
        ])
        .await;
}

#[tokio::test]
async fn a_personal_workspace_is_its_owners() {
    // proves WSP-5
    let world = World::new().await;
    let closed = "deny forbidden by privacy.private_workspace";
    world
        .expect(&[
            (user(ZOE), "workspace.share", workspace(ZOE_HOME), "allow by workspace.admin.manage"),
            (user(ZOE), "Docs::delete", document(DIARY), "allow by content.admin.manage, content.owner"),
            (
                user(ZOE),
                "workspace.delete",
                workspace(ZOE_HOME),
                "deny forbidden by workspace.personal.stays",
            ),
            (user(ZOE), "workspace.leave", workspace(ZOE_HOME), "deny no_policy_allows"),
            (user(OLGA), "workspace.view", workspace(ZOE_HOME), closed),
            (user(PAT), "workspace.view", workspace(ZOE_HOME), closed),
            (user(SAM), "Docs::read", document(DIARY), "deny forbidden by privacy.private_content"),
        ])
        .await;
}

#[tokio::test]
async fn a_share_opens_what_it_names_to_whom_it_names() {
    // proves RES-2
    let world = World::new().await;
    world
        .import(&[
            share(1, &document(CHAPTER), &user(GREG), "viewer", None),
            share(2, &of("Docs::Folder", HANDBOOK), &user(GREG), "editor", None),
            share(3, &document(RECIPE), &org(ACME), "viewer", None),
            share(4, &document(DIARY), &workspace(ACME_VAULT), "editor", None),
            share(5, &workspace(ACME_VAULT), &user(GARY), "viewer", None),
            share(6, &workspace(ZOE_HOME), &of("Platform", "doorward"), "viewer", None),
        ])
        .await;
    let closed = "deny forbidden by privacy.private_content";
    world
        .expect(&[
            // A person: one document, and not what lies beside it.
            (user(GREG), "Docs::read", document(CHAPTER), "allow by content.shared.read"),
            (user(GREG), "Docs::edit", document(CHAPTER), "deny no_policy_allows"),
            (user(GREG), "Docs::edit", of("Docs::Folder", HANDBOOK), "allow by content.shared.write"),
            (user(GREG), "Docs::read", document(RECIPE), "deny no_policy_allows"),
            (
                user(GREG),
                "workspace.view",
                workspace(ACME_VAULT),
                "deny forbidden by privacy.private_workspace",
            ),
            // An organization's members.
            (user(MIA), "Docs::read", document(RECIPE), "allow by content.shared.read"),
            (user(MIA), "Docs::edit", document(RECIPE), "deny no_policy_allows"),
            (user(ZOE), "Docs::read", document(RECIPE), "deny no_policy_allows"),
            // A workspace's members.
            (user(VIC), "Docs::edit", document(DIARY), "allow by content.shared.write"),
            (user(MIA), "Docs::read", document(DIARY), closed),
            // A whole workspace.
            (user(GARY), "workspace.view", workspace(ACME_VAULT), "allow by workspace.grantee.view"),
            (user(GARY), "Docs::read", document(CHAPTER), "allow by content.shared.read"),
            (user(GIL), "Docs::read", document(CHAPTER), closed),
            // The platform's admins.
            (user(PAT), "Docs::read", document(DIARY), "allow by content.platform.read"),
            (user(SAM), "workspace.view", workspace(ZOE_HOME), "allow by workspace.platform.view"),
            (user(PAT), "Docs::edit", document(DIARY), "deny no_policy_allows"),
            (user(GREG), "Docs::read", document(DIARY), closed),
        ])
        .await;
}

#[tokio::test]
async fn an_expired_share_stops_counting_at_that_instant() {
    // proves RES-2
    let world = World::new().await;
    let platform = of("Platform", "doorward");
    world
        .import(&[
            share(1, &document(CHAPTER), &user(GREG), "viewer", Some("2026-11-21T13:00:00Z")),
            share(2, &workspace(ZOE_HOME), &platform, "viewer", Some("2026-11-21T13:00:00Z")),
        ])
        .await;
    let told = || async {
        [
            world.told(user(GREG), "Docs::read", document(CHAPTER)).await,
            world.told(user(PAT), "Docs::read", document(DIARY)).await,
        ]
    };
    let open = ["allow by content.shared.read", "allow by content.platform.read"];
    assert_eq!(told().await, open);
    world.clock.set(time("2026-11-21T12:59:59.999999Z"));
    assert_eq!(told().await, open);
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(told().await, ["deny forbidden by privacy.private_content"; 2]);
}

#[tokio::test]
async fn accounts_are_judged_by_their_status_and_the_clock() {
    // proves ACC-3
    let world = World::new().await;
    let may_change = |id| (user(id), "org.update", org(ACME));
    world.clock.set(time(DEADLINE) - chrono::TimeDelta::milliseconds(1));
    let (p, a, r) = may_change(PIA);
    assert_eq!(world.told(p.clone(), a, r.clone()).await, "allow by org.admin.manage");
    world.clock.set(time(DEADLINE));
    assert_eq!(world.told(p.clone(), a, r.clone()).await, "deny forbidden by account.guest_read_only");
    assert_eq!(world.told(p, "org.view", r).await, "allow by org.member.view", "a guest reads");
    for (change, told) in [
        ("status = 'expired'", "deny forbidden by account.guest_read_only"),
        ("status = 'deactivated'", "deny forbidden by account.inactive"),
        ("status = 'disabled'", "deny forbidden by account.inactive"),
        ("status = 'deleting'", "deny forbidden by account.inactive"),
        ("status = 'active', email_verified_at = null", "deny forbidden by account.unverified"),
        (
            "email_verified_at = now(), password_must_change = true",
            "deny forbidden by account.password_must_change",
        ),
        ("password_must_change = false", "allow by org.admin.manage"),
    ] {
        world.sql(&format!("update users set {change} where id = '{ADAM}'")).await;
        let (p, a, r) = may_change(ADAM);
        assert_eq!(world.told(p, a, r).await, told, "{change}");
    }
}

#[tokio::test]
async fn platform_roles_come_from_the_store() {
    let world = World::new().await;
    world
        .expect(&[
            (user(PAT), "user.disable", user(ZOE), "allow by platform.admin.accounts"),
            (user(PAT), "user.disable", user(SAM), "deny forbidden by platform.admin.not_peers"),
            (user(SAM), "user.disable", user(PAT), "allow by platform.admin.accounts"),
            (user(SAM), "user.disable", user(SAM), "deny forbidden by platform.admin.not_self"),
            (user(OLGA), "user.disable", user(ZOE), "deny no_policy_allows"),
            (user(PAT), "org.suspend", org(ACME), "allow by platform.admin.orgs"),
        ])
        .await;
}

#[tokio::test]
async fn agents_are_everybodys_or_their_organizations() {
    // proves AGT-1, AGT-3
    let world = World::new().await;
    let wall = "deny forbidden by agent.proprietary.wall";
    world
        .expect(&[
            (user(GREG), "agent.run", agent(FREE_AGENT), "allow by agent.free.use"),
            (user(OLGA), "agent.update", agent(FREE_AGENT), "deny no_policy_allows"),
            (user(SAM), "agent.update", agent(FREE_AGENT), "allow by agent.free.manage"),
            (user(MIA), "agent.run", agent(ACME_AGENT), "allow by agent.org.use"),
            (user(GARY), "agent.run", agent(ACME_AGENT), wall),
            (user(SAM), "agent.view", agent(ACME_AGENT), wall),
            (user(MIA), "agent.run", agent(GLOBEX_AGENT), "allow by agent.shared.use"),
            (user(OLGA), "agent.update", agent(GLOBEX_AGENT), "deny no_policy_allows"),
            (user(GREG), "agent.run", agent(GLOBEX_AGENT), wall),
            (user(OLGA), "agent.run", agent(ACME_IDLE_AGENT), "deny forbidden by agent.inactive"),
            (user(OLGA), "agent.view", agent(ACME_IDLE_AGENT), "allow by agent.org.use"),
            (user(MIA), "agent.view", agent(ACME_IDLE_AGENT), "deny forbidden by agent.inactive"),
        ])
        .await;
}

#[tokio::test]
async fn keys_are_principals_with_the_scopes_of_the_store() {
    // proves KEY-1
    let world = World::new().await;
    let acme = world.key(KeyOwner::Org(ACME), &[Scope::ResourcesRead, Scope::KeysManage]).await;
    let globex = world.key(KeyOwner::Org(GLOBEX), &[Scope::Authorize]).await;
    let key = |id: tenancy::ApiKeyId| of("ApiKey", id);
    let (read, write) = ("workspace.read_resources", "workspace.write_resources");
    world
        .expect(&[
            (key(acme.id), read, workspace(ACME_OPEN), "allow by key.org.read_resources"),
            (key(acme.id), write, workspace(ACME_OPEN), "deny no_policy_allows"),
            (key(acme.id), read, workspace(GLOBEX_DEFAULT), "deny no_policy_allows"),
            (key(acme.id), "key.view", key(acme.id), "allow by key.org.view_key, key.self"),
            (key(acme.id), "key.revoke", key(globex.id), "deny no_policy_allows"),
            (user(OLGA), "key.revoke", key(acme.id), "allow by key.org_admin.change"),
            (user(OLGA), "key.revoke", key(globex.id), "deny no_policy_allows"),
        ])
        .await;
    world.sql(&format!("update api_keys set revoked_at = now() where id = '{}'", acme.id)).await;
    world
        .expect(&[
            (key(acme.id), read, workspace(ACME_OPEN), "deny forbidden by key.ended"),
            (key(acme.id), "key.view", key(acme.id), "deny forbidden by key.ended"),
            // As a thing it is still there, to be looked at.
            (user(OLGA), "key.view", key(acme.id), "allow by key.org_admin.change"),
        ])
        .await;
}

#[tokio::test]
async fn a_key_is_no_principal_from_the_instant_it_expires() {
    // proves KEY-1
    let world = World::new().await;
    let end = time("2026-11-22T00:00:00Z");
    let key = world.key_until(KeyOwner::Org(ACME), &[Scope::ResourcesRead], Some(end)).await;
    let ask = || world.told(of("ApiKey", key.id), "workspace.read_resources", workspace(ACME_OPEN));
    world.clock.set(end - chrono::TimeDelta::milliseconds(1));
    assert_eq!(ask().await, "allow by key.org.read_resources");
    world.clock.set(end);
    assert_eq!(ask().await, "deny forbidden by key.ended");
}

#[tokio::test]
async fn limits_compare_the_plan_with_what_the_store_counts() {
    // proves PLN-2: free allows 1 workspace, 2 agents and 2 members
    let world = World::new().await;
    world.sql(&format!("delete from workspaces where id = '{SPROUT_DEFAULT}'")).await;
    let create = |action: &'static str, resource: ResourceId| world.told(user(OLGA), action, resource);
    let invite = || async {
        let mut ask = ask(user(OLGA), "member.add", org(SPROUT));
        ask.context = object(json!({ "role": { "type": "OrgRoleName", "id": "member" } }));
        world.told_to(&Caller::Operator, ask).await
    };
    let agents = |number: u32| {
        json!({ "agent": { "id": format!("019aa000-0000-7000-8000-00000000ee0{number}"), "org_id": SPROUT,
            "agent_type": format!("t{number}"), "name": "A", "license": "proprietary", "is_active": false } })
    };

    assert_eq!(create("workspace.create", org(SPROUT)).await, "allow by org.admin.manage");
    world
        .import(&[json!({ "workspace": { "id": SPROUT_DEFAULT, "org_id": SPROUT, "name": "W",
            "visibility": "private" } })])
        .await;
    assert_eq!(create("workspace.create", org(SPROUT)).await, "deny forbidden by limit.workspaces");

    world.import(&[agents(1)]).await;
    assert_eq!(create("agent.create", org(SPROUT)).await, "allow by org.admin.manage");
    world.import(&[agents(2)]).await;
    assert_eq!(create("agent.create", org(SPROUT)).await, "deny forbidden by limit.agents");

    assert_eq!(invite().await, "allow by member.admin.gives, member.manager.gives, member.owner.gives");
    world
        .import(&[json!({ "membership": { "org_id": SPROUT, "user_id": MIA, "role": "member",
            "suspended_at": "2026-01-01T00:00:00Z" } })])
        .await;
    assert_eq!(invite().await, "deny forbidden by limit.members", "a suspended member has a seat");

    assert_eq!(create("workspace.create", org(ACME)).await, "allow by org.admin.manage", "3 of 10");
}

#[tokio::test]
async fn a_lapsed_organization_is_read_only() {
    // proves PLN-3
    let world = World::new().await;
    let change = || world.told(user(OLGA), "org.update", org(SPROUT));
    let read_only = "deny forbidden by limit.org_read_only";
    world.clock.set(time(TRIAL_END) - chrono::TimeDelta::milliseconds(1));
    assert_eq!(change().await, "allow by org.admin.manage");
    world.clock.set(time(TRIAL_END));
    assert_eq!(change().await, read_only);
    assert_eq!(world.told(user(OLGA), "org.view", org(SPROUT)).await, "allow by org.member.view");
    for (status, told) in
        [("active", "allow by org.admin.manage"), ("cancelled", read_only), ("suspended", read_only)]
    {
        world
            .sql(&format!("update organizations set subscription_status = '{status}' where id = '{SPROUT}'"))
            .await;
        assert_eq!(change().await, told, "{status}");
    }
    world.sql("update organizations set subscription_status = 'cancelled'").await;
    world
        .expect(&[
            (
                user(ADAM),
                "resource.update",
                of("Resource", REPORT),
                "deny forbidden by limit.content_read_only",
            ),
            (user(ADAM), "resource.read", of("Resource", REPORT), "allow by content.org_admin"),
            (user(MIA), "agent.run", agent(ACME_AGENT), "deny forbidden by limit.agent_read_only"),
        ])
        .await;
}

#[tokio::test]
async fn parents_are_followed_to_the_top() {
    // A policy of an application's own that speaks of a folder.
    let world = World::new().await;
    let policies = copy_of_policies();
    let file = policies.path().join("policies/apps/docs.cedar");
    let text = std::fs::read_to_string(&file).expect("policies");
    let mine = r#"
@id("docs.handbook") @description("Robots read all of the handbook")
permit (principal is Docs::Robot, action == Docs::Action::"index", resource in Docs::Folder::"handbook");"#;
    std::fs::write(&file, text + mine).expect("policies");
    let db = world.connect(2, &policies.path().join("policies")).await;
    let handbook = of("Docs::Folder", HANDBOOK);
    let (part, appendix) = (of("Docs::Folder", "part"), document("appendix"));
    put(&db, &Caller::Operator, &part, &folder_in(ACME_VAULT, &[handbook])).await.expect("a folder");
    let mut new = document_in(ACME_VAULT);
    new.attributes.insert("classification".into(), "secret".into());
    put(&db, &Caller::Operator, &appendix, &new).await.expect("a document");
    let asked = [ask(of("Docs::Robot", CRAWLER), "Docs::index", appendix.clone())];
    let answers = db.ask(&Caller::Operator, &asked).await.expect("answers").answers;
    assert_eq!(told(&answers[0]), "deny no_policy_allows");
    new.parents = vec![part];
    put(&db, &Caller::Operator, &appendix, &new).await.expect("moved");
    let answers = db.ask(&Caller::Operator, &asked).await.expect("answers").answers;
    assert_eq!(told(&answers[0]), "allow by docs.handbook");
}

#[tokio::test]
async fn an_applications_own_principal_is_a_registered_resource() {
    let world = World::new().await;
    let robot = |id| of("Docs::Robot", id);
    world
        .expect(&[
            (robot(CRAWLER), "Docs::index", document(CHAPTER), "allow by docs.robot.index"),
            (robot(CRAWLER), "Docs::index", document(RECIPE), "deny no_policy_allows"),
            (robot("nobody"), "Docs::index", document(CHAPTER), "deny unknown_principal"),
            (robot(CRAWLER), "Docs::read", document(CHAPTER), "deny not_applicable"),
        ])
        .await;
}

#[tokio::test]
async fn what_is_unknown_is_a_deny_with_its_reason() {
    // proves PDP-4
    let world = World::new().await;
    let missing = WorkspaceId(uuid::Uuid::nil());
    world
        .expect(&[
            (user(missing), "org.view", org(ACME), "deny unknown_principal"),
            (user(OLGA), "org.view", org(missing), "deny unknown_resource"),
            (user(OLGA), "org.fly", org(ACME), "deny unknown_action"),
            (user(OLGA), "readOnly", org(ACME), "deny unknown_action"),
            (of("Usr", "x"), "org.view", org(ACME), "deny unknown_principal"),
            (user(OLGA), "org.view", of("Orgs", "x"), "deny unknown_resource"),
            (user(OLGA), "org.view", workspace(ACME_OPEN), "deny not_applicable"),
            (of("User\0", "x"), "org.view", org(ACME), "deny unknown_principal"),
        ])
        .await;
    let mut asked = ask(user(OLGA), "org.view", org(ACME));
    asked.context = object(json!({ "now": "2020-01-01T00:00:00Z" }));
    assert_eq!(world.told_to(&Caller::Operator, asked.clone()).await, "deny invalid_context");
    asked.context = object(json!({ "mfa": "yes" }));
    assert_eq!(world.told_to(&Caller::Operator, asked).await, "deny invalid_context");
}

#[tokio::test]
async fn strange_ids_are_found_or_not_and_never_an_error() {
    let world = World::new().await;
    let long = "é".repeat(ResourceId::MAX);
    for id in ["it's \"quoted\" \\ here", "two\nlines\r\t", "{\"type\":\"User\"}", "日本/ü%00", " ", &long]
    {
        put(&world.db, &Caller::Operator, &document(id), &document_in(ACME_OPEN)).await.expect(id);
        assert_eq!(world.told(user(ADAM), "Docs::read", document(id)).await, "allow by content.org_admin");
        let shared = share(7, &document(id), &user(GREG), "viewer", None);
        world.import(&[shared]).await;
        assert_eq!(
            world.told(user(GREG), "Docs::read", document(id)).await,
            "allow by content.shared.read",
            "{id}"
        );
    }
    for id in ["", "a\0b", &format!("{long}x")] {
        assert_eq!(
            world.told(user(ADAM), "Docs::read", document(id)).await,
            "deny unknown_resource",
            "{id:?}"
        );
    }
    let shout = OLGA.to_string().to_uppercase();
    assert_ne!(shout, OLGA.to_string());
    for id in [
        shout,
        OLGA.to_string().replace('-', ""),
        "olga".into(),
        "a\0b".into(),
        "'; --".into(),
        String::new(),
    ] {
        world
            .expect(&[
                (user(&id), "org.view", org(ACME), "deny unknown_principal"),
                (user(OLGA), "user.view", user(&id), "deny unknown_resource"),
                (
                    user(OLGA),
                    "membership.view",
                    of("Membership", format!("{ACME}/{id}")),
                    "deny unknown_resource",
                ),
            ])
            .await;
    }
}

#[tokio::test]
async fn a_stored_attribute_that_no_longer_fits_denies() {
    // proves PDP-3
    let world = World::new().await;
    let policies = copy_of_policies();
    let schema = policies.path().join("policies/apps/docs.cedarschema");
    let text = std::fs::read_to_string(&schema).expect("a schema");
    std::fs::write(&schema, text.replace("legal_hold: Bool,", "legal_hold: Bool,\n    pages: Long,"))
        .expect("a schema");
    let db = world.connect(2, &policies.path().join("policies")).await;
    let asked = [
        ask(user(EVE), "Docs::read", document(CHAPTER)),
        ask(user(EVE), "Docs::read", of("Docs::Folder", HANDBOOK)),
    ];
    let answers = db.ask(&Caller::Operator, &asked).await.expect("answers").answers;
    assert_eq!(told(&answers[0]), "deny incomplete_facts");
    assert_eq!(told(&answers[1]), "allow by content.viewer.read", "what fits is not held up");
    let explained =
        db.explain(&Caller::Operator, &asked[0], Consistency::Cached).await.expect("an explanation").answers;
    let reason = explained.0.decision.reason.expect("a reason").to_string();
    assert!(reason.contains("pages"), "{reason}");
}

#[tokio::test]
async fn a_plan_that_is_gone_denies_rather_than_lifting_the_limits() {
    // proves PLN-1
    let world = World::new().await;
    world.sql(&format!("update organizations set plan = 'gold' where id = '{ACME}'")).await;
    let told = world.told(user(OLGA), "workspace.create", org(ACME)).await;
    assert!(told.starts_with("deny"), "{told}");
    assert_eq!(world.told(user(GARY), "org.view", org(GLOBEX)).await, "allow by org.member.view");
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused_and_from_below_denied() {
    let world = World::new().await;
    let most = usize::try_from(ResourceId::MAX_HEIGHT).expect("a height");
    let name = |level: usize| of("Docs::Folder", format!("level {level}"));
    let lines: Vec<_> = (0..100)
        .map(|level| {
            let parents = if level == 0 { vec![] } else { vec![name(level - 1)] };
            json!({ "resource": { "type": "Docs::Folder", "id": name(level).id, "workspace_id": ACME_OPEN,
                "parents": parents } })
        })
        .collect();
    let refused = said(&world.try_import(&lines).await);
    assert_eq!(refused, format!("invalid line {}: parents: nested more than {most} deep", most + 2));
    world.import(&lines[..=most]).await;
    assert_eq!(world.told(user(ADAM), "Docs::read", name(most)).await, "allow by content.org_admin");
    // From above: what is below is not looked at when the top is hung under something else.
    let top = of("Docs::Folder", "top");
    put(&world.db, &Caller::Operator, &top, &folder_in(ACME_OPEN, &[])).await.expect("a folder");
    put(&world.db, &Caller::Operator, &name(0), &folder_in(ACME_OPEN, &[top])).await.expect("lower");
    assert_eq!(world.told(user(ADAM), "Docs::read", name(most - 1)).await, "allow by content.org_admin");
    assert_eq!(world.told(user(ADAM), "Docs::read", name(most)).await, "deny incomplete_facts");
}

#[tokio::test]
async fn what_is_no_question_is_answered_in_its_place() {
    // proves PDP-2
    let world = World::new().await;
    let asks = [
        Ok(ask(user(OLGA), "org.view", org(ACME))),
        Err("no question".to_owned()),
        Ok(ask(user(GARY), "org.view", org(ACME))),
    ];
    for caller in [Caller::Operator, world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.caller] {
        let answers = world.db.ask_items(&caller, &asks, Consistency::Cached).await.expect("answers").answers;
        assert_eq!(told(&answers[0]), "allow by org.member.view");
        assert_eq!(told(&answers[1]), "deny malformed");
        assert!(told(&answers[2]).starts_with("deny "));
    }
}

#[tokio::test]
async fn entities_that_attributes_name_are_read_too() {
    let world = World::new().await;
    let policies = copy_of_policies();
    let app = policies.path().join("policies/apps");
    let schema = std::fs::read_to_string(app.join("docs.cedarschema")).expect("a schema");
    let schema =
        schema.replace("legal_hold: Bool,", "legal_hold: Bool,\n    reviewer?: User,\n    next?: Document,");
    std::fs::write(app.join("docs.cedarschema"), schema).expect("a schema");
    let text = std::fs::read_to_string(app.join("docs.cedar")).expect("policies");
    let mine = r#"
@id("docs.reviewer") @description("Reviewers read what comes next")
permit (principal is User, action == Docs::Action::"read", resource is Docs::Document)
when { resource has next && resource.next has reviewer && resource.next.reviewer == principal
       && resource.next.reviewer.status == AccountStatus::"active" };"#;
    std::fs::write(app.join("docs.cedar"), text + mine).expect("policies");
    let db = world.connect(2, &policies.path().join("policies")).await;
    let mut next = document_in(ACME_OPEN);
    next.attributes.insert("reviewer".into(), json!({ "type": "User", "id": MIA }));
    put(&db, &Caller::Operator, &document("next"), &next).await.expect("written");
    let mut first = document_in(ACME_OPEN);
    first.attributes.insert("next".into(), json!({ "type": "Docs::Document", "id": "next" }));
    put(&db, &Caller::Operator, &document("first"), &first).await.expect("written");
    let asked =
        [ask(user(MIA), "Docs::read", document("first")), ask(user(VIC), "Docs::read", document("first"))];
    let answers = db.ask(&Caller::Operator, &asked).await.expect("answers").answers;
    assert_eq!(told(&answers[0]), "allow by docs.reviewer");
    assert_eq!(told(&answers[1]), "deny no_policy_allows");
    world.sql("delete from resources where id = 'next'").await;
    let asked = asked.map(Ok);
    let answers = db.ask_items(&Caller::Operator, &asked, Consistency::Fresh).await.expect("answers").answers;
    assert_eq!(told(&answers[0]), "deny incomplete_facts", "what policies can reach has to be there");
}

#[tokio::test]
async fn a_batch_is_answered_in_order_from_one_state() {
    // proves PDP-2
    let world = World::new().await;
    let asks: Vec<Ask> = (0..1_000)
        .map(|number| match number % 4 {
            0 => ask(user(OLGA), "org.delete", org(ACME)),
            1 => ask(user(ADAM), "org.delete", org(ACME)),
            2 => ask(user(EVE), "Docs::read", document(CHAPTER)),
            _ => ask(user(EVE), "Docs::read", document(&format!("missing {number}"))),
        })
        .collect();
    let answers = world.db.ask(&Caller::Operator, &asks).await.expect("answers");
    assert_eq!(answers.answers.len(), 1_000);
    for (number, answer) in answers.answers.iter().enumerate() {
        let expected = match number % 4 {
            0 => "allow by org.owner.fate",
            1 => "deny no_policy_allows",
            2 => "allow by content.owner, content.viewer.read",
            _ => "deny unknown_resource",
        };
        assert_eq!(told(answer), expected, "{number}");
        if number % 4 == 3 {
            let reason = answer.decision.reason.as_ref().expect("a reason").to_string();
            assert!(reason.contains(&format!("missing {number}")), "{reason}");
        }
    }
    let mut ids: Vec<_> = answers.answers.iter().map(|answer| answer.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1_000, "each has an id of its own");
    assert_eq!(answers.policy_hash, world.db.policies().snapshot().hash());
    let none = world.db.ask(&Caller::Operator, &[]).await.expect("no answers").answers;
    assert!(none.is_empty());
}

#[tokio::test]
async fn without_a_principal_the_caller_asks_for_itself() {
    // proves PDP-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &[Scope::Authorize, Scope::ResourcesRead]).await;
    let asked = Ask {
        principal: None,
        action: "workspace.read_resources".into(),
        resource: workspace(ACME_VAULT),
        context: Map::new(),
    };
    assert_eq!(world.told_to(&key.caller, asked.clone()).await, "allow by key.org.read_resources");
    let nobody = world.db.ask(&Caller::Anonymous, &[asked]).await;
    assert!(matches!(nobody, Err(Error::Unauthenticated)), "{nobody:?}");
}

#[tokio::test]
async fn an_explanation_says_what_each_policy_had_to_say() {
    // proves PDP-1
    let world = World::new().await;
    let asked = ask(user(MIA), "Docs::read", document(CHAPTER));
    let (answer, explanation) =
        world.db.explain(&Caller::Operator, &asked, Consistency::Cached).await.expect("told").answers;
    assert_eq!(told(&answer), "deny forbidden by privacy.private_content");
    assert_eq!(answer.decision.policies[0].file, "policies/privacy.cedar");
    assert!(answer.decision.policies[0].line > 0);
    let shared = explanation.opinions.iter().find(|opinion| opinion.policy.id == "content.shared.read");
    assert!(!shared.expect("a near miss").failed.is_empty());
    let uids: Vec<&str> =
        explanation.entities.iter().filter_map(|entity| entity["uid"]["id"].as_str()).collect();
    for id in [MIA.to_string(), CHAPTER.into(), HANDBOOK.into(), ACME_VAULT.to_string(), ACME.to_string()] {
        assert!(uids.contains(&id.as_str()), "{id} in {uids:?}");
    }
}

#[tokio::test]
async fn a_change_of_an_attribute_changes_the_next_decision() {
    // proves PDP-6, RES-1
    let world = World::new().await;
    assert_eq!(
        world.told(user(EVE), "Docs::edit", document(CHAPTER)).await,
        "allow by content.editor.write, content.owner"
    );
    let held = tenancy::resource::ResourcePatch {
        attributes: Some(object(json!({ "legal_hold": true }))),
        ..Default::default()
    };
    patch(&world.db, &Caller::Operator, &document(CHAPTER), held).await.expect("patched");
    assert_eq!(
        world.told(user(EVE), "Docs::edit", document(CHAPTER)).await,
        "deny forbidden by docs.legal_hold"
    );
}

/// A folder `policies` that a test may ruin.
fn copy_of_policies() -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("a folder") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, target).expect("a copy");
            }
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    copy(&shipped_policies(), &folder.path().join("policies"));
    folder
}

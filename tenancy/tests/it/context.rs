//! Where people work, and going elsewhere.

use tenancy::context::{self, CurrentContext};
use tenancy::{
    Caller, Current, Db, OrgId, OrgRole, Person, Result, SessionId, UserId, Visibility, WorkspaceId,
    user_action as action,
};
use uuid::Uuid;

use crate::people::{SECRET, caller, identity, installation, may_ask, person, refresh, settings, sign_in};
use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, ACME_VAULT, ADAM, EVE, GARY, GLOBEX, GLOBEX_DEFAULT, GREG, MIA, OLGA, PAT,
    SUSI, VIC, World, ZOE, ZOE_HOME, race, request, said, start,
};

async fn world() -> World {
    let world = World::new().await;
    let db = world.db.clone().with_identity(identity(SECRET, settings()));
    World { db, ..world }
}

/// Somebody who is signed in, and works on their own. Their session has their id.
async fn session(world: &World, id: UserId) -> SessionId {
    let begin = format!(
        "insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until)
         values ('{id}', '{id}', '{0}', '{0}', '{0}', '2027-01-01', '2027-01-01') on conflict (id) do nothing",
        start().to_rfc3339()
    );
    world.sql(&begin).await;
    SessionId(id.0)
}

/// As the next request would have it.
async fn asks(world: &World, id: UserId) -> Caller {
    let row = format!("select org_id, workspace_id from sessions where id = '{id}'");
    let row = world.sql(&row).await;
    let (org, workspace) = row.trim().split_once('|').unwrap();
    let current =
        Current { org: org.parse().ok().map(OrgId), workspace: workspace.parse().ok().map(WorkspaceId) };
    Caller::User(Person { session: Some(SessionId(id.0)), current, ..Person::without_session(id) })
}

async fn switch(db: &Db, who: &Caller, org: Option<OrgId>, workspace: Option<WorkspaceId>) -> Result<()> {
    let id = who.person().unwrap().id;
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Switch>(who, id).await?;
    let grant = context::switch_organization(&mut tx, &allowed, org, workspace).await?;
    tx.commit().await?;
    drop(grant);
    Ok(())
}

async fn switch_workspace(db: &Db, who: &Caller, workspace: WorkspaceId) -> Result<()> {
    let id = who.person().unwrap().id;
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Switch>(who, id).await?;
    let grant = context::switch_workspace(&mut tx, &allowed, workspace).await?;
    tx.commit().await?;
    drop(grant);
    Ok(())
}

async fn current(db: &Db, who: &Caller) -> CurrentContext {
    let mut tx = db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<action::View>(who, who.person().unwrap().id).await.unwrap();
    context::current(&mut tx, &allowed).await.unwrap()
}

/// The ids of where a session works.
async fn place(world: &World, id: UserId) -> (Option<OrgId>, Option<WorkspaceId>) {
    let at = asks(world, id).await.person().unwrap().current;
    (at.org, at.workspace)
}

#[tokio::test]
async fn a_session_goes_where_its_person_may_be_and_to_what_they_see() {
    // proves CTX-1, CTX-2, CTX-3
    let world = world().await;
    world.sql(&format!("insert into former_members values ('{ACME}', '{GREG}', now())")).await;
    let unknown = OrgId(Uuid::nil());
    for (who, org, workspace, outcome, chosen) in [
        // The default workspace, the first that one sees, none.
        (OLGA, Some(ACME), None, "ok", Some(ACME_DEFAULT)),
        (VIC, Some(ACME), None, "ok", Some(ACME_VAULT)),
        (MIA, Some(ACME), None, "ok", None),
        (OLGA, Some(ACME), Some(ACME_OPEN), "ok", Some(ACME_OPEN)),
        // Never one that they do not see, nor one of another place.
        (OLGA, Some(ACME), Some(ACME_VAULT), "not found: workspace", None),
        (MIA, Some(ACME), Some(ACME_OPEN), "not found: workspace", None),
        (OLGA, Some(ACME), Some(GLOBEX_DEFAULT), "not found: workspace", None),
        (GARY, Some(ACME), None, "not found: organization", None),
        (GARY, Some(unknown), None, "not found: organization", None),
        (GARY, Some(GLOBEX), Some(ACME_OPEN), "not found: workspace", None),
        (ZOE, None, None, "ok", Some(ZOE_HOME)),
        (ZOE, None, Some(ZOE_HOME), "ok", Some(ZOE_HOME)),
        (GARY, None, Some(ZOE_HOME), "not found: workspace", None),
        (OLGA, None, Some(ACME_OPEN), "not found: workspace", None),
        (GARY, None, None, "ok", None),
        // Who was one, who is suspended, and who looks after the platform.
        (GREG, Some(ACME), None, "refused: no_longer_member", None),
        (SUSI, Some(ACME), None, "refused: membership_suspended", None),
        (PAT, Some(ACME), None, "forbidden org.enter by []", None),
    ] {
        world.sql("delete from sessions").await;
        session(&world, who).await;
        let caller = asks(&world, who).await;
        assert_eq!(
            said(&switch(&world.db, &caller, org, workspace).await),
            outcome,
            "{who} {org:?} {workspace:?}"
        );
        let expected = if outcome == "ok" { (org, chosen) } else { (None, None) };
        assert_eq!(place(&world, who).await, expected, "{who} {org:?} {workspace:?}");
    }
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_workspace_is_chosen_within_the_organization_that_one_works_in() {
    // proves CTX-1
    let world = world().await;
    session(&world, OLGA).await;
    let alone = asks(&world, OLGA).await;
    assert_eq!(said(&switch_workspace(&world.db, &alone, ACME_OPEN).await), "not found: workspace");
    switch(&world.db, &alone, Some(ACME), None).await.unwrap();
    // Of what the session says, not of what the request said when it came.
    assert_eq!(said(&switch_workspace(&world.db, &alone, ACME_OPEN).await), "ok");
    assert_eq!(place(&world, OLGA).await, (Some(ACME), Some(ACME_OPEN)));
    for other in [ACME_VAULT, GLOBEX_DEFAULT, crate::support::SPROUT_DEFAULT] {
        assert_eq!(said(&switch_workspace(&world.db, &alone, other).await), "not found: workspace");
    }
    world.sql(&format!("delete from memberships where org_id = '{ACME}' and user_id = '{OLGA}'")).await;
    assert_eq!(place(&world, OLGA).await, (None, None));
    let without = Caller::User(Person::without_session(OLGA));
    assert_eq!(said(&switch(&world.db, &without, None, None).await), "unauthenticated");
    world.sql("update sessions set revoked_at = now(), revoked_because = 'revoked'").await;
    assert_eq!(said(&switch(&world.db, &alone, None, None).await), "unauthenticated");
}

#[tokio::test]
async fn who_is_removed_while_they_come_in_is_out_in_the_end() {
    // proves CTX-3, ORG-7
    let world = world().await;
    session(&world, VIC).await;
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..20 {
        world.sql(&format!("insert into memberships values ('{ACME}', '{VIC}', 'member', null, now()) on conflict do nothing")).await;
        world.sql("update sessions set org_id = null, workspace_id = null").await;
        let who = asks(&world, VIC).await;
        let outcomes = race(2, |turn| {
            let (db, who, database) = (world.db.clone(), who.clone(), world.database.clone());
            async move {
                if turn == 0 {
                    return said(&switch(&db, &who, Some(ACME), None).await);
                }
                let remove = format!("delete from memberships where org_id = '{ACME}' and user_id = '{VIC}'");
                tokio::task::spawn_blocking(move || {
                    database.run(&remove).map(drop).map_err(|error| error.to_string())
                })
                .await
                .unwrap()
                .map_or_else(|error| error, |()| "ok".into())
            }
        })
        .await;
        assert_eq!(outcomes[1], "ok", "round {round}");
        assert!(["ok", "refused: no_longer_member"].contains(&outcomes[0].as_str()), "{outcomes:?}");
        seen.insert(outcomes[0].clone());
        assert_eq!(place(&world, VIC).await, (None, None), "round {round}: {outcomes:?}");
    }
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn one_is_told_where_one_works_and_what_one_may_do_there() {
    // proves CTX-1
    let world = world().await;
    session(&world, OLGA).await;
    switch(&world.db, &asks(&world, OLGA).await, Some(ACME), None).await.unwrap();
    let told = current(&world.db, &asks(&world, OLGA).await).await;
    let org = told.organization.unwrap();
    assert_eq!(
        (org.id, org.slug.as_str(), org.role, org.plan.as_str()),
        (ACME, "acme", Some(OrgRole::Owner), "pro")
    );
    assert_eq!(told.workspace.unwrap().id, ACME_DEFAULT);
    let has = |actions: &[String], name: &str| actions.iter().any(|action| action == name);
    let (now, later) = (told.actions, told.with_reauthentication);
    assert!(has(&now.organization, "workspace.create") && !has(&now.workspace, "workspace.delete"));
    assert!(has(&now.platform, "org.create") && !has(&now.platform, "user.list"));
    assert!(has(&later.organization, "org.delete") && !has(&now.organization, "org.delete"));
    assert!(!has(&later.organization, "workspace.create"));
    assert_eq!(told.grantable_roles, OrgRole::ALL);
    for (who, roles) in [(ADAM, &[OrgRole::Admin, OrgRole::Member][..]), (MIA, &[])] {
        session(&world, who).await;
        switch(&world.db, &asks(&world, who).await, Some(ACME), None).await.unwrap();
        let told = current(&world.db, &asks(&world, who).await).await;
        assert_eq!(told.grantable_roles, roles, "{who}");
        assert!(!has(&told.with_reauthentication.organization, "org.delete"));
    }
    // A plan that is full lets one give roles, if not to somebody new.
    world.sql(&format!("update organizations set plan = 'free' where id = '{ACME}'")).await;
    let told = current(&world.db, &asks(&world, OLGA).await).await;
    assert_eq!((told.grantable_roles.len(), has(&told.actions.organization, "workspace.create")), (4, false));
}

#[tokio::test]
async fn what_is_gone_or_closed_one_does_not_work_in() {
    // proves CTX-2, WSP-3, WSP-4
    let world = world().await;
    let db = &world.db;
    for who in [ADAM, EVE] {
        session(&world, who).await;
        switch(db, &asks(&world, who).await, Some(ACME), None).await.unwrap();
    }
    assert_eq!(place(&world, ADAM).await, (Some(ACME), Some(ACME_DEFAULT)));
    assert_eq!(place(&world, EVE).await, (Some(ACME), Some(ACME_VAULT)));
    switch_workspace(db, &asks(&world, ADAM).await, ACME_OPEN).await.unwrap();
    crate::workspace::delete(db, OLGA, ACME_OPEN).await.unwrap();
    assert_eq!(place(&world, ADAM).await, (Some(ACME), None));
    let told = current(db, &asks(&world, ADAM).await).await;
    assert_eq!((told.organization.unwrap().id, told.workspace.is_none()), (ACME, true));
    // What the session says is no right to see it.
    world.sql(&format!("delete from workspace_members where user_id = '{EVE}'")).await;
    let who = asks(&world, EVE).await;
    assert!(current(db, &who).await.workspace.is_none());
    world.sql(&format!("update memberships set suspended_at = now() where user_id = '{EVE}'")).await;
    let told = current(db, &who).await;
    assert!(told.organization.is_none() && told.workspace.is_none() && told.actions.organization.is_empty());
    assert!(told.grantable_roles.is_empty());
}

#[tokio::test]
async fn who_loses_sight_of_a_workspace_does_not_work_there_any_more() {
    // proves CTX-2, WSP-4
    let world = world().await;
    let db = &world.db;
    world.sql(&format!("update workspace_members set role = 'admin' where user_id = '{EVE}'")).await;
    for (who, at) in [(VIC, ACME_VAULT), (EVE, ACME_VAULT), (ADAM, ACME_OPEN), (OLGA, ACME_OPEN)] {
        session(&world, who).await;
        switch(db, &asks(&world, who).await, Some(ACME), Some(at)).await.unwrap();
    }
    crate::workspace::remove(db, EVE, ACME_VAULT, VIC).await.unwrap();
    assert_eq!(place(&world, VIC).await, (Some(ACME), None));
    assert_eq!(place(&world, EVE).await, (Some(ACME), Some(ACME_VAULT)));
    crate::workspace::update(db, OLGA, ACME_OPEN, None, Some(Visibility::Private)).await.unwrap();
    assert_eq!(place(&world, ADAM).await, (Some(ACME), None));
    assert_eq!(place(&world, OLGA).await, (Some(ACME), Some(ACME_OPEN)));
}

#[tokio::test]
async fn who_signs_in_goes_on_where_they_were_if_they_still_may() {
    // proves CTX-1, CTX-2
    let world = installation().await;
    let olga = person(&world, "olga@example.com").await;
    let home = world.sql(&format!("select id from workspaces where owner_id = '{olga}'")).await;
    let home = WorkspaceId(home.trim().parse().unwrap());
    let acme = serde_json::json!(ACME);
    let is_acmes =
        |line: &serde_json::Value| line["organization"]["id"] == acme || line["workspace"]["org_id"] == acme;
    let acmes: Vec<_> = crate::support::facts().into_iter().filter(is_acmes).collect();
    world.import(&acmes).await;
    world.sql(&format!("insert into memberships values ('{ACME}', '{olga}', 'admin', null, now())")).await;
    let at = async |db: &Db| {
        let tokens = sign_in(db, "olga@example.com").await;
        let current = caller(db, &tokens).await.person().unwrap().current;
        (tokens, (current.org, current.workspace))
    };
    let (tokens, place) = at(&world.db).await;
    assert_eq!(place, (None, Some(home)));
    let who = caller(&world.db, &tokens).await;
    switch(&world.db, &who, Some(ACME), Some(ACME_OPEN)).await.unwrap();
    // The tokens of before are dead at once, both of them.
    assert!(!may_ask(&world.db, &tokens).await);
    assert_eq!(said(&refresh(&world.db, &tokens.refresh_token).await), "unauthenticated");
    assert_eq!(at(&world.db).await.1, (Some(ACME), Some(ACME_OPEN)));
    world.sql(&format!("delete from workspaces where id = '{ACME_OPEN}'")).await;
    assert_eq!(at(&world.db).await.1, (Some(ACME), Some(ACME_DEFAULT)));
    world.sql("update memberships set suspended_at = now()").await;
    assert_eq!(at(&world.db).await.1, (None, Some(home)));
}

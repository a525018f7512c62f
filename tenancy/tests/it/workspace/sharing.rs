use tenancy::share::{NewShare, Share, SharedWith};
use tenancy::workspace;
use tenancy::{Db, Result, ShareId, ShareLevel, UserId, WorkspaceId, workspace_action as action};

use super::{get, page, person};
use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, ACME_VAULT, ADAM, EVE, GIL, GLOBEX, GLOBEX_DEFAULT, GREG, MIA, OLGA, PAT,
    VIC, World, ZOE, ZOE_HOME, request, said, start,
};

async fn share(db: &Db, by: UserId, id: WorkspaceId, with: SharedWith, level: ShareLevel) -> Result<Share> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Share>(&person(by), id).await?;
    let share = workspace::share(&mut tx, &allowed, &NewShare { with, level, expires_at: None }).await?;
    tx.commit().await?;
    Ok(share)
}

async fn revoke(db: &Db, by: UserId, on: WorkspaceId, id: ShareId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::RevokeShare>(&person(by), on).await?;
    workspace::revoke_share(&mut tx, &allowed, id).await?;
    tx.commit().await.map(drop)
}

fn address(email: &str) -> SharedWith {
    SharedWith::Address(email.parse().unwrap())
}

#[tokio::test]
async fn a_workspace_is_shared_with_people_organizations_workspaces_and_the_platform() {
    // proves RES-2, WSP-4
    let world = World::new().await;
    let db = &world.db;
    world.sql(&format!("update workspace_members set role = 'admin' where user_id = '{EVE}'")).await;
    for (with, who) in [
        (address("GREG@example.com"), GREG),
        (SharedWith::User(MIA), MIA),
        (SharedWith::Slug("globex".into()), GIL),
        (SharedWith::Organization(GLOBEX), GIL),
        (SharedWith::Platform, PAT),
    ] {
        assert_eq!(said(&get(db, who, ACME_VAULT).await), "not found: workspace");
        let made = share(db, EVE, ACME_VAULT, with.clone(), ShareLevel::Viewer).await.unwrap();
        assert_eq!(get(db, who, ACME_VAULT).await.unwrap().id, ACME_VAULT, "{with:?}");
        // Owners see it no more than before.
        assert_eq!(said(&get(db, OLGA, ACME_VAULT).await), "not found: workspace");
        let again = share(db, EVE, ACME_VAULT, with, ShareLevel::Viewer).await.unwrap();
        assert_eq!(again.id, made.id);
        assert_eq!(said(&revoke(db, ADAM, ACME_OPEN, made.id).await), "not found: share");
        assert_eq!(said(&revoke(db, EVE, ACME_VAULT, made.id).await), "ok");
        assert_eq!(said(&get(db, who, ACME_VAULT).await), "not found: workspace");
    }
    // To the members of another workspace.
    let made =
        share(db, ADAM, ACME_OPEN, SharedWith::Workspace(ACME_DEFAULT), ShareLevel::Editor).await.unwrap();
    assert_eq!(made.workspace_id, Some(ACME_DEFAULT));
    let mut tx = db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<action::ListShares>(&person(OLGA), ACME_OPEN).await.unwrap();
    let listed = workspace::shares(&mut tx, &allowed, page()).await.unwrap();
    assert_eq!(listed.items.iter().map(|share| share.id).collect::<Vec<_>>(), [made.id]);
    drop(tx);
    let chained = format!("select count(*) from audit where chain = '{ACME}' and action = 'workspace.share'");
    assert_eq!(world.sql(&chained).await, "11");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_share_finds_nobody_whom_its_maker_does_not_know() {
    // proves RES-2
    let world = World::new().await;
    let db = &world.db;
    world.sql(&format!("update workspace_members set role = 'admin' where user_id = '{EVE}'")).await;
    let (nobody, no_member) = (
        "invalid email: no other account has this address",
        "invalid user_id: no other member of the organization has this id",
    );
    let nowhere = "invalid workspace_id: there is no such other workspace of an organization";
    let viewer = ShareLevel::Viewer;
    for (with, level, outcome) in [
        (address("nobody@example.com"), viewer, nobody),
        (address("eve@example.com"), viewer, nobody),
        (SharedWith::User(EVE), viewer, no_member),
        (SharedWith::User(GREG), viewer, no_member),
        (SharedWith::User(GIL), viewer, no_member),
        (SharedWith::Slug("nowhere".into()), viewer, "invalid org_slug: there is no such organization"),
        (SharedWith::Slug("a\0".into()), viewer, "invalid org_slug: there is no such organization"),
        (SharedWith::Workspace(ACME_VAULT), viewer, nowhere),
        (SharedWith::Workspace(GLOBEX_DEFAULT), viewer, nowhere),
        (SharedWith::Workspace(ACME_OPEN), viewer, nowhere),
        (SharedWith::Workspace(ZOE_HOME), viewer, nowhere),
        (
            SharedWith::User(VIC),
            viewer,
            "conflict already_member: this person is a member of the workspace; give them another role instead",
        ),
        (
            SharedWith::Platform,
            ShareLevel::Editor,
            "invalid to: only a workspace can be shared with the platform, and only as viewer",
        ),
    ] {
        let said = said(&share(db, EVE, ACME_VAULT, with.clone(), level).await);
        assert_eq!(said, outcome, "{with:?}");
    }
    let personal =
        "invalid grantee: a personal workspace is shared with a person, by address, or with the platform";
    for with in [SharedWith::Organization(ACME), SharedWith::User(MIA), SharedWith::Workspace(ACME_OPEN)] {
        assert_eq!(said(&share(db, ZOE, ZOE_HOME, with, viewer).await), personal);
    }
    for (by, outcome) in [(VIC, "forbidden workspace.share by []"), (OLGA, "not found: workspace")] {
        assert_eq!(said(&share(db, by, ACME_VAULT, address("greg@example.com"), viewer).await), outcome);
    }
    assert_eq!(world.sql("select count(*) from shares where workspace_id is not null").await, "0");
}

#[tokio::test]
async fn who_comes_back_into_an_organization_begins_anew() {
    // proves ORG-7
    let world = World::new().await;
    let db = &world.db;
    share(db, ADAM, ACME_OPEN, SharedWith::User(VIC), ShareLevel::Editor).await.unwrap();
    let session = format!(
        "insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until, org_id,
                               workspace_id)
         values ('{VIC}', '{VIC}', '{0}', '{0}', '{0}', 'infinity', 'infinity', '{ACME}', '{ACME_VAULT}')",
        start().to_rfc3339()
    );
    world.sql(&session).await;
    assert_eq!(said(&get(db, VIC, ACME_OPEN).await), "ok");
    assert_eq!(said(&get(db, VIC, ACME_VAULT).await), "ok");
    world.sql(&format!("delete from memberships where org_id = '{ACME}' and user_id = '{VIC}'")).await;
    let again = format!("insert into memberships values ('{ACME}', '{VIC}', 'member', null, now())");
    world.sql(&again).await;
    for id in [ACME_OPEN, ACME_VAULT] {
        assert_eq!(said(&get(db, VIC, id).await), "not found: workspace");
    }
    let context = "select org_id is null and workspace_id is null from sessions";
    assert_eq!(world.sql(context).await, "t");
}

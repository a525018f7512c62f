//! Sharing one's own workspace.

use tenancy::share::{NewShare, SharedWith};
use tenancy::workspace;
use tenancy::{
    Caller, Db, Page, Person, Result, ShareId, ShareLevel, UserId, WorkspaceId, workspace_action as action,
};

use crate::support::{
    ACME_OPEN, DIARY, GREG, MIA, PAT, World, ZOE, ZOE_HOME, document, of, request, said, start,
};

fn person(id: UserId) -> Caller {
    Caller::User(Person::without_session(id))
}

async fn share(
    db: &Db,
    by: UserId,
    id: WorkspaceId,
    email: Option<&str>,
    level: ShareLevel,
) -> Result<ShareId> {
    let with = email.map_or(SharedWith::Platform, |email| SharedWith::Address(email.parse().unwrap()));
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Share>(&person(by), id).await?;
    let new = NewShare { with, level, expires_at: None };
    let share = workspace::share(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(share.id)
}

async fn revoke(db: &Db, by: UserId, on: WorkspaceId, id: ShareId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::RevokeShare>(&person(by), on).await?;
    workspace::revoke_share(&mut tx, &allowed, id).await?;
    tx.commit().await.map(drop)
}

#[tokio::test]
async fn a_person_lets_others_into_their_workspace_and_out_again() {
    // proves WSP-5
    let world = World::new().await;
    let (greg, diary) = (of("User", GREG), document(DIARY));
    let told = async || world.told(greg.clone(), "Docs::read", diary.clone()).await;
    assert!(told().await.starts_with("deny"), "{}", told().await);
    let id = share(&world.db, ZOE, ZOE_HOME, Some("GREG@example.com"), ShareLevel::Viewer).await.unwrap();
    assert!(told().await.starts_with("allow"), "{}", told().await);
    // Again, with more: one share, changed.
    let again = share(&world.db, ZOE, ZOE_HOME, Some("greg@example.com"), ShareLevel::Editor).await.unwrap();
    assert_eq!(again, id);
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<action::ListShares>(&person(ZOE), ZOE_HOME).await.unwrap();
    let listed = workspace::shares(&mut tx, &allowed, Page::new(1, 20).unwrap()).await.unwrap();
    drop(tx);
    assert_eq!((listed.items.len(), listed.items[0].email.as_deref()), (1, Some("greg@example.com")));
    revoke(&world.db, ZOE, ZOE_HOME, id).await.unwrap();
    assert!(told().await.starts_with("deny"), "{}", told().await);
    assert_eq!(said(&revoke(&world.db, ZOE, ZOE_HOME, id).await), "not found: share");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn administrators_are_let_in_to_read_and_nobody_shares_what_is_not_theirs() {
    // proves WSP-5
    let world = World::new().await;
    for (by, on, email, level, outcome) in [
        (
            ZOE,
            ZOE_HOME,
            None,
            ShareLevel::Editor,
            "invalid to: only a workspace can be shared with the platform, and only as viewer",
        ),
        (
            ZOE,
            ZOE_HOME,
            Some("nobody@example.com"),
            ShareLevel::Viewer,
            "invalid email: no other account has this address",
        ),
        (
            ZOE,
            ZOE_HOME,
            Some("zoe@example.com"),
            ShareLevel::Viewer,
            "invalid email: no other account has this address",
        ),
        (GREG, ZOE_HOME, Some("mia@example.com"), ShareLevel::Viewer, "not found: workspace"),
        (PAT, ZOE_HOME, None, ShareLevel::Viewer, "not found: workspace"),
        (MIA, ACME_OPEN, None, ShareLevel::Viewer, "not found: workspace"),
    ] {
        assert_eq!(said(&share(&world.db, by, on, email, level).await), outcome, "{by} {email:?}");
    }
    let pat = of("User", PAT);
    assert!(world.told(pat.clone(), "Docs::read", document(DIARY)).await.starts_with("deny"));
    share(&world.db, ZOE, ZOE_HOME, None, ShareLevel::Viewer).await.unwrap();
    assert!(world.told(pat, "Docs::read", document(DIARY)).await.starts_with("allow"));
}

#[tokio::test]
async fn a_share_ends_at_the_instant_it_was_given_until() {
    // proves WSP-5, RES-2
    let world = World::new().await;
    let end = start() + chrono::TimeDelta::hours(1);
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<action::Share>(&person(ZOE), ZOE_HOME).await.unwrap();
    let with = SharedWith::Address("greg@example.com".parse().unwrap());
    let past = NewShare { with: with.clone(), level: ShareLevel::Viewer, expires_at: Some(start()) };
    assert!(said(&workspace::share(&mut tx, &allowed, &past).await).starts_with("invalid expires_at"));
    let new = NewShare { with, level: ShareLevel::Viewer, expires_at: Some(end) };
    workspace::share(&mut tx, &allowed, &new).await.unwrap();
    tx.commit().await.unwrap();
    let told = async || world.told(of("User", GREG), "Docs::read", document(DIARY)).await;
    world.clock.set(end - chrono::TimeDelta::milliseconds(1));
    assert!(told().await.starts_with("allow"), "{}", told().await);
    world.clock.set(end);
    assert!(told().await.starts_with("deny"), "{}", told().await);
}

use tenancy::{Visibility, WorkspaceRole};

use super::{create, delete, get, members, set_default, update};
use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, ACME_VAULT, ADAM, EVE, GARY, MIA, OLGA, REPORT, SUSI, VIC, World, of,
    said, share,
};

#[tokio::test]
async fn the_default_workspace_stays_until_another_one_is_it() {
    // proves WSP-3
    let world = World::new().await;
    let db = &world.db;
    let stays = "forbidden workspace.delete by [workspace.default.stays]";
    assert_eq!(said(&delete(db, OLGA, ACME_DEFAULT).await), stays);
    assert_eq!(said(&set_default(db, MIA, ACME_OPEN).await), "not found: workspace");
    assert_eq!(said(&set_default(db, EVE, ACME_VAULT).await), "forbidden workspace.set_default by []");
    let version = get(db, OLGA, ACME_DEFAULT).await.unwrap().version;
    assert!(set_default(db, ADAM, ACME_OPEN).await.unwrap().is_default);
    let former = get(db, OLGA, ACME_DEFAULT).await.unwrap();
    assert_eq!((former.is_default, former.version), (false, version + 1));
    assert_eq!(said(&delete(db, OLGA, ACME_OPEN).await), stays);
    assert_eq!(said(&delete(db, OLGA, ACME_DEFAULT).await), "ok");
    let twice = "conflict already_deleting: it is being deleted already";
    assert_eq!(said(&delete(db, OLGA, ACME_DEFAULT).await), twice);
    assert_eq!(said(&delete(db, ADAM, ACME_DEFAULT).await), "not found: workspace");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_workspace_that_is_deleted_is_out_of_reach_at_once() {
    // proves WSP-3
    let world = World::new().await;
    world
        .import(&[
            share(12, &of("Workspace", ACME_OPEN), &of("User", MIA), "viewer", None),
            share(13, &of("Resource", REPORT), &of("User", VIC), "viewer", None),
            share(14, &of("Workspace", ACME_DEFAULT), &of("Workspace", ACME_OPEN), "viewer", None),
        ])
        .await;
    assert_eq!(said(&delete(&world.db, VIC, ACME_OPEN).await), "not found: workspace");
    assert_eq!(said(&delete(&world.db, ADAM, ACME_OPEN).await), "ok");
    for who in [OLGA, ADAM, MIA] {
        assert_eq!(said(&get(&world.db, who, ACME_OPEN).await), "not found: workspace");
    }
    let purge = format!(
        "select count(*) from purges p join purge_targets t on t.purge_id = p.id
         where p.state = 'running' and p.subject = 'workspace' and t.kind = 'workspace' and t.id = '{ACME_OPEN}'"
    );
    assert_eq!(world.sql(&purge).await, "1");
    let told = format!(
        "select details::json -> 'before' ->> 'name' = (select name from workspaces where id = '{ACME_OPEN}')
         from audit_details d join audit a using (chain, seq) where a.action = 'workspace.delete'"
    );
    assert_eq!(world.sql(&told).await, "t");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_workspace_that_is_closed_is_closed_with_the_next_decision() {
    // proves WSP-4
    let world = World::new().await;
    let db = &world.db;
    let open = create(db, ADAM, ACME, "Plans", Visibility::Org).await.unwrap();
    assert_eq!(get(db, OLGA, open.id).await.unwrap().role, None);
    // Adam is its admin, so that Olga closes it for herself.
    let closed = update(db, OLGA, open.id, None, Some(Visibility::Private)).await.unwrap();
    assert_eq!((closed.visibility, closed.role, closed.version), (Visibility::Private, None, 2));
    assert_eq!(said(&get(db, OLGA, open.id).await), "not found: workspace");
    let admins = members(db, ADAM, open.id).await.unwrap();
    assert_eq!(admins.iter().map(|member| member.user_id).collect::<Vec<_>>(), [ADAM]);
    let audited = "select count(*) from audit where action = 'workspace.set_visibility'";
    assert_eq!(world.sql(audited).await, "1");
    // The same again changes nothing.
    assert_eq!(update(db, ADAM, open.id, None, Some(Visibility::Private)).await.unwrap().version, 2);
    assert_eq!(world.sql(audited).await, "1");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn whoever_closes_a_workspace_without_an_admin_becomes_it() {
    // proves WSP-2, WSP-4
    let world = World::new().await;
    let db = &world.db;
    assert_eq!(members(db, OLGA, ACME_OPEN).await.unwrap().len(), 0);
    let closed = update(db, OLGA, ACME_OPEN, Some("Closed"), Some(Visibility::Private)).await.unwrap();
    assert_eq!((closed.role, closed.name.as_str()), (Some(WorkspaceRole::Admin), "Closed"));
    assert_eq!(said(&get(db, ADAM, ACME_OPEN).await), "not found: workspace");
    // An admin whose membership is suspended manages nothing, and is none that counts.
    let member =
        format!("insert into workspace_members values ('{ACME_DEFAULT}', '{SUSI}', null, 'admin', now())");
    world.sql(&member).await;
    let closed = update(db, ADAM, ACME_DEFAULT, None, Some(Visibility::Private)).await.unwrap();
    assert_eq!(closed.role, Some(WorkspaceRole::Admin));
    assert_eq!(
        said(&update(db, GARY, ACME_DEFAULT, None, Some(Visibility::Org)).await),
        "not found: workspace"
    );
}

use tenancy::{Visibility, WorkspaceRole};

use super::{add, create, get, leave, members, remove, set_role};
use crate::support::{
    ACME, ACME_OPEN, ACME_VAULT, ADAM, EVE, GIL, GREG, MIA, OLGA, SPROUT_DEFAULT, SUSI, VIC, World, race,
    said,
};

const LAST: &str =
    "conflict last_admin: nobody else could manage the workspace; make somebody else its admin first";

#[tokio::test]
async fn members_of_the_organization_are_let_in_given_roles_and_put_out() {
    // proves WSP-2
    let world = World::new().await;
    let db = &world.db;
    let viewer = WorkspaceRole::Viewer;
    for user in [GIL, GREG, tenancy::UserId(uuid::Uuid::nil())] {
        let said = said(&add(db, ADAM, ACME_OPEN, user, viewer).await);
        assert_eq!(said, "conflict not_a_member: whoever is let in is a member of the organization first");
    }
    for (user, role) in
        [(MIA, viewer), (VIC, WorkspaceRole::Admin), (EVE, viewer), (SUSI, WorkspaceRole::Editor)]
    {
        assert_eq!(said(&add(db, ADAM, ACME_OPEN, user, role).await), "ok");
    }
    let again = said(&add(db, ADAM, ACME_OPEN, MIA, WorkspaceRole::Admin).await);
    assert_eq!(again, "conflict already_member: this member is in the workspace already");
    let listed = members(db, MIA, ACME_OPEN).await.unwrap();
    let names: Vec<(&str, &str)> =
        listed.iter().map(|member| (member.name.as_str(), member.role.as_str())).collect();
    assert_eq!(names, [("vic", "admin"), ("susi", "editor"), ("eve", "viewer"), ("mia", "viewer")]);
    for (by, outcome) in
        [(MIA, "forbidden workspace.set_member_role by []"), (GREG, "not found: workspace"), (VIC, "ok")]
    {
        assert_eq!(said(&set_role(db, by, ACME_OPEN, EVE, WorkspaceRole::Editor).await), outcome);
    }
    assert_eq!(get(db, EVE, ACME_OPEN).await.unwrap().role, Some(WorkspaceRole::Editor));
    assert_eq!(said(&remove(db, VIC, ACME_OPEN, EVE).await), "ok");
    assert_eq!(said(&get(db, EVE, ACME_OPEN).await), "not found: workspace");
    assert_eq!(said(&remove(db, VIC, ACME_OPEN, EVE).await), "not found: member");
    assert_eq!(said(&set_role(db, VIC, ACME_OPEN, EVE, viewer).await), "not found: member");
    assert_eq!(said(&leave(db, MIA, ACME_OPEN).await), "ok");
    assert_eq!(said(&leave(db, ADAM, ACME_OPEN).await), "forbidden workspace.leave by []");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn the_last_who_manages_a_private_workspace_stays() {
    // proves WSP-2
    let world = World::new().await;
    let db = &world.db;
    // Susi is an admin of it too, and her membership is suspended.
    world.sql(&format!("update workspace_members set role = 'admin' where user_id = '{EVE}'")).await;
    assert_eq!(said(&leave(db, EVE, ACME_VAULT).await), LAST);
    assert_eq!(said(&remove(db, EVE, ACME_VAULT, EVE).await), LAST);
    assert_eq!(said(&set_role(db, EVE, ACME_VAULT, EVE, WorkspaceRole::Editor).await), LAST);
    assert_eq!(get(db, EVE, ACME_VAULT).await.unwrap().role, Some(WorkspaceRole::Admin));
    // Who cannot manage it goes as they like, and so does Susi.
    assert_eq!(said(&remove(db, EVE, ACME_VAULT, SUSI).await), "ok");
    assert_eq!(said(&set_role(db, EVE, ACME_VAULT, VIC, WorkspaceRole::Admin).await), "ok");
    assert_eq!(said(&leave(db, EVE, ACME_VAULT).await), "ok");
    // Nor can a closed account manage anything.
    assert_eq!(said(&add(db, VIC, ACME_VAULT, MIA, WorkspaceRole::Admin).await), "ok");
    world.sql(&format!("update users set status = 'disabled' where id = '{MIA}'")).await;
    assert_eq!(said(&leave(db, VIC, ACME_VAULT).await), LAST);
}

#[tokio::test]
async fn where_owners_inherit_nobody_is_the_last() {
    // proves WSP-2
    let world = World::new().await;
    let db = &world.db;
    add(db, ADAM, ACME_OPEN, VIC, WorkspaceRole::Admin).await.unwrap();
    assert_eq!(said(&set_role(db, VIC, ACME_OPEN, VIC, WorkspaceRole::Viewer).await), "ok");
    assert_eq!(said(&leave(db, VIC, ACME_OPEN).await), "ok");
    // Olga is alone in her organization, and inherits from herself.
    add(db, OLGA, SPROUT_DEFAULT, OLGA, WorkspaceRole::Admin).await.unwrap();
    assert_eq!(said(&leave(db, OLGA, SPROUT_DEFAULT).await), "ok");
}

#[tokio::test]
async fn in_a_read_only_organization_one_may_leave_but_not_the_last() {
    // proves WSP-2, ORG-7
    let world = World::new().await;
    let db = &world.db;
    world.sql(&format!("update workspace_members set role = 'admin' where user_id = '{EVE}'")).await;
    world
        .sql(&format!("update organizations set subscription_status = 'cancelled' where id = '{ACME}'"))
        .await;
    assert_eq!(said(&leave(db, EVE, ACME_VAULT).await), LAST);
    assert_eq!(said(&leave(db, VIC, ACME_VAULT).await), "ok");
}

#[tokio::test]
async fn of_the_last_two_who_leave_or_put_each_other_out_one_stays() {
    // proves WSP-2
    let world = World::new().await;
    let (admin, viewer) = (WorkspaceRole::Admin, WorkspaceRole::Viewer);
    let id = create(&world.db, ADAM, ACME, "Two", Visibility::Private).await.unwrap().id;
    for round in 0..12 {
        for user in [ADAM, VIC] {
            let put = format!(
                "insert into workspace_members values ('{id}', '{user}', null, '{}', now())
                 on conflict (workspace_id, user_id) do update set role = 'admin'",
                admin.as_str()
            );
            world.sql(&put).await;
        }
        let said_to_both = race(2, |turn| {
            let db = world.db.clone();
            let (by, other) = if turn == 0 { (ADAM, VIC) } else { (VIC, ADAM) };
            async move {
                match round % 3 {
                    0 => said(&leave(&db, by, id).await),
                    1 => said(&set_role(&db, by, id, other, viewer).await),
                    _ => said(&remove(&db, by, id, other).await),
                }
            }
        })
        .await;
        assert_eq!(said_to_both.iter().filter(|said| *said == "ok").count(), 1, "{said_to_both:?}");
        let left =
            format!("select count(*) from workspace_members where workspace_id = '{id}' and role = 'admin'");
        assert_eq!(world.sql(&left).await, "1", "round {round}");
    }
}

use tenancy::{OrgRole, UserId, invitation};

use super::support::{invite, new, person, resend, revoke, world};
use crate::support::{ACME, ADAM, MARY, MIA, OLGA, SUSI, VIC, World, request, said};

const ROLES: [OrgRole; 4] = [OrgRole::Owner, OrgRole::Admin, OrgRole::Manager, OrgRole::Member];

/// Who may give which role: one letter for each, `-` where they may not.
async fn told<F: Future<Output = String>>(act: impl Fn(OrgRole) -> F) -> String {
    let mut letters = String::new();
    for role in ROLES {
        let said = act(role).await;
        assert!(said == "ok" || said.starts_with("forbidden ") || said.starts_with("not found"), "{said}");
        letters.push_str(if said == "ok" { &role.as_str()[..1] } else { "-" });
    }
    letters
}

async fn by(world: &World, who: UserId) -> [String; 4] {
    let email = |role: OrgRole| format!("{}-for-{who}@example.com", role.as_str());
    // What the owner has invited, for the others to send again and to take back.
    let theirs = async |role: OrgRole| {
        world.sql("delete from invitations").await;
        invite(&world.db, OLGA, ACME, &new("theirs@example.com", role)).await.expect("the owner may").id
    };
    world.sql("delete from invitations").await;
    let create = told(async |role| said(&invite(&world.db, who, ACME, &new(&email(role), role)).await)).await;
    world.sql("delete from invitations").await;
    let bulk = told(async |role| {
        let mut tx = world.db.begin(request()).await.expect("a transaction");
        let rows = vec![Ok(new(&email(role), role))];
        match invitation::create_many(&mut tx, &person(who), ACME, rows).await {
            Ok(outcomes) => said(&outcomes[0]),
            error => said(&error),
        }
    })
    .await;
    let resend = told(async |role| said(&resend(&world.db, who, ACME, theirs(role).await).await)).await;
    let revoke = told(async |role| said(&revoke(&world.db, who, ACME, theirs(role).await).await)).await;
    [create, bulk, resend, revoke]
}

// proves ORG-5
#[tokio::test]
async fn nobody_gives_by_invitation_what_they_could_not_give_to_a_member() {
    let world = world().await;
    for (who, roles) in
        [(OLGA, "oamm"), (ADAM, "-a-m"), (MARY, "--mm"), (MIA, "----"), (VIC, "----"), (SUSI, "----")]
    {
        assert_eq!(by(&world, who).await, [roles; 4], "{who}");
    }
}

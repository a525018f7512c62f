use std::time::Duration;

use tenancy::invitation::{self, InvitationFilter, InvitationSort};
use tenancy::{
    InvitationId, InvitationState, Locale, Mail, OrgRole, Page, WorkspaceRole, invitation_action as action,
};
use uuid::Uuid;

use super::support::{invite, invited, new, person, resend, revoke, state, token, world};
use crate::support::{
    ACME, ACME_DEFAULT, ACME_VAULT, ADAM, EVE, GARY, GLOBEX, GLOBEX_DEFAULT, MARY, OLGA, World, request, said,
};

// proves INV-1, INV-2
#[tokio::test]
async fn an_invitation_is_kept_without_its_token_which_only_the_mail_has() {
    let world = world().await;
    let wanted = tenancy::invitation::NewInvitation {
        workspace: Some((ACME_DEFAULT, WorkspaceRole::Editor)),
        days: 30,
        locale: Some(Locale::French),
        ..new("Nora@EXAMPLE.com", OrgRole::Admin)
    };
    let made = invite(&world.db, ADAM, ACME, &wanted).await.expect("an invitation");
    assert_eq!((made.email.as_str(), made.role, made.sent), ("Nora@example.com", OrgRole::Admin, 1));
    assert_eq!((made.workspace_id, made.workspace_role), (Some(ACME_DEFAULT), Some(WorkspaceRole::Editor)));
    assert_eq!((made.invited_by, made.inviter_name.as_deref()), (Some(ADAM), Some("adam")));
    assert_eq!((made.state, made.locale), (InvitationState::Pending, Some(Locale::French)));
    assert_eq!((made.expires_at - made.created_at).num_days(), 30);

    let token = token(&world, &made).await;
    let secret = token.reveal();
    assert_eq!(secret.len(), 47);
    assert_eq!(
        world.sql(&format!("select count(*) from invitations where hash = sha256('{secret}')")).await.trim(),
        "1"
    );
    let kept = "select (select string_agg(i::text, '') from invitations i) || (select string_agg(j::text, '') from jobs j)
                    || (select string_agg(a::text, '') from audit a) || (select string_agg(d::text, '') from audit_details d)";
    let kept = world.sql(kept).await;
    assert!(kept.contains("Nora@example.com") && kept.contains("invitation.create"), "{kept}");
    assert!(!kept.contains(secret) && !kept.contains("dwi_"), "{kept}");
    let job =
        "select payload, org_id = '019aa000-0000-7000-8000-0000000000a1' from jobs where kind = 'mail.send'";
    let job = world.sql(job).await;
    let (payload, is_acmes) = job.trim().rsplit_once('|').expect("a job");
    let mail = Mail::Invitation { org_id: ACME, invitation_id: made.id, sent: 1 };
    assert_eq!(serde_json::from_str::<Mail>(payload).expect("a mail"), mail);
    assert_eq!(is_acmes, "t", "it is sent from the organization's budget");
    // The address stands beside the chain, where it can be forgotten.
    assert_eq!(world.sql("select count(*) from audit a where a::text ilike '%nora%'").await.trim(), "0");
    world.assert_audit_holds().await;
}

// proves INV-5, API-2
#[tokio::test]
async fn members_and_addresses_that_are_invited_are_refused_in_any_spelling() {
    let world = world().await;
    let refused = async |email: &str| {
        said(&invite(&world.db, OLGA, ACME, &new(email, OrgRole::Member)).await)
            .split(':')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(refused("ADAM@Example.COM").await, "conflict already_member");
    assert_eq!(refused("nora@exämple.com").await, "ok");
    for again in ["nora@exämple.com", "NORA@xn--exmple-cua.com", "nora@EXÄMPLE.com"] {
        assert_eq!(refused(again).await, "conflict already_invited", "{again}");
    }
    // Another organization's members and invitations stand in nobody's way.
    let elsewhere = invite(&world.db, GARY, GLOBEX, &new("nora@exämple.com", OrgRole::Member)).await;
    assert_eq!(said(&elsewhere), "ok");
    assert_eq!(world.sql("select count(*) from invitations").await.trim(), "2");
}

// proves INV-1
#[tokio::test]
async fn an_invitation_is_good_for_one_to_thirty_days_and_an_expired_one_makes_room() {
    let world = world().await;
    for (days, told) in [(0, "invalid days: 1 to 30"), (31, "invalid days: 1 to 30"), (1, "ok")] {
        let wanted = tenancy::invitation::NewInvitation { days, ..new("nora@example.com", OrgRole::Member) };
        assert_eq!(said(&invite(&world.db, OLGA, ACME, &wanted).await), told, "{days}");
    }
    world.clock.advance(Duration::from_secs(86_400 - 1));
    let wanted = new("NORA@example.com", OrgRole::Member);
    let again = async || said(&invite(&world.db, OLGA, ACME, &wanted).await);
    assert!(again().await.starts_with("conflict already_invited"));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(again().await, "ok");
    assert_eq!(world.sql("select count(*), count(ended_at) from invitations").await.trim(), "2|1");
}

// proves INV-1, WSP-4, API-2
#[tokio::test]
async fn the_workspace_is_one_of_the_organization_that_the_inviter_may_let_people_into() {
    let world = world().await;
    for (by, workspace, told) in [
        (OLGA, ACME_VAULT, "not found: workspace"), // private, and not hers
        (OLGA, GLOBEX_DEFAULT, "not found: workspace"),
        (MARY, ACME_DEFAULT, "not found: workspace"),
        (ADAM, ACME_DEFAULT, "ok"),
    ] {
        let wanted = tenancy::invitation::NewInvitation {
            workspace: Some((workspace, WorkspaceRole::Viewer)),
            ..new("nora@example.com", OrgRole::Member)
        };
        assert_eq!(said(&invite(&world.db, by, ACME, &wanted).await), told, "{by} {workspace}");
    }
    // Who belongs to both organizations learns as little, and nobody waits for anybody.
    world.sql(&format!("update memberships set role = 'owner' where user_id = '{GARY}'")).await;
    world
        .sql(&format!(
            "insert into memberships (org_id, user_id, role, created_at) values ('{ACME}', '{GARY}', 'owner', now())"
        ))
        .await;
    let wanted = tenancy::invitation::NewInvitation {
        workspace: Some((GLOBEX_DEFAULT, WorkspaceRole::Viewer)),
        ..new("nils@example.com", OrgRole::Member)
    };
    assert_eq!(said(&invite(&world.db, GARY, ACME, &wanted).await), "not found: workspace");
    assert_eq!(world.sql("select count(*) from invitations").await.trim(), "1");
}

// proves INV-1
#[tokio::test]
async fn a_revoked_invitation_stays_revoked_and_an_accepted_one_accepted() {
    let world = world().await;
    let made = invited(&world, OLGA, ACME, "nora@example.com").await;
    for _ in 0..2 {
        assert_eq!(said(&revoke(&world.db, OLGA, ACME, made.id).await), "ok");
        assert_eq!(state(&world, &made).await, "revoked ended");
    }
    let entries = "select count(*) from audit where action = 'invitation.revoke'";
    assert_eq!(world.sql(entries).await.trim(), "1", "the second time nothing was done");
    assert!(said(&resend(&world.db, OLGA, ACME, made.id).await).starts_with("conflict invitation_ended"));
    let made = invited(&world, OLGA, ACME, "zoe@example.com").await;
    let link = token(&world, &made).await;
    super::support::accept(&world.db, crate::support::ZOE, &link).await.expect("accepted");
    assert!(said(&revoke(&world.db, OLGA, ACME, made.id).await).starts_with("conflict invitation_ended"));
    assert!(said(&resend(&world.db, OLGA, ACME, made.id).await).starts_with("conflict invitation_ended"));
    assert_eq!(state(&world, &made).await, "accepted ended");
}

// proves API-2
#[tokio::test]
async fn another_organizations_invitation_looks_like_one_that_never_was() {
    let world = world().await;
    let acmes = invited(&world, OLGA, ACME, "nora@example.com").await;
    let nothing = InvitationId(Uuid::nil());
    for id in [acmes.id, nothing] {
        assert_eq!(said(&resend(&world.db, GARY, GLOBEX, id).await), "not found: invitation");
        assert_eq!(said(&revoke(&world.db, GARY, GLOBEX, id).await), "not found: invitation");
        assert_eq!(said(&resend(&world.db, GARY, ACME, id).await), "not found: organization");
        assert_eq!(said(&revoke(&world.db, GARY, ACME, id).await), "not found: organization");
        // Members who do not look after invitations learn nothing of them either.
        assert_eq!(said(&resend(&world.db, EVE, ACME, id).await), "forbidden invitation.list by []", "{id}");
    }
    assert_eq!(state(&world, &acmes).await, "open");
}

async fn listed(
    world: &World,
    state: Option<InvitationState>,
    search: Option<&str>,
    sort: InvitationSort,
) -> String {
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<action::List>(&person(MARY), ACME).await.expect("a manager may look");
    let filter = InvitationFilter { state, search: search.map(Into::into), sort };
    let page = Page::new(1, 2).expect("a page");
    match invitation::list(&mut tx, &allowed, &filter, page).await {
        Ok(found) => {
            let names: Vec<&str> =
                found.items.iter().map(|item| item.email.split('@').next().unwrap_or_default()).collect();
            format!("{} of {}", names.join(" "), found.info.total)
        }
        error => said(&error),
    }
}

// proves INV-1, API-3
#[tokio::test]
async fn invitations_are_listed_by_state_and_address_a_page_at_a_time() {
    let world = world().await;
    for email in ["a@example.com", "b@example.com", "zoe@example.com", "d@other.example", "e@example.com"] {
        invited(&world, OLGA, ACME, email).await;
        world.clock.advance(Duration::from_secs(60));
    }
    invited(&world, GARY, GLOBEX, "a@example.com").await;
    let id = |email: &str| {
        let query = format!("select id from invitations where email = '{email}' and org_id = '{ACME}'");
        let world = &world;
        async move { InvitationId(world.sql(&query).await.trim().parse().expect("an id")) }
    };
    revoke(&world.db, OLGA, ACME, id("b@example.com").await).await.expect("revoked");
    let link = super::support::mailed(&world, ACME, id("zoe@example.com").await, 1).await.expect("a mail");
    super::support::accept(&world.db, crate::support::ZOE, &link).await.expect("accepted");
    world.clock.advance(Duration::from_secs(7 * 86_400 - 3 * 60));
    use InvitationSort::{Created, EmailBackwards, Expiry, Newest};
    use InvitationState::{Accepted, Expired, Pending, Revoked};
    for (state, search, sort, told) in [
        (None, None, Newest, "e d of 5"),
        (None, None, Created, "a b of 5"),
        (None, None, EmailBackwards, "zoe e of 5"),
        (None, None, Expiry, "a b of 5"),
        (Some(Pending), None, Newest, "e d of 2"),
        (Some(Expired), None, Newest, "a of 1"),
        (Some(Revoked), None, Newest, "b of 1"),
        (Some(Accepted), None, Newest, "zoe of 1"),
        (None, Some("EXAMPLE.com"), Created, "a b of 4"),
        (None, Some("%"), Created, " of 0"),
        (None, Some(" "), Created, "invalid search: 1 to 254 characters"),
        (None, Some("a\0"), Created, "invalid search: 1 to 254 characters"),
    ] {
        assert_eq!(listed(&world, state, search, sort).await, told, "{state:?} {search:?} {sort:?}");
    }
}

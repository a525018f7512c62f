//! Who belongs to an organization, and that it never loses its last owner.

use tenancy::membership::{self, Member, MemberFilter, MembershipStatus, role_context};
use tenancy::{
    Caller, Db, MembershipId, OrgId, OrgRole, Page, Person, Result, UserId, member_action as member,
    membership_action as action, org_action as org,
};

use crate::support::{
    ACME, ACME_OPEN, ACME_VAULT, ADAM, EVE, GARY, GREG, MARY, MIA, OLGA, PIA, SPROUT, SUSI, VIC, World, ZOE,
    of, race, request, said, share, start,
};

fn caller(id: UserId) -> Caller {
    Caller::User(Person { authenticated_at: Some(start()), ..Person::without_session(id) })
}

fn in_acme(user: UserId) -> MembershipId {
    MembershipId { org: ACME, user }
}

async fn add(db: &Db, by: UserId, org: OrgId, user: UserId, role: OrgRole) -> Result<Member> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize_with::<member::Add>(&caller(by), org, role_context(role)).await?;
    let member = membership::add(&mut tx, &allowed, user, role).await?;
    tx.commit().await?;
    Ok(member)
}

async fn set_role(db: &Db, by: UserId, user: UserId, role: OrgRole) -> Result<Member> {
    let mut tx = db.begin(request()).await?;
    let allowed =
        tx.authorize_with::<action::SetRole>(&caller(by), in_acme(user), role_context(role)).await?;
    let member = membership::set_role(&mut tx, &allowed, role).await?;
    tx.commit().await?;
    Ok(member)
}

async fn remove(db: &Db, by: UserId, user: UserId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Remove>(&caller(by), in_acme(user)).await?;
    membership::remove(&mut tx, &allowed).await?;
    tx.commit().await.map(drop)
}

async fn suspend(db: &Db, by: UserId, user: UserId) -> Result<Member> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Suspend>(&caller(by), in_acme(user)).await?;
    let member = membership::suspend(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(member)
}

async fn leave(db: &Db, by: UserId, org: OrgId) -> Result<()> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org::Leave>(&caller(by), org).await?;
    membership::leave(&mut tx, &allowed).await?;
    tx.commit().await.map(drop)
}

async fn transfer(db: &Db, by: UserId, to: UserId) -> Result<Member> {
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<org::Transfer>(&caller(by), ACME).await?;
    let member = membership::transfer(&mut tx, &allowed, to).await?;
    tx.commit().await?;
    Ok(member)
}

/// One of two owners, Olga and Adam, goes, in one of three ways.
pub(crate) async fn unseat(db: &Db, way: usize, is_olga: bool) -> Result<()> {
    let (one, other) = if is_olga { (OLGA, ADAM) } else { (ADAM, OLGA) };
    match way {
        0 => set_role(db, one, other, OrgRole::Member).await.map(drop),
        1 => leave(db, one, ACME).await,
        _ => remove(db, one, other).await,
    }
}

async fn role(world: &World, user: UserId) -> String {
    world.sql(&format!("select role from memberships where org_id = '{ACME}' and user_id = '{user}'")).await
}

/// Somebody who belonged to an organization before.
async fn known(world: &World, org: OrgId, user: UserId) {
    world.sql(&format!("insert into former_members values ('{org}', '{user}', now())")).await;
}

// proves ORG-5
#[tokio::test]
async fn roles_are_given_by_one_rule_and_nobody_changes_their_own() {
    use OrgRole::{Admin, Manager, Member as Plain, Owner};
    let may: [(UserId, OrgRole, &[OrgRole]); 3] = [
        (OLGA, Owner, &[Owner, Admin, Manager, Plain]),
        (ADAM, Admin, &[Admin, Plain]),
        (MARY, Manager, &[Manager, Plain]),
    ];
    for (giver, _, roles) in may {
        let world = World::new().await;
        known(&world, ACME, ZOE).await;
        for role in [Owner, Admin, Manager, Plain] {
            world.sql(&format!("delete from memberships where user_id = '{ZOE}'")).await;
            let added = add(&world.db, giver, ACME, ZOE, role).await;
            assert_eq!(added.is_ok(), roles.contains(&role), "{giver} gives {role:?}: {}", said(&added));
            let changed = set_role(&world.db, giver, MIA, role).await;
            // Mia has become what the last change made of her.
            assert_eq!(changed.is_ok(), roles.contains(&role), "{giver} makes {role:?}: {}", said(&changed));
        }
        assert!(set_role(&world.db, giver, giver, Plain).await.is_err(), "{giver} changes their own role");
        assert!(remove(&world.db, giver, giver).await.is_err(), "{giver} removes themselves");
    }
    let world = World::new().await;
    for (by, whom) in [(ADAM, OLGA), (ADAM, MARY), (MARY, ADAM), (MARY, OLGA)] {
        assert!(said(&set_role(&world.db, by, whom, Plain).await).ends_with("by []"));
        assert!(said(&remove(&world.db, by, whom).await).ends_with("by []"));
        assert!(said(&suspend(&world.db, by, whom).await).ends_with("by []"));
    }
    assert!(said(&add(&world.db, MIA, ACME, ZOE, Plain).await).ends_with("by []"));
    assert_eq!(said(&add(&world.db, GARY, ACME, ZOE, Plain).await), "not found: organization");
    assert_eq!(said(&set_role(&world.db, GARY, MIA, Plain).await), "not found: member");
    assert_eq!(said(&set_role(&world.db, OLGA, GARY, Plain).await), "not found: member");
}

// proves ORG-6
#[tokio::test]
async fn the_last_owner_is_not_demoted_suspended_or_removed_and_does_not_leave() {
    let world = World::new().await;
    world
        .sql(&format!(
            "update memberships set role = 'owner' where org_id = '{ACME}' and user_id in ('{SUSI}', '{PIA}')"
        ))
        .await;
    world.sql(&format!("update users set status = 'disabled' where id = '{PIA}'")).await;
    // Susi's membership rests and Pia's account is closed: neither can act.
    let last = "conflict last_owner";
    assert!(said(&leave(&world.db, OLGA, ACME).await).starts_with(last));
    world.sql(&format!("update memberships set role = 'owner', suspended_at = null where org_id = '{ACME}' and user_id = '{SUSI}'")).await;
    suspend(&world.db, SUSI, OLGA).await.expect("there is another");
    assert!(said(&leave(&world.db, SUSI, ACME).await).starts_with(last));
    assert_eq!(role(&world, SUSI).await, "owner");
    assert!(said(&leave(&world.db, OLGA, SPROUT).await).starts_with("conflict last_member"));
}

// proves ORG-7, AUT-3
#[tokio::test]
async fn whoever_is_removed_loses_everything_there_and_comes_back_with_nothing() {
    let world = World::new().await;
    world.import(&[share(2, &of("Workspace", ACME_OPEN), &of("User", VIC), "viewer", None)]).await;
    world
        .sql(&format!(
            "insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, org_id, workspace_id, expires_at, idle_until)
             select gen_random_uuid(), '{VIC}', now(), now(), now(), '{ACME}', '{ACME_VAULT}', now() + '1 day', now() + '1 day'"
        ))
        .await;
    let left = format!(
        "select (select count(*) from workspace_members where user_id = '{VIC}') || ' '
             || (select count(*) from shares where grantee_user_id = '{VIC}') || ' '
             || (select count(*) from sessions where user_id = '{VIC}' and (org_id is not null or workspace_id is not null))"
    );
    assert_eq!(world.sql(&left).await, "1 1 1");
    remove(&world.db, ADAM, VIC).await.expect("removed");
    assert_eq!(world.sql(&left).await, "0 0 0");
    let mut tx = world.db.begin(request()).await.unwrap();
    assert_eq!(said(&tx.authorize::<org::View>(&caller(VIC), ACME).await), "not found: organization");
    drop(tx);
    assert_eq!(world.sql(&format!("select count(*) from former_members where user_id = '{VIC}'")).await, "1");
    add(&world.db, ADAM, ACME, VIC, OrgRole::Member).await.expect("back");
    assert_eq!(world.sql(&left).await, "0 0 0");
    assert_eq!(world.sql("select count(*) from former_members").await, "0");
}

// proves ORG-8
#[tokio::test]
async fn a_membership_that_rests_keeps_its_role_and_gives_nothing() {
    let world = World::new().await;
    let resting = suspend(&world.db, OLGA, ADAM).await.expect("suspended");
    assert_eq!((resting.role, resting.status), (OrgRole::Admin, MembershipStatus::Suspended));
    let mut tx = world.db.begin(request()).await.unwrap();
    assert_eq!(said(&tx.authorize::<org::View>(&caller(ADAM), ACME).await), "not found: organization");
    let allowed = tx.authorize::<action::Resume>(&caller(OLGA), in_acme(ADAM)).await.unwrap();
    let back = membership::resume(&mut tx, &allowed).await.unwrap();
    assert_eq!((back.role, back.status), (OrgRole::Admin, MembershipStatus::Active));
    assert!(tx.authorize::<org::Update>(&caller(ADAM), ACME).await.is_ok());
}

// proves ORG-8
#[tokio::test]
async fn ownership_goes_to_a_member_and_the_old_owner_is_an_admin() {
    let world = World::new().await;
    for nobody in [ZOE, SUSI] {
        assert!(said(&transfer(&world.db, OLGA, nobody).await).starts_with("conflict not_a_member"));
    }
    assert!(said(&transfer(&world.db, OLGA, OLGA).await).starts_with("invalid user_id"));
    assert!(said(&transfer(&world.db, ADAM, MIA).await).ends_with("by []"));
    assert_eq!(transfer(&world.db, OLGA, MIA).await.expect("transferred").role, OrgRole::Owner);
    assert_eq!((role(&world, MIA).await, role(&world, OLGA).await), ("owner".into(), "admin".into()));
    let mut tx = world.db.begin(request()).await.unwrap();
    let stale = Caller::User(Person::without_session(MIA));
    let refused = tx.authorize::<org::Transfer>(&stale, ACME).await;
    assert!(said(&refused).contains("sensitive.recent_password"), "{}", said(&refused));
}

// proves ORG-6
#[tokio::test]
async fn a_transfer_and_the_removal_of_the_heir_at_once_leave_an_owner() {
    for _ in 0..6 {
        let world = World::new().await;
        let db = world.db.clone();
        let outcomes = race(2, |number| {
            let db = db.clone();
            async move {
                match number {
                    0 => transfer(&db, OLGA, MIA).await.map(drop),
                    _ => remove(&db, ADAM, MIA).await,
                }
            }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
        let owners = format!("select count(*) from memberships where org_id = '{ACME}' and role = 'owner'");
        assert_eq!(world.sql(&owners).await, "1");
    }
}

// proves PLN-2
#[tokio::test]
async fn of_many_who_are_added_at_once_to_the_last_seat_one_is() {
    let world = World::new().await;
    known(&world, SPROUT, GREG).await;
    let db = world.db.clone();
    let newcomers = [ADAM, MARY, MIA, VIC, EVE, GREG];
    let outcomes = race(newcomers.len(), |number| {
        let db = db.clone();
        async move { add(&db, OLGA, SPROUT, newcomers[number], OrgRole::Member).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert_eq!(said(refused), "limit: 2 of 2 members on free");
    }
    assert_eq!(world.sql(&format!("select count(*) from memberships where org_id = '{SPROUT}'")).await, "2");
}

// proves ORG-10
#[tokio::test]
async fn members_are_listed_by_rank_filtered_and_paged() {
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<member::List>(&caller(MIA), ACME).await.unwrap();
    let page = |number, size| Page::new(number, size).unwrap();
    let first = membership::list(&mut tx, &allowed, &MemberFilter::default(), page(1, 3)).await.unwrap();
    assert_eq!((first.info.total, first.info.total_pages, first.info.has_next), (8, 3, true));
    let names: Vec<_> = first.items.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["olga", "adam", "pia"]);
    let resting = MemberFilter { status: Some(MembershipStatus::Suspended), ..MemberFilter::default() };
    let resting = membership::list(&mut tx, &allowed, &resting, page(1, 20)).await.unwrap();
    assert_eq!((resting.info.total, resting.items[0].user_id), (1, SUSI));
    let found = MemberFilter { search: Some("VIC@".into()), ..MemberFilter::default() };
    let found = membership::list(&mut tx, &allowed, &found, page(1, 20)).await.unwrap();
    assert_eq!(found.items.iter().map(|member| member.user_id).collect::<Vec<_>>(), [VIC]);
}

// proves ORG-7, INV-4
#[tokio::test]
async fn an_invitation_that_was_left_open_brings_nobody_back() {
    let world = World::new().await;
    world
        .sql(&format!(
            "insert into invitations (id, org_id, email, role, hash, sent_at, created_at, expires_at)
             select gen_random_uuid(), '{ACME}', upper(email), 'admin', '\\x00', now(), now(), now() + '30 days' from users
             where id = '{ZOE}'"
        ))
        .await;
    known(&world, ACME, ZOE).await;
    let open = "select count(*) from invitations where ended_at is null";
    assert_eq!(world.sql(open).await, "1");
    add(&world.db, OLGA, ACME, ZOE, OrgRole::Member).await.expect("added");
    assert_eq!(world.sql(open).await, "0");
}

// proves INV-3
#[tokio::test]
async fn a_stranger_is_not_added_but_invited() {
    let world = World::new().await;
    let (stranger, nobody) = (ZOE, UserId(uuid::Uuid::nil()));
    let refused = [stranger, nobody].map(|user| (user, OrgRole::Member));
    for (user, role) in refused {
        let said = said(&add(&world.db, OLGA, ACME, user, role).await);
        assert_eq!(
            said,
            "invalid user_id: nobody whom you share an organization with; invite them by their address"
        );
    }
    // Olga knows Mia from Acme.
    assert!(add(&world.db, OLGA, SPROUT, MIA, OrgRole::Member).await.is_ok());
}

// proves WSP-2, ORG-7
#[tokio::test]
async fn a_private_workspace_is_handed_over_when_its_only_admin_is_removed_and_its_last_admin_does_not_leave()
{
    let world = World::new().await;
    let set = |user: UserId, role: &str| {
        format!(
            "update workspace_members set role = '{role}' where workspace_id = '{ACME_VAULT}' and user_id = '{user}'"
        )
    };
    world.sql(&format!("delete from workspace_members where user_id = '{SUSI}'")).await;
    world.sql(&set(EVE, "admin")).await;
    assert!(said(&leave(&world.db, EVE, ACME).await).starts_with("conflict last_admin"));
    remove(&world.db, OLGA, EVE).await.expect("removed");
    let admins = format!(
        "select string_agg(user_id::text, ' ') from workspace_members where workspace_id = '{ACME_VAULT}' and role = 'admin'"
    );
    assert_eq!(world.sql(&admins).await, VIC.to_string(), "a viewer before, and the only one left");
    suspend(&world.db, OLGA, VIC).await.expect("nobody is left to hand it over to");
}

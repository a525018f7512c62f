//! Organizations: founding, changing and administering them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use tenancy::account::Registration;
use tenancy::organization::{
    self, Founder, NewOrganization, OrgFilter, OrganizationUpdate, register as register_org,
};
use tenancy::{
    Caller, Device, Error, OrgId, Page, Person, Platform, Result, SubscriptionStatus, UserId,
    org_action as org, user_action, workspace_action as workspace,
};

use crate::people::{id_of, installation, password, person, registration, who};
use crate::support::{
    ACME, ADAM, GARY, MIA, OLGA, PAT, SPROUT, SUSI, World, ZOE, object, race, request, said, start,
};

fn caller(id: UserId) -> Caller {
    Caller::User(Person { authenticated_at: Some(start()), ..Person::without_session(id) })
}

async fn found(world: &World, by: UserId, new: &NewOrganization) -> Result<OrgId> {
    let mut tx = world.db.begin(request()).await?;
    let allowed = tx.authorize::<org::Create>(&caller(by), Platform).await?;
    let mine = organization::create(&mut tx, &allowed, new).await?;
    tx.commit().await?;
    Ok(mine.organization.id)
}

fn named(name: &str) -> NewOrganization {
    NewOrganization { name: name.into(), ..NewOrganization::default() }
}

async fn change(world: &World, by: UserId, update: OrganizationUpdate) -> Result<Value> {
    let mut tx = world.db.begin(request()).await?;
    let allowed = tx.authorize::<org::Update>(&caller(by), ACME).await?;
    let mine = organization::update(&mut tx, &allowed, update).await?;
    tx.commit().await?;
    Ok(json!(mine.organization))
}

async fn page<T>(list: impl Future<Output = Result<tenancy::Paged<T>>>) -> Vec<T> {
    list.await.expect("a list").items
}

fn all() -> Page {
    Page::new(1, 100).expect("a page")
}

// proves ORG-1
#[tokio::test]
async fn whoever_founds_an_organization_owns_it_and_the_default_workspace_is_theirs() {
    let world = World::new().await;
    let id = found(&world, ZOE, &named("  Müller & Söhne ")).await.expect("an organization");
    let row = "select slug || '|' || name || '|' || plan || '|' || subscription_status || '|' || version || '|' || settings
               from organizations where name like 'M%'";
    assert_eq!(world.sql(row).await, "muller-sohne|Müller & Söhne|free|trial|1|{}");
    let ends = start() + TimeDelta::days(30);
    let trial = format!("select trial_ends_at = '{ends}' from organizations where id = '{id}'");
    assert_eq!(world.sql(&trial).await, "t");
    let roles = format!(
        "select m.role || '|' || w.name || '|' || w.visibility || '|' || w.is_default || '|' || wm.role
         from memberships m join workspaces w on w.org_id = m.org_id
         join workspace_members wm on wm.workspace_id = w.id and wm.user_id = m.user_id
         where m.org_id = '{id}' and m.user_id = '{ZOE}'"
    );
    assert_eq!(world.sql(&roles).await, "owner|Default|org|true|admin");
    let recorded = format!("select action from audit where chain = '{id}'");
    assert_eq!(world.sql(&recorded).await, "org.create");
    assert_eq!(world.sql(&format!("select balance from wallets where org_id = '{id}'")).await, "0.0000");
}

// proves ACC-9, ORG-1
#[tokio::test]
async fn whoever_is_being_deleted_founds_no_organization_that_they_were_allowed_to_before() {
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<org::Create>(&caller(ZOE), Platform).await.expect("allowed");
    world.sql(&format!("update users set status = 'deleting' where id = '{ZOE}'")).await;
    let founded = organization::create(&mut tx, &allowed, &named("Orphan")).await;
    assert_eq!(said(&founded), "unauthenticated");
}

// proves ORG-3
#[tokio::test]
async fn of_two_organizations_of_one_name_each_has_a_slug_and_a_slug_that_was_asked_for_is_taken_once() {
    let world = World::new().await;
    let first = found(&world, ZOE, &named("Twin")).await.expect("an organization");
    let second = found(&world, ZOE, &named("Twin")).await.expect("another one");
    assert_ne!(first, second);
    let slugs = world.sql("select count(distinct slug) from organizations where slug like 'twin%'").await;
    assert_eq!(slugs, "2");

    let db = world.db.clone();
    let asked = NewOrganization { slug: Some("only".into()), ..named("Only") };
    let outcomes = race(4, |_| {
        let (db, asked) = (db.clone(), asked.clone());
        async move {
            let mut tx = db.begin(request()).await?;
            let allowed = tx.authorize::<org::Create>(&caller(ZOE), Platform).await?;
            organization::create(&mut tx, &allowed, &asked).await?;
            tx.commit().await.map(drop)
        }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.iter().filter(|outcome| outcome.is_err()) {
        assert!(said(refused).starts_with("conflict slug_taken"), "{refused:?}");
    }
    assert_eq!(world.sql("select count(*) from organizations where slug = 'only'").await, "1");
}

// proves ORG-3
#[tokio::test]
async fn what_cannot_be_kept_of_an_organization_is_told_field_by_field() {
    let world = World::new().await;
    let new = NewOrganization {
        name: "x".repeat(10_000),
        slug: Some("Not A Slug".into()),
        full_name: Some("turned \u{202e}around".into()),
        address: Some(object(json!({ "street": "a\0b" }))),
        phone: Some("030 123".into()),
        settings: object(json!({ "much": "x".repeat(20_000) })),
        sidebar_color: Some("red".into()),
        ..NewOrganization::default()
    };
    let Err(Error::Invalid(fields)) = found(&world, ZOE, &new).await else { panic!("it was founded") };
    let fields: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
    assert_eq!(fields, ["slug", "name", "full_name", "phone", "sidebar_color", "address", "settings"]);
    for name in ["", "   ", "nul\0", "\u{200b}"] {
        assert!(matches!(found(&world, ZOE, &named(name)).await, Err(Error::Invalid(_))), "{name:?}");
    }
    assert!(found(&world, ZOE, &named("שלום עולם")).await.is_ok());
    assert_eq!(world.sql("select count(*) from organizations").await, "4");
}

// proves ORG-4, API-4
#[tokio::test]
async fn a_change_touches_what_it_names_counts_the_version_and_is_recorded_with_what_differs() {
    let world = World::new().await;
    let named = OrganizationUpdate {
        name: Some("Acme Two".into()),
        phone: Some(Some("+4930123456".into())),
        ..OrganizationUpdate::default()
    };
    let changed = change(&world, ADAM, named.clone()).await.expect("changed");
    assert_eq!(
        (&changed["name"], &changed["phone"], &changed["slug"]),
        (&json!("Acme Two"), &json!("+4930123456"), &json!("acme"))
    );
    assert_eq!(changed["version"], json!(2));
    let details = format!(
        "select d.details::jsonb ->> 'before' || ' -> ' || (d.details::jsonb ->> 'after') from audit a
         join audit_details d using (chain, seq) where a.chain = '{ACME}' order by a.seq desc limit 1"
    );
    let recorded = world.sql(&details).await;
    assert!(recorded.contains("Acme Two") && !recorded.contains("slug"), "{recorded}");
    // The same again changes nothing, and nothing is recorded.
    let entries = world.sql("select count(*) from audit").await;
    assert_eq!(change(&world, ADAM, named).await.expect("the same")["version"], json!(2));
    assert_eq!(world.sql("select count(*) from audit").await, entries);
    let cleared = OrganizationUpdate { phone: Some(None), ..OrganizationUpdate::default() };
    assert_eq!(change(&world, ADAM, cleared).await.expect("cleared")["phone"], Value::Null);
    assert!(said(&change(&world, MIA, OrganizationUpdate::default()).await).ends_with("by []"));
    assert_eq!(said(&change(&world, GARY, OrganizationUpdate::default()).await), "not found: organization");
    let taken = OrganizationUpdate { slug: Some("globex".into()), ..OrganizationUpdate::default() };
    assert!(said(&change(&world, ADAM, taken).await).starts_with("conflict slug_taken"));
}

// proves ORG-4, ORG-10, ACC-11
#[tokio::test]
async fn one_sees_ones_organizations_by_rank_and_in_them_what_policies_let_one_see() {
    let world = World::new().await;
    found(&world, MIA, &named("Zebra")).await.expect("an organization");
    world.sql("update organizations set settings = '{\"a\": 1}', billing_email = 'bills@example.com'").await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<user_action::ListOrgs>(&caller(MIA), MIA).await.unwrap();
    let mine = page(organization::mine(&mut tx, &allowed, &OrgFilter::default(), all())).await;
    let told: Vec<_> = mine.iter().map(|mine| (mine.organization.name.as_str(), mine.role)).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].0, told[1].0), ("Zebra", "Acme"), "owner before member");
    let allowed = tx.authorize::<user_action::ListOrgs>(&caller(SUSI), SUSI).await.unwrap();
    let mine = page(organization::mine(&mut tx, &allowed, &OrgFilter::default(), all())).await;
    assert!(mine[0].suspended_at.is_some());
    let resting = &mine[0].organization;
    assert_eq!((&resting.settings, &resting.billing_email), (&json!({}), &None), "rights rest too");

    let allowed = tx.authorize::<org::View>(&caller(MIA), ACME).await.unwrap();
    let seen = organization::details(&mut tx, &allowed).await.unwrap();
    assert_eq!((seen.wallet_balance, seen.members.map(|all| all.len())), (None, Some(8)));
    assert_eq!(seen.workspaces.unwrap().len(), 0, "a member sees no workspace that they are not in");
    let allowed = tx.authorize::<org::View>(&caller(OLGA), ACME).await.unwrap();
    let seen = organization::details(&mut tx, &allowed).await.unwrap();
    assert!(seen.wallet_balance.is_some());
    let names: Vec<_> = seen.workspaces.unwrap().into_iter().map(|seen| seen.name).collect();
    assert_eq!(names, ["Default", "Open"], "not the vault, which is private");
    let roles: Vec<_> = seen.members.unwrap().into_iter().map(|member| member.role.as_str()).collect();
    assert_eq!(roles, ["owner", "admin", "admin", "admin", "manager", "member", "member", "member"]);
    // Whoever looks after the platform sees metadata.
    let allowed = tx.authorize::<org::View>(&caller(PAT), ACME).await.unwrap();
    let seen = organization::details(&mut tx, &allowed).await.unwrap();
    assert!(seen.members.is_none() && seen.workspaces.is_none() && seen.organization.role.is_none());
    assert_eq!(said(&tx.authorize::<org::View>(&caller(GARY), ACME).await), "not found: organization");
}

// proves ORG-11
#[tokio::test]
async fn what_the_platform_does_with_an_organization_is_recorded_and_told_to_its_owners() {
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<org::SetPlan>(&caller(PAT), SPROUT).await.unwrap();
    assert!(matches!(organization::set_plan(&mut tx, &allowed, "golden").await, Err(Error::Invalid(_))));
    let after = organization::set_plan(&mut tx, &allowed, "pro").await.unwrap();
    assert_eq!((after.plan.as_str(), after.plan_updated_at), ("pro", Some(start())));
    let allowed = tx.authorize::<org::Suspend>(&caller(PAT), SPROUT).await.unwrap();
    organization::suspend(&mut tx, &allowed, Some("unpaid")).await.unwrap();
    assert!(
        said(&organization::suspend(&mut tx, &allowed, None).await)
            .starts_with("conflict organization_suspended")
    );
    let allowed = tx.authorize::<org::SetSubscription>(&caller(PAT), SPROUT).await.unwrap();
    let active = organization::set_subscription(&mut tx, &allowed, SubscriptionStatus::Active, None).await;
    assert!(
        said(&active).starts_with("conflict organization_suspended"),
        "a suspension is not ended by the way"
    );
    // Suspended, it is read-only.
    let refused = tx.authorize::<workspace::Create>(&caller(OLGA), SPROUT).await;
    assert!(said(&refused).contains("limit.org_read_only"), "{}", said(&refused));
    let allowed = tx.authorize::<org::Resume>(&caller(PAT), SPROUT).await.unwrap();
    let resumed = organization::resume(&mut tx, &allowed).await.unwrap();
    assert_eq!(resumed.subscription_status, SubscriptionStatus::Trial, "as before");
    assert!(
        said(&organization::resume(&mut tx, &allowed).await)
            .starts_with("conflict organization_not_suspended")
    );
    tx.commit().await.unwrap();
    let mails = "select string_agg(payload ->> 'user_id' || ' ' || (payload -> 'notice')::text, E'\\n' order by payload -> 'notice') from jobs
                 where kind = 'mail.send' and payload ->> 'mail' = 'org_notice'";
    let expected = format!("{OLGA} \"resumed\"\n{OLGA} \"suspended\"\n{OLGA} {{\"plan\": \"pro\"}}");
    assert_eq!(world.sql(mails).await, expected);
    let recorded = format!("select string_agg(action, ' ' order by seq) from audit where chain = '{SPROUT}'");
    assert!(world.sql(&recorded).await.ends_with("org.set_plan org.suspend org.resume"));
    for nobody in [OLGA, GARY, ZOE] {
        let mut tx = world.db.begin(request()).await.unwrap();
        assert!(tx.authorize::<org::SetPlan>(&caller(nobody), SPROUT).await.is_err());
    }
}

async fn registering(world: &World, email: &str, new: &NewOrganization) -> Result<organization::Founded> {
    let founder = Founder { registration: registration(email), device: Device::default() };
    register_org(&world.db, request(), &founder, new).await
}

// proves ORG-2, ACC-2
#[tokio::test]
async fn an_organization_and_its_first_owner_are_registered_together_and_the_owner_works_there() {
    let world = installation().await;
    let founded = registering(&world, "olga@example.com", &named("Acme")).await.expect("registered");
    assert_eq!((founded.user.email.as_str(), founded.user.email_verified), ("olga@example.com", false));
    assert_eq!(founded.organization.role, Some(tenancy::OrgRole::Owner));
    let org = founded.organization.organization.id;
    let tokens = world.db.sign_draft(founded.tokens).await.expect("tokens");
    let olga = who(&world.db, &tokens.access_token).await.expect("signed in");
    assert_eq!(olga.person().unwrap().current.org, Some(org));
    let mut tx = world.db.begin(request()).await.unwrap();
    let refused = tx.authorize::<org::Update>(&olga, org).await;
    assert!(said(&refused).contains("account.unverified"), "{}", said(&refused));
    // All or nothing: a slug that is taken leaves no account.
    let taken = NewOrganization { slug: Some("acme".into()), ..named("Other") };
    let refused = registering(&world, "otto@example.com", &taken).await;
    assert!(matches!(refused, Err(Error::Conflict { code: "slug_taken", .. })));
    assert_eq!(world.sql("select count(*) from users").await, "1");
    let telling =
        Registration { password: password("we are initech 1999"), ..registration("otto@example.com") };
    let founder = Founder { registration: telling, device: Device::default() };
    let refused = register_org(&world.db, request(), &founder, &named("Initech")).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "the password names the organization");
}

// proves ORG-2, AUT-6
#[tokio::test]
async fn registering_with_an_address_that_is_taken_looks_the_same_and_founds_nothing() {
    let world = installation().await;
    person(&world, "olga@example.com").await;
    let count = "select (select count(*) from users) || ' ' || (select count(*) from organizations) || ' '
                     || (select count(*) from sessions) || ' ' || (select count(*) from workspaces)";
    let before = world.sql(count).await;
    let free = registering(&world, "free@example.com", &named("Free")).await.expect("registered");
    let shape = |founded: &organization::Founded| {
        let mut told = json!({ "organization": founded.organization, "user": founded.user });
        for (part, field) in [("organization", "id"), ("user", "id"), ("user", "personal_workspace_id")] {
            assert!(told[part][field].is_string(), "{part}.{field}");
            told[part][field] = json!("…");
        }
        told
    };
    let mut expected = shape(&free);
    let taken = registering(&world, "OLGA@example.com", &named("Free")).await.expect("looks registered");
    let mut told = shape(&taken);
    expected["organization"]["slug"].take();
    told["organization"]["slug"].take();
    expected["user"]["email"] = json!("OLGA@example.com");
    assert_eq!(told, expected);
    let dead = world.db.sign_draft(taken.tokens).await.expect("tokens");
    assert!(who(&world.db, &dead.access_token).await.is_none());
    let olga = id_of(&world, "olga@example.com").await;
    let mail = format!(
        "select count(*) from jobs where payload ->> 'mail' = 'already_registered' and payload ->> 'user_id' = '{olga}'"
    );
    assert_eq!(world.sql(&mail).await, "1");
    assert_ne!(world.sql(count).await, before, "the free one is there");
    let of_taken =
        format!("select count(*) from organizations where id = '{}'", taken.organization.organization.id);
    assert_eq!(world.sql(&of_taken).await, "0");
    assert_eq!(world.sql("select count(*) from users where email not like '%@example.com'").await, "0");
}

// proves ORG-6
#[tokio::test]
async fn owners_who_demote_remove_or_leave_each_other_at_once_leave_one() {
    for round in 0..6 {
        let world = World::new().await;
        world
            .sql(&format!(
                "update memberships set role = 'owner' where org_id = '{ACME}' and user_id = '{ADAM}'"
            ))
            .await;
        let db = world.db.clone();
        let outcomes = race(2, |number| {
            let db = db.clone();
            async move { crate::membership::unseat(&db, round % 3, number == 0).await }
        })
        .await;
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        let owners = format!(
            "select count(*) from memberships where org_id = '{ACME}' and role = 'owner' and suspended_at is null"
        );
        assert_eq!(world.sql(&owners).await, "1", "round {round}");
    }
}

// proves ORG-11, OPS-6
#[tokio::test]
async fn an_organization_that_was_suspended_can_be_brought_in_again() {
    let world = World::new().await;
    world
        .sql(&format!(
            "update organizations set subscription_status = 'suspended', resumes_as = 'active' where id = '{ACME}'"
        ))
        .await;
    let line = json!({ "organization": { "id": ACME, "slug": "acme", "name": "Acme", "plan": "pro",
        "subscription_status": "active" } });
    world.import(&[line]).await;
    let told = format!(
        "select subscription_status || coalesce(resumes_as, '') from organizations where id = '{ACME}'"
    );
    assert_eq!(world.sql(&told).await, "active");
}

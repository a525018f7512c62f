//! Administrators, who act one after the other.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tenancy::user::{self, InvitedUser, UserFilter, UserSort};
use tenancy::{
    AccountStatus, Action, Authorized, Caller, Db, Locale, Page, Person, Platform, PlatformRole, Result, Tx,
    UserId, administration, session, trial, user_action as action,
};

use crate::support::{GREG, OLGA, PAT, PIA, SAM, World, race, request, said, start};

/// Somebody who has just given their password.
fn signed_in(id: UserId) -> Caller {
    Caller::User(Person { authenticated_at: Some(start()), ..Person::without_session(id) })
}

async fn begin<A: Action<Target = UserId>>(db: &Db, by: UserId, id: UserId) -> Result<(Tx, Authorized<A>)> {
    let mut tx = db.begin(request()).await?;
    administration::lock(&mut tx).await?;
    let allowed = tx.authorize::<A>(&signed_in(by), id).await?;
    Ok((tx, allowed))
}

async fn disable(db: &Db, by: UserId, id: UserId) -> Result<()> {
    let (mut tx, allowed) = begin::<action::Disable>(db, by, id).await?;
    user::disable(&mut tx, &allowed, Some("tired")).await?;
    tx.commit().await.map(drop)
}

async fn enable(db: &Db, by: UserId, id: UserId) -> Result<AccountStatus> {
    let (mut tx, allowed) = begin::<action::Enable>(db, by, id).await?;
    let account = user::enable(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(account.profile.status)
}

async fn approve(db: &Db, by: UserId, id: UserId) -> Result<AccountStatus> {
    let (mut tx, allowed) = begin::<action::Approve>(db, by, id).await?;
    let account = user::approve(&mut tx, &allowed).await?;
    tx.commit().await?;
    Ok(account.profile.status)
}

async fn set_role(db: &Db, by: UserId, id: UserId, role: Option<PlatformRole>) -> Result<()> {
    let (mut tx, allowed) = begin::<action::SetPlatformRole>(db, by, id).await?;
    user::set_platform_role(&mut tx, &allowed, role).await?;
    tx.commit().await.map(drop)
}

/// A world in which Pat is a super admin too.
async fn with_two_super_admins() -> World {
    let world = World::new().await;
    world.sql(&format!("update users set platform_role = 'super_admin' where id = '{PAT}'")).await;
    world
}

#[tokio::test]
async fn of_two_admins_who_close_each_others_account_one_does() {
    // proves ACC-6
    let world = with_two_super_admins().await;
    for _ in 0..10 {
        let said_to_both = race(2, |turn| {
            let db = world.db.clone();
            let (by, id) = if turn == 0 { (PAT, SAM) } else { (SAM, PAT) };
            async move { said(&disable(&db, by, id).await) }
        })
        .await;
        let done = said_to_both.iter().filter(|said| *said == "ok").count();
        assert_eq!(done, 1, "{said_to_both:?}");
        let closed = "forbidden user.disable by [account.inactive]";
        assert!(said_to_both.iter().any(|said| said == closed), "{said_to_both:?}");
        world.sql(&format!("update users set status = 'active' where id in ('{PAT}', '{SAM}')")).await;
    }
}

#[tokio::test]
async fn the_last_active_super_admin_is_neither_closed_nor_demoted() {
    // proves ACC-6
    let world = with_two_super_admins().await;
    let none = "conflict last_super_admin: nobody else would be left to look after administrators";
    for _ in 0..10 {
        let said_to_both = race(2, |turn| {
            let db = world.db.clone();
            let (by, id) = if turn == 0 { (PAT, SAM) } else { (SAM, PAT) };
            async move { said(&set_role(&db, by, id, None).await) }
        })
        .await;
        assert_eq!(said_to_both.iter().filter(|said| *said == "ok").count(), 1, "{said_to_both:?}");
        let left = "select count(*) from users where platform_role = 'super_admin' and status = 'active'";
        assert_eq!(world.sql(left).await, "1");
        world
            .sql(&format!("update users set platform_role = 'super_admin' where id in ('{PAT}', '{SAM}')"))
            .await;
    }
    // Only their owner could still do that, who may not act on themselves as an admin: so by somebody else.
    world.sql(&format!("update users set status = 'disabled' where id = '{SAM}'")).await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<action::Deactivate>(&signed_in(PAT), PAT).await.unwrap();
    assert_eq!(said(&tenancy::account::deactivate(&mut tx, &allowed).await), none);
    drop(tx);
    assert_eq!(
        said(&set_role(&world.db, PAT, PAT, None).await),
        "forbidden user.set_platform_role by [platform.admin.not_self]"
    );
}

#[tokio::test]
async fn a_plain_admin_acts_on_no_admin_and_nobody_on_themselves() {
    // proves ACC-6
    let world = World::new().await;
    for (by, id, outcome) in [
        (PAT, SAM, "forbidden user.disable by [platform.admin.not_peers]"),
        (SAM, SAM, "forbidden user.disable by [platform.admin.not_self]"),
        (OLGA, GREG, "not found: user"),
        (SAM, UserId(uuid::Uuid::nil()), "not found: user"),
        (SAM, PAT, "ok"),
        (PAT, GREG, "forbidden user.disable by [account.inactive]"),
    ] {
        assert_eq!(said(&disable(&world.db, by, id).await), outcome, "{by} {id}");
    }
    // Without the password given a short while ago.
    let mut tx = world.db.begin(request()).await.unwrap();
    let caller = Caller::User(Person::without_session(SAM));
    let outcome = tx.authorize::<action::SetPlatformRole>(&caller, GREG).await;
    assert_eq!(said(&outcome), "forbidden user.set_platform_role by [sensitive.recent_password]");
}

/// Pia's trial ends in two hours.
#[tokio::test]
async fn an_approval_and_the_sweep_at_once_end_in_an_approval() {
    // proves ACC-3, ACC-4
    let world = World::new().await;
    world.clock.advance(Duration::from_secs(2 * 3600));
    for round in 0..10 {
        let outcomes = race(2, |turn| {
            let db = world.db.clone();
            async move {
                if turn == 0 {
                    return said(&approve(&db, PAT, PIA).await);
                }
                let mut tx = db.begin(request()).await.unwrap();
                let allowed = tx.authorize::<action::Expire>(&Caller::Worker, PIA).await.unwrap();
                trial::expire(&mut tx, &allowed).await.unwrap();
                said(&tx.commit().await)
            }
        })
        .await;
        assert_eq!(outcomes, ["ok", "ok"], "{round}");
        let state = format!("select status, approved_by from users where id = '{PIA}'");
        assert_eq!(world.sql(&state).await, format!("active|{PAT}"));
        world
            .sql(&format!(
                "update users set status = 'pending', approved_at = null, approved_by = null where id = '{PIA}'"
            ))
            .await;
    }
}

#[tokio::test]
async fn an_approval_is_told_once_and_refused_for_accounts_that_are_not_open() {
    // proves ACC-4
    let world = World::new().await;
    let outcomes = race(5, |_| {
        let db = world.db.clone();
        async move { approve(&db, PAT, PIA).await }
    })
    .await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(AccountStatus::Active))), "{outcomes:?}");
    let mails = "select count(*) from jobs where kind = 'mail.send' and payload->>'mail' = 'approved'";
    assert_eq!(world.sql(mails).await, "1");
    let entries = "select count(*) from audit where action = 'user.approve'";
    assert_eq!(world.sql(entries).await, "1");
    for status in ["disabled", "deactivated", "deleting"] {
        world.sql(&format!("update users set status = '{status}' where id = '{PIA}'")).await;
        let outcome = said(&approve(&world.db, PAT, PIA).await);
        assert_eq!(outcome, format!("conflict not_approvable: the account is {status}"));
    }
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_closed_account_comes_back_as_what_it_would_be() {
    // proves ACC-5, ACC-8
    let world = World::new().await;
    world.sql(&format!("update users set approved_at = null where id = '{PIA}'")).await;
    disable(&world.db, PAT, PIA).await.unwrap();
    assert_eq!(said(&disable(&world.db, PAT, PIA).await), "conflict already_closed: the account is disabled");
    assert_eq!(enable(&world.db, PAT, PIA).await.unwrap(), AccountStatus::Pending);
    assert_eq!(said(&enable(&world.db, PAT, PIA).await), "conflict not_disabled: the account is pending");
    disable(&world.db, PAT, PIA).await.unwrap();
    world.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(enable(&world.db, PAT, PIA).await.unwrap(), AccountStatus::Expired);
    assert_eq!(approve(&world.db, PAT, PIA).await.unwrap(), AccountStatus::Active);
    disable(&world.db, PAT, PIA).await.unwrap();
    assert_eq!(enable(&world.db, PAT, PIA).await.unwrap(), AccountStatus::Active);
    let reason = "select count(*) from users where disabled_reason is not null";
    assert_eq!(world.sql(reason).await, "0");
}

#[tokio::test]
async fn a_reason_is_kept_up_to_256_characters() {
    // proves ACC-5
    let world = World::new().await;
    for (reason, is_good) in [("é".repeat(256), true), ("é".repeat(257), false), ("a\0b".into(), false)] {
        let (mut tx, allowed) = begin::<action::Disable>(&world.db, PAT, GREG).await.unwrap();
        let outcome = user::disable(&mut tx, &allowed, Some(&reason)).await;
        assert_eq!(outcome.is_ok(), is_good, "{}", said(&outcome));
    }
}

#[tokio::test]
async fn a_made_account_waits_for_its_owner_and_has_no_password_before() {
    // proves ACC-5
    let world = World::new().await;
    let new =
        InvitedUser { email: "new@example.com".parse().unwrap(), name: "New".into(), locale: Locale::French };
    let made = race(4, |_| {
        let (db, new) = (world.db.clone(), new.clone());
        async move {
            let mut tx = db.begin(request()).await?;
            administration::lock(&mut tx).await?;
            let allowed = tx.authorize::<action::Create>(&signed_in(PAT), Platform).await?;
            let account = user::create(&mut tx, &allowed, &new).await?;
            tx.commit().await?;
            Ok(account)
        }
    })
    .await;
    let made: Vec<Result<user::Account>> = made;
    let taken = "conflict address_taken: another account has this address";
    assert_eq!(made.iter().filter(|outcome| said(outcome) == taken).count(), 3);
    let account = made.into_iter().find_map(Result::ok).unwrap();
    assert_eq!(account.profile.status, AccountStatus::Active);
    assert_eq!(account.approved_by, Some(PAT));
    assert!(account.profile.password_must_change && !account.profile.email_verified);
    assert_eq!(world.sql("select count(*) from passwords").await, "0");
    let mail = "select payload->>'mail' from jobs where kind = 'mail.send'";
    assert_eq!(world.sql(mail).await, "set_password");
    // Whoever is it can do nothing before.
    let mut tx = world.db.begin(request()).await.unwrap();
    let caller = signed_in(account.profile.id);
    let refused = tx.authorize::<action::View>(&caller, account.profile.id).await;
    assert_eq!(said(&refused), "forbidden user.view by [account.password_must_change]");
    assert!(tx.authorize::<action::SetPassword>(&caller, account.profile.id).await.is_ok());
}

#[tokio::test]
async fn accounts_are_found_by_state_and_text_and_sorted() {
    // proves ACC-5, API-3
    let world = World::new().await;
    let list = async |status, search: Option<&str>, sort, page| {
        let mut tx = world.db.begin(request()).await.unwrap();
        let allowed = tx.authorize::<action::List>(&signed_in(PAT), Platform).await.unwrap();
        let filter = UserFilter { status, search: search.map(ToOwned::to_owned), sort };
        let found = user::list(&mut tx, &allowed, &filter, page).await.unwrap();
        let names: Vec<String> = found.items.into_iter().map(|account| account.profile.name).collect();
        (names.join(" "), found.info.total)
    };
    let page = |page, limit| Page::new(page, limit).unwrap();
    let all = page(1, 100);
    assert_eq!(list(Some(AccountStatus::Pending), None, UserSort::Name, all).await, ("pia".into(), 1));
    assert_eq!(list(None, Some("GREG"), UserSort::Name, all).await, ("greg".into(), 1));
    assert_eq!(list(None, Some("%"), UserSort::Name, all).await, (String::new(), 0));
    let (first, total) = list(None, None, UserSort::Email, page(1, 5)).await;
    let (second, _) = list(None, None, UserSort::Email, page(2, 5)).await;
    assert_eq!(
        (first.as_str(), second.as_str(), total),
        ("adam eve gary gil greg", "mary mia olga pat pia", 14)
    );
    let (last_first, _) = list(None, None, UserSort::NameBackwards, page(1, 3)).await;
    assert_eq!(last_first, "zoe vic susi");
    world.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(list(Some(AccountStatus::Pending), None, UserSort::Name, all).await, (String::new(), 0));
    assert_eq!(list(Some(AccountStatus::Expired), None, UserSort::Name, all).await, ("pia".into(), 1));
}

#[tokio::test]
async fn closing_an_account_ends_its_sessions_and_its_links() {
    // proves ACC-5, AUT-3
    let world = World::new().await;
    let later: DateTime<Utc> = start() + TimeDelta::days(1);
    world
        .sql(&format!(
            "insert into sessions (id, user_id, created_at, authenticated_at, last_seen_at, expires_at, idle_until)
             values (gen_random_uuid(), '{GREG}', now(), now(), now(), '{later}', '{later}');
             insert into one_time_links (id, purpose, user_id, email, hash, created_at, expires_at)
             values (gen_random_uuid(), 'reset_password', '{GREG}', 'greg@example.com', 'x', now(), '{later}')"
        ))
        .await;
    disable(&world.db, PAT, GREG).await.unwrap();
    assert_eq!(world.sql("select revoked_because from sessions").await, "disabled");
    assert_eq!(world.sql("select count(*) from one_time_links").await, "0");
    let (mut tx, allowed) = begin::<action::RevokeSessions>(&world.db, PAT, GREG).await.unwrap();
    assert_eq!(session::revoke_all(&mut tx, &allowed).await.unwrap(), 0, "there is none any more");
}

use std::collections::HashSet;
use std::time::Duration;

use authz::Outcome;
use tenancy::api_key::Scope;
use tenancy::decision_log::{self, Filter};
use tenancy::{Caller, DecisionId, KeyOwner, decision_action as decision};

use super::{all, allowed, answer, denied, logging, olga_sees, page, settings, shown};
use crate::support::{ACME, ACME_VAULT, GARY, GIL, GLOBEX, OLGA, VIC, World, ask, of, request, said, time};

#[tokio::test]
async fn pages_are_complete_and_show_nothing_twice_while_the_log_grows() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let mut there = vec![];
    for step in 0..50 {
        // Many in one millisecond, and some days apart.
        let pause = [0, 0, 0, 1, 3_600_000 * 13][step % 5];
        world.clock.advance(Duration::from_millis(pause));
        there.push(answer(&db, &Caller::Operator, if step % 3 == 0 { denied() } else { allowed() }).await.id);
    }
    writer.flush().await.unwrap();
    there.sort();
    there.reverse();

    let (mut found, mut after, mut pages): (Vec<DecisionId>, _, usize) = (vec![], None, 0);
    loop {
        let page =
            page(&db, &Caller::Operator, KeyOwner::Platform, &Filter::default(), after, 7).await.unwrap();
        assert!(page.decisions.len() <= 7);
        found.extend(page.decisions.iter().map(|logged| logged.id));
        pages += 1;
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().unwrap());
        for _ in 0..5 {
            answer(&db, &Caller::Operator, denied()).await;
        }
        writer.flush().await.unwrap();
    }
    let distinct: HashSet<_> = found.iter().collect();
    assert_eq!(distinct.len(), found.len(), "none twice");
    assert_eq!(found, there, "all that were there at first, newest first");
    assert_eq!(pages, 8);
}

#[tokio::test]
async fn filters_find_what_they_say() {
    // proves PDP-7
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let first = answer(&db, &Caller::Operator, allowed()).await;
    world.clock.set(time("2026-11-22T12:00:00Z"));
    let second = answer(&db, &Caller::Operator, denied()).await;
    let third =
        answer(&db, &Caller::Operator, ask(of("User", "nobody"), "no.such", of("Resource", "x"))).await;
    writer.flush().await.unwrap();
    let (first, second, third) = (first.id, second.id, third.id);
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    let late = Some(time("2026-11-22T00:00:00Z"));
    for (filter, expected) in [
        (none(), vec![first, second, third]),
        (Filter { principal_id: Some(OLGA.to_string()), ..none() }, vec![first, second]),
        (Filter { principal_type: text("User"), principal_id: text("nobody"), ..none() }, vec![third]),
        (Filter { principal_type: text("ApiKey"), ..none() }, vec![]),
        (Filter { action: text("no.such"), ..none() }, vec![third]),
        (Filter { resource_id: Some(ACME.to_string()), ..none() }, vec![first]),
        (Filter { resource_type: text("Organization"), ..none() }, vec![first, second]),
        (Filter { decision: Some(Outcome::Allow), ..none() }, vec![first]),
        (Filter { decision: Some(Outcome::Deny), ..none() }, vec![second, third]),
        (Filter { policy: text("org.member.view"), ..none() }, vec![first]),
        (Filter { policy: text("org.member"), ..none() }, vec![]),
        (Filter { reason: text("no_policy_allows"), ..none() }, vec![second]),
        (Filter { reason: text("unknown_action"), ..none() }, vec![third]),
        (Filter { from: late, ..none() }, vec![second, third]),
        (Filter { to: late, ..none() }, vec![first]),
        (Filter { from: late, to: Some(time("2026-11-22T12:00:00Z")), ..none() }, vec![]),
    ] {
        let found: HashSet<_> = all(&db, &filter).await.into_iter().map(|logged| logged.id).collect();
        assert_eq!(found, expected.into_iter().collect::<HashSet<_>>(), "{filter:?}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_refused_by_its_name() {
    // proves PDP-7
    let world = World::new().await;
    let text = |text: &str| Some(text.to_owned());
    let (noon, none) = (Some(time("2026-11-22T12:00:00Z")), Filter::default);
    for (filter, limit, expected) in [
        (Filter { principal_id: text(""), ..none() }, 1, "principal_id: at least one character"),
        (Filter { action: text("a\0b"), ..none() }, 1, "action: at least one character"),
        (
            Filter { reason: text("because"), ..none() },
            1,
            "reason: no reason \"because\"; there are forbidden",
        ),
        (Filter { from: noon, to: noon, ..none() }, 1, "to: must be after from"),
        (none(), 0, "limit: 1 to 200"),
        (none(), 201, "limit: 1 to 200"),
    ] {
        let refused = page(&world.db, &Caller::Operator, KeyOwner::Platform, &filter, None, limit).await;
        assert!(said(&refused).starts_with(&format!("invalid {expected}")), "{}", said(&refused));
    }
}

#[tokio::test]
async fn an_organizations_key_reads_its_own_log_and_no_other() {
    // proves PDP-7, KEY-1
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let ours = answer(&db, &Caller::Operator, olga_sees(ACME)).await.id;
    let theirs = answer(&db, &Caller::Operator, olga_sees(GLOBEX)).await.id;
    let nobodys = answer(&db, &Caller::Operator, ask(of("User", VIC), "user.view", of("User", VIC))).await.id;
    writer.flush().await.unwrap();
    let key = world.key(KeyOwner::Org(ACME), &[Scope::DecisionsRead]).await.caller;
    let bare = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.caller;
    let platform = world.key(KeyOwner::Platform, &[Scope::DecisionsRead]).await.caller;
    let none = Filter::default();
    let found = page(&db, &key, KeyOwner::Org(ACME), &none, None, 9).await.unwrap().decisions;
    assert_eq!(found.iter().map(|logged| logged.id).collect::<Vec<_>>(), [ours]);
    let everything = page(&db, &platform, KeyOwner::Platform, &none, None, 9).await.unwrap().decisions;
    assert_eq!(everything.len(), 3);
    for (caller, owner, expected) in [
        (&key, KeyOwner::Org(GLOBEX), "not found: organization"),
        (&key, KeyOwner::Platform, "forbidden decision.list by []"),
        (&bare, KeyOwner::Org(ACME), "forbidden decision.list by []"),
        (&Caller::Anonymous, KeyOwner::Org(ACME), "unauthenticated"),
    ] {
        assert_eq!(said(&page(&db, caller, owner, &none, None, 9).await), expected);
    }

    let mut tx = db.begin(request()).await.unwrap();
    let allowed = tx.authorize::<decision::List>(&key, KeyOwner::Org(ACME)).await.unwrap();
    assert!(decision_log::get(&mut tx, &allowed, ours).await.is_ok());
    for other in [theirs, nobodys, DecisionId(uuid::Uuid::max()), DecisionId(uuid::Uuid::nil())] {
        assert_eq!(said(&decision_log::get(&mut tx, &allowed, other).await), "not found: decision");
    }
}

#[tokio::test]
async fn why_a_stranger_was_refused_is_not_the_organizations_to_read() {
    // proves PDP-7, KEY-1
    let world = World::new().await;
    let (db, mut writer) = logging(&world.db, settings());
    let vault = || of("Workspace", ACME_VAULT);
    for principal in [of("User", GARY), of("User", "nobody")] {
        answer(&db, &Caller::Operator, ask(principal, "workspace.update", vault())).await;
    }
    writer.flush().await.unwrap();
    let acme = world.key(KeyOwner::Org(ACME), &[Scope::DecisionsRead]).await.caller;
    let find = async |reason: &str, owner: KeyOwner, caller: &Caller| {
        let filter = Filter { reason: Some(reason.to_owned()), ..Filter::default() };
        page(&db, caller, owner, &filter, None, 9).await.unwrap().decisions
    };
    assert_eq!(find("no_policy_allows", KeyOwner::Platform, &Caller::Operator).await.len(), 1);
    assert_eq!(find("no_policy_allows", KeyOwner::Org(ACME), &acme).await.len(), 0);
    let told = find("unknown_principal", KeyOwner::Org(ACME), &acme).await;
    let known = |user: &str| {
        let mine = told.iter().find(|logged| logged.principal.as_ref().is_some_and(|who| who.id == user));
        let mut seen = shown(mine.expect("a decision"));
        for differs in ["id", "duration_us", "revision"] {
            seen.as_object_mut().unwrap().remove(differs);
        }
        seen.to_string().replace(user, "…")
    };
    assert_eq!(known(&GARY.to_string()), known("nobody"), "one who exists looks like one who does not");

    // A member is no stranger.
    let member = answer(&db, &Caller::Operator, ask(of("User", VIC), "workspace.update", vault())).await;
    let other = answer(&db, &Caller::Operator, ask(of("User", GIL), "workspace.update", vault())).await;
    writer.flush().await.unwrap();
    let reason = |id: DecisionId| {
        let db = db.clone();
        let acme = acme.clone();
        async move {
            let page = page(&db, &acme, KeyOwner::Org(ACME), &Filter::default(), None, 9).await.unwrap();
            let found = page.decisions.into_iter().find(|logged| logged.id == id).unwrap();
            found.reason.unwrap().code
        }
    };
    assert_eq!(reason(member.id).await, "no_policy_allows");
    assert_eq!(reason(other.id).await, "unknown_principal");
}

//! API keys: how applications say who they are.

use chrono::TimeDelta;
use tenancy::api_key::{self, NewApiKey, Scope};
use tenancy::{Caller, KeyOwner, Page, Token, key};

use crate::support::{
    ACME, GLOBEX, World, create_key, race, request, revoke_key, rotate_key, said, shipped_policies, start,
};

fn new(scopes: &[Scope]) -> NewApiKey {
    NewApiKey { name: "a key".into(), scopes: scopes.to_vec(), expires_at: None }
}

/// All text and all bytes of all tables.
async fn everything(world: &World) -> String {
    let tables = world
        .sql(
            "select string_agg(format('select %L || t::text from %I t', table_name || ' ', table_name), ' union all ')
             from information_schema.tables where table_schema = 'public'",
        )
        .await;
    world.sql(&tables).await
}

#[tokio::test]
async fn a_key_is_who_it_says_and_its_secret_is_nowhere_in_the_store() {
    // proves KEY-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    let (_, rotated) = rotate_key(&world.db, &Caller::Operator, key.id).await.expect("rotated");
    for token in [&key.token, &rotated] {
        let text = token.reveal();
        assert!(text.starts_with("dw_") && text.len() == 46, "{token:?}");
        let rows = everything(&world).await;
        assert!(rows.contains(rotated.prefix()), "the search looks at the right thing");
        let secret = &text[token.prefix().len()..];
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        for trace in [text, secret, &hex] {
            assert!(!rows.contains(trace), "a secret is in the store");
        }
    }
    let shown = format!(
        "{:?}",
        create_key(&world.db, &Caller::Operator, KeyOwner::Platform, &new(&Scope::ALL)).await
    );
    assert!(shown.contains("…"), "{shown}");
    assert_eq!(shown.matches("dw_").count(), 2, "two prefixes: {shown}");
}

#[tokio::test]
async fn only_the_living_secret_of_a_living_key_is_anybody() {
    // proves KEY-1
    let world = World::new().await;
    let end = start() + TimeDelta::hours(1);
    let key = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    let expiring = world.key_until(KeyOwner::Org(ACME), &[Scope::Authorize], Some(end)).await;
    let who = |token: Token| {
        let db = world.db.clone();
        async move { api_key::authenticate(&db, &token).await.expect("an answer") }
    };
    assert_eq!(who(key.token.clone()).await, Some(key.caller.clone()));

    let same_prefix = format!("{}{}", key.token.prefix(), "x".repeat(34));
    for garbage in [same_prefix, "x".repeat(46), key.token.reveal().to_uppercase()] {
        assert_eq!(who(Token::parse(&garbage).expect("a token")).await, None, "{garbage}");
    }

    world.clock.set(end - TimeDelta::microseconds(1));
    assert_eq!(who(expiring.token.clone()).await, Some(expiring.caller.clone()));
    world.clock.set(end);
    assert_eq!(who(expiring.token.clone()).await, None, "expired");

    let (_, rotated) = rotate_key(&world.db, &Caller::Operator, key.id).await.expect("rotated");
    assert_eq!(who(key.token.clone()).await, None, "rotated");
    assert_eq!(who(rotated.clone()).await, Some(key.caller.clone()));

    revoke_key(&world.db, &Caller::Operator, key.id).await.expect("revoked");
    assert_eq!(who(rotated.clone()).await, None, "revoked");
    assert_eq!(
        said(&rotate_key(&world.db, &Caller::Operator, key.id).await),
        "conflict key_revoked: a revoked key cannot be rotated; create a new one"
    );
    revoke_key(&world.db, &Caller::Operator, key.id).await.expect("revoked twice is no error");
    assert_eq!(world.sql("select count(*) from audit where action = 'key.revoke'").await, "1");
}

#[tokio::test]
async fn the_last_use_is_known_to_the_minute() {
    // proves KEY-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Platform, &[Scope::Authorize]).await;
    let used =
        "select last_used_at = '2026-11-21T12:00:00Z', last_used_at = '2026-11-21T12:01:00Z' from api_keys";
    api_key::authenticate(&world.db, &key.token).await.expect("known");
    assert_eq!(world.sql(used).await, "t|f");
    world.clock.set(start() + TimeDelta::seconds(59));
    api_key::authenticate(&world.db, &key.token).await.expect("known");
    assert_eq!(world.sql(used).await, "t|f");
    world.clock.set(start() + TimeDelta::seconds(60));
    api_key::authenticate(&world.db, &key.token).await.expect("known");
    assert_eq!(world.sql(used).await, "f|t");
}

#[tokio::test]
async fn eight_replicas_that_start_together_make_one_first_key() {
    // proves OPS-1
    let world = World::empty().await;
    let tokens = race(8, |_| {
        let db = world.db.clone();
        async move { api_key::bootstrap(&db, None).await.expect("started") }
    })
    .await;
    let made: Vec<Token> = tokens.into_iter().flatten().collect();
    assert_eq!(made.len(), 1, "one of them shows it");
    assert_eq!(world.sql("select count(*), min(name) from api_keys").await, "1|first run");
    let who = api_key::authenticate(&world.db, &made[0]).await.expect("an answer");
    assert!(matches!(who, Some(Caller::ApiKey(_))), "{who:?}");
    assert_eq!(world.assert_audit_holds().await, 1);
}

#[tokio::test]
async fn the_first_key_is_made_over_one_connection_too() {
    // proves OPS-2: the embedded Postgres has no more
    let world = World::empty().await;
    let db = world.connect(1, &shipped_policies()).await;
    assert!(api_key::bootstrap(&db, None).await.expect("started").is_some());
    assert!(api_key::bootstrap(&db, None).await.expect("started").is_none());
    let verified = db.verify_audit(|_| ()).await.expect("an audit log");
    assert_eq!((verified.entries, verified.breaks), (1, vec![]));
}

#[tokio::test]
async fn the_configured_key_is_put_into_force_once() {
    // proves OPS-5
    let world = World::empty().await;
    let token = Token::parse("configured-0123456789-0123456789-0123456789").expect("a token");
    let outcomes = race(8, |_| {
        let (db, token) = (world.db.clone(), token.clone());
        async move { api_key::bootstrap(&db, Some(&token)).await.expect("started").is_none() }
    })
    .await;
    assert_eq!(outcomes, [true; 8], "what is configured is not shown");
    assert_eq!(world.sql("select count(*), min(name) from api_keys").await, "1|bootstrap");
    assert!(api_key::authenticate(&world.db, &token).await.expect("an answer").is_some());
    assert!(api_key::bootstrap(&world.db, None).await.expect("started").is_none(), "there is one");
}

#[tokio::test]
async fn a_configured_key_that_was_ended_stays_ended() {
    // proves OPS-5, KEY-1
    let world = World::empty().await;
    let token = Token::parse("configured-0123456789-0123456789-0123456789").expect("a token");
    let start = || async { api_key::bootstrap(&world.db, Some(&token)).await.expect("started") };
    start().await;
    let Some(Caller::ApiKey(id)) = api_key::authenticate(&world.db, &token).await.expect("an answer") else {
        panic!("the key is not in force");
    };
    let (_, rotated) = rotate_key(&world.db, &Caller::Operator, id).await.expect("rotated");
    start().await;
    assert_eq!(api_key::authenticate(&world.db, &token).await.expect("an answer"), None, "rotated away");
    assert!(api_key::authenticate(&world.db, &rotated).await.expect("an answer").is_some());
    revoke_key(&world.db, &Caller::Operator, id).await.expect("revoked");
    start().await;
    assert_eq!(api_key::authenticate(&world.db, &rotated).await.expect("an answer"), None, "revoked");
    assert_eq!(world.sql("select count(*) from api_keys").await, "1");
}

#[tokio::test]
async fn a_key_makes_no_key_that_may_more() {
    // proves KEY-1
    let world = World::new().await;
    let acme = world.key(KeyOwner::Org(ACME), &[Scope::KeysManage, Scope::Authorize]).await;
    let platform = world.key(KeyOwner::Platform, &[Scope::KeysManage, Scope::Import]).await;
    let bare = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    let make = |caller: &Caller, owner, scopes: &[Scope]| {
        let (db, caller, new) = (world.db.clone(), caller.clone(), new(scopes));
        async move { said(&create_key(&db, &caller, owner, &new).await) }
    };
    let (in_acme, in_globex) = (KeyOwner::Org(ACME), KeyOwner::Org(GLOBEX));
    let refused = "forbidden key.create by []";
    let never = "forbidden key.create by [key.org.no_platform_scopes]";
    assert_eq!(make(&acme.caller, in_acme, &[Scope::Authorize]).await, "ok");
    assert_eq!(make(&acme.caller, in_acme, &[Scope::KeysManage, Scope::Authorize]).await, "ok");
    assert_eq!(make(&acme.caller, in_acme, &[Scope::Authorize, Scope::ResourcesRead]).await, refused);
    assert_eq!(make(&acme.caller, in_acme, &[Scope::Import]).await, refused);
    assert_eq!(make(&acme.caller, in_globex, &[Scope::Authorize]).await, "not found: organization");
    assert_eq!(make(&acme.caller, KeyOwner::Platform, &[Scope::Authorize]).await, refused);
    assert_eq!(make(&bare.caller, in_acme, &[Scope::Authorize]).await, refused);
    assert_eq!(make(&platform.caller, KeyOwner::Platform, &[Scope::Import]).await, "ok");
    assert_eq!(make(&platform.caller, KeyOwner::Platform, &[Scope::Authorize]).await, refused);
    assert_eq!(make(&platform.caller, in_globex, &[Scope::Import]).await, never);
    for scope in [Scope::Import, Scope::PoliciesRead] {
        assert_eq!(make(&Caller::Operator, in_acme, &[scope]).await, never, "{scope:?}");
    }
    assert_eq!(world.sql("select count(*) from api_keys").await, "6", "three and three");
}

#[tokio::test]
async fn a_key_makes_no_key_that_outlives_it() {
    // proves KEY-1
    let world = World::new().await;
    let end = start() + TimeDelta::days(1);
    let scopes = [Scope::KeysManage];
    let manager = world.key_until(KeyOwner::Org(ACME), &scopes, Some(end)).await;
    let later = "forbidden key.create by [key.no_longer_than_self]";
    for (expires_at, told) in
        [(Some(end), "ok"), (Some(end + TimeDelta::milliseconds(1)), later), (None, later)]
    {
        let new = NewApiKey { expires_at, ..new(&scopes) };
        let made = create_key(&world.db, &manager.caller, KeyOwner::Org(ACME), &new).await;
        assert_eq!(said(&made), told, "{expires_at:?}");
    }
}

#[tokio::test]
async fn a_key_rotates_no_key_that_may_more() {
    // proves KEY-1: whoever rotates holds the new secret
    let world = World::new().await;
    let manager = world.key(KeyOwner::Org(ACME), &[Scope::KeysManage]).await;
    let writer = world.key(KeyOwner::Org(ACME), &[Scope::ResourcesWrite]).await;
    assert_eq!(said(&rotate_key(&world.db, &manager.caller, writer.id).await), "forbidden key.rotate by []");
    assert_eq!(said(&rotate_key(&world.db, &writer.caller, writer.id).await), "ok", "its own");
    assert_eq!(said(&rotate_key(&world.db, &writer.caller, manager.id).await), "not found: API key");
}

#[tokio::test]
async fn of_eight_rotations_at_once_one_secret_is_left() {
    // proves KEY-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    let tokens = race(8, |_| {
        let (db, id) = (world.db.clone(), key.id);
        async move { rotate_key(&db, &Caller::Operator, id).await.expect("rotated").1 }
    })
    .await;
    let mut living = 0;
    for token in tokens.iter().chain([&key.token]) {
        living += usize::from(api_key::authenticate(&world.db, token).await.expect("an answer").is_some());
    }
    assert_eq!(living, 1);
    // Each entry begins where the one before it ended.
    let steps = world
        .sql(
            "select details::jsonb #>> '{before,prefix}', details::jsonb #>> '{after,prefix}' from audit
             join audit_details using (chain, seq) where action in ('key.create', 'key.rotate') order by seq",
        )
        .await;
    let steps: Vec<(&str, &str)> = steps.lines().filter_map(|line| line.split_once('|')).collect();
    assert_eq!(steps.len(), 9);
    for pair in steps.windows(2) {
        assert_eq!(pair[0].1, pair[1].0);
    }
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn eight_revocations_at_once_are_one() {
    // proves KEY-1
    let world = World::new().await;
    let key = world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await;
    let outcomes = race(8, |_| {
        let (db, id) = (world.db.clone(), key.id);
        async move { said(&revoke_key(&db, &Caller::Operator, id).await) }
    })
    .await;
    assert_eq!(outcomes, ["ok"; 8]);
    assert_eq!(world.sql("select count(*) from audit where action = 'key.revoke'").await, "1");
}

#[tokio::test]
async fn a_key_that_is_not_well_described_is_refused_field_by_field() {
    let world = World::new().await;
    let wrong = NewApiKey { name: "a\tb".into(), scopes: vec![], expires_at: Some(start()) };
    assert_eq!(
        said(&create_key(&world.db, &Caller::Operator, KeyOwner::Platform, &wrong).await),
        "invalid name: 1 to 100 characters, none of them control characters; scopes: at least one scope; \
         expires_at: must be in the future, and before the year 10000"
    );
    for (name, fits) in [("", false), (" ", false), (&*"é".repeat(100), true), (&*"é".repeat(101), false)] {
        let new = NewApiKey { name: name.into(), ..new(&[Scope::Authorize]) };
        let made = create_key(&world.db, &Caller::Operator, KeyOwner::Platform, &new).await;
        assert_eq!(made.is_ok(), fits, "{name:?}: {}", said(&made));
    }
    let doubled = new(&[Scope::ResourcesRead, Scope::Authorize, Scope::ResourcesRead]);
    let (made, _) =
        create_key(&world.db, &Caller::Operator, KeyOwner::Platform, &doubled).await.expect("made");
    assert_eq!(made.scopes, [Scope::Authorize, Scope::ResourcesRead]);
}

#[tokio::test]
async fn keys_are_listed_by_owner_newest_first_and_in_pages() {
    // proves API-3
    let world = World::new().await;
    let mut made = vec![];
    for minute in 0..5 {
        world.clock.set(start() + TimeDelta::minutes(minute));
        made.push(world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.id);
    }
    world.key(KeyOwner::Org(GLOBEX), &[Scope::Authorize]).await;
    world.key(KeyOwner::Platform, &[Scope::Authorize]).await;
    revoke_key(&world.db, &Caller::Operator, made[0]).await.expect("revoked");
    made.reverse();
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed = tx.authorize::<key::List>(&Caller::Operator, KeyOwner::Org(ACME)).await.expect("allowed");
    let page = |number| Page::new(number, 2).expect("a page");
    let second = api_key::list(&mut tx, &allowed, page(2)).await.expect("listed");
    let ids: Vec<_> = second.items.iter().map(|key| key.id).collect();
    assert_eq!(ids, made[2..4]);
    assert_eq!((second.info.total, second.info.total_pages), (5, 3));
    assert!(second.info.has_next && second.info.has_previous);
    let last = api_key::list(&mut tx, &allowed, page(3)).await.expect("listed");
    assert!(last.items[0].revoked_at.is_some() && !last.info.has_next);
    let beyond = api_key::list(&mut tx, &allowed, page(u32::MAX)).await.expect("listed");
    assert!(beyond.items.is_empty() && !beyond.info.has_next);
    let allowed = tx.authorize::<key::List>(&Caller::Operator, KeyOwner::Platform).await.expect("allowed");
    let platforms = api_key::list(&mut tx, &allowed, page(1)).await.expect("listed");
    assert_eq!(platforms.items.iter().map(|key| key.org_id).collect::<Vec<_>>(), [None]);
    assert!(Page::new(0, 1).is_none() && Page::new(1, 0).is_none() && Page::new(1, 101).is_none());
}

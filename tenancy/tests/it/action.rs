//! Who may act: [`Tx::authorize`](tenancy::Tx::authorize).

use std::collections::BTreeSet;

use authz::Snapshot;
use tenancy::api_key::{NewApiKey, Scope};
use tenancy::{
    ACTIONS, Action, ApiKeyId, Caller, KeyOwner, OrgId, Platform, Request, WorkspaceId,
    decision_action as decision, job_action as job, key, platform, user_action as user,
    workspace_action as workspace,
};
use uuid::Uuid;

use crate::support::{
    ACME, ACME_OPEN, GLOBEX, GLOBEX_DEFAULT, World, create_key, request, said, shipped_policies,
};

async fn authorized<A: Action>(world: &World, caller: &Caller, target: A::Target) -> String {
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    said(&tx.authorize::<A>(caller, target).await)
}

#[tokio::test]
async fn nobody_in_particular_has_to_say_who_they_are() {
    let world = World::new().await;
    let nobody = &Caller::Anonymous;
    let missing = WorkspaceId(Uuid::nil());
    let told = [
        authorized::<platform::Import>(&world, nobody, Platform).await,
        authorized::<key::List>(&world, nobody, KeyOwner::Org(ACME)).await,
        authorized::<workspace::ReadResources>(&world, nobody, ACME_OPEN).await,
        authorized::<workspace::ReadResources>(&world, nobody, missing).await,
    ];
    assert_eq!(told, ["unauthenticated"; 4]);
}

#[tokio::test]
async fn what_is_foreign_is_not_there() {
    // proves API-2, KEY-1
    let world = World::new().await;
    let acme = world.key(KeyOwner::Org(ACME), &Scope::ALL[..4]).await;
    let globex = world.key(KeyOwner::Org(GLOBEX), &[Scope::Authorize]).await;
    let (no_key, no_org, no_workspace) =
        (ApiKeyId(Uuid::nil()), KeyOwner::Org(OrgId(Uuid::nil())), WorkspaceId(Uuid::nil()));
    let pairs = [
        (
            authorized::<key::Revoke>(&world, &acme.caller, globex.id).await,
            authorized::<key::Revoke>(&world, &acme.caller, no_key).await,
        ),
        (
            authorized::<key::List>(&world, &acme.caller, KeyOwner::Org(GLOBEX)).await,
            authorized::<key::List>(&world, &acme.caller, no_org).await,
        ),
        (
            authorized::<workspace::WriteResources>(&world, &acme.caller, GLOBEX_DEFAULT).await,
            authorized::<workspace::WriteResources>(&world, &acme.caller, no_workspace).await,
        ),
    ];
    let nouns = ["API key", "organization", "workspace"];
    for ((foreign, missing), noun) in pairs.into_iter().zip(nouns) {
        assert_eq!(foreign, format!("not found: {noun}"));
        assert_eq!(foreign, missing);
    }
}

#[tokio::test]
async fn what_is_known_and_not_allowed_is_forbidden_by_name() {
    let world = World::new().await;
    let acme = world.key(KeyOwner::Org(ACME), &[Scope::Authorize, Scope::KeysManage]).await;
    assert_eq!(
        authorized::<workspace::WriteResources>(&world, &acme.caller, ACME_OPEN).await,
        "forbidden workspace.write_resources by []",
        "no policy permits it"
    );
    assert_eq!(
        authorized::<platform::Import>(&world, &acme.caller, Platform).await,
        "forbidden platform.import by []"
    );
    let new = NewApiKey { name: "import".into(), scopes: vec![Scope::Import], expires_at: None };
    assert_eq!(
        said(&create_key(&world.db, &acme.caller, KeyOwner::Org(ACME), &new).await),
        "forbidden key.create by []",
        "no policy permits it, whatever others forbid"
    );
    let platform = world.key(KeyOwner::Platform, &[Scope::KeysManage, Scope::Import]).await;
    assert_eq!(
        said(&create_key(&world.db, &platform.caller, KeyOwner::Org(ACME), &new).await),
        "forbidden key.create by [key.org.no_platform_scopes]",
        "a policy forbids it"
    );
}

#[tokio::test]
async fn a_read_only_organization_is_not_written_to() {
    // proves PLN-3
    let world = World::new().await;
    let acme = world.key(KeyOwner::Org(ACME), &[Scope::ResourcesRead, Scope::ResourcesWrite]).await;
    assert_eq!(authorized::<workspace::WriteResources>(&world, &acme.caller, ACME_OPEN).await, "ok");
    world.sql("update organizations set subscription_status = 'suspended'").await;
    assert_eq!(
        authorized::<workspace::WriteResources>(&world, &acme.caller, ACME_OPEN).await,
        "forbidden workspace.write_resources by [limit.workspace_read_only]"
    );
    assert_eq!(authorized::<workspace::ReadResources>(&world, &acme.caller, ACME_OPEN).await, "ok");
}

#[tokio::test]
async fn a_key_that_has_ended_or_never_was_may_nothing() {
    // proves KEY-1: revoked at once, also between the request's first look at the key and its decision
    let world = World::new().await;
    let key = world.key(KeyOwner::Platform, &Scope::ALL).await;
    assert_eq!(authorized::<platform::Import>(&world, &key.caller, Platform).await, "ok");
    world.sql("update api_keys set revoked_at = now()").await;
    let import = || authorized::<platform::Import>(&world, &key.caller, Platform);
    assert_eq!(import().await, "forbidden platform.import by [key.ended]");
    assert_eq!(authorized::<key::Rotate>(&world, &key.caller, key.id).await, "not found: API key");
    world.sql("delete from api_keys").await;
    assert_eq!(import().await, "forbidden platform.import by []");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    let world = World::new().await;
    let before = world.sql("select count(*) from api_keys; select count(*) from audit").await;
    {
        let mut tx = world.db.begin(Request::default()).await.expect("a transaction");
        let new = NewApiKey { name: "dropped".into(), scopes: vec![Scope::Authorize], expires_at: None };
        let allowed = tx
            .authorize_with::<key::Create>(&Caller::Operator, KeyOwner::Platform, new.context())
            .await
            .expect("allowed");
        tenancy::api_key::create(&mut tx, allowed, &new).await.expect("made");
    }
    assert_eq!(world.sql("select count(*) from api_keys; select count(*) from audit").await, before);
    world.assert_audit_holds().await;
}

#[test]
fn every_action_is_listed_and_declared() {
    // proves API-7
    let declared: BTreeSet<String> =
        Snapshot::load(&shipped_policies(), &[]).expect("a folder").actions().into_iter().collect();
    for action in ACTIONS {
        assert!(declared.contains(*action), "the schema declares no {action}");
    }
    let unique: BTreeSet<&str> = ACTIONS.iter().copied().collect();
    assert_eq!(unique.len(), ACTIONS.len(), "an action is listed twice");
    for name in [
        platform::ViewPolicies::NAME,
        user::Mail::NAME,
        user::OpenSession::NAME,
        job::List::NAME,
        key::Revoke::NAME,
        decision::List::NAME,
        workspace::WriteResources::NAME,
        "decision.ask",
        "org.view",
    ] {
        assert!(unique.contains(name), "{name} is not listed");
    }
}

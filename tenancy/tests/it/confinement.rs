//! An organization's key asks about that organization only, and learns nothing about any other.

use serde_json::json;
use tenancy::api_key::Scope;
use tenancy::{Answer, Ask, Caller, Consistency, Error, KeyOwner, ResourceId, UserId};

use crate::support::{
    ACME, ACME_OPEN, ACME_VAULT, ADAM, CHAPTER, DIARY, EVE, FREE_AGENT, GARY, GIL, GLOBEX, GLOBEX_AGENT,
    GLOBEX_DEFAULT, GREG, OLGA, PAT, RECIPE, REPORT, SUSI, World, ZOE, ZOE_HOME, ask, document, of, said,
    share, told,
};

async fn acme(world: &World) -> Caller {
    world.key(KeyOwner::Org(ACME), &[Scope::Authorize]).await.caller
}

fn user(id: UserId) -> ResourceId {
    of("User", id)
}

/// All that a caller is told, but for the decision's id.
fn whole(answer: &Answer) -> String {
    let reason = answer.decision.reason.as_ref().map(ToString::to_string);
    format!("{} {reason:?} {:?}", told(answer), answer.decision.policies)
}

async fn answer(world: &World, caller: &Caller, ask: &Ask) -> String {
    let answers = world.db.ask(caller, std::slice::from_ref(ask)).await.expect("an answer").answers;
    whole(&answers[0])
}

/// Neither an answer nor an explanation tells `foreign` from `missing`, in words that differ but for the name.
async fn assert_alike(world: &World, caller: &Caller, foreign: &Ask, missing: &Ask) {
    let name = |ask: &Ask| {
        let principal = ask.principal.as_ref().expect("a principal");
        (principal.id.clone(), ask.resource.id.clone())
    };
    let anonymous = |text: String, ask: &Ask| {
        let (principal, resource) = name(ask);
        text.replace(&principal, "PRINCIPAL").replace(&resource, "RESOURCE")
    };
    let one = anonymous(answer(world, caller, foreign).await, foreign);
    let other = anonymous(answer(world, caller, missing).await, missing);
    assert!(one.contains("unknown_"), "{one}");
    assert_eq!(one, other);
    let mut explained = vec![];
    for ask in [foreign, missing] {
        let (answer, explanation) =
            world.db.explain(caller, ask, Consistency::Cached).await.expect("an answer").answers;
        let text = format!(
            "{} {:?} {:?} {}",
            whole(&answer),
            explanation.opinions,
            explanation.entities,
            explanation.not_applicable
        );
        explained.push(anonymous(text, ask));
    }
    assert_eq!(explained[0], explained[1]);
}

#[tokio::test]
async fn a_foreign_resource_is_one_that_does_not_exist() {
    // proves KEY-1
    let world = World::new().await;
    let acme = acme(&world).await;
    let globex = world.key(KeyOwner::Org(GLOBEX), &[Scope::Authorize]).await;
    let platform = world.key(KeyOwner::Platform, &[Scope::Authorize]).await;
    let (nobody, nothing) = ("019aa000-0000-7000-8000-00000000dead", "019aa000-0000-7000-8000-00000000beef");
    for (action, foreign) in [
        ("org.view", of("Organization", GLOBEX)),
        ("workspace.view", of("Workspace", GLOBEX_DEFAULT)),
        ("workspace.view", of("Workspace", ZOE_HOME)),
        ("Docs::read", document(RECIPE)),
        ("Docs::read", document(DIARY)),
        ("agent.run", of("Agent", GLOBEX_AGENT)),
        ("agent.run", of("Agent", FREE_AGENT)),
        ("key.view", of("ApiKey", globex.id)),
        ("key.view", of("ApiKey", platform.id)),
        ("user.view", user(GARY)),
        ("user.view", user(ADAM)),
    ] {
        let missing = ResourceId { id: nothing.into(), ..foreign.clone() };
        // Of a member, of the foreign organization's own people, of nobody.
        for principal in [user(OLGA), user(GIL), user(GREG), of("User", nobody)] {
            let (foreign, missing) = (
                ask(principal.clone(), action, foreign.clone()),
                ask(principal.clone(), action, missing.clone()),
            );
            assert_alike(&world, &acme, &foreign, &missing).await;
        }
    }
    let membership = |org: tenancy::OrgId, user: UserId| of("Membership", format!("{org}/{user}"));
    let (foreign, missing) = (
        ask(user(OLGA), "membership.view", membership(GLOBEX, GARY)),
        ask(user(OLGA), "membership.view", membership(GLOBEX, GREG)),
    );
    assert_alike(&world, &acme, &foreign, &missing).await;
    let platform_itself = ask(user(OLGA), "org.create", of("Platform", "doorward"));
    assert_eq!(world.told_to(&acme, platform_itself).await, "deny unknown_resource");
}

#[tokio::test]
async fn a_stranger_is_one_who_does_not_exist() {
    // proves KEY-1
    let world = World::new().await;
    let acme = acme(&world).await;
    let globex = world.key(KeyOwner::Org(GLOBEX), &[Scope::Authorize, Scope::ResourcesRead]).await;
    world
        .import(&[json!({ "resource": { "type": "Docs::Robot", "id": "spy", "workspace_id": GLOBEX_DEFAULT,
            "attributes": { "may_read": ["internal"] } } })])
        .await;
    let nobody = "019aa000-0000-7000-8000-00000000dead";
    for (action, stranger, resource) in [
        ("org.view", user(GARY), of("Organization", ACME)),
        ("org.delete", user(GARY), of("Organization", ACME)),
        ("Docs::read", user(GREG), document(CHAPTER)),
        ("Docs::read", user(ZOE), document(CHAPTER)),
        ("workspace.read_resources", of("ApiKey", globex.id), of("Workspace", ACME_OPEN)),
        ("Docs::index", of("Docs::Robot", "spy"), document(CHAPTER)),
    ] {
        let missing = ResourceId { id: nobody.into(), ..stranger.clone() };
        let (known, unknown) =
            (ask(stranger, action, resource.clone()), ask(missing, action, resource.clone()));
        assert_alike(&world, &acme, &known, &unknown).await;
    }
}

#[tokio::test]
async fn a_stranger_whose_facts_do_not_fit_is_one_who_does_not_exist() {
    // proves KEY-1
    let world = World::new().await;
    let acme = acme(&world).await;
    world
        .import(&[json!({ "resource": { "type": "Docs::Robot", "id": "spy", "workspace_id": GLOBEX_DEFAULT,
            "attributes": { "may_read": ["internal"] } } })])
        .await;
    world.sql("update resources set attributes = '{\"may_read\": 7}' where id = 'spy'").await;
    let robot = |id| of("Docs::Robot", id);
    let (known, unknown) = (
        ask(robot("spy"), "Docs::index", document(CHAPTER)),
        ask(robot("nobody"), "Docs::index", document(CHAPTER)),
    );
    assert_alike(&world, &acme, &known, &unknown).await;
    assert_eq!(world.told_to(&Caller::Operator, known).await, "deny incomplete_facts");
}

#[tokio::test]
async fn who_has_to_do_with_the_organization_is_no_stranger() {
    let world = World::new().await;
    let acme = acme(&world).await;
    world.import(&[share(1, &document(CHAPTER), &user(GREG), "viewer", None)]).await;
    for (principal, action, resource, expected) in [
        (user(OLGA), "org.delete", of("Organization", ACME), "allow by org.owner.fate"),
        (user(ADAM), "org.delete", of("Organization", ACME), "deny no_policy_allows"),
        (user(GREG), "Docs::read", document(CHAPTER), "allow by content.shared.read"),
        (user(GREG), "Docs::edit", document(CHAPTER), "deny no_policy_allows"),
        // Allowed, by the platform's role: that is no secret then.
        (user(PAT), "org.view", of("Organization", ACME), "allow by platform.admin.orgs"),
        // A suspended member is as good as gone.
        (user(SUSI), "org.view", of("Organization", ACME), "deny unknown_principal"),
    ] {
        let asked = ask(principal, action, resource);
        assert_eq!(world.told_to(&acme, asked.clone()).await, expected, "{asked:?}");
    }
}

#[tokio::test]
async fn what_else_is_asked_tells_nothing_about_strangers() {
    // proves KEY-1: facts about foreign things are read for a batch that names them, and stay without effect
    let world = World::new().await;
    let acme = acme(&world).await;
    let before = answer(&world, &acme, &ask(user(GREG), "Docs::read", document(CHAPTER))).await;
    world.import(&[share(1, &document(RECIPE), &user(GREG), "viewer", None)]).await;
    let batch = [
        ask(user(GREG), "Docs::read", document(RECIPE)),
        ask(user(GREG), "Docs::read", document(CHAPTER)),
        ask(user(GARY), "org.view", of("Organization", GLOBEX)),
    ];
    let answers = world.db.ask(&acme, &batch).await.expect("answers").answers;
    assert_eq!(whole(&answers[1]), before);
    assert_eq!(told(&answers[0]), "deny unknown_resource");
    assert_eq!(told(&answers[2]), "deny unknown_resource");
}

#[tokio::test]
async fn an_explanation_shows_nothing_of_other_organizations() {
    // proves KEY-1, PDP-1
    let world = World::new().await;
    let acme = acme(&world).await;
    // Eve works elsewhere too, looks after the platform, and has a home.
    world
        .import(&[
            json!({ "membership": { "org_id": GLOBEX, "user_id": EVE, "role": "manager" } }),
            json!({ "workspace_member": { "workspace_id": GLOBEX_DEFAULT, "user_id": EVE, "role": "admin" } }),
            json!({ "workspace": { "id": "019aa000-0000-7000-8000-00000000beef", "owner_id": EVE, "name": "E",
                "visibility": "private" } }),
        ])
        .await;
    world.sql(&format!("update users set platform_role = 'admin' where id = '{EVE}'")).await;
    let asked = ask(user(EVE), "Docs::read", document(CHAPTER));
    let shown = |entities: &[serde_json::Value]| serde_json::Value::Array(entities.to_vec()).to_string();

    let (answer, explanation) =
        world.db.explain(&acme, &asked, Consistency::Cached).await.expect("told").answers;
    assert_eq!(told(&answer), "allow by content.owner, content.viewer.read");
    let seen = shown(&explanation.entities);
    for theirs in [ACME.to_string(), ACME_VAULT.to_string(), EVE.to_string(), format!("{ACME}/member")] {
        assert!(seen.contains(&theirs), "{theirs} is not in {seen}");
    }
    for foreign in [
        GLOBEX.to_string(),
        GLOBEX_DEFAULT.to_string(),
        "PlatformRole".into(),
        "019aa000-0000-7000-8000-00000000beef".into(),
    ] {
        assert!(!seen.contains(&foreign), "{foreign} is in {seen}");
    }
    let all = world.db.explain(&Caller::Operator, &asked, Consistency::Cached).await.expect("told").answers.1;
    assert!(shown(&all.entities).contains(&GLOBEX.to_string()), "the operator sees all of it");
}

#[tokio::test]
async fn an_explanation_shows_no_account_of_a_stranger() {
    // proves KEY-1: Gary owns a thing of Acme's, and has left Acme
    let world = World::new().await;
    let acme = acme(&world).await;
    world.sql(&format!("update resources set owner_id = '{GARY}' where id = '{REPORT}'")).await;
    let asked = ask(user(OLGA), "resource.read", of("Resource", REPORT));
    let explanation = world.db.explain(&acme, &asked, Consistency::Cached).await.expect("told").answers.1;
    let people: Vec<&str> = explanation
        .entities
        .iter()
        .filter(|entity| entity["uid"]["type"] == "User")
        .filter_map(|entity| entity["uid"]["id"].as_str())
        .collect();
    assert_eq!(people, [OLGA.to_string()]);
}

#[tokio::test]
async fn a_platform_key_asks_about_everything() {
    // proves KEY-1
    let world = World::new().await;
    let platform = world.key(KeyOwner::Platform, &[Scope::Authorize]).await.caller;
    for (principal, action, resource, expected) in [
        (user(GARY), "org.delete", of("Organization", GLOBEX), "allow by org.owner.fate"),
        (user(GIL), "Docs::read", document(RECIPE), "allow by content.viewer.read"),
        (user(EVE), "agent.run", of("Agent", FREE_AGENT), "allow by agent.free.use"),
        (user(ZOE), "Docs::read", document(DIARY), "allow by content.owner, content.viewer.read"),
        (user(OLGA), "org.create", of("Platform", "doorward"), "allow by platform.user.create_org"),
        (user(GARY), "org.view", of("Organization", ACME), "deny no_policy_allows"),
    ] {
        assert_eq!(world.told_to(&platform, ask(principal, action, resource)).await, expected);
    }
}

#[tokio::test]
async fn a_key_without_the_scope_does_not_ask() {
    // proves KEY-1
    let world = World::new().await;
    let asked = ask(user(OLGA), "org.view", of("Organization", ACME));
    let others = [Scope::ResourcesRead, Scope::ResourcesWrite, Scope::KeysManage];
    for owner in [KeyOwner::Org(ACME), KeyOwner::Platform] {
        let key = world.key(owner, &others).await;
        let refused = world.db.ask(&key.caller, std::slice::from_ref(&asked)).await;
        assert_eq!(said(&refused), "forbidden decision.ask by []");
        assert!(matches!(
            world.db.explain(&key.caller, &asked, Consistency::Cached).await,
            Err(Error::Forbidden { .. })
        ));
    }
}

#[tokio::test]
async fn a_lapsed_organization_goes_on_asking() {
    // proves PLN-3: asking changes nothing
    let world = World::new().await;
    let acme = acme(&world).await;
    world.sql("update organizations set subscription_status = 'suspended'").await;
    let asked = ask(user(OLGA), "org.view", of("Organization", ACME));
    assert_eq!(world.told_to(&acme, asked).await, "allow by org.member.view");
}

use tenancy::workspace::{self, WorkspaceFilter, WorkspaceSort};
use tenancy::{Error, Page, Visibility, WorkspaceId, WorkspaceRole, user_action};

use super::{all, create, get, members, names, page, person, update};
use crate::support::{
    ACME, ACME_DEFAULT, ACME_OPEN, ACME_VAULT, ADAM, EVE, GARY, GIL, GLOBEX, GLOBEX_DEFAULT, GREG, MARY, MIA,
    OLGA, PAT, SAM, VIC, World, ZOE, ZOE_HOME, of, request, said, share,
};

#[tokio::test]
async fn a_workspace_is_made_by_admins_and_its_maker_is_its_admin() {
    // proves WSP-1
    let world = World::new().await;
    for (by, outcome) in [
        (OLGA, "ok"),
        (ADAM, "ok"),
        (MARY, "forbidden workspace.create by []"),
        (MIA, "forbidden workspace.create by []"),
        (PAT, "forbidden workspace.create by []"),
        (GARY, "not found: organization"),
        (GREG, "not found: organization"),
    ] {
        let name = format!("of {by}");
        assert_eq!(said(&create(&world.db, by, ACME, &name, Visibility::Private).await), outcome, "{by}");
    }
    let made = create(&world.db, ADAM, ACME, "  Research ", Visibility::Private).await.unwrap();
    assert_eq!((made.name.as_str(), made.role), ("Research", Some(WorkspaceRole::Admin)));
    assert_eq!((made.is_default, made.member_count, made.version), (false, Some(1), 1));
    assert_eq!(get(&world.db, ADAM, made.id).await.unwrap().org_id, Some(ACME));
    let taken = "conflict name_taken: another workspace of the organization has this name";
    assert_eq!(said(&create(&world.db, OLGA, ACME, "Research", Visibility::Org).await), taken);
    assert_eq!(said(&update(&world.db, ADAM, ACME_OPEN, Some("Research "), None).await), taken);
    // Another organization may.
    assert_eq!(said(&create(&world.db, GARY, GLOBEX, "Research", Visibility::Org).await), "ok");
    world.assert_audit_holds().await;
}

#[tokio::test]
async fn a_name_is_one_line_that_can_be_read() {
    // proves WSP-1
    let world = World::new().await;
    let (long, longest) = ("x".repeat(10_000), "ü".repeat(200));
    let before = world.sql("select count(*) from workspaces").await;
    for name in ["", "  ", "a\0b", "a\nb", "evil\u{202e}txt", "\u{200b}", &long] {
        let said_to_both = [
            said(&create(&world.db, OLGA, ACME, name, Visibility::Org).await),
            said(&update(&world.db, OLGA, ACME_OPEN, Some(name), None).await),
        ];
        let wrong = "invalid name: 1 to 200 characters, none of them control characters";
        assert_eq!(said_to_both, [wrong, wrong], "{:?}", name.chars().take(10).collect::<String>());
    }
    assert_eq!(world.sql("select count(*) from workspaces").await, before);
    for name in [&longest, "قسم البحث", "研究", "a'; drop table workspaces; --"] {
        assert_eq!(said(&update(&world.db, OLGA, ACME_OPEN, Some(name), None).await), "ok", "{name}");
        assert_eq!(get(&world.db, OLGA, ACME_OPEN).await.unwrap().name, *name);
    }
}

#[tokio::test]
async fn everybody_lists_what_they_see_and_nothing_else() {
    // proves WSP-1, WSP-4
    let world = World::new().await;
    let db = &world.db;
    assert_eq!(names(db, ADAM, ACME, &all(), page()).await.unwrap(), ["Default", "Open"]);
    assert_eq!(names(db, VIC, ACME, &all(), page()).await.unwrap(), ["Vault"]);
    assert_eq!(names(db, MIA, ACME, &all(), page()).await.unwrap(), [""; 0]);
    assert_eq!(said(&names(db, PAT, ACME, &all(), page()).await), "forbidden workspace.list by []");
    assert_eq!(said(&names(db, GARY, ACME, &all(), page()).await), "not found: organization");
    let found = WorkspaceFilter { search: Some("PE".into()), ..all() };
    assert_eq!(names(db, OLGA, ACME, &found, page()).await.unwrap(), ["Open"]);
    let private = WorkspaceFilter { visibility: Some(Visibility::Private), ..all() };
    assert_eq!(names(db, OLGA, ACME, &private, page()).await.unwrap(), [""; 0]);
    assert_eq!(names(db, EVE, ACME, &private, page()).await.unwrap(), ["Vault"]);
    let backwards = WorkspaceFilter { sort: WorkspaceSort::NameBackwards, ..all() };
    let second = Page::new(2, 1).unwrap();
    assert_eq!(names(db, OLGA, ACME, &backwards, second).await.unwrap(), ["Default"]);
    let nothing = WorkspaceFilter { search: Some("a\0".into()), ..all() };
    assert_eq!(said(&names(db, OLGA, ACME, &nothing, page()).await), "invalid search: 1 to 254 characters");
}

#[tokio::test]
async fn a_private_workspace_is_closed_to_owners_and_administrators() {
    // proves WSP-4
    let world = World::new().await;
    for by in [OLGA, ADAM, MARY, MIA, PAT, SAM, GARY] {
        for outcome in [
            said(&get(&world.db, by, ACME_VAULT).await),
            said(&members(&world.db, by, ACME_VAULT).await),
            said(&update(&world.db, by, ACME_VAULT, Some("Mine"), None).await),
        ] {
            assert_eq!(outcome, "not found: workspace", "{by}");
        }
    }
    assert_eq!(get(&world.db, VIC, ACME_VAULT).await.unwrap().role, Some(WorkspaceRole::Viewer));
    let ids = |members: Vec<tenancy::workspace_member::WorkspaceMember>| {
        members.into_iter().map(|member| (member.name, member.is_suspended)).collect::<Vec<_>>()
    };
    let listed = ids(members(&world.db, VIC, ACME_VAULT).await.unwrap());
    assert_eq!(listed, [("susi".into(), true), ("eve".into(), false), ("vic".into(), false)]);
    // Who only has a share sees it, and not its members.
    world.import(&[share(7, &of("Workspace", ACME_VAULT), &of("User", GREG), "viewer", None)]).await;
    let seen = get(&world.db, GREG, ACME_VAULT).await.unwrap();
    assert_eq!((seen.role, seen.member_count), (None, None));
    let refused = members(&world.db, GREG, ACME_VAULT).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_path_names_a_workspace_with_its_organization() {
    // proves WSP-1
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.unwrap();
    let nowhere = WorkspaceId(uuid::Uuid::nil());
    for (org, id, outcome) in [
        (ACME, ACME_OPEN, "ok"),
        (ACME, GLOBEX_DEFAULT, "not found: workspace"),
        (GLOBEX, ACME_OPEN, "not found: workspace"),
        (ACME, ZOE_HOME, "not found: workspace"),
        (ACME, nowhere, "not found: workspace"),
    ] {
        assert_eq!(said(&workspace::in_org(&mut tx, org, id).await), outcome, "{org} {id}");
    }
}

#[tokio::test]
async fn a_switcher_shows_all_that_a_person_sees_wherever_it_lies() {
    // proves WSP-1, CTX-2
    let world = World::new().await;
    world
        .import(&[
            share(8, &of("Workspace", ZOE_HOME), &of("User", VIC), "viewer", None),
            share(9, &of("Workspace", GLOBEX_DEFAULT), &of("Organization", ACME), "editor", None),
            share(10, &of("Workspace", ZOE_HOME), &of("Platform", "doorward"), "viewer", None),
            share(11, &of("Workspace", ACME_DEFAULT), &of("Workspace", GLOBEX_DEFAULT), "viewer", None),
        ])
        .await;
    for (by, expected) in [
        (VIC, &["Default", "Vault", "Zoe"][..]),
        (OLGA, &["Default", "Default", "Default", "Open"]),
        (GIL, &["Default", "Default"]),
        (ZOE, &["Zoe"]),
        (PAT, &["Zoe"]),
        (GREG, &[]),
    ] {
        let mut tx = world.db.begin(request()).await.unwrap();
        let allowed = tx.authorize::<user_action::ListOrgs>(&person(by), by).await.unwrap();
        let listed = workspace::visible(&mut tx, &allowed, &all(), page()).await.unwrap();
        let names: Vec<&str> = listed.items.iter().map(|workspace| workspace.name.as_str()).collect();
        assert_eq!(names, expected, "{by}");
        assert_eq!(listed.info.total, i64::try_from(expected.len()).unwrap());
    }
}

use tenancy::account::{self, Registration};
use tenancy::{Caller, Person, user_action as user};

use crate::people::{
    PASSWORD, count, id_of, installation, mailed, password, register, registration, sign_in, sign_in_by,
};
use crate::support::{World, race, request, said};

const TABLES: [&str; 8] = [
    "users",
    "workspaces",
    "workspace_members",
    "passwords",
    "user_quotas",
    "jobs",
    "one_time_links",
    "audit",
];

async fn counts(world: &World) -> Vec<usize> {
    let mut counts = vec![];
    for table in TABLES {
        counts.push(count(world, table).await);
    }
    counts
}

// proves ACC-1
#[tokio::test]
async fn registering_makes_all_that_belongs_to_an_account_and_lets_its_owner_in() {
    let world = installation().await;
    register(&world.db, "Olga@EXAMPLE.com").await.unwrap();
    let made = "select u.email, u.status, u.email_verified_at is null, u.approval_due_at = u.created_at + interval '48 h',
                    u.platform_role is null, u.password_must_change, w.visibility, w.org_id is null, m.role, q.limit_bytes,
                    q.used_bytes, j.payload ->> 'mail', j.user_id = u.id, l.purpose, l.email
                from users u join workspaces w on w.owner_id = u.id
                join workspace_members m on m.workspace_id = w.id and m.user_id = u.id
                join user_quotas q on q.user_id = u.id join jobs j on (j.payload ->> 'user_id')::uuid = u.id
                join one_time_links l on l.id = (j.payload ->> 'link_id')::uuid and l.user_id = u.id";
    assert_eq!(
        world.sql(made).await.trim(),
        "Olga@example.com|pending|t|t|t|f|private|t|admin|5368709120|0|verification|t|verify_email|Olga@example.com"
    );
    assert_eq!(counts(&world).await, [1; 8]);
    let tokens = sign_in(&world.db, "olga@example.com").await;
    assert!(crate::people::may_ask(&world.db, &tokens).await);
    world.assert_audit_holds().await;
}

// proves ACC-1
#[tokio::test]
async fn a_registration_that_fails_halfway_leaves_nothing() {
    let world = installation().await;
    world
        .sql(
            "create function fail() returns trigger language plpgsql as $$ begin raise exception 'no quota'; end $$;
             create trigger fail before insert on user_quotas for each row execute function fail()",
        )
        .await;
    let outcome = said(&register(&world.db, "olga@example.com").await);
    assert!(outcome.starts_with("store: "), "{outcome}");
    assert_eq!(counts(&world).await, [0; 8]);
    world.sql("drop trigger fail on user_quotas").await;
    register(&world.db, "olga@example.com").await.unwrap();
    assert_eq!(counts(&world).await, [1; 8]);
}

// proves ACC-1, AUT-6
#[tokio::test]
async fn an_address_that_is_taken_changes_nothing_and_its_owner_is_told() {
    let world = installation().await;
    register(&world.db, "olga@example.com").await.unwrap();
    let rows = "select row_to_json(u)::text || p.hash || w.id || q.limit_bytes || l.id from users u
                join passwords p on p.user_id = u.id join workspaces w on w.owner_id = u.id
                join user_quotas q on q.user_id = u.id join one_time_links l on l.user_id = u.id";
    let before = (world.sql(rows).await, counts(&world).await);
    let other = Registration {
        name: "Mallory".into(),
        password: password("another one altogether"),
        ..registration("OLGA@Example.COM")
    };
    account::register(&world.db, request(), &other).await.unwrap();
    let mut expected = before.1;
    expected[5] += 1;
    assert_eq!((world.sql(rows).await, counts(&world).await), (before.0, expected));
    let told = "select payload from jobs where payload ->> 'mail' <> 'verification'";
    let olga = id_of(&world, "olga@example.com").await;
    assert_eq!(
        world.sql(told).await.trim(),
        format!(r#"{{"mail": "already_registered", "user_id": "{olga}"}}"#)
    );
    sign_in(&world.db, "olga@example.com").await;
    // The link that was mailed before is still good.
    let link = mailed(&world, "verification", "olga@example.com").await;
    account::verify_email(&world.db, request(), &link).await.unwrap();
}

// proves ACC-1
#[tokio::test]
async fn eight_who_register_one_address_at_once_make_one_account() {
    let world = installation().await;
    let outcomes = race(8, |number| {
        let db = world.db.clone();
        let email: String = "olga@example.com"
            .chars()
            .enumerate()
            .map(|(at, c)| if at % 8 == number { c.to_ascii_uppercase() } else { c })
            .collect();
        async move { said(&register(&db, &email).await) }
    })
    .await;
    assert_eq!(outcomes, ["ok"; 8]);
    assert_eq!(counts(&world).await, [1, 1, 1, 1, 1, 8, 1, 1]);
    assert_eq!(count(&world, "jobs where payload ->> 'mail' = 'already_registered'").await, 7);
    world.assert_audit_holds().await;
}

/// What policies say of an action on oneself.
macro_rules! tell {
    ($world:ident, $caller:ident, $id:ident, $($action:ident)+) => {{
        let mut told = vec![];
        $(
            let mut tx = $world.db.begin(request()).await.unwrap();
            told.push(said(&tx.authorize::<user::$action>(&$caller, $id).await));
        )+
        told
    }};
}

// proves ACC-2
#[tokio::test]
async fn an_unverified_account_can_be_verified_looked_at_left_and_nothing_else() {
    let world = installation().await;
    register(&world.db, "olga@example.com").await.unwrap();
    let tokens = sign_in(&world.db, "olga@example.com").await;
    let (id, caller) =
        (id_of(&world, "olga@example.com").await, crate::people::caller(&world.db, &tokens).await);
    let may = tell!(world, caller, id, View ResendVerification VerifyEmail SignOut RefreshSession OpenSession Reauthenticate);
    assert_eq!(may, ["ok"; 7]);
    let may_not = tell!(world, caller, id, Update ChangePassword ListSessions RevokeSession ManageSecondFactor Deactivate);
    for told in &may_not {
        assert!(told.ends_with("by [account.unverified]"), "{may_not:?}");
    }
    let link = mailed(&world, "verification", "olga@example.com").await;
    account::verify_email(&world.db, request(), &link).await.unwrap();
    assert_eq!(
        tell!(world, caller, id, Update ChangePassword ListSessions RevokeSession Deactivate),
        ["ok"; 5]
    );
    // Nobody else's account, verified or not.
    let stranger = Caller::User(Person::without_session(id));
    register(&world.db, "adam@example.com").await.unwrap();
    let adam = id_of(&world, "adam@example.com").await;
    assert_eq!(
        tell!(world, stranger, adam, View VerifyEmail SetPassword OpenSession),
        ["not found: user"; 4]
    );
}

// proves ACC-1
#[tokio::test]
async fn a_name_can_neither_write_headers_nor_hide_what_is_shown() {
    let world = installation().await;
    let long = "x".repeat(10_000);
    for name in [
        "",
        "   ",
        "a\r\nBcc: x@example.com",
        "a\0",
        "evil\u{202e}moc",
        "a\u{2066}b",
        "a\u{61c}b",
        "a\u{2028}b",
        "a\u{2060}b",
        "a\n",
        "\u{200b}",
        &long,
    ] {
        let new = Registration { name: name.into(), ..registration("olga@example.com") };
        let told = said(&account::register(&world.db, request(), &new).await);
        assert!(told.starts_with("invalid name: "), "{name:?}: {told}");
    }
    assert_eq!(counts(&world).await, [0; 8]);
    let new = Registration { name: " Øłga 🦓 Ω ".into(), ..registration("olga@example.com") };
    account::register(&world.db, request(), &new).await.unwrap();
    assert_eq!(world.sql("select '<' || name || '>' from users").await.trim(), "<Øłga 🦓 Ω>");
}

// proves AUT-1
#[tokio::test]
async fn a_password_is_taken_as_it_is_to_the_byte() {
    let world = installation().await;
    let (longest, long) = ("z y".repeat(85) + "z", "z".repeat(257));
    for bad in ["seven 7", "🦓🦓🦓🦓🦓🦓🦓", "password1", "my olga-k secret", &long] {
        let new = Registration { password: password(bad), ..registration("olga-k@example.com") };
        let told = said(&account::register(&world.db, request(), &new).await);
        assert!(told.starts_with("invalid password: "), "{bad:?}: {told}");
    }
    assert_eq!(counts(&world).await, [0; 8]);
    let good =
        ["🦓🦓🦓🦓🦓🦓🦓🦓", "  two before", "behind two  ", "nul\0inside", "Ångström e\u{301}", &longest];
    for (number, good) in good.into_iter().enumerate() {
        let email = format!("p{number}@example.com");
        let new = Registration { password: password(good), ..registration(&email) };
        account::register(&world.db, request(), &new).await.unwrap();
        assert!(sign_in_by(&world.db, &email, good).await.is_ok(), "{good:?}");
        let altered = [
            good.trim().to_owned(),
            good.replace('\0', ""),
            good.split('\0').next().unwrap().to_owned(),
            good.to_lowercase(),
            good.replace("e\u{301}", "é"),
            format!("{good}x"),
            good.chars().skip(1).collect(),
            PASSWORD.to_owned(),
        ];
        for other in altered.iter().filter(|other| *other != good) {
            assert_eq!(said(&sign_in_by(&world.db, &email, other).await), "bad_credentials", "{other:?}");
        }
    }
}

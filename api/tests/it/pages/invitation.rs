//! The page of an invitation, in all its states.

use std::time::Duration;

use serde_json::json;

use crate::auth::PASSWORD;
use crate::invitations::{invited, token_of};
use crate::me::token_of_ann;
use crate::pages::browser::Tab;
use crate::pages::link::GOOD;
use crate::pages::states::assert_beside;
use crate::second_factor::code;
use crate::support::{Reply, TestApp};
use crate::world::{ACME, ANN, GUS, VIC};

fn cookie(access: &str) -> String {
    format!("doorward_access={access}")
}

async fn see(app: &TestApp, link: &str) -> Reply {
    app.get(&format!("/invitation?token={link}")).send().await
}

fn roles(app: &TestApp) -> String {
    app.query(&format!(
        "select string_agg(role, ' ' order by created_at) from memberships where org_id = '{ACME}'"
    ))
}

// proves INV-2, INV-3
#[tokio::test]
async fn whoever_has_no_account_opens_one_on_the_page() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "nora@example.com").await;
    let before = app.contents();
    let page = see(&app, &link).await.page(200, "Open the account and join");
    for word in ["<bdi>ann</bdi>", "<bdi>acme</bdi>", "<bdi>open</bdi>", "n…@example.com", "a member"] {
        assert!(page.text.contains(word), "{word}: {}", page.text);
    }
    assert!(!page.text.contains("nora@"), "{}", page.text);
    app.get(&format!("/invitation?token={link}&lang=fr"))
        .send()
        .await
        .page(200, "Ouvrir le compte et rejoindre");
    let sent = |password, repeat| {
        [
            ("how", "register"),
            ("token", &*link),
            ("name", "Nora <b>"),
            ("password", password),
            ("repeat", repeat),
        ]
        .map(|(name, value): (&str, &str)| (name.to_owned(), value.to_owned()))
    };
    for (password, repeat, field, said) in [
        ("seven 7", "seven 7", "password", "8 to 256 characters."),
        ("we-are-acme-2026", "we-are-acme-2026", "password", "name of an organization"),
        (GOOD, "another", "repeat", "not the same"),
    ] {
        let form = sent(password, repeat);
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        let page = app.post("/invitation").form(&form).send().await.page(422, said);
        assert_beside(&page.text, field, said);
        assert!(page.text.contains("value=\"Nora &#60;b&#62;\""), "{}", page.text);
    }
    assert_eq!(app.contents(), before);
    let form = sent(GOOD, GOOD);
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
    let ours = app.post("/invitation").header("sec-fetch-site", "same-origin");
    let done = ours.form(&form).send().await.page(200, "Welcome to <bdi>acme</bdi>");
    assert!(done.text.contains("http://127.0.0.1:8080"), "{}", done.text);
    let cookies: Vec<_> = done.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 2);
    let access = cookies[0].to_str().unwrap().split(';').next().unwrap().to_owned();
    let me = app.get("/api/v1/me").header("cookie", access).send().await.expect(200);
    assert_eq!(me.body["email"], "nora@example.com");
    see(&app, &link).await.page(410, "This invitation was accepted");
    app.post("/invitation").form(&form).send().await.page(410, "This invitation was accepted");
}

// proves INV-3, AUT-7
#[tokio::test]
async fn whoever_has_an_account_gives_its_password_and_no_more_tries_than_at_the_front_door() {
    let app = TestApp::setup().setting("DOORWARD_SIGN_IN_PER_ACCOUNT", "2/15m").start().await;
    let (_, link) = invited(&app, "gus@example.com").await;
    token_of(&app, GUS).await;
    see(&app, &link).await.page(200, "Give its password to accept");
    let form = |password| [("how", "sign_in"), ("token", &*link), ("password", password)];
    let before = roles(&app);
    for _ in 0..2 {
        let page =
            app.post("/invitation").form(&form("wrong horse")).send().await.page(422, "or the code is wrong");
        assert_beside(&page.text, "password", "The password or the code is wrong.");
    }
    app.post("/invitation").form(&form(PASSWORD)).send().await.page(429, "Too many tries");
    assert_eq!(roles(&app), before);
    app.clock.advance(Duration::from_secs(900));
    let ours = app.post("/invitation").header("sec-fetch-site", "same-origin");
    let done = ours.form(&form(PASSWORD)).send().await.page(200, "Welcome to <bdi>acme</bdi>");
    assert_eq!(done.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(roles(&app).split(' ').count(), 3);
}

// proves AUT-8
#[tokio::test]
async fn whoever_has_a_second_factor_is_asked_for_a_code() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "gus@example.com").await;
    let gus = token_of(&app, GUS).await;
    let enrolment = app.post("/api/v1/me/second-factor").by(&gus).send().await.expect(200);
    let secret = crate::support::text(&enrolment.body["secret"]);
    let confirm = json!({ "code": code(&secret, app.db.now()) });
    app.post("/api/v1/me/second-factor/confirm").by(&gus).json(&confirm).send().await.expect(200);
    let form = [("how", "sign_in"), ("token", &*link), ("password", PASSWORD)];
    let page = app.post("/invitation").form(&form).send().await.page(422, "one-time-code");
    assert_beside(&page.text, "code", "Give a code of your second factor too.");
    let with = |code: &str| app.post("/invitation").form(&[&form[..], &[("code", code)]].concat()).send();
    with("000000").await.page(422, "one-time-code");
    app.clock.advance(Duration::from_secs(30));
    with(&code(&secret, app.db.now())).await.page(200, "Welcome to <bdi>acme</bdi>");
}

// proves INV-3
#[tokio::test]
async fn whoever_is_signed_in_accepts_with_a_button_from_our_own_page_only() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "gus@example.com").await;
    let (gus, vic) = (cookie(&token_of(&app, GUS).await), cookie(&token_of(&app, VIC).await));
    let look = |cookie: &str| app.get(&format!("/invitation?token={link}")).header("cookie", cookie).send();
    look(&vic).await.page(200, "with an account that this invitation is not for");
    look("doorward_access=rubbish").await.page(200, "Give its password to accept");
    look(&gus).await.page(200, "Accept the invitation");
    let form = [("how", "accept"), ("token", &*link)];
    let press = |cookie: &str| app.post("/invitation").header("cookie", cookie).form(&form);
    let before = roles(&app);
    press(&gus).send().await.page(200, "Give its password to accept");
    press(&gus).header("origin", "null").send().await.page(200, "Give its password to accept");
    press(&gus).header("sec-fetch-site", "cross-site").send().await.page(403, "another site");
    let ours =
        |cookie: &str| press(cookie).header("sec-fetch-site", "same-origin").header("origin", "null").send();
    ours(&vic).await.page(403, "does not allow it now");
    assert_eq!(roles(&app), before);
    ours(&gus).await.page(200, "Welcome to <bdi>acme</bdi>");
    look(&gus).await.page(410, "This invitation was accepted");
}

// proves INV-4
#[tokio::test]
async fn a_member_an_expired_and_a_revoked_invitation_and_none_have_pages_of_their_own() {
    let app = TestApp::start().await;
    let (id, link) = invited(&app, "gus@example.com").await;
    let gus = token_of(&app, GUS).await;
    app.query(&format!(
        "insert into memberships (org_id, user_id, role, created_at) values ('{ACME}', '{GUS}', 'owner', now())"
    ));
    let look = || app.get(&format!("/invitation?token={link}")).header("cookie", cookie(&gus)).send();
    look().await.page(200, "You are a member already");
    let form = [("how", "sign_in"), ("token", &*link), ("password", PASSWORD)];
    app.post("/invitation").form(&form).send().await.page(200, "You are a member already");
    assert_eq!(
        app.query(&format!("select role from memberships where org_id = '{ACME}' and user_id = '{GUS}'")),
        "owner"
    );
    app.query(&format!("delete from memberships where user_id = '{GUS}' and org_id = '{ACME}'"));
    app.query("update organizations set plan = 'free'");
    app.post("/invitation").form(&form).send().await.page(409, "No seat is left");
    app.query("update organizations set plan = 'pro'");
    app.clock.advance(Duration::from_secs(7 * 86_400));
    see(&app, &link).await.page(410, "This invitation has expired");
    app.post("/invitation").form(&form).send().await.page(410, "This invitation has expired");
    let ann = token_of_ann(&app).await;
    app.delete(&format!("/api/v1/orgs/{ACME}/invitations/{id}")).by(&ann).send().await.expect(204);
    see(&app, &link).await.page(410, "This invitation was taken back");
    for unknown in
        ["", "dwi_short", &format!("dwi_{:A<43}", ""), "dwl_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        see(&app, unknown).await.page(404, "no such link");
        let form = [("how", "accept"), ("token", unknown)];
        app.post("/invitation").form(&form).send().await.page(404, "no such link");
    }
    let unknown = [("how", "accept"), ("token", &*link), ("platform_role", "admin")];
    for bad in [&unknown[..], &unknown[1..2], &[("how", "steal"), ("token", &*link)], &[]] {
        app.post("/invitation").form(bad).send().await.page(422, "did not arrive as it should");
    }
}

// proves MAIL-1: what users chose cannot write the page
#[tokio::test]
async fn names_are_shown_and_nothing_else() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "nora@example.com").await;
    let hostile = "<script>alert(1)</script>\" onload=\"x()";
    app.query(&format!("update organizations set name = '{hostile}'; update users set name = '{hostile}'"));
    for language in ["en", "fr"] {
        let page =
            app.get(&format!("/invitation?token={link}&lang={language}")).send().await.page(200, "<form");
        assert!(page.text.contains("&#60;script&#62;alert(1)"), "{}", page.text);
        assert!(!page.text.contains("<script") && !page.text.contains("\" onload"), "{}", page.text);
        assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    }
}

// proves INV-3
#[tokio::test]
async fn somebody_joins_in_a_browser_and_accepts_the_next_invitation_with_a_button() {
    let app = TestApp::start().await;
    let (_, link) = invited(&app, "nora@example.com").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/invitation?token={link}")).await;
    for (field, said) in [("#name", "Nora"), ("#password", GOOD), ("#repeat", GOOD)] {
        tab.write(field, said).await;
    }
    tab.click("button").await;
    tab.shows("Welcome to acme").await;
    assert_eq!(tab.address().await, "/invitation");
    app.query(&format!("delete from memberships where user_id <> '{ANN}' and org_id = '{ACME}'"));
    let (_, next) = invited(&app, "nora@example.com").await;
    tab.goto(&format!("/invitation?token={next}")).await;
    tab.shows("Accept the invitation").await;
    tab.click("button").await;
    tab.shows("Welcome to acme").await;
    assert_eq!(tab.warnings().await, Vec::<String>::new());
}

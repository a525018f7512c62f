//! Every state of every page has an answer of its own.

use crate::pages::link::{GOOD, LINKED, UNKNOWN, fields, link};
use crate::support::TestApp;
use crate::world::ANN;

// proves API-2 and ASVS 3.5.3: looking at a link uses nothing up
#[tokio::test]
async fn looking_at_a_link_changes_nothing_and_the_form_does_it_once() {
    let app = TestApp::start().await;
    app.query(&format!("update users set email_verified_at = null where id = '{ANN}'"));
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        let before = app.contents();
        for _ in 0..2 {
            let page = app.get(&format!("{path}?token={token}")).send().await.page(200, "method=\"post\"");
            assert!(page.text.contains(&format!(r#"name="token" value="{token}""#)), "{}", page.text);
        }
        app.call("HEAD", &format!("{path}?token={token}")).send().await.expect(200);
        assert_eq!(app.contents(), before, "{path}");

        app.post(path).form(&fields(path, &token)).send().await.page(200, "http://127.0.0.1:8080");
        assert_ne!(app.contents(), before, "{path}");
        let after = app.contents();
        app.get(&format!("{path}?token={token}")).send().await.page(410, "not good any more");
        app.post(path).form(&fields(path, &token)).send().await.page(410, "not good any more");
        assert_eq!(app.contents(), after, "{path}");
    }
    assert_eq!(
        app.query(&format!("select email_verified_at is not null from users where id = '{ANN}'")),
        "t"
    );
    assert_eq!(app.query(&format!("select count(*) from passwords where user_id = '{ANN}'")), "1");
    let admin =
        app.query("select email || ' ' || name || ' ' || platform_role from users where name = 'Olga'");
    assert_eq!(admin, "olga@example.com Olga super_admin");
}

// proves API-2: 410 dead links
#[tokio::test]
async fn a_link_that_is_too_old_is_410_and_one_that_never_was_is_404() {
    let app = TestApp::start().await;
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        let other = if path == "/set-up" { "dwl_verify-email" } else { "dwl_set-up" };
        for wrong in
            [UNKNOWN, "dwl_short", "", "../../etc", "%00", &format!("{other:A<47}"), &token.to_uppercase()]
        {
            app.get(&format!("{path}?token={wrong}")).send().await.page(404, "no such link");
            app.post(path).form(&fields(path, wrong)).send().await.page(404, "no such link");
        }
        app.get(path).send().await.page(404, "no such link");
    }
    app.clock.advance(std::time::Duration::from_secs(86_400));
    let before = app.contents();
    for (path, purpose) in LINKED.iter().filter(|(path, _)| *path != "/set-up") {
        let token = format!("dwl_{:A<43}", purpose.replace('_', "-"));
        app.get(&format!("{path}?token={token}")).send().await.page(410, "not good any more");
        app.post(path).form(&fields(path, &token)).send().await.page(410, "not good any more");
    }
    assert_eq!(app.contents(), before);
}

// proves AUT-1, API-4
#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_stays_but_for_passwords() {
    let app = TestApp::start().await;
    let (reset, set_up) = (link(&app, "reset_password").await, link(&app, "set_up").await);
    let before = app.contents();
    for (password, repeat, field, said) in [
        ("seven 7", "seven 7", "password", "8 to 256 characters."),
        ("password1", "password1", "password", "One of the passwords that are tried first"),
        ("ann and friends", "ann and friends", "password", "a part of the e-mail address"),
        (GOOD, "correct horse", "repeat", "The two passwords are not the same."),
        (GOOD, GOOD.trim(), "repeat", "The two passwords are not the same."),
    ] {
        let sent = [("token", &*reset), ("password", password), ("repeat", repeat)];
        let page = app.post("/reset-password").form(&sent).send().await.page(422, said);
        assert_beside(&page.text, field, said);
        assert!(!page.text.contains(GOOD.trim()) && !page.text.contains("seven 7"), "{}", page.text);
    }
    let hostile = "<script>alert(1)</script>\" autofocus onfocus=\"x()";
    let sent = [
        ("token", &*set_up),
        ("email", "olga"),
        ("name", hostile),
        ("password", GOOD),
        ("repeat", "another one"),
    ];
    let page = app.post("/set-up").form(&sent).send().await.page(422, "");
    assert_beside(&page.text, "email", "Not an e-mail address");
    assert_beside(&page.text, "repeat", "The two passwords are not the same.");
    assert!(page.text.contains(r#"value="olga""#), "{}", page.text);
    assert!(page.text.contains(r#"value="&#60;script&#62;alert(1)"#), "{}", page.text);
    assert!(!page.text.contains("<script") && !page.text.contains("\" onfocus"), "{}", page.text);
    let sent = [("email", "not <b>an</b> address")];
    let page = app.post("/forgot-password").form(&sent).send().await.page(422, "Not an e-mail address");
    assert_beside(&page.text, "email", "Not an e-mail address");
    assert!(page.text.contains("value=\"not &#60;b&#62;an"), "{}", page.text);
    assert_eq!(app.contents(), before);
}

/// The message has an id, and the input names it.
#[track_caller]
pub(super) fn assert_beside(html: &str, field: &str, said: &str) {
    let message = format!(r#"<p class="wrong" id="{field}-wrong">"#);
    let (_, rest) = html.split_once(&message).unwrap_or_else(|| panic!("{field} is not wrong: {html}"));
    assert!(rest.split('<').next().unwrap().contains(said), "{said:?} is not said: {html}");
    let (_, input) = html.split_once(&format!(r#"<input id="{field}""#)).unwrap();
    let input = input.split('>').next().unwrap();
    assert!(input.contains(r#"aria-invalid="true""#), "{input}");
    let described = input.split("aria-describedby=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(described.split(' ').any(|id| id == format!("{field}-wrong")), "{input}");
}

// proves API-4
#[tokio::test]
async fn what_the_form_does_not_send_is_refused() {
    let app = TestApp::start().await;
    for (path, purpose) in LINKED.into_iter().chain([("/forgot-password", "")]) {
        let token = if purpose.is_empty() { String::new() } else { link(&app, purpose).await };
        let before = app.contents();
        let good = fields(path, &token);
        let unknown = [&good[..], &[("platform_role", "super_admin")]].concat();
        let twice = [&good[..], &good[..1]].concat();
        for bad in [&unknown[..], &twice, &good[1..], &[]] {
            app.post(path).form(bad).send().await.page(422, "did not arrive as it should");
        }
        let json = app.post(path).header("content-type", "application/json").body("{}").send().await;
        json.page(422, "did not arrive as it should");
        let large = "x".repeat(2 << 20);
        let large = [&good[..], &[("x", &*large)]].concat();
        app.post(path).form(&large).send().await.page(413, "more than this server takes");
        assert_eq!(app.contents(), before, "{path}");
    }
}

// proves AUT-6: known and unknown addresses are answered alike
#[tokio::test]
async fn whoever_forgot_a_password_is_told_the_same_for_every_address() {
    let app = TestApp::start().await;
    let mut pages = vec![];
    for email in ["ann@example.com", "ANN@example.com", "nobody@example.com"] {
        let page = app
            .post("/forgot-password")
            .form(&[("email", email)])
            .send()
            .await
            .page(200, "If there is an account");
        pages.push((page.text.replace(email, "…"), page.headers.len()));
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    assert_eq!(app.query("select count(*) from jobs where kind like '%forgot%'"), "3");
}

// proves OPS-1
#[tokio::test]
async fn the_first_administrators_address_is_the_configured_one() {
    let app = TestApp::setup().setting("DOORWARD_ADMIN_EMAIL", "boss@example.com").start().await;
    let token = link(&app, "set_up").await;
    let page = app.get(&format!("/set-up?token={token}")).send().await.page(200, "boss@example.com");
    assert!(!page.text.contains("name=\"email\""), "{}", page.text);
    app.post("/set-up").form(&fields("/set-up", &token)).send().await.page(422, "did not arrive");
    let sent = [("token", &*token), ("password", GOOD), ("repeat", GOOD), ("name", "The <b>Boss</b>")];
    let page = app.post("/set-up").form(&sent).send().await.page(200, "Welcome, The &#60;b&#62;Boss");
    assert!(!page.text.contains("<b>"), "{}", page.text);
    assert_eq!(app.query("select email from users where platform_role = 'super_admin'"), "boss@example.com");
}

// proves API-9
#[tokio::test]
async fn a_store_that_is_away_is_a_page_that_says_try_again() {
    let app = TestApp::start().await;
    let token = link(&app, "reset_password").await;
    app.query("alter table one_time_links rename to elsewhere");
    let page =
        app.get(&format!("/reset-password?token={token}")).send().await.page(503, "try again in a moment");
    assert_eq!(page.header("retry-after"), Some("1"));
    let form = fields("/reset-password", &token);
    app.post("/reset-password").form(&form).send().await.page(503, "try again in a moment");
    app.query("alter table elsewhere rename to one_time_links");
    app.post("/reset-password").form(&form).send().await.page(200, "Your password is set");
}

// proves ACC-3, ACC-5: policies decide, whoever has the link
#[tokio::test]
async fn the_link_of_a_closed_account_is_refused() {
    let app = TestApp::start().await;
    let token = link(&app, "reset_password").await;
    app.query(&format!("update users set status = 'disabled' where id = '{ANN}'"));
    let form = fields("/reset-password", &token);
    app.post("/reset-password").form(&form).send().await.page(403, "does not allow it now");
    assert_eq!(app.query("select count(*) from passwords"), "0");
}

// proves API-2: 429 with Retry-After
#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_again() {
    let app = TestApp::setup().setting("DOORWARD_REGISTER_PER_IP", "1/1h").start().await;
    let form = fields("/forgot-password", "");
    app.post("/forgot-password").form(&form).send().await.page(200, "If there is an account");
    let page = app.post("/forgot-password").form(&form).send().await.page(429, "Wait 60 minutes");
    assert_eq!(page.header("retry-after"), Some("3600"));
    app.post("/forgot-password?lang=fr").form(&form).send().await.page(429, "Attendez 60 minutes");
    app.clock.advance(std::time::Duration::from_secs(3600));
    app.post("/forgot-password").form(&form).send().await.page(200, "If there is an account");
}

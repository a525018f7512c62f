//! What pages keep others from.

use crate::pages::link::{LINKED, UNKNOWN, fields, link};
use crate::support::{Reply, TestApp};

fn assert_protected(reply: &Reply) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}: {}", reply.text);
    }
    assert!(reply.header("permissions-policy").unwrap().contains("camera=()"));
    let policy = reply.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.split("; ").any(|given| given == part), "{policy}");
    }
    assert!(!policy.contains("script") && !policy.contains("unsafe"), "{policy}");
    assert!(reply.header("set-cookie").is_none());
    for forbidden in ["<script", " on", "style=\"", "src=", "<link rel=\"stylesheet", "@import"] {
        let tags: String =
            reply.text.split('<').filter_map(|tag| tag.split('>').next()).collect::<Vec<_>>().join("<");
        let found = if forbidden == " on" {
            tags.contains(" onclick") || tags.contains(" onload")
        } else {
            tags.contains(forbidden)
        };
        assert!(!found, "{forbidden}: {}", reply.text);
    }
}

// proves ASVS 3.4.3, 3.4.5 and 3.4.6
#[tokio::test]
async fn a_page_of_any_status_loads_nothing_and_is_framed_kept_and_referred_to_by_nobody() {
    let app = TestApp::start().await;
    assert_protected(&app.get("/").send().await.page(200, "Doorward"));
    assert_protected(&app.get("/forgot-password").send().await.page(200, "<form"));
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        let form = fields(path, &token);
        assert_protected(&app.get(&format!("{path}?token={token}")).send().await.page(200, "<form"));
        assert_protected(&app.get(&format!("{path}?token={UNKNOWN}")).send().await.page(404, ""));
        assert_protected(&app.post(path).form(&[]).send().await.page(422, ""));
        let elsewhere = app.post(path).form(&form).header("sec-fetch-site", "cross-site");
        assert_protected(&elsewhere.send().await.page(403, ""));
        assert_protected(&app.post(path).form(&form).send().await.page(200, ""));
        assert_protected(&app.post(path).form(&form).send().await.page(410, ""));
    }
}

// proves ASVS 3.5.1
#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let app = TestApp::setup().setting("DOORWARD_PUBLIC_URL", "https://auth.example.com/doors").start().await;
    for (path, purpose) in LINKED.into_iter().chain([("/forgot-password", "")]) {
        let token = if purpose.is_empty() { String::new() } else { link(&app, purpose).await };
        let form = fields(path, &token);
        let before = app.contents();
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example.com"),
            ("origin", "https://auth.example.com.evil.example"),
            ("origin", "https://auth.example.com/doors"),
        ] {
            app.post(path).form(&form).header(name, value).send().await.page(403, "came from another site");
        }
        assert_eq!(app.contents(), before, "{path}");
        app.post(path).form(&form).header("origin", "https://auth.example.com").send().await.page(200, "");
        assert_ne!(app.contents(), before, "{path}");
    }
}

// proves AUT-9
#[tokio::test]
async fn links_and_forms_stay_below_the_public_url_whatever_the_request_says() {
    let app = TestApp::setup()
        .setting("DOORWARD_PUBLIC_URL", "https://auth.example.com/doors")
        .setting("DOORWARD_APP_URL", "https://app.example.com/in")
        .start()
        .await;
    let token = link(&app, "reset_password").await;
    let address = format!("/reset-password?token={token}&lang=fr&next=https://evil.example");
    let page = app.get(&address).header("x-forwarded-host", "evil.example").send().await;
    let page = page.page(200, r#"action="/doors/reset-password?lang=fr""#);
    assert!(!page.text.contains("evil"), "{}", page.text);
    let home = app.get("/").send().await.page(200, r#"href="https://app.example.com/in""#);
    for path in ["/doors/docs/", "/doors/forgot-password", "/doors/?lang=fr"] {
        assert!(home.text.contains(&format!("href=\"{path}\"")), "{path}: {}", home.text);
    }
}

//! How pages look: on a narrow screen, in the dark, with words that are longer than the line.

use crate::pages::browser::Tab;
use crate::pages::link::{LINKED, link};
use crate::support::TestApp;
use crate::world::ANN;

/// The contrast of a text to what is behind it (WCAG 2.2), from the computed colours.
const CONTRAST: &str = "(() => {
    const light = colour => {
        const parts = colour.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255);
        const [r, g, b] = parts.map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        const colour = getComputedStyle(element).backgroundColor;
        return /, 0\\)$/.test(colour) ? behind(element.parentElement) : colour;
    };
    const ratios = [...document.querySelectorAll('body *')].map(element => {
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort();
        return (other + 0.05) / (one + 0.05);
    });
    return Math.min(...ratios);
})()";

async fn check(tab: &Tab, name: &str) {
    for (width, scheme) in [(320, "light"), (320, "dark"), (1024, "light"), (1024, "dark")] {
        tab.resize(width).await;
        tab.scheme(scheme).await;
        let wide =
            tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        assert_eq!(wide, 0, "{name} at {width}");
        assert_eq!(tab.evaluate("innerWidth").await, width, "{name}");
        let contrast = tab.evaluate(CONTRAST).await.as_f64().unwrap();
        assert!(contrast >= 4.5, "{name}, {scheme}: {contrast}");
        let names = tab.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden])')].every(i => i.labels.length === 1)",
        );
        assert_eq!(names.await, true, "{name}");
        tab.picture(&format!("{name}-{width}-{scheme}")).await;
    }
    assert_eq!(tab.warnings().await, Vec::<String>::new(), "{name}");
}

// proves WCAG 2.2 1.4.3 and 1.4.10
#[tokio::test]
async fn pages_fit_a_narrow_screen_and_can_be_read_in_the_dark() {
    let app = TestApp::start().await;
    app.query(&format!("update users set email = repeat('ann.of.the.long.name', 3) || '@' || repeat('sub.', 30) || 'example.com' where id = '{ANN}'"));
    let tab = Tab::open(&app).await;
    tab.goto("/").await;
    check(&tab, "home").await;
    tab.goto("/forgot-password?lang=fr").await;
    check(&tab, "forgot-password").await;
    tab.write("#email", &"w".repeat(80)).await;
    tab.click("button").await;
    tab.shows("ne peut pas servir").await;
    check(&tab, "forgot-password-wrong").await;
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        app.query("update one_time_links l set email = u.email from users u where u.id = l.user_id");
        tab.goto(&format!("{path}?token={token}")).await;
        check(&tab, path.trim_matches('/')).await;
        tab.click("button").await;
        tab.shows(if path == "/verify-email" { "is confirmed" } else { "8 to 256 characters." }).await;
        check(&tab, &format!("{}-sent", path.trim_matches('/'))).await;
        tab.goto(&format!("{path}?token=x")).await;
        check(&tab, &format!("{}-unknown", path.trim_matches('/'))).await;
    }
    tab.goto("/forgot-password").await;
    tab.write("#email", "ann@example.com").await;
    tab.click("button").await;
    tab.shows("Look into your mailbox").await;
    check(&tab, "mail-on-its-way").await;
}

//! Without a mouse.

use crate::pages::browser::{ENTER, TAB, Tab};
use crate::pages::link::{GOOD, link};
use crate::support::TestApp;

/// Where the focus is.
const FOCUS: &str = "document.activeElement.id || document.activeElement.tagName.toLowerCase()";

// proves AUT-6
#[tokio::test]
async fn a_keyboard_is_enough_and_the_focus_can_be_seen() {
    let app = TestApp::start().await;
    let token = link(&app, "reset_password").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/reset-password?token={token}")).await;
    // The name in the header, then the form in its order.
    for (place, keys) in [("a", ""), ("password", GOOD), ("repeat", GOOD), ("button", "")] {
        tab.press(TAB).await;
        assert_eq!(tab.evaluate(FOCUS).await, place);
        let outline = tab.evaluate("getComputedStyle(document.activeElement).outlineWidth").await;
        assert_eq!(outline, "3px", "{place}");
        tab.press(keys).await;
    }
    tab.press(ENTER).await;
    tab.shows("Your password is set").await;
    assert_eq!(app.query("select count(*) from passwords"), "1");
}

//! What people do on the pages.

use crate::pages::browser::Tab;
use crate::pages::link::{GOOD, link};
use crate::support::TestApp;
use crate::world::ANN;

// proves ACC-2
#[tokio::test]
async fn somebody_confirms_their_address() {
    let app = TestApp::start().await;
    app.query(&format!("update users set email_verified_at = null where id = '{ANN}'"));
    let token = link(&app, "verify_email").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/verify-email?token={token}")).await;
    tab.shows("a…@example.com").await;
    tab.click("button").await;
    tab.shows("Your address is confirmed").await;
    // A POST leaves no token behind in the address, and so none in the history.
    assert_eq!(tab.address().await, "/verify-email");
    assert_eq!(
        app.query(&format!("select email_verified_at is not null from users where id = '{ANN}'")),
        "t"
    );
    assert_eq!(tab.warnings().await, Vec::<String>::new());
}

// proves AUT-6
#[tokio::test]
async fn somebody_chooses_a_new_password_and_the_link_is_used_up() {
    let app = TestApp::start().await;
    let token = link(&app, "reset_password").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/reset-password?token={token}")).await;
    tab.write("#password", "seven 7").await;
    tab.write("#repeat", "seven 7").await;
    tab.click("button").await;
    tab.shows("8 to 256 characters.").await;
    assert_eq!(tab.evaluate("document.activeElement.id").await, "password");
    for field in ["password", "repeat"] {
        assert_eq!(tab.evaluate(&format!("document.getElementById('{field}').value")).await, "");
    }
    tab.write("#password", GOOD).await;
    tab.write("#repeat", GOOD).await;
    tab.click("button").await;
    tab.shows("Your password is set").await;
    assert_eq!(tab.evaluate("document.querySelector('a.button').href").await, "http://127.0.0.1:8080/");

    tab.goto(&format!("/reset-password?token={token}")).await;
    tab.shows("This link is not good any more").await;
    tab.click("a.button").await;
    tab.shows("Forgotten your password?").await;
    assert_eq!(tab.warnings().await, Vec::<String>::new());
}

// proves OPS-1
#[tokio::test]
async fn the_first_administrator_sets_up_doorward() {
    let app = TestApp::setup().empty().start().await;
    let token = link(&app, "set_up").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/set-up?token={token}")).await;
    for (field, said) in
        [("#email", "olga@"), ("#name", "Olga <b>K</b>"), ("#password", GOOD), ("#repeat", GOOD)]
    {
        tab.write(field, said).await;
    }
    tab.click("button").await;
    tab.shows("Not an e-mail address that can be used here").await;
    assert_eq!(tab.evaluate("document.getElementById('name').value").await, "Olga <b>K</b>");
    assert_eq!(tab.evaluate("document.getElementById('email').value").await, "olga@");
    for (field, said) in [("#email", "olga@example.com"), ("#password", GOOD), ("#repeat", GOOD)] {
        tab.write(field, said).await;
    }
    tab.click("button").await;
    tab.shows("Welcome, Olga <b>K</b>: you are its administrator now.").await;
    let admin = app.query("select email, platform_role, status from users");
    assert_eq!(admin, "olga@example.com|super_admin|active");
    assert_eq!(tab.warnings().await, Vec::<String>::new());
}

// proves ACC-2
#[tokio::test]
async fn a_reader_of_french_stays_in_french() {
    let app = TestApp::start().await;
    let token = link(&app, "set_password").await;
    let tab = Tab::open(&app).await;
    tab.goto(&format!("/set-password?token={token}")).await;
    tab.shows("Choose your password").await;
    tab.click("footer a").await;
    tab.shows("Choisissez votre mot de passe").await;
    assert_eq!(tab.evaluate("document.documentElement.lang").await, "fr");
    tab.write("#password", GOOD).await;
    tab.click("button").await;
    tab.shows("Les deux mots de passe ne sont pas les mêmes.").await;
    tab.write("#password", GOOD).await;
    tab.write("#repeat", GOOD).await;
    tab.click("button").await;
    tab.shows("Votre mot de passe est enregistré").await;
}

//! Both languages.

use crate::pages::link::{GOOD, LINKED, UNKNOWN, fields, link};
use crate::pages::states::assert_beside;
use crate::support::{Reply, TestApp};

// proves ACC-2
#[tokio::test]
async fn the_address_says_the_language_or_else_the_browser_does() {
    let app = TestApp::setup().empty().start().await;
    for (query, accepted, language, words) in [
        ("", "", "en", "Forgotten your password?"),
        ("", "de, fr;q=0.9, en;q=0.8", "fr", "Mot de passe oublié"),
        ("", "en, fr", "en", "Forgotten your password?"),
        ("?lang=fr", "en", "fr", "Mot de passe oublié"),
        ("?lang=en", "fr", "en", "Forgotten your password?"),
        ("?lang=de", "fr", "fr", "Mot de passe oublié"),
    ] {
        let call = app.get(&format!("/forgot-password{query}"));
        let call = if accepted.is_empty() { call } else { call.header("accept-language", accepted) };
        let page = call.send().await.page(200, words);
        assert!(page.text.contains(&format!("<html lang=\"{language}\">")), "{query} {accepted}");
        assert_eq!(page.header("content-language"), Some(language));
        let other = if language == "fr" { "en" } else { "fr" };
        assert!(page.text.contains(&format!(r#"href="/forgot-password?lang={other}""#)), "{}", page.text);
    }
}

// proves ACC-2
#[tokio::test]
async fn no_page_in_french_is_in_english_anywhere() {
    let app = TestApp::start().await;
    let english = ["password", "Password", " the ", " your ", "Sign in", "account", "link", "try "];
    let check = |page: &Reply| {
        let visible: String = page
            .text
            .split_once("<body>")
            .unwrap()
            .1
            .split('<')
            .filter_map(|part| part.split_once('>'))
            .map(|(_, text)| text)
            .collect();
        for word in english {
            assert!(!visible.contains(word), "{word:?}: {visible}");
        }
    };
    check(&app.get("/?lang=fr").send().await.page(200, "Se connecter"));
    for (path, purpose) in LINKED {
        let token = link(&app, purpose).await;
        let french = format!("{path}?lang=fr");
        check(&app.get(&format!("{french}&token={token}")).send().await.page(200, "<form"));
        check(&app.get(&format!("{french}&token={UNKNOWN}")).send().await.page(404, "n’existe pas"));
        check(&app.post(&french).form(&[]).send().await.page(422, "pas bien arrivé"));
        if path != "/verify-email" {
            for (password, repeat, field, said) in [
                ("court", "court", "password", "De 8 à 256 caractères."),
                ("password1", "password1", "password", "parmi les premiers"),
                ("my doorward door", "my doorward door", "password", "nom du produit"),
                (GOOD, "autre", "repeat", "pas les mêmes"),
            ] {
                let mut form = fields(path, &token);
                form.retain(|(name, _)| !["password", "repeat"].contains(name));
                form.extend([("password", password), ("repeat", repeat)]);
                let page = app.post(&french).form(&form).send().await.page(422, said);
                assert_beside(&page.text, field, said);
                check(&page);
            }
        }
        if path == "/set-up" {
            let mut form = fields(path, &token);
            form.retain(|(name, _)| *name != "name");
            form.push(("name", ""));
            check(&app.post(&french).form(&form).send().await.page(422, "De 1 à 200 caractères"));
        }
        check(&app.post(&french).form(&fields(path, &token)).send().await.page(200, "http://127.0.0.1:8080"));
        check(&app.get(&format!("{french}&token={token}")).send().await.page(410, "n’est plus valable"));
    }
    let forgotten = app.post("/forgot-password?lang=fr");
    check(&forgotten.form(&[("email", "x@example.com")]).send().await.page(200, "S’il existe"));
    let forgotten = app.post("/forgot-password?lang=fr");
    check(&forgotten.form(&[("email", "x")]).send().await.page(422, "ne peut pas servir"));
}

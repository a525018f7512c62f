//! What mails say, held against files that people have read.
//!
//! After a change of a template, write them anew and read the difference before committing it:
//! `REWRITE_LETTERS=1 cargo nextest run -p worker -E 'test(letters)'`

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tenancy::{Locale, MailTemplate};
use worker::mail::{Brand, Given, Letter, PasswordChanged, Verification, Written as _, sample};

use super::support::PUBLIC_URL;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/letters")
}

/// Every mail in every language.
fn all() -> impl Iterator<Item = (MailTemplate, Locale, Letter)> {
    let brand = Brand::new(PUBLIC_URL).unwrap();
    let pairs =
        MailTemplate::ALL.iter().flat_map(|mail| Locale::ALL.iter().map(move |locale| (*mail, *locale)));
    pairs.map(move |(mail, locale)| (mail, locale, sample(mail, locale, &brand).unwrap()))
}

#[allow(clippy::disallowed_methods, reason = "a switch of the test run, not a setting of the product")]
fn is_to_rewrite() -> bool {
    std::env::var_os("REWRITE_LETTERS").is_some()
}

// proves MAIL-2
#[test]
fn every_mail_says_in_both_languages_what_was_reviewed() {
    let mut expected = BTreeSet::new();
    for (mail, locale, letter) in all() {
        let text = format!("Subject: {}\n\n{}", letter.subject, letter.text);
        for (ending, written) in [("txt", text), ("html", letter.html)] {
            let name = format!("{}/{}.{ending}", locale.as_str(), mail.as_str());
            let path = folder().join(&name);
            if is_to_rewrite() {
                fs::write(&path, &written).unwrap();
            }
            let reviewed = fs::read_to_string(&path).unwrap_or_default();
            assert!(reviewed == written, "tests/letters/{name} differs from what is written now:\n{written}");
            expected.insert(name);
        }
    }
    assert_eq!(expected.len(), 64, "sixteen mails in two languages and two forms");
    let mut found = BTreeSet::new();
    for locale in ["en", "fr"] {
        for entry in fs::read_dir(folder().join(locale)).unwrap() {
            found.insert(format!("{locale}/{}", entry.unwrap().file_name().to_str().unwrap()));
        }
    }
    assert_eq!(found, expected, "files of mails that are gone");
}

// proves MAIL-2
#[test]
fn text_and_html_lead_to_the_same_places_and_nowhere_else() {
    for (mail, locale, letter) in all() {
        for link in &letter.links {
            assert!(letter.text.contains(&link.url), "{mail:?} {locale:?}");
            assert!(letter.html.contains(&format!("href=\"{}\"", link.url)), "{mail:?} {locale:?}");
            assert!(link.url.starts_with(PUBLIC_URL), "{mail:?} {locale:?}");
        }
        let known: BTreeSet<&str> = letter.links.iter().map(|link| link.url.as_str()).collect();
        let hrefs = letter.html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        assert!(hrefs.clone().all(|href| known.contains(href)), "{mail:?} {locale:?}");
        assert_eq!(hrefs.count() == 0, known.is_empty(), "{mail:?} {locale:?}");
    }
}

// proves MAIL-2
#[test]
fn html_is_complete_and_loads_nothing() {
    for (mail, locale, letter) in all() {
        let html = &letter.html;
        assert!(html.starts_with("<!doctype html>\n<html lang=\""), "{mail:?}");
        assert!(html.contains(&format!("<html lang=\"{}\">", locale.as_str())), "{mail:?}");
        for wanted in ["name=\"viewport\"", "prefers-color-scheme: dark", "display:none", "</html>"] {
            assert!(html.contains(wanted), "{mail:?} lacks {wanted}");
        }
        for unwanted in ["<img", "src=", "url(", "@import", "<link", "<script", "{{", "{%"] {
            assert!(!html.contains(unwanted), "{mail:?} has {unwanted}");
        }
    }
}

// proves MAIL-2
#[test]
fn text_is_narrow_and_tells_its_sender() {
    for (mail, locale, letter) in all() {
        assert!(letter.text.ends_with('\n') && !letter.text.contains("\n\n\n"), "{mail:?} {locale:?}");
        assert!(letter.text.contains("\n-- \n"), "{mail:?} {locale:?}");
        assert!(letter.text.contains("doorward.example.org"), "{mail:?} {locale:?}");
        for line in letter.text.lines().filter(|line| !line.starts_with("https://")) {
            assert!(line.chars().count() <= 76, "{mail:?} {locale:?}: {line}");
        }
        assert!(!letter.subject.is_empty() && letter.subject.chars().count() <= 78, "{mail:?} {locale:?}");
    }
}

// proves MAIL-2
#[test]
fn french_has_its_spaces_and_nothing_is_in_the_wrong_language() {
    for (mail, _, letter) in all().filter(|(_, locale, _)| *locale == Locale::French) {
        for text in [&letter.subject, &letter.text] {
            for wrong in [" :", " ;", " ?", " !", " »", "« ", "'"] {
                assert!(!text.contains(wrong), "{mail:?} has {wrong:?} in:\n{text}");
            }
        }
    }
    let brand = Brand::new(PUBLIC_URL).unwrap();
    for template in MailTemplate::ALL {
        let [english, french] =
            [Locale::English, Locale::French].map(|locale| sample(*template, locale, &brand).unwrap());
        assert_ne!(english.subject, french.subject, "{template:?}");
        assert!(english.text.contains("Hello") && french.text.contains("Bonjour"), "{template:?}");
    }
}

// proves MAIL-2
#[test]
fn a_person_without_a_name_is_greeted_all_the_same() {
    let brand = Brand::new(PUBLIC_URL).unwrap();
    let moment = worker::mail::Moment("2026-11-21T10:00:00Z".parse().unwrap());
    let mail = PasswordChanged { name: Given::new(" "), changed: moment, link: brand.forgot_password() };
    let letter = mail.letter(Locale::English, &brand).unwrap();
    assert!(letter.text.contains("\nHello,\n") && letter.html.contains("<p>Hello,</p>"), "{}", letter.text);
}

// proves AUT-9
#[test]
fn links_stay_below_the_public_url_whatever_the_token() {
    let brand = Brand::new("https://user:secret@door.example.org:8443/access/?x=1#y").unwrap();
    let link = |segments: &[&str]| brand.link(segments).to_string();
    assert_eq!(link(&[]), "https://door.example.org:8443/access");
    assert_eq!(link(&["verify", "a_b-c"]), "https://door.example.org:8443/access/verify/a_b-c");
    assert_eq!(link(&["a/../b?c#d\"\r\n"]), "https://door.example.org:8443/access/a%2F..%2Fb%3Fc%23d%22");
    let page = brand.link_with_token("verify-email", "a&b=c#d\"\r\n").to_string();
    assert_eq!(page, "https://door.example.org:8443/access/verify-email?token=a%26b%3Dc%23d%22%0D%0A");
    for none in ["", "door.example.org", "javascript:alert(1)", "ftp://example.org"] {
        assert!(Brand::new(none).is_err(), "{none}");
    }
    let mail = Verification {
        name: Given::new("Ann"),
        link: brand.link_with_token("verify-email", "\"><script>"),
        deadline: worker::mail::Moment("2026-11-21T10:00:00Z".parse().unwrap()),
    };
    assert!(!mail.letter(Locale::French, &brand).unwrap().html.contains("<script>"));
}

// proves AUT-9
#[test]
fn people_sign_in_at_the_application_and_everything_else_stays_here() {
    let brand = Brand::new(PUBLIC_URL).unwrap().with_app("https://app.example.net/in?x=1").unwrap();
    let signs_in = [
        MailTemplate::Welcome,
        MailTemplate::AlreadyRegistered,
        MailTemplate::ApprovalReminder,
        MailTemplate::Approved,
        MailTemplate::Expired,
        MailTemplate::OrgNotice,
    ];
    for template in MailTemplate::ALL {
        for link in sample(*template, Locale::English, &brand).unwrap().links {
            if link.label == "sign in" {
                assert_eq!(link.url, "https://app.example.net/in", "{template:?}");
                assert!(signs_in.contains(template), "{template:?}");
            } else {
                assert!(link.url.starts_with(PUBLIC_URL), "{template:?}");
            }
        }
    }
    for template in signs_in {
        let letter = sample(template, Locale::French, &brand).unwrap();
        assert!(letter.links.iter().any(|link| link.label == "sign in"), "{template:?}");
    }
    assert!(brand.with_app("javascript:alert(1)").is_err());
}

//! Names that try to write the mail themselves.

use tenancy::Locale;
use worker::mail::{
    Brand, DeletionReceipt, Disabled, Given, Invitation, Letter, Moment, Outgoing, Written as _,
};

use super::support::{PUBLIC_URL, SOMEBODY, job};

const HOSTILE: [&str; 10] = [
    "<script>alert(1)</script>",
    "<a href=\"http://evil.example\">x</a><!--",
    "\" onmouseover=\"x",
    "x\r\nBcc: victim@evil.example\r\n\r\nDear",
    "x\n\n-- \nhttp://evil.example/login",
    "](http://evil.example) [",
    "\u{202E}gpj.elpmaxe.live//:ptth\u{2066}",
    "{{ mail.link }}{% if %}",
    "👩\u{200D}👩\u{200D}👧 www.evil.example",
    "&lt;script&gt; &#60;b&#62; =3D =_ --=_",
];

/// The mails that show most of what users wrote, with this text everywhere.
fn letters(text: &str) -> Vec<Letter> {
    let brand = &Brand::new(PUBLIC_URL).unwrap();
    let moment = Moment("2026-11-21T10:00:00Z".parse().unwrap());
    let given = || Given::new(text);
    let invitation = Invitation {
        inviter: Some(given()),
        organization: given(),
        role: given(),
        workspace: Some(given()),
        link: brand.link_with_token("invitation", "token"),
        deadline: moment,
    };
    let disabled = Disabled { name: given(), closed: moment, reason: Some(given()) };
    let receipt = DeletionReceipt {
        name: given(),
        erased: given(),
        number: given(),
        asked: moment,
        finished: moment,
        workspaces: 1,
        resources: 2,
        files: 3,
        shares: 4,
        credentials: 5,
        unreachable: vec![given(), given()],
    };
    let in_both = |locale| {
        [invitation.letter(locale, brand), disabled.letter(locale, brand), receipt.letter(locale, brand)]
    };
    Locale::ALL.iter().flat_map(|locale| in_both(*locale)).map(Result::unwrap).collect()
}

/// The names of the elements of a document, in order, with their attributes' names.
fn skeleton(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split([' ', '>']).next().unwrap()).collect()
}

// proves MAIL-1
#[test]
fn a_hostile_name_adds_no_element_and_no_link_to_html() {
    let tame: Vec<_> = letters("Ann");
    for text in HOSTILE {
        for (letter, tame) in letters(text).iter().zip(&tame) {
            assert_eq!(skeleton(&letter.html), skeleton(&tame.html), "{text}");
            assert_eq!(
                letter.html.matches("href=\"").count(),
                tame.html.matches("href=\"").count(),
                "{text}"
            );
            assert!(!letter.html.contains("\" onmouseover"), "{text}");
        }
    }
}

// proves MAIL-1
#[test]
fn a_hostile_name_adds_no_paragraph_and_no_address_to_text() {
    let paragraphs = |letter: &Letter| letter.text.matches("\n\n").count();
    let tame: Vec<_> = letters("Ann");
    for text in HOSTILE {
        for (letter, tame) in letters(text).iter().zip(&tame) {
            assert_eq!(paragraphs(letter), paragraphs(tame), "{text}");
            assert_eq!(letter.text.matches("-- \n").count(), 1, "{text}");
            for whole in [&letter.text, &letter.html, &letter.subject] {
                assert!(!whole.contains("evil.example") && !whole.contains("http://"), "{text}: {whole}");
                assert!(!whole.contains(['\r', '\u{202E}', '\u{2066}']), "{text}");
            }
            assert!(!letter.subject.contains(char::is_control), "{text}");
        }
    }
}

// proves MAIL-1
#[test]
fn a_hostile_name_adds_no_header() {
    let composer = worker::mail::Composer::new("Doorward <mail@example.org>", PUBLIC_URL).unwrap();
    for text in HOSTILE {
        for letter in letters(text) {
            let eml = composer.eml(&Outgoing { id: job(1), to: SOMEBODY, letter: &letter }).unwrap();
            let eml = String::from_utf8(eml).unwrap();
            let (head, body) = eml.split_once("\r\n\r\n").unwrap();
            let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
            let mut names: Vec<_> = unfolded.lines().map(|line| line.split(':').next().unwrap()).collect();
            names.sort_unstable();
            let expected = [
                "Auto-Submitted",
                "Content-Type",
                "Date",
                "From",
                "MIME-Version",
                "Message-ID",
                "Subject",
                "To",
            ];
            assert_eq!(names, expected, "{text}");
            assert_eq!(body.matches(&format!("--=_{}", job(1).0)).count(), 3, "{text}");
        }
    }
}

// proves MAIL-1
#[test]
fn an_invitation_carries_no_essay() {
    let essay = "Your mailbox is full, call us at once. ".repeat(300);
    for letter in letters(&essay) {
        assert!(letter.subject.chars().count() <= 70, "{}", letter.subject);
        assert!(letter.text.matches("Your mailbox is full").count() <= 15, "{}", letter.text);
        assert!(letter.text.chars().count() < 2_500, "{}", letter.text.chars().count());
    }
}

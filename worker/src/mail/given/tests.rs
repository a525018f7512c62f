use super::*;

fn shown(text: &str) -> String {
    Given::new(text).to_string()
}

// proves MAIL-1
#[test]
fn a_name_is_one_line_without_control_characters() {
    assert_eq!(shown("Ann\r\nBcc: evil\u{2028}\u{0}\u{85}x"), "Ann Bcc: evil x");
    assert_eq!(shown("  \t\n "), "");
    assert!(Given::new("\u{200B}\u{202E}\r\n").is_empty());
}

// proves MAIL-1
#[test]
fn a_name_does_not_turn_the_direction_of_writing() {
    assert_eq!(shown("Ann \u{202E}gro.live\u{202C}\u{2066}"), "Ann gro.\u{200B}live");
    assert_eq!(shown("דנה"), "\u{2068}דנה\u{2069}");
}

// proves MAIL-1
#[test]
fn a_long_name_ends_with_an_ellipsis() {
    let long = shown(&"a".repeat(10_000));
    assert_eq!(long, format!("{}…", "a".repeat(99)));
    assert_eq!(shown(&"é".repeat(100)), "é".repeat(100));
    assert_eq!(Given::new(&long).brief().to_string(), format!("{}…", "a".repeat(39)));
    let sentence = "w ".repeat(200);
    assert_eq!(Given::reason(&sentence).to_string().chars().count(), 256);
}

// proves MAIL-1
#[test]
fn emoji_and_persian_keep_their_joiners() {
    assert_eq!(shown("👩\u{200D}💻 Ada"), "👩\u{200D}💻 Ada");
    assert!(shown("می\u{200C}خواهم").contains('\u{200C}'));
}

// proves MAIL-1
#[test]
fn what_looks_like_an_address_is_broken() {
    for (text, broken) in [
        ("http://evil.example", "http:\u{200B}//evil.\u{200B}example"),
        ("www.evil.example/x", "www.\u{200B}evil.\u{200B}example/x"),
        ("evil@bad.example", "evil\u{200B}@\u{200B}bad.\u{200B}example"),
        ("](http://e.io)", "](http:\u{200B}//e.\u{200B}io)"),
        ("evil。example", "evil。\u{200B}example"),
        ("tel:112", "tel:\u{200B}112"),
    ] {
        assert_eq!(shown(text), broken);
    }
}

// proves MAIL-1
#[test]
fn ordinary_names_stay_as_they_are() {
    for name in ["O’Neil & Sons", "Acme Inc.", "St. Mary: the school", "R2-D2", "Zoë Ångström", "@ home"]
    {
        assert_eq!(shown(name), name);
    }
}

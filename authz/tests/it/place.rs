//! Lines and columns are those that an editor shows.

use crate::support::{Folder, permit, place};

const SCOPE: &str = "principal is User, action, resource";

#[test]
fn columns_count_characters_and_not_bytes() {
    // proves POL-2
    let folder = Folder::small(&permit("any", SCOPE, "when { \"çüß🦀\" like \"é*\" && principal.levl > 1 }"));
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:4:28", "{finding}");
    let mark = finding.to_string().lines().nth(2).unwrap().chars().count();
    assert_eq!(mark, " 4 | ".len() + 28, "{finding}");
}

#[test]
fn windows_line_ends_do_not_move_anything() {
    // proves POL-2
    let text =
        format!("// é\n{}{}", permit("any", SCOPE, ""), permit("two", SCOPE, "when { principal.levl > 1 }"));
    let folder = Folder::small(&text.replace('\n', "\r\n"));
    let finding = folder.finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:9:8", "{finding}");
    assert_eq!(finding.source_line.as_deref(), Some("when { principal.levl > 1 };"));
}

#[test]
fn an_error_at_the_end_of_the_file_has_a_place_in_it() {
    // proves POL-2
    for (text, at) in [
        ("permit (", "policies/rooms.cedar:1:9"),
        ("permit (principal, action, resource) // ünd", "policies/rooms.cedar:1:37"),
    ] {
        assert_eq!(place(&Folder::small(text).finding()), at);
    }
}

#[test]
fn a_byte_order_mark_is_told_at_the_first_character() {
    // proves POL-2
    let finding = Folder::small(&format!("\u{feff}{}", permit("any", SCOPE, ""))).finding();
    assert_eq!(place(&finding), "policies/rooms.cedar:1:1", "{finding}");
}

#[test]
fn a_policy_that_was_commented_out_before_does_not_lend_its_line() {
    // proves PDP-1
    let line = r#"@id("a") @description("b") permit (principal, action, resource);"#;
    let snapshot = Folder::small(&format!("// {line}\n\n{line}\n")).snapshot();
    assert_eq!(snapshot.policies()[0].line, 3);
}

//! Secrets that callers present.

use tenancy::Token;

#[test]
fn a_token_shows_nothing_but_its_prefix() {
    // proves KEY-1
    let text = "dw_0123456789-this-stays-secret-0123456789";
    let token = Token::parse(text).expect("a token");
    assert_eq!(format!("{token:?}"), "Token(dw_012345678…)");
    assert_eq!(format!("{token:#?}"), "Token(dw_012345678…)");
    assert_eq!((token.prefix(), token.reveal()), ("dw_012345678", text));
}

#[test]
fn what_cannot_be_a_token_is_none() {
    let fits = "x".repeat(Token::MIN);
    assert!(Token::parse(&fits).is_some());
    assert!(Token::parse(&"x".repeat(256)).is_some());
    for text in [
        "",
        "dw_short",
        &fits[1..],
        &"x".repeat(257),
        &format!("{fits} "),
        &format!("{fits}\0"),
        &format!("{fits}\n"),
        &format!("{fits}é"),
    ] {
        assert!(Token::parse(text).is_none(), "{text:?}");
    }
}

use tenancy::MailTemplate;

use crate::support::Home;

#[test]
fn every_mail_that_is_listed_can_be_looked_at() {
    // proves MAIL-2
    let mut home = Home::embedded();
    home.set("DOORWARD_PUBLIC_URL", "https://door.example.org/access");
    let listed = home.run(&["mail", "list"]).expect(0).stdout;
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, MailTemplate::ALL.iter().map(|mail| mail.as_str()).collect::<Vec<_>>());
    for name in names {
        let shown = home.run(&["mail", "preview", name]).expect(0).stdout;
        assert!(shown.starts_with("Subject: ") && shown.contains("\nHello"), "{shown}");
    }
}

#[test]
fn a_mail_is_shown_in_its_language_and_form_with_links_to_this_server() {
    // proves MAIL-2
    let mut home = Home::embedded();
    home.set("DOORWARD_PUBLIC_URL", "https://door.example.org/access");
    let link = "https://door.example.org/access/invitation?token=sample-token";
    let text = home.run(&["mail", "preview", "invitation", "--locale", "fr"]).expect(0).stdout;
    assert!(text.starts_with("Subject: Invitation à rejoindre") && text.contains(link), "{text}");
    let html = home.run(&["mail", "preview", "invitation", "--format", "html"]).expect(0).stdout;
    assert!(html.starts_with("<!doctype html>") && html.contains(link), "{html}");
    let eml = home.run(&["mail", "preview", "invitation", "--format", "eml"]).expect(0).stdout;
    assert!(eml.contains("@door.example.org>\r\n") && eml.contains("multipart/alternative"), "{eml}");
}

#[test]
fn an_unknown_mail_is_a_wrong_command_line_that_names_the_known_ones() {
    // proves MAIL-2
    let home = Home::embedded();
    let ended = home.run(&["mail", "preview", "birthday"]).expect(2);
    for mail in MailTemplate::ALL {
        assert!(ended.stderr.contains(mail.as_str()), "{}", ended.stderr);
    }
    home.run(&["mail", "preview", "welcome", "--locale", "de"]).expect(2);
}

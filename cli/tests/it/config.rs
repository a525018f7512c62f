use std::fs;

use crate::support::Home;

#[test]
fn no_secret_is_ever_shown() {
    // proves OPS-5
    let mut home = Home::embedded();
    home.set("DATABASE_URL", "postgres://doorward:s3cret-word@db.example.com/doorward");
    home.set("DOORWARD_BOOTSTRAP_KEY", "dw_a-key-that-nobody-should-ever-see");
    let shown = home.run(&["config"]).expect(0);
    for secret in ["s3cret-word", "db.example.com", "nobody-should"] {
        assert!(!shown.stdout.contains(secret) && !shown.stderr.contains(secret), "{}", shown.stdout);
    }
    for line in ["DATABASE_URL = (set, not shown)", "DOORWARD_BOOTSTRAP_KEY = (set, not shown)"] {
        assert!(shown.stdout.contains(line), "{}", shown.stdout);
    }
}

#[test]
fn a_value_that_cannot_be_used_is_named_and_not_repeated() {
    // proves OPS-5
    for (name, value) in [
        ("DATABASE_URL", "mysql://doorward:s3cret@localhost/doorward"),
        ("DATABASE_URL", "postgres://doorward:s3cret@localhost:99999/doorward"),
        ("DATABASE_URL", "doorward:s3cret"),
        ("DOORWARD_BOOTSTRAP_KEY", "s3cret"),
        ("DOORWARD_LISTEN", "s3cret:8080"),
        ("DOORWARD_LOG", "s3cret"),
        ("DOORWARD_REQUEST_TIMEOUT", "s3cret"),
    ] {
        let mut home = Home::embedded();
        home.set(name, value);
        for command in ["serve", "config", "migrate"] {
            let ended = home.run(&[command]).expect(4);
            assert!(ended.stderr.contains(name), "{}", ended.stderr);
            assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
        }
        assert!(!home.path(".doorward").exists());
    }
}

#[test]
fn the_file_is_read_and_what_it_does_not_know_is_named() {
    // proves OPS-5
    let home = Home::embedded();
    fs::write(home.path("doorward.toml"), "log = \"warn\"\n").unwrap();
    assert!(home.run(&["config"]).expect(0).stdout.contains("DOORWARD_LOG = warn"));
    fs::write(home.path("doorward.toml"), "lissten = \"127.0.0.1:1\"\n").unwrap();
    let ended = home.run(&["serve"]).expect(4);
    assert!(ended.stderr.contains("unknown setting lissten in doorward.toml"), "{}", ended.stderr);
    fs::write(home.path("doorward.toml"), "database_url = \"postgres://u:s3cret@h/d\n").unwrap();
    let ended = home.run(&["serve"]).expect(4);
    assert!(ended.stderr.contains("doorward.toml is not valid TOML"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("s3cret"), "{}", ended.stderr);
    let ended = home.run(&["--config", "nowhere.toml", "serve"]).expect(4);
    assert!(ended.stderr.contains("nowhere.toml"), "{}", ended.stderr);
}

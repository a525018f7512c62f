//! `doorward keys …` beside a running Doorward.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Home, Server};

fn post(server: &Server, token: &str, path: &str, body: &Value) -> Value {
    let mut stream = TcpStream::connect(server.address.trim_start_matches("http://")).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    serde_json::from_str(body).unwrap_or_default()
}

#[test]
fn credentials_are_sealed_anew_and_those_that_cannot_be_opened_are_named() {
    // proves CON-1
    let home = Home::new();
    let server = home.serve();
    let olga = json!({ "email": "olga@example.com", "password": "a long road through quiet hills" });
    let mut named = olga.clone();
    named["name"] = "Olga".into();
    post(&server, "", "/api/v1/auth/register", &named);
    let run = |sql: &str| home.database().run(sql).unwrap();
    run("update users set email_verified_at = now()");
    let session = post(&server, "", "/api/v1/auth/login", &olga);
    let connection = json!({ "name": "AI", "provider": "openai", "credentials": { "api_key": "k" } });
    let token = session["access_token"].as_str().unwrap();
    let made = post(&server, token, "/api/v1/me/connections", &connection);
    let (key, sealed) = ("select id from encryption_keys", "select sealed from connections");
    let before = (run(key), run(sealed));

    let rotated = home.run(&["keys", "rotate"]).expect(0);
    assert!(rotated.stdout.ends_with("seals; 1 sealed anew, 0 cannot be opened\n"), "{}", rotated.stdout);
    let after = (run(key), run(sealed));
    assert!(before.0 != after.0 && before.1 != after.1, "one other key, one other seal");

    run("update connections set sealed = 'garbage'");
    let failed = home.run(&["keys", "rotate"]).expect(1);
    assert!(failed.stderr.contains(made["id"].as_str().unwrap()), "{}", failed.stderr);
    assert!(failed.stdout.ends_with("seals; 0 sealed anew, 1 cannot be opened\n"), "{}", failed.stdout);
}

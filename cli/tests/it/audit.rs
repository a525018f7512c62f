//! `doorward audit …`

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{Home, Server};

/// A Doorward that has made two keys by the command line, beside the first one.
fn start(home: &Home) -> Server {
    // Without a worker, which would write entries of its own.
    let server = Server::start(home.command(&["serve"]));
    for name in ["one", "two"] {
        home.run(&["key", "create", name, "--scope", "authorize"]).expect(0);
    }
    server
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn the_log_is_listed_exported_and_verified() {
    // proves AUD-1, AUD-2
    let home = Home::new();
    let server = start(&home);
    let listed = home.run(&["audit", "list"]).expect(0).stdout;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(lines[0].contains("  3  Service::operator key.create ApiKey::"), "{listed}");
    let by =
        home.run(&["audit", "list", "--actor", "Service::operator", "--action", "key.*", "--limit", "1"]);
    assert_eq!(by.expect(0).stdout.lines().collect::<Vec<_>>(), lines[..1]);
    let page = json(&home.run(&["audit", "list", "--json", "--limit", "2"]).expect(0).stdout);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = json(&home.run(&["audit", "list", "--json", "--cursor", cursor]).expect(0).stdout);
    assert_eq!(rest["entries"][0]["seq"], 1);

    let exported = home.run(&["audit", "export"]).expect(0).stdout;
    let entries: Vec<Value> = exported.lines().map(json).collect();
    assert_eq!(
        entries[1..].iter().rev().collect::<Vec<_>>(),
        page["entries"].as_array().unwrap().iter().collect::<Vec<_>>()
    );
    home.run(&["audit", "export", "--format", "csv", "--target", "ApiKey::nobody", "-o", "none.csv"])
        .expect(0);
    home.run(&["audit", "export", "--output", "all.ndjson"]).expect(0);
    assert_eq!(fs::read_to_string(home.path("all.ndjson")).unwrap(), exported);
    assert_eq!(fs::metadata(home.path("all.ndjson")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!home.path("all.ndjson.part").exists());
    assert!(fs::read_to_string(home.path("none.csv")).unwrap().starts_with("seq,at,actor_type,"));
    home.run(&["audit", "export", "--format", "xlsx"]).expect(2);
    let refused = home.run(&["audit", "export", "--from", "yesterday", "-o", "no.ndjson"]).expect(3);
    assert!(refused.stderr.contains("(invalid)"), "{}", refused.stderr);
    assert!(!home.path("no.ndjson").exists());
    let missing = home.run(&["audit", "list", "--org", "019aa000-0000-7000-8000-00000000dead"]).expect(3);
    assert!(missing.stderr.contains("(not_found)"), "{}", missing.stderr);

    let verified = home.run(&["audit", "verify"]).expect(0);
    assert_eq!(
        (&*verified.stdout, &*verified.stderr),
        ("3 entries, 0 breaks\n", ""),
        "no terminal, no progress"
    );
    let verified = json(&home.run(&["audit", "verify", "--json"]).expect(0).stdout);
    assert_eq!(verified["heads"][0]["length"], 3);
    assert_eq!(verified["heads"][0]["hash"], page["entries"][0]["hash"]);
    let cut = "set session_replication_role = replica; delete from audit where seq = 3";
    home.database().run(cut).unwrap();
    let broken = home.run(&["audit", "verify"]).expect(1).stdout;
    assert!(broken.contains("entry 3: the end of the chain is missing\n2 entries, 1 breaks"), "{broken}");
    let broken = json(&home.run(&["audit", "verify", "--json"]).expect(1).stdout);
    assert_eq!(broken["breaks"][0]["seq"], 3);
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_broken_export_leaves_no_file_that_looks_whole() {
    // proves AUD-2
    let home = Home::new();
    let server = start(&home);
    // More than a part takes, in a table that one transaction can read and no other.
    home.database()
        .run(
            "set session_replication_role = replica;
             insert into audit select chain, n, at, actor_type, actor_id, action, target_type, target_id, request_id,
                 decision_id, details_hash, previous, hash from audit, generate_series(4, 600) n where seq = 3;
             update audit_chains set length = 600;
             create sequence reader minvalue 0 start 0;
             create function is_first_reader() returns boolean language plpgsql as $$
             begin
                 if (select last_value from reader) = 0 then
                     perform setval('reader', pg_current_xact_id()::text::bigint);
                 end if;
                 if (select last_value from reader) <> pg_current_xact_id()::text::bigint then
                     raise 'read before';
                 end if;
                 return true;
             end $$;
             alter table audit rename to entries;
             create view audit as select * from entries where is_first_reader()",
        )
        .unwrap();
    let broken = home.run(&["audit", "export", "--output", "all.ndjson"]).expect(3);
    assert!(
        broken.stderr.contains("all.ndjson.part is not whole: the export broke off"),
        "{}",
        broken.stderr
    );
    assert!(!home.path("all.ndjson").exists());
    assert_eq!(server.terminate(), Some(0));
}

#[cfg(feature = "embedded")]
#[test]
fn the_log_of_the_embedded_store_is_read_over_its_one_connection() {
    // proves AUD-2, OPS-2
    let home = Home::embedded();
    let server = start(&home);
    assert_eq!(home.run(&["audit", "export"]).expect(0).stdout.lines().count(), 3);
    assert_eq!(home.run(&["audit", "list", "--action", "key.*"]).expect(0).stdout.lines().count(), 3);
    assert_eq!(server.terminate(), Some(0));
    assert!(home.run(&["audit", "verify"]).expect(0).stdout.contains("3 entries, 0 breaks"));
}

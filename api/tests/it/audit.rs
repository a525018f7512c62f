//! `/api/v1/admin/audit` and `/api/v1/orgs/{org_id}/audit`

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{ROOT, Reply, TestApp, text};
use crate::world::{ACME, GLOBEX, NOTHING, OPEN};

const PLATFORM: &str = "/api/v1/admin/audit";

fn of(org: &str) -> String {
    format!("/api/v1/orgs/{org}/audit")
}

async fn read(app: &TestApp, path: &str) -> Reply {
    app.operator("GET", path).send().await
}

/// Writes a note of Acme's, in a request with this id.
async fn note(app: &TestApp, id: &str, request: &str) {
    let body = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
    let call = app.put(&format!("/api/v1/resources/Resource/{id}")).by(ROOT).json(&body);
    assert!(call.header("x-request-id", request).send().await.status < 300);
}

/// Puts entries of this many bytes each behind those of Acme, which no route can make so fast.
fn fill(app: &TestApp, entries: usize, bytes: usize) {
    app.query(&format!(
        "set session_replication_role = replica;
         with added as (
             insert into audit select '{ACME}', c.length + n, now(), 'Service', 'operator', 'user.view', 'User', 'x',
                 '', gen_random_uuid(), '', '', '' from audit_chains c, generate_series(1, {entries}) n
                 where c.chain = '{ACME}'
             returning chain, seq),
         described as (
             insert into audit_details select chain, seq, '', jsonb_build_object(
                 'ip', null, 'before', repeat('x', {bytes}), 'after', null)::text from added)
         update audit_chains set length = length + {entries} where chain = '{ACME}'"
    ));
}

// proves AUD-1, AUD-2
#[tokio::test]
async fn an_entry_is_shown_with_what_was_changed_by_whom_and_when() {
    let app = TestApp::start().await;
    let root = text(&app.get("/api/v1/keys").by(ROOT).send().await.expect(200).body["keys"][0]["id"]);
    note(&app, "memo", "request-7").await;
    let page = read(&app, &of(ACME)).await.expect(200).body;
    assert_eq!(page["next_cursor"], json!(null));
    let entry = &page["entries"][0];
    for (member, expected) in [
        ("seq", json!(1)),
        ("at", json!("2026-11-21T12:00:00Z")),
        ("actor", json!({ "type": "ApiKey", "id": root })),
        ("action", json!("workspace.write_resources")),
        ("target", json!({ "type": "Resource", "id": "memo" })),
        ("request_id", json!("request-7")),
        ("ip", json!("127.0.0.1")),
        ("before", json!(null)),
        ("hash", json!(app.query(&format!("select encode(hash, 'hex') from audit where chain = '{ACME}'")))),
        ("decision_id", json!(app.query(&format!("select decision_id from audit where chain = '{ACME}'")))),
    ] {
        assert_eq!(entry[member], expected, "{member}");
    }
    assert_eq!(entry["after"]["attributes"], json!({ "kind": "note" }));
    assert_eq!(entry.as_object().unwrap().len(), 11);
    let narrow = read(&app, &format!("{}?fields=seq,ip", of(ACME))).await.expect(200).body;
    assert_eq!(narrow["entries"], json!([{ "seq": 1, "ip": "127.0.0.1" }]));
    let platform = read(&app, PLATFORM).await.expect(200).body;
    let actions: Vec<&Value> =
        platform["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["platform.import", "key.create"]);
}

// proves AUD-2
#[tokio::test]
async fn a_list_goes_on_at_its_cursor_whatever_is_written_meanwhile() {
    let app = TestApp::start().await;
    for number in 0..7 {
        note(&app, &format!("note {number}"), "request").await;
    }
    let (mut all, mut query) = (vec![], "limit=3".to_owned());
    for pages in 1.. {
        let page = read(&app, &format!("{}?action=workspace.*&{query}", of(ACME))).await.expect(200).body;
        all.extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(pages, 3);
            break;
        };
        query = format!("limit=3&cursor={next}");
        note(&app, &format!("later {pages}"), "request").await;
    }
    assert_eq!(all, [7, 6, 5, 4, 3, 2, 1]);
}

// proves AUD-2, API-2
#[tokio::test]
async fn what_cannot_be_asked_of_the_audit_log_is_422_and_names_the_filter() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("actor=x", "actor"),
        ("principal_id=x", "principal_id"),
        ("actor_id=", "actor_id"),
        ("action=%00", "action"),
        ("action=user*", "action"),
        ("target_type=", "target_type"),
        ("decision_id=x", "decision_id"),
        ("from=yesterday", "from"),
        ("from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z", "to"),
        ("to=2026-11-21", "to"),
        ("action=a&action=b", "query"),
    ] {
        for path in
            [PLATFORM.to_owned(), of(ACME), format!("{PLATFORM}/export"), format!("{}/export", of(ACME))]
        {
            read(&app, &format!("{path}?{query}")).await.problem(422, "invalid").field(field);
        }
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("cursor=last", "cursor"),
        ("fields=nonsense", "fields"),
        ("format=csv", "format"),
    ] {
        read(&app, &format!("{PLATFORM}?{query}")).await.problem(422, "invalid").field(field);
    }
    for (query, field) in [("limit=1", "limit"), ("cursor=AAAAAAAAAAc", "cursor"), ("format=xlsx", "format")]
    {
        read(&app, &format!("{PLATFORM}/export?{query}")).await.problem(422, "invalid").field(field);
    }
}

// proves AUD-2, API-2
#[tokio::test]
async fn another_organizations_log_is_not_there() {
    let app = TestApp::start().await;
    note(&app, "memo", "request").await;
    let stranger = app.org_key(GLOBEX).await;
    let (_, bare) = app.key(Some(ACME), &["authorize"]).await;
    for path in [of(ACME), format!("{}/export", of(ACME))] {
        let real = app.get(&path).by(&stranger).send().await.problem(404, "not_found");
        let made_up = app.get(&path.replace(ACME, NOTHING)).by(&stranger).send().await;
        assert_eq!(real.body, made_up.body);
        app.get(&path).by(&bare).send().await.problem(403, "forbidden");
        app.get(&path).send().await.problem(401, "unauthenticated");
    }
    for path in [PLATFORM.to_owned(), format!("{PLATFORM}/export")] {
        app.get(&path).by(&stranger).send().await.problem(403, "forbidden");
    }
    let globex = read(&app, &format!("{}/export", of(GLOBEX))).await.expect(200);
    assert!(!globex.text.contains("memo") && globex.text.contains("key.create"), "{}", globex.text);
}

// proves AUD-2
#[tokio::test]
async fn an_export_is_what_the_pages_show_the_other_way_round() {
    let app = TestApp::start().await;
    for number in 0..4 {
        note(&app, &format!("note {number}"), "request").await;
    }
    // More than a part takes, each way.
    fill(&app, 600, 10);
    fill(&app, 3, 700_000);
    let (mut shown, mut cursor) = (vec![], String::new());
    loop {
        let page = read(&app, &format!("{}?limit=200{cursor}", of(ACME))).await.expect(200).body;
        shown.extend(page["entries"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    shown.reverse();
    assert_eq!(shown.len(), 607);
    let reply = read(&app, &format!("{}/export", of(ACME))).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    let name = format!("attachment; filename=\"doorward-audit-{ACME}.ndjson\"");
    assert_eq!(reply.header("content-disposition"), Some(&*name));
    let exported: Vec<Value> =
        reply.text.lines().map(|line| serde_json::from_str(line).expect("an entry")).collect();
    assert!(exported == shown, "{} and {} entries", exported.len(), shown.len());

    let reply = read(&app, &format!("{}/export?format=csv", of(ACME))).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    let mut rows = csv::Reader::from_reader(reply.text.as_bytes());
    let heads = rows.headers().unwrap().clone();
    let mut count = 0;
    for (row, entry) in rows.records().zip(&shown) {
        let row = row.unwrap();
        let cell = |name: &str| &row[heads.iter().position(|head| head == name).unwrap()];
        let value = |name: &str| entry[name].as_str().unwrap_or_default();
        assert_eq!(cell("seq"), entry["seq"].to_string());
        for name in ["at", "action", "request_id", "decision_id", "ip", "hash"] {
            assert_eq!(cell(name), value(name), "{name}");
        }
        for (column, place) in [
            ("actor_type", "/actor/type"),
            ("actor_id", "/actor/id"),
            ("target_type", "/target/type"),
            ("target_id", "/target/id"),
        ] {
            assert_eq!(cell(column), entry.pointer(place).unwrap());
        }
        for name in ["before", "after"] {
            let given =
                if cell(name).is_empty() { Value::Null } else { serde_json::from_str(cell(name)).unwrap() };
            assert!(given == entry[name], "{name}");
        }
        count += 1;
    }
    assert_eq!(count, 607);
    let nothing = read(&app, &format!("{PLATFORM}/export?format=csv&action=no.such")).await.expect(200);
    assert_eq!(nothing.text.lines().count(), 1, "the names of the columns");
    assert_eq!(read(&app, &format!("{PLATFORM}/export?action=no.such")).await.expect(200).text, "");
}

// proves AUD-2
#[tokio::test]
async fn no_cell_of_an_export_is_a_formula() {
    let app = TestApp::start().await;
    let openings = ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1"];
    for id in openings {
        let body = json!({ "workspace_id": OPEN, "attributes": { "kind": "note" } });
        let line =
            json!({ "type": "Resource", "id": id, "workspace_id": OPEN, "attributes": body["attributes"] });
        app.post("/api/v1/resources/bulk").by(ROOT).json(&line).send().await.expect(200);
        app.operator("DELETE", &format!("/api/v1/resources/Resource/{}", encoded(id)))
            .send()
            .await
            .expect(204);
    }
    note(&app, "memo", "=HYPERLINK(\"http://evil.example\",\"x\")").await;
    let text = read(&app, &format!("{}/export?format=csv", of(ACME))).await.expect(200).text;
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect();
    assert!(rows.len() > openings.len());
    let cells: Vec<&str> = rows.iter().flatten().collect();
    for cell in &cells {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
    }
    for id in openings {
        assert!(cells.contains(&&*format!("'{id}")), "{id:?}");
    }
    assert!(cells.contains(&"'=HYPERLINK(\"http://evil.example\",\"x\")"));
}

fn encoded(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

// proves AUD-2
#[tokio::test]
async fn an_export_that_breaks_does_not_look_whole() {
    for http2 in [false, true] {
        let app = TestApp::start().await;
        note(&app, "memo", "request").await;
        // Far more than fits into what lies between a server and a slow client.
        fill(&app, 40, 500_000);
        let http = socket(&app);
        let http = if http2 { http.http2_prior_knowledge() } else { http.http1_only() }.build().unwrap();
        let path = format!("http://localhost{}/export", of(ACME));
        let mut answer = http.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut size = answer.chunk().await.unwrap().expect("the first bytes").len();
        app.query("alter table audit rename to gone");
        let end = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => size += chunk.len(),
                end => break end,
            }
        };
        assert!(size < 20_000_000, "{size}");
        assert!(end.is_err(), "it ended as if that were all, after {size} bytes");
    }
}

/// A client of the control socket.
fn socket(app: &TestApp) -> reqwest::ClientBuilder {
    reqwest::Client::builder().unix_socket(app.data.path().join(api::ControlSocket::NAME))
}

// proves AUD-2
#[tokio::test]
async fn http_1_0_which_cannot_tell_a_broken_export_is_refused_one() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
    let ask = format!("GET {}/export HTTP/1.0\r\nAuthorization: Bearer {ROOT}\r\n\r\n", of(ACME));
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 505 ") && answer.contains("\"code\":\"http_version\""), "{answer}");
}

// proves AUD-2, OPS-2
#[tokio::test]
async fn a_slow_reader_of_an_export_keeps_no_connection_from_others() {
    let app = TestApp::setup().setting("DOORWARD_DATABASE_CONNECTIONS", "1").start().await;
    note(&app, "memo", "request").await;
    fill(&app, 40, 500_000);
    let slow = socket(&app).build().unwrap();
    let lines = |chunk: &[u8]| chunk.iter().filter(|byte| **byte == b'\n').count();
    let mut answer = slow.get(format!("http://localhost{}/export", of(ACME))).send().await.unwrap();
    let mut count = lines(&answer.chunk().await.unwrap().expect("the first bytes"));
    for _ in 0..3 {
        read(&app, &format!("{}?limit=1", of(ACME))).await.expect(200);
        note(&app, "memo", "request").await;
    }
    while let Some(chunk) = answer.chunk().await.unwrap() {
        count += lines(&chunk);
    }
    assert_eq!(count, 41);
}

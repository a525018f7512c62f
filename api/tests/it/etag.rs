//! `ETag`, `If-Match` and `If-None-Match`, by the example of one's own account.

use futures::future::join_all;
use serde_json::json;

use crate::me::token_of_ann;
use crate::support::{Reply, TestApp};
use crate::world::ANN;

const ME: &str = "/api/v1/me";

async fn rename(app: &TestApp, token: &str, tag: &str, name: &str) -> Reply {
    app.patch(ME).by(token).header("if-match", tag).json(&json!({ "name": name })).send().await
}

fn tag(reply: &Reply) -> String {
    reply.header("etag").expect("an entity tag").to_owned()
}

// proves API-5
#[tokio::test]
async fn nobody_overwrites_what_they_have_not_seen() {
    let app = TestApp::start().await;
    let token = token_of_ann(&app).await;
    let seen = tag(&app.get(ME).by(&token).send().await.expect(200));
    let renamed = rename(&app, &token, &seen, "Anna").await.expect(200);
    assert_ne!(tag(&renamed), seen);
    assert_eq!(tag(&app.get(ME).by(&token).send().await), tag(&renamed), "the same answer has the same tag");
    rename(&app, &token, &seen, "Anne").await.problem(412, "precondition_failed");
    rename(&app, &token, &format!("W/{}", tag(&renamed)), "Anne").await.problem(412, "precondition_failed");
    rename(&app, &token, "unquoted", "Anne").await.problem(422, "invalid").field("If-Match");
    let now = app.get(ME).by(&token).send().await.expect(200);
    assert_eq!(now.body["name"], "Anna");
    rename(&app, &token, &format!("\"x\", {}", tag(&now)), "Anne").await.expect(200);
    rename(&app, &token, "*", "Ann").await.expect(200);
    app.patch(ME).by(&token).json(&json!({ "locale": "fr" })).send().await.expect(200);
    assert_eq!(app.query(&format!("select version from users where id = '{ANN}'")), "5");
}

// proves API-5
#[tokio::test(flavor = "multi_thread")]
async fn of_changes_that_come_at_once_with_the_same_tag_one_is_made() {
    let app = TestApp::start().await;
    let token = token_of_ann(&app).await;
    for round in 0..5 {
        let seen = tag(&app.get(ME).by(&token).send().await.expect(200));
        let names = [0, 1, 2, 3].map(|number| format!("Ann {round} {number}"));
        let answers = join_all(names.iter().map(|name| rename(&app, &token, &seen, name))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        let winner = statuses.iter().position(|status| *status == 200).expect("one is made");
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412]);
        assert_eq!(app.get(ME).by(&token).send().await.body["name"], names[winner]);
    }
}

// proves API-5
#[tokio::test]
async fn what_one_has_is_not_sent_again_until_anything_of_it_changes() {
    let app = TestApp::start().await;
    let token = token_of_ann(&app).await;
    let seen = tag(&app.get(ME).by(&token).send().await.expect(200));
    let look = |path: &'static str| app.get(path).by(&token).header("if-none-match", &seen).send();
    let same = look(ME).await.expect(304);
    assert_eq!((same.text.as_str(), tag(&same)), ("", seen.clone()));
    look("/api/v1/me?fields=name").await.expect(200);
    // What administrators change is no change of the profile's version, and still another answer.
    app.query(&format!("update users set ai_provider = 'x' where id = '{ANN}' returning 1"));
    let changed = look(ME).await.expect(200);
    assert_eq!(changed.body["ai_provider"], "x");
    rename(&app, &token, &seen, "Anna").await.expect(200);
    let wrong = app.get(ME).by(&token).header("if-none-match", "x").send().await;
    wrong.problem(422, "invalid").field("If-None-Match");
}

//! `/api/v1/orgs/{org_id}/instances…`

use serde_json::{Value, json};

use crate::me::token_of_ann;
use crate::support::{ROOT, TestApp, text};
use crate::world::{ACME, ANN, GLOBEX};

// proves RES-4
#[tokio::test]
async fn an_instance_waits_for_both_sides_and_tells_for_whom() {
    let app = TestApp::start().await;
    let ann = token_of_ann(&app).await;
    let instances = format!("/api/v1/orgs/{ACME}/instances");
    let create = async |body: Value| app.post(&instances).by(&ann).json(&body).send().await;
    create(json!({ "name": "Shop", "is_dedicated": true })).await.problem(403, "plan_lacks_feature");
    create(json!({ "name": "Shop", "technical_at": null })).await.problem(422, "invalid");
    let made = create(json!({ "name": "Shop" })).await.expect(201);
    let path = format!("{instances}/{}", text(&made.body["id"]));
    assert_eq!(made.header("location"), Some(path.as_str()));
    create(json!({ "name": "Shop" })).await.problem(422, "invalid").field("name");
    let missing = json!([
        { "activation": "technical", "may_set": [{ "user_id": ANN, "name": "ann" }] },
        { "activation": "economic", "may_set": [] },
    ]);
    assert_eq!((&made.body["missing"], &made.body["is_operational"]), (&missing, &json!(false)));

    let set =
        async |side: &str, body: Value| app.put(&format!("{path}/{side}")).by(&ann).json(&body).send().await;
    set("technical", json!({ "active": "yes" })).await.problem(422, "invalid").field("active");
    let half = set("technical", json!({ "active": true })).await.expect(200).body;
    assert_eq!(half["technical"]["by"], ANN);
    set("economic", json!({ "active": true })).await.problem(403, "forbidden");
    app.query(&format!("update memberships set role = 'owner' where user_id = '{ANN}' returning 1"));
    let whole = set("economic", json!({ "active": true })).await.expect(200).body;
    assert_eq!((&whole["is_operational"], &whole["missing"]), (&json!(true), &json!([])));
    let halved = set("technical", json!({ "active": false })).await.expect(200).body;
    assert_eq!((&halved["is_operational"], &halved["technical"]), (&json!(false), &Value::Null));

    let renamed = app.patch(&path).by(&ann).json(&json!({ "name": "Store" })).send().await.expect(200).body;
    assert_eq!(renamed["name"], "Store");
    app.patch(&path).by(&ann).json(&json!({ "is_dedicated": true })).send().await.problem(422, "invalid");
    let list =
        app.get(&format!("{instances}?operational=false&fields=name")).by(&ann).send().await.expect(200).body;
    assert_eq!((&list["instances"], &list["total"]), (&json!([{ "name": "Store" }]), &json!(1)));
    app.get(&format!("{instances}?sort=rank")).by(&ann).send().await.problem(422, "invalid");

    // Under another organization's path there is no such instance, nor for those who see none.
    let elsewhere = path.replace(ACME, GLOBEX);
    app.get(&elsewhere).by(&ann).send().await.problem(404, "not_found");
    app.patch(&elsewhere).by(&ann).json(&json!({ "name": "Moved" })).send().await.problem(404, "not_found");
    app.delete(&elsewhere).by(&ann).send().await.problem(404, "not_found");
    app.put(&format!("{elsewhere}/technical"))
        .by(&ann)
        .json(&json!({ "active": true }))
        .send()
        .await
        .problem(404, "not_found");
    app.get(&path).by(ROOT).send().await.problem(404, "not_found");
    app.delete(&path).by(&ann).send().await.expect(204);
    app.get(&path).by(&ann).send().await.problem(404, "not_found");
}

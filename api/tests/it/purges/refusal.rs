//! Who is not deleted, and why.

use serde_json::json;

use super::{delete_me, join, status, targets};
use crate::admin_users::administrator;
use crate::invitations::token_of;
use crate::support::TestApp;
use crate::world::{ACME, ANN, FAR, GLOBEX, GUS, VIC};

// proves ACC-9, ORG-6
#[tokio::test]
async fn a_sole_owner_is_told_where_and_one_who_is_alone_takes_the_organization_along() {
    let app = TestApp::start().await;
    join(&app, GLOBEX, VIC, "admin");
    let gus = token_of(&app, GUS).await;
    let plan = app.get("/api/v1/me/deletion").by(&gus).send().await.expect(200).body;
    let globex = json!([{ "id": GLOBEX, "name": "globex" }]);
    assert_eq!(plan["obstacles"], json!([{ "code": "sole_owner", "organizations": globex }]));
    let refused = delete_me(&app, &gus).await.problem(409, "sole_owner");
    assert_eq!(refused.body["organizations"], globex);
    assert_eq!((status(&app, GUS), app.query("select count(*) from purges")), ("active".into(), "0".into()));
    // Another owner who cannot act is none.
    join(&app, GLOBEX, VIC, "owner");
    app.query(&format!("update users set status = 'deactivated' where id = '{VIC}'"));
    delete_me(&app, &gus).await.problem(409, "sole_owner");
    app.query(&format!("delete from memberships where org_id = '{GLOBEX}' and user_id = '{VIC}'"));
    let plan = app.get("/api/v1/me/deletion").by(&gus).send().await.expect(200).body;
    assert_eq!((&plan["organizations"], &plan["erased"]["organizations"]), (&globex, &json!(1)));
    let asked = delete_me(&app, &gus).await.expect(202);
    assert_eq!(targets(&app, &asked.body["id"]), [GLOBEX, GUS, FAR]);
    let audited = format!("select count(*) from audit where chain = '{GLOBEX}' and action = 'user.delete'");
    assert_eq!(app.query(&audited), "1");
}

// proves ACC-6, ACC-8
#[tokio::test]
async fn the_last_super_admin_stays_and_a_session_has_to_have_proved_lately_who_it_is() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let plan = app.get("/api/v1/me/deletion").by(&sam).send().await.expect(200).body;
    assert_eq!(plan["obstacles"][0]["code"], "last_super_admin");
    delete_me(&app, &sam).await.problem(409, "last_super_admin");
    let gus = token_of(&app, GUS).await;
    app.clock.advance(std::time::Duration::from_secs(11 * 60));
    delete_me(&app, &gus).await.problem(403, "reauthentication_required");
    assert_eq!(status(&app, GUS), "active");
}

// proves ACC-5, ACC-6
#[tokio::test]
async fn an_administrator_deletes_a_disabled_account_that_is_not_a_peers() {
    let app = TestApp::start().await;
    let sam = administrator(&app).await;
    let of = |id: &str| format!("/api/v1/admin/users/{id}");
    app.delete(&of(VIC)).by(&sam).send().await.problem(409, "not_disabled");
    let ann = token_of(&app, ANN).await;
    app.delete(&of(VIC)).by(&ann).send().await.problem(404, "not_found");
    let own = app.query("select id from users where email = 'sam@example.com'");
    app.delete(&of(&own)).by(&sam).send().await.problem(403, "forbidden");
    // A plain admin cannot act on another one.
    app.query(&format!("update users set platform_role = 'admin' where id in ('{ANN}', '{GUS}')"));
    app.query(&format!("update users set status = 'disabled' where id in ('{VIC}', '{GUS}')"));
    app.delete(&of(GUS)).by(&ann).send().await.problem(403, "forbidden");
    let asked = app.delete(&of(VIC)).by(&sam).send().await.expect(202);
    assert_eq!(
        asked.header("location"),
        Some(&*format!("/api/v1/admin/purges/{}", asked.body["id"].as_str().unwrap()))
    );
    assert_eq!(status(&app, VIC), "deleting");
    app.delete(&of(VIC)).by(&sam).send().await.problem(409, "already_deleting");
    app.post(&format!("{}/enable", of(VIC))).by(&sam).send().await.problem(409, "not_disabled");
    app.post(&format!("{}/approve", of(VIC))).by(&sam).send().await.problem(409, "not_approvable");
    // Where they belonged, nobody else lost anything.
    let member = format!("/api/v1/orgs/{ACME}/members/{ANN}");
    app.get(&member).by(&ann).send().await.expect(200);
}

//! `GET /healthz` and `GET /readyz`

use crate::support::{NOW, TestApp};

// proves OPS-3
#[tokio::test]
async fn a_living_process_says_so_whatever_its_parts_do() {
    let app = TestApp::setup().empty().start().await;
    app.store.failed("gone");
    assert_eq!(app.get("/healthz").send().await.expect(200).text, "ok");
}

// proves OPS-3
#[tokio::test]
async fn readiness_is_told_part_by_part() {
    let app = TestApp::setup().empty().start().await;
    let reply = app.get("/readyz").send().await.expect(200);
    assert_eq!(reply.body["status"], "ready");
    assert_eq!(reply.body["parts"]["database"]["status"], "ready");
    assert_eq!(reply.body["parts"]["policies"]["since"], NOW);

    app.folder.degraded("content.cedar:3:1: expected `;`");
    let reply = app.get("/readyz").send().await.expect(200);
    assert_eq!(reply.body["status"], "degraded");
    assert_eq!(reply.body["parts"]["policies"]["reason"], "content.cedar:3:1: expected `;`");

    app.store.failed("the store does not answer");
    let reply = app.get("/readyz").send().await.expect(503);
    assert_eq!(reply.body["status"], "failed");
    assert_eq!(reply.body["parts"]["database"]["reason"], "the store does not answer");

    app.store.ready();
    app.folder.ready();
    assert_eq!(app.get("/readyz").send().await.expect(200).body["status"], "ready");
}

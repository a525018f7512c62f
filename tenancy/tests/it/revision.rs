//! Points in the history of the store.

use tenancy::resource::{self, MayWrite};
use tenancy::{Ask, Caller, Revision, workspace_action as workspace};

use crate::support::{
    ACME_OPEN, ADAM, GLOBEX_DEFAULT, World, ask, document, document_in, of, put, request, told,
};

fn may_read(id: &str) -> Ask {
    ask(of("User", ADAM), "Docs::read", document(id))
}

#[tokio::test]
async fn an_answer_after_a_write_has_seen_it() {
    // proves PDP-6
    let world = World::new().await;
    let before = world.db.ask(&Caller::Operator, &[may_read("new")]).await.expect("an answer");
    assert_eq!(told(&before.answers[0]), "deny unknown_resource");
    let (_, written) =
        put(&world.db, &Caller::Operator, &document("new"), &document_in(ACME_OPEN)).await.expect("written");
    assert!(before.revision < written, "an answer without the write is not newer than it");
    loop {
        let after = world.db.ask(&Caller::Operator, &[may_read("new")]).await.expect("an answer");
        assert_eq!(told(&after.answers[0]), "allow by content.org_admin");
        // Transactions of other databases on the same server hold the number back while they last.
        if after.revision >= written {
            break;
        }
    }
}

#[tokio::test]
async fn an_answer_does_not_claim_to_have_seen_what_is_not_committed_yet() {
    // proves PDP-6
    let world = World::new().await;
    let mut tx = world.db.begin(request()).await.expect("a transaction");
    let allowed =
        tx.authorize::<workspace::WriteResources>(&Caller::Operator, ACME_OPEN).await.expect("allowed");
    let may = MayWrite { to: &allowed, from: None };
    resource::put(&mut tx, may, &document("new"), &document_in(ACME_OPEN)).await.expect("written");
    // A later one elsewhere, committed earlier.
    let (_, later) = put(&world.db, &Caller::Operator, &document("other"), &document_in(GLOBEX_DEFAULT))
        .await
        .expect("written");
    let meanwhile = world.db.ask(&Caller::Operator, &[may_read("new")]).await.expect("an answer");
    assert_eq!(told(&meanwhile.answers[0]), "deny unknown_resource");
    let written = tx.commit().await.expect("committed");
    assert!(written < later, "{written} {later}");
    assert!(meanwhile.revision < written, "the answer at {} had not seen {written}", meanwhile.revision);
}

#[test]
fn a_revision_reads_as_it_is_written() {
    let revision: Revision = "18446744073709551615".parse().expect("64 bits");
    assert_eq!(revision.to_string(), "18446744073709551615");
    assert_eq!(serde_json::to_value(revision).expect("JSON"), "18446744073709551615");
    assert!("-1".parse::<Revision>().is_err());
}

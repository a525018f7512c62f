//! Bringing in users, organizations and all the rest.

use axum::extract::State;
use axum::response::IntoResponse;
use tenancy::import::{self, Line};
use tenancy::{Platform, platform};

use crate::app::App;
use crate::body::Text;
use crate::context::{Asker, Origin};
use crate::problem::Problem;
use crate::revision::At;
use crate::routes::resources::WrittenLines;

/// Import a batch
///
/// One object a line, `{"<kind>": {…}}` with the kinds `user`, `organization`, `membership`, `workspace`,
/// `workspace_member`, `agent`, `resource` and `share`. At most 1 000 lines; all of them, or none. What is there
/// under the same id is replaced, so a batch can be sent again.
#[utoipa::path(
    post, path = "/api/v1/import", tag = "import",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses(
        (status = 200, description = "All written", body = WrittenLines),
        (status = 422, description = "None written; `fields` names the lines", body = Problem),
    ),
)]
pub(crate) async fn import(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Text(text): Text,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<platform::Import>(&caller, Platform).await?;
    let lines: Vec<(usize, Line)> = import::parse(&text)?;
    let written = import::run(&mut tx, &allowed, &lines).await?;
    Ok((At(tx.commit().await?), axum::Json(WrittenLines { written })))
}

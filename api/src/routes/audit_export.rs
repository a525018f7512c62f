//! The audit log as a file, oldest first.

mod format;

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, Version, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use tenancy::audit::{Export, Filter, Recorded};
use tenancy::{Caller, DecisionId, Error, Platform, ReadsAudit, Request, org_action as org, platform};
use utoipa::IntoParams;

use self::format::Format;
use crate::app::App;
use crate::body::{Path, Query};
use crate::context::{Asker, Origin};
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// Which entries, and how they are written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// How they are written: for a spreadsheet, or an object on each line.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// The type of who did it.
    actor_type: Option<String>,
    /// The id of who did it.
    actor_id: Option<String>,
    /// What was done; with `.*` at its end, all that begins so.
    action: Option<String>,
    /// The type of what it was done to.
    target_type: Option<String>,
    /// The id of what it was done to.
    target_id: Option<String>,
    /// `X-Request-Id` of the request.
    request_id: Option<String>,
    /// The decision that allowed it.
    #[param(value_type = Option<Uuid>)]
    decision_id: Option<DecisionId>,
    /// Done at this time or later.
    from: Option<DateTime<Utc>>,
    /// Done before this time.
    to: Option<DateTime<Utc>>,
}

impl From<ExportQuery> for Filter {
    fn from(query: ExportQuery) -> Self {
        Self {
            actor_type: query.actor_type,
            actor_id: query.actor_id,
            action: query.action,
            target_type: query.target_type,
            target_id: query.target_id,
            request_id: query.request_id,
            decision_id: query.decision_id,
            from: query.from,
            to: query.to,
        }
    }
}

/// Export the audit log of the platform
///
/// All entries there are when it begins, oldest first. If something fails underway, the transfer breaks: an answer that
/// ended as HTTP says is whole. HTTP/1.0 cannot say it, and is refused.
#[utoipa::path(
    get, path = "/api/v1/admin/audit/export", tag = "audit", params(ExportQuery),
    responses(
        (status = 200, description = "The entries",
         content((String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 505, description = "HTTP/1.0", body = Problem),
    ),
)]
pub(crate) async fn export(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    version: Version,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let name = "doorward-audit-platform".to_owned();
    let to = Recipient::<platform::ViewAudit> { app, caller, request, target: Platform };
    to.send(version, &name, query).await
}

/// Export the audit log of an organization
///
/// As that of the platform.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/audit/export", tag = "audit",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), ExportQuery),
    responses(
        (status = 200, description = "The entries",
         content((String = "application/x-ndjson"), (String = "text/csv"))),
        (status = 505, description = "HTTP/1.0", body = Problem),
    ),
)]
pub(crate) async fn export_of_org(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    version: Version,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let id = org.of(&caller)?;
    let name = format!("doorward-audit-{id}");
    let to = Recipient::<org::ViewAudit> { app, caller, request, target: id };
    to.send(version, &name, query).await
}

/// Whom it is sent to, who has to be allowed to read for as long as that takes.
struct Recipient<A: ReadsAudit> {
    app: App,
    caller: Caller,
    request: Request,
    target: A::Target,
}

impl<A: ReadsAudit + Send + Sync + 'static> Recipient<A>
where
    A::Target: 'static,
{
    /// The first part is read before the answer begins, so that a refusal is a problem like others.
    async fn send(self, version: Version, name: &str, query: ExportQuery) -> Result<Response, Problem> {
        if version == Version::HTTP_10 {
            return Err(Problem::new(
                StatusCode::HTTP_VERSION_NOT_SUPPORTED,
                "http_version",
                "over HTTP/1.0 a broken export could not be told from a whole one; use HTTP/1.1 or HTTP/2",
            ));
        }
        let format = query.format;
        let mut export = Export::new(query.into())?;
        let first = self.next(&mut export).await?;
        let head = stream::once(async move { Ok(Bytes::from(format.head())) });
        let parts = stream::try_unfold((self, export, Some(first)), |(to, mut export, first)| async move {
            let part = match first {
                Some(part) => part,
                None => to.next(&mut export).await?,
            };
            Ok::<_, Error>((!part.is_empty()).then_some((part, (to, export, None))))
        });
        let parts = parts.map_err(|error| {
            tracing::warn!(%error, "an export of the audit log broke");
            BoxError::from(error)
        });
        let body = head.chain(parts.map(move |part| Ok::<_, BoxError>(format.body(part?)?.into())));
        let headers = [
            (header::CONTENT_TYPE, format.content_type().to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{}\"", format.extension())),
        ];
        Ok((headers, Body::from_stream(body)).into_response())
    }

    /// The next part, in a transaction of its own, with a decision of its own.
    async fn next(&self, export: &mut Export) -> Result<Vec<Recorded>, Error> {
        let mut tx = self.app.db.begin(self.request.clone()).await?;
        let allowed = tx.authorize::<A>(&self.caller, self.target.clone()).await?;
        export.next(&mut tx, &allowed).await
    }
}

//! Wallets of organizations.

use axum::extract::State;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenancy::wallet::{self, EntryFilter, EntryKind, NewEntry, Wallet, WalletEntry};
use tenancy::{Money, org_action};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{FieldsQuery, ListQuery, PageView, first, twenty};
use crate::once;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntriesQuery {
    /// Of this kind.
    #[param(inline)]
    kind: Option<EntryKind>,
    /// Made then or later.
    since: Option<DateTime<Utc>>,
    /// Made before.
    until: Option<DateTime<Utc>>,
    /// The page, from 1.
    #[serde(default = "first")]
    #[param(minimum = 1, default = 1)]
    page: u32,
    /// Most items of a page.
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// Names of the fields to return, separated by commas; all if left out.
    fields: Option<String>,
}

impl From<EntriesQuery> for (ListQuery, EntryFilter) {
    fn from(query: EntriesQuery) -> Self {
        let EntriesQuery { kind, since, until, page, limit, fields } = query;
        (ListQuery::new(page, limit, fields), EntryFilter { kind, since, until })
    }
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // stands in the OpenAPI document for what `ListQuery::json` makes
pub(crate) struct WalletEntryList {
    entries: Vec<WalletEntry>,
    #[serde(flatten)]
    page: PageView,
}

/// A payment to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteEntry {
    /// Above zero for a credit, below for a debit.
    amount: Money,
    /// What it is for.
    #[schema(min_length = 1, max_length = 200, example = "invoice 2026-117")]
    reason: String,
    /// What tells it from other payments: the same key is the same payment, and entered once.
    #[schema(min_length = 1, max_length = 100, example = "invoice-2026-117")]
    key: String,
}

/// See an organization's wallet
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/wallet", tag = "usage",
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), FieldsQuery),
    responses((status = 200, description = "The wallet", body = Wallet)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(fields): Query<FieldsQuery>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::ViewWallet>(&caller, org).await?;
    fields.json(wallet::wallet(&mut tx, &allowed).await?)
}

/// List the entries of an organization's wallet
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/wallet/entries", tag = "usage",
    params(
        ("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"),
        EntriesQuery,
    ),
    responses((status = 200, description = "A page of entries, newest first", body = WalletEntryList)),
)]
pub(crate) async fn entries(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(query): Query<EntriesQuery>,
) -> Result<impl IntoResponse, Problem> {
    let (org, (query, filter)) = (org.of(&caller)?, query.into());
    let page = query.page()?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::ViewWallet>(&caller, org).await?;
    query.json("entries", wallet::entries(&mut tx, &allowed, &filter, page).await?)
}

/// Put money into an organization's wallet, or take some out
///
/// Entries are never changed: what was wrong is taken back by another one.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/wallet/entries", tag = "usage", request_body = WriteEntry,
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in")),
    responses(
        (status = 201, description = "The entry", body = WalletEntry),
        (status = 200, description = "The same, made before with this key", body = WalletEntry),
        (
            status = 409,
            description = "`insufficient_funds`; `key_reused`: the key came before with another amount or reason; \
                           `no_current_organization`",
            body = Problem,
        ),
        (status = 422, description = "Not valid, or more than a wallet can hold", body = Problem),
    ),
)]
pub(crate) async fn write(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<WriteEntry>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let new = NewEntry { amount: body.amount, reason: body.reason, key: body.key };
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::WriteWallet>(&caller, org).await?;
    let entry = wallet::write(&mut tx, &allowed, &new).await?;
    Ok(once::answer(tx.commit().await?, entry))
}

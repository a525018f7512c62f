//! Wallets of organizations.

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;
use tenancy::wallet::{self, EntryFilter, NewEntry, Wallet, WalletEntry};
use tenancy::{Money, org_action};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, Query};
use crate::context::{Asker, Origin};
use crate::list::{Fields, Listing, page};
use crate::once;
use crate::org_ref::OrgRef;
use crate::problem::Problem;

page!(
    /// A page of entries.
    WalletEntryList { entries: WalletEntry }
);

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
    params(("org_id" = OrgRef, Path, description = "The organization; `current`: the one that you work in"), Fields),
    responses((status = 200, description = "The wallet", body = Wallet)),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Query(fields): Query<Fields>,
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
        Listing::<EntryFilter>,
    ),
    responses((status = 200, description = "A page of entries, newest first", body = WalletEntryList)),
)]
pub(crate) async fn entries(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing<EntryFilter>,
) -> Result<impl IntoResponse, Problem> {
    let org = org.of(&caller)?;
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<org_action::ViewWallet>(&caller, org).await?;
    list.json(WalletEntryList::from(wallet::entries(&mut tx, &allowed, &list.filter, list.page).await?))
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

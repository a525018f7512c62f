//! Invitations into an organization, for those who look after it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tenancy::invitation::{self, DAYS, Invitation, InvitationFilter, NewInvitation};
use tenancy::{
    Address, Error, FieldError, InvitationId, Locale, OrgRole, Tx, WorkspaceId, WorkspaceRole,
    invitation_action as action,
};
use utoipa::ToSchema;

use crate::app::App;
use crate::body::{Json, Path, parse};
use crate::context::{Asker, Origin};
use crate::idempotency::{Create, Created};
use crate::list::{Listing, page};
use crate::org_ref::OrgRef;
use crate::problem::Problem;
use crate::revision::At;

page!(
    /// A page of invitations.
    InvitationList { invitations: Invitation }
);

/// Somebody to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    email: Address,
    /// The role that they get; one that you may give.
    role: OrgRole,
    /// A workspace of the organization that they get into; one that you may let people into.
    workspace_id: Option<WorkspaceId>,
    /// As what; `viewer` if left out.
    workspace_role: Option<WorkspaceRole>,
    /// How many days the invitation is good.
    #[serde(default = "days")]
    #[schema(minimum = 1, maximum = 30, default = 7)]
    days: u8,
    /// The language of the mail, for who has no account; yours if left out.
    locale: Option<Locale>,
}

fn days() -> u8 {
    DAYS
}

impl Invite {
    fn into_new(self) -> Result<NewInvitation, Error> {
        let Self { email, role, workspace_id, workspace_role, days, locale } = self;
        if workspace_id.is_none() && workspace_role.is_some() {
            return Err(Error::invalid("workspace_role", "wants a workspace_id"));
        }
        let workspace = workspace_id.map(|id| (id, workspace_role.unwrap_or(WorkspaceRole::Viewer)));
        Ok(NewInvitation { email, role, workspace, days, locale })
    }
}

/// People to be invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InviteMany {
    /// Each is read by itself: one that is wrong does not keep the others from being invited.
    #[schema(value_type = Vec<Invite>, min_items = 1, max_items = 50)]
    invitations: Vec<Value>,
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowStatus {
    /// The invitation was made.
    Created,
    /// It was not.
    Failed,
}

/// What became of a row.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedRow {
    status: RowStatus,
    /// The invitation, if it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitation: Option<Invitation>,
    /// Why it was not made, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// What became of each row, in the order of the rows.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedMany {
    results: Vec<InvitedRow>,
}

impl From<Result<Invitation, Error>> for InvitedRow {
    fn from(outcome: Result<Invitation, Error>) -> Self {
        match outcome {
            Ok(made) => Self { status: RowStatus::Created, invitation: Some(made), problem: None },
            Err(error) => Self { status: RowStatus::Failed, invitation: None, problem: Some(error.into()) },
        }
    }
}

fn read(row: &Value) -> Result<NewInvitation, Error> {
    let invite = parse::<Invite>(row.to_string().as_bytes());
    invite.map_err(|field: FieldError| Error::Invalid(vec![field])).and_then(Invite::into_new)
}

/// List invitations
///
/// Those that have ended stay on the list.
#[utoipa::path(
    get, path = "/api/v1/orgs/{org_id}/invitations", tag = "invitations",
    params(("org_id" = OrgRef, Path, description = "The organization, or `current`"), Listing::<InvitationFilter>),
    responses((status = 200, description = "A page of invitations", body = InvitationList)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    list: Listing<InvitationFilter>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let allowed = tx.authorize::<action::List>(&caller, org.of(&caller)?).await?;
    list.json(InvitationList::from(invitation::list(&mut tx, &allowed, &list.filter, list.page).await?))
}

/// Invite somebody
///
/// A mail with a link follows; it takes a seat of the plan until it is accepted, taken back or its time is over. Nobody
/// gives a role that they could not give to a member.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/invitations", tag = "invitations", request_body = Invite,
    params(("org_id" = OrgRef, Path, description = "The organization, or `current`"), Create::<Invite>),
    responses(
        (status = 201, description = "The invitation", body = Invitation),
        (status = 403, description = "Not allowed, with this role or into this workspace", body = Problem),
        (status = 404, description = "No such organization of yours, or no such workspace in it", body = Problem),
        (status = 409, description = "`already_member`, `already_invited`, or `limit_reached`", body = Problem),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    new: Create<Invite>,
) -> Result<Response, Problem> {
    let org = org.of(&caller)?;
    let create = async |tx: &mut Tx, body: Invite| {
        Ok(Created::new(invitation::create(tx, &caller, org, &body.into_new()?).await?))
    };
    new.run(&app, request, &caller, create).await
}

/// Invite several people
///
/// Up to 50, each as if by itself, in one transaction: those that are refused do not keep the others from being made.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/invitations/bulk", tag = "invitations", request_body = InviteMany,
    params(("org_id" = OrgRef, Path, description = "The organization, or `current`")),
    responses(
        (status = 200, description = "What became of each", body = InvitedMany),
        (status = 422, description = "Not valid as a whole", body = Problem),
    ),
)]
pub(crate) async fn create_many(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path(org): Path<OrgRef>,
    Json(body): Json<InviteMany>,
) -> Result<impl IntoResponse, Problem> {
    let rows = body.invitations.iter().map(read).collect();
    let mut tx = app.db.begin(request).await?;
    let outcomes = invitation::create_many(&mut tx, &caller, org.of(&caller)?, rows).await?;
    let revision = tx.commit().await?;
    let results = outcomes.into_iter().map(InvitedRow::from).collect();
    Ok((At(revision), axum::Json(InvitedMany { results })))
}

/// Send an invitation again
///
/// With a new link, that is good for as long as the one before was, which is dead from now on. One that has expired takes a
/// seat again.
#[utoipa::path(
    post, path = "/api/v1/orgs/{org_id}/invitations/{invitation_id}/resend", tag = "invitations",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("invitation_id" = InvitationId, Path, description = "The invitation"),
    ),
    responses(
        (status = 200, description = "The invitation", body = Invitation),
        (status = 403, description = "Not allowed, with this role or into this workspace", body = Problem),
        (status = 409, description = "`invitation_ended`: it was accepted or revoked; `already_member`, `already_invited`, or `limit_reached`", body = Problem),
    ),
)]
pub(crate) async fn resend(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InvitationId)>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    let sent = invitation::resend(&mut tx, &caller, org.of(&caller)?, id).await?;
    Ok((At(tx.commit().await?), axum::Json(sent)))
}

/// Revoke an invitation
///
/// Its link is dead at once, and its seat is free.
#[utoipa::path(
    delete, path = "/api/v1/orgs/{org_id}/invitations/{invitation_id}", tag = "invitations",
    params(
        ("org_id" = OrgRef, Path, description = "The organization, or `current`"),
        ("invitation_id" = InvitationId, Path, description = "The invitation"),
    ),
    responses(
        (status = 204, description = "Revoked, now or before"),
        (status = 403, description = "Not allowed, with this role", body = Problem),
        (status = 409, description = "`invitation_ended`: it was accepted", body = Problem),
    ),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Asker(caller): Asker,
    Origin(request): Origin,
    Path((org, id)): Path<(OrgRef, InvitationId)>,
) -> Result<impl IntoResponse, Problem> {
    let mut tx = app.db.begin(request).await?;
    invitation::revoke(&mut tx, &caller, org.of(&caller)?, id).await?;
    Ok((StatusCode::NO_CONTENT, At(tx.commit().await?), ()))
}

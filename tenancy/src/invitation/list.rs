use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Invitation, InvitationState, NOUN};
use crate::action::invitation as action;
use crate::error::{Error, Result};
use crate::id::{InvitationId, OrgId, UserId, WorkspaceId};
use crate::mail::Locale;
use crate::membership::OrgRole;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;
use crate::workspace_member::WorkspaceRole;

words! {
    /// By what invitations are sorted; with a dash from the other end.
    #[derive(Default)]
    InvitationSort {
        /// Newest first.
        #[default]
        Newest = "-created_at",
        /// Oldest first.
        Created = "created_at",
        /// By address.
        Email = "email",
        /// By address, from the end.
        EmailBackwards = "-email",
        /// Those first that end first.
        Expiry = "expires_at",
        /// Those last that end first.
        ExpiryBackwards = "-expires_at",
    }
}

/// Which invitations, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationFilter {
    /// In this state.
    #[param(inline)]
    pub state: Option<InvitationState>,
    /// With this in their address, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default)]
    #[param(inline, default = "-created_at")]
    pub sort: InvitationSort,
}

struct Row {
    id: Uuid,
    org_id: Uuid,
    email: String,
    role: String,
    workspace_id: Option<Uuid>,
    workspace_role: Option<String>,
    locale: Option<String>,
    state: String,
    invited_by: Option<Uuid>,
    inviter_name: Option<String>,
    sent: i32,
    sent_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    accepted_by: Option<Uuid>,
    revoked_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Invitation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let unknown = |word: &str| Error::Store(sqlx::Error::Decode(format!("unknown word {word}").into()));
        Ok(Self {
            id: InvitationId(row.id),
            org_id: OrgId(row.org_id),
            email: row.email,
            role: OrgRole::parse(&row.role).ok_or_else(|| unknown(&row.role))?,
            workspace_id: row.workspace_id.map(WorkspaceId),
            workspace_role: row.workspace_role.as_deref().and_then(WorkspaceRole::parse),
            locale: row.locale.as_deref().and_then(Locale::parse),
            state: InvitationState::parse(&row.state).ok_or_else(|| unknown(&row.state))?,
            invited_by: row.invited_by.map(UserId),
            inviter_name: row.inviter_name,
            sent: row.sent,
            sent_at: row.sent_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
            accepted_by: row.accepted_by.map(UserId),
            revoked_at: row.revoked_at,
            created_at: row.created_at,
        })
    }
}

/// An organization's invitations.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<action::List>,
    filter: &InvitationFilter,
    page: Page,
) -> Result<Paged<Invitation>> {
    let search = filter.search.as_deref().map(str::trim);
    if search.is_some_and(|text| text.is_empty() || text.contains('\0') || text.chars().count() > 254) {
        return Err(Error::invalid("search", "1 to 254 characters"));
    }
    let org = *allowed.target();
    let invitations = read(tx, org, None, (filter, search), page.limit(), page.offset()).await?;
    let now = tx.now();
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from invitations i
           where i.org_id = $1
             and ($2::text is null
                  or $2 = case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
                               when i.expires_at <= $4 then 'expired' else 'pending' end)
             and ($3::text is null or position(lower($3) in lower(i.email)) > 0)"#,
        org.0,
        filter.state.map(InvitationState::as_str),
        search,
        now,
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(page.of(invitations, total))
}

/// One of an organization's invitations.
pub(super) async fn find(tx: &mut Tx, org: OrgId, id: InvitationId) -> Result<Invitation> {
    let all = InvitationFilter { state: None, search: None, sort: InvitationSort::Newest };
    let found = read(tx, org, Some(id), (&all, None), 1, 0).await?;
    found.into_iter().next().ok_or(Error::NotFound(NOUN))
}

async fn read(
    tx: &mut Tx,
    org: OrgId,
    id: Option<InvitationId>,
    (filter, search): (&InvitationFilter, Option<&str>),
    limit: i64,
    offset: i64,
) -> Result<Vec<Invitation>> {
    let now = tx.now();
    let rows = sqlx::query_file_as!(
        Row,
        "src/invitation/list.sql",
        org.0,
        id.map(|id| id.0),
        filter.state.map(InvitationState::as_str),
        search,
        now,
        filter.sort.as_str(),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(Invitation::try_from).collect()
}

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::OrgRole;
use crate::action::{Target as _, member, membership};
use crate::error::{Error, Result};
use crate::id::{MembershipId, OrgId, UserId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;

words! {
    /// Whether a membership gives rights.
    MembershipStatus {
        /// It does.
        Active = "active",
        /// It rests: the role is kept and gives nothing.
        Suspended = "suspended",
    }
}

words! {
    /// By what members are sorted; with a dash from the other end.
    #[derive(Default)]
    MemberSort {
        /// By rank (owner, admin, manager, member), and by name.
        #[default]
        Rank = "rank",
        /// By name.
        Name = "name",
        /// By name, from the end.
        NameBackwards = "-name",
        /// Those first who came first.
        Joined = "joined_at",
        /// Those first who came last.
        Newest = "-joined_at",
    }
}

/// Somebody who belongs to an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// How they call themselves.
    #[schema(example = "Olga")]
    pub name: String,
    /// Their address.
    #[schema(format = Email, example = "olga@example.com")]
    pub email: String,
    /// Their role.
    pub role: OrgRole,
    /// Whether it gives them rights.
    pub status: MembershipStatus,
    /// Since when it rests.
    pub suspended_at: Option<DateTime<Utc>>,
    /// When they came.
    pub joined_at: DateTime<Utc>,
}

/// Which members, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MemberFilter {
    /// With this role.
    #[param(inline)]
    pub role: Option<OrgRole>,
    /// With such a membership.
    #[param(inline)]
    pub status: Option<MembershipStatus>,
    /// With this in name or address, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end.
    #[serde(default)]
    #[param(inline, default = "rank")]
    pub sort: MemberSort,
}

struct Row {
    user_id: Uuid,
    name: String,
    email: String,
    role: String,
    suspended_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Member {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let unknown = || sqlx::Error::Decode(format!("unknown role {}", row.role).into());
        let status =
            if row.suspended_at.is_some() { MembershipStatus::Suspended } else { MembershipStatus::Active };
        Ok(Self {
            user_id: UserId(row.user_id),
            name: row.name,
            email: row.email,
            role: OrgRole::parse(&row.role).ok_or_else(unknown)?,
            status,
            suspended_at: row.suspended_at,
            joined_at: row.created_at,
        })
    }
}

/// Who belongs to an organization.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<member::List>,
    filter: &MemberFilter,
    page: Page,
) -> Result<Paged<Member>> {
    let search = filter.search.as_deref().map(str::trim);
    if search.is_some_and(|text| text.is_empty() || text.contains('\0') || text.chars().count() > 254) {
        return Err(Error::invalid("search", "1 to 254 characters"));
    }
    let org = *allowed.target();
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from memberships m join users u on u.id = m.user_id
           where m.org_id = $1 and ($2::text is null or m.role = $2)
             and ($3::text is null or ($3 = 'suspended') = (m.suspended_at is not null))
             and ($4::text is null or position(lower($4) in lower(u.name)) > 0
                  or position(lower($4) in lower(u.email)) > 0)"#,
        org.0,
        filter.role.map(OrgRole::as_str),
        filter.status.map(MembershipStatus::as_str),
        search,
    )
    .fetch_one(tx.connection())
    .await?;
    let members = read(tx, org, None, filter, (page.limit(), page.offset())).await?;
    Ok(page.of(members, total))
}

/// A member.
///
/// # Errors
/// [`Error::NotFound`] if they are none any more.
pub async fn get(tx: &mut Tx, allowed: &Authorized<membership::View>) -> Result<Member> {
    find(tx, *allowed.target()).await
}

pub(super) async fn find(tx: &mut Tx, id: MembershipId) -> Result<Member> {
    let found = read(tx, id.org, Some(id.user), &MemberFilter::default(), (1, 0)).await?;
    found.into_iter().next().ok_or(Error::NotFound(MembershipId::NOUN))
}

async fn read(
    tx: &mut Tx,
    org: OrgId,
    one: Option<UserId>,
    filter: &MemberFilter,
    (limit, offset): (i64, i64),
) -> Result<Vec<Member>> {
    let rows = sqlx::query_as!(
        Row,
        "select m.user_id, u.name, u.email, m.role, m.suspended_at, m.created_at
         from memberships m join users u on u.id = m.user_id
         where m.org_id = $1 and ($2::uuid is null or m.user_id = $2) and ($3::text is null or m.role = $3)
           and ($4::text is null or ($4 = 'suspended') = (m.suspended_at is not null))
           and ($5::text is null or position(lower($5) in lower(u.name)) > 0
                or position(lower($5) in lower(u.email)) > 0)
         order by case $6 when 'rank' then array_position(array['owner', 'admin', 'manager', 'member'], m.role) end,
                  case when $6 in ('rank', 'name') then lower(u.name) end,
                  case $6 when '-name' then lower(u.name) end desc,
                  case $6 when 'joined_at' then m.created_at end,
                  case $6 when '-joined_at' then m.created_at end desc,
                  m.user_id
         limit $7 offset $8",
        org.0,
        one.map(|id| id.0),
        filter.role.map(OrgRole::as_str),
        filter.status.map(MembershipStatus::as_str),
        filter.search.as_deref().map(str::trim),
        filter.sort.as_str(),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(Member::try_from).collect()
}

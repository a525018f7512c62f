use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::SubscriptionStatus;
use crate::action::{Target as _, member, org, user, workspace};
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::membership::{self, Member, MemberFilter, OrgRole};
use crate::money::Money;
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};
use crate::words::words;
use crate::workspace::Visibility;

/// Most members and workspaces that stand in the details of an organization.
const EMBEDDED: u32 = 100;

/// An organization: what it says of itself, and what the platform has settled with it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Organization {
    /// The id.
    pub id: OrgId,
    /// Its short name in addresses, unique.
    #[schema(max_length = 64, example = "acme")]
    pub slug: String,
    /// Its name.
    #[schema(max_length = 200, example = "Acme")]
    pub name: String,
    /// Its name in full.
    #[schema(max_length = 200, example = "Acme GmbH")]
    pub full_name: Option<String>,
    /// Where it is: an object of its own making.
    #[schema(value_type = Option<Object>)]
    pub address: Option<Value>,
    /// Its phone number (E.164).
    #[schema(example = "+4930123456")]
    pub phone: Option<String>,
    /// Where it is written to.
    #[schema(format = Email)]
    pub organization_email: Option<String>,
    /// Where its bills go.
    #[schema(format = Email)]
    pub billing_email: Option<String>,
    /// Settings of its own making.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// A colour such as `#0a7cff`.
    pub sidebar_color: Option<String>,
    /// A plan of plans.json.
    #[schema(example = "free")]
    pub plan: String,
    /// When the plan was last changed.
    pub plan_updated_at: Option<DateTime<Utc>>,
    /// Whether it may change things; a trial that is over makes it read-only too.
    pub subscription_status: SubscriptionStatus,
    /// When a trial ends or has ended.
    pub trial_ends_at: DateTime<Utc>,
    /// How many belong to it.
    pub member_count: i64,
    /// How many workspaces it has.
    pub workspace_count: i64,
    /// When it was founded.
    pub created_at: DateTime<Utc>,
    /// Counts its changes; for `If-Match`.
    pub version: i64,
}

/// An organization of somebody's.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MyOrganization {
    /// The organization.
    #[serde(flatten)]
    pub organization: Organization,
    /// Their role in it; null for who is no member.
    pub role: Option<OrgRole>,
    /// Since when their membership rests: until it is resumed they have no rights here.
    pub suspended_at: Option<DateTime<Utc>>,
}

/// An organization with what the caller may see in it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrganizationDetails {
    /// The organization.
    #[serde(flatten)]
    pub organization: MyOrganization,
    /// The money in its wallet, in EUR; null for who may not see it.
    pub wallet_balance: Option<Money>,
    /// Its first hundred members by rank; null for who may not see them.
    pub members: Option<Vec<Member>>,
    /// Those of its first hundred workspaces that the caller sees; null for who may not list them.
    pub workspaces: Option<Vec<WorkspaceSummary>>,
}

/// A workspace in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkspaceSummary {
    /// The id.
    pub id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Who gets in without being added.
    pub visibility: Visibility,
    /// Whether people come here first.
    pub is_default: bool,
}

words! {
    /// By what organizations are sorted; with a dash from the other end.
    #[derive(Default)]
    OrgSort {
        /// By one's own role there, and by name.
        #[default]
        Rank = "rank",
        /// By name.
        Name = "name",
        /// By name, from the end.
        NameBackwards = "-name",
        /// By slug.
        Slug = "slug",
        /// By slug, from the end.
        SlugBackwards = "-slug",
        /// Oldest first.
        Created = "created_at",
        /// Newest first.
        Newest = "-created_at",
        /// Those first whose trial ends first.
        TrialEnd = "trial_ends_at",
        /// Those last whose trial ends first.
        TrialEndBackwards = "-trial_ends_at",
    }
}

/// Which organizations, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrgFilter {
    /// On this plan.
    pub plan: Option<String>,
    /// With this subscription.
    #[param(inline)]
    pub subscription_status: Option<SubscriptionStatus>,
    /// With this in name, full name or slug, in whatever case.
    pub search: Option<String>,
    /// By what; with a dash from the other end. `rank` is your own role there.
    #[serde(default)]
    #[param(inline, default = "rank")]
    pub sort: OrgSort,
}

impl OrgFilter {
    fn check(&self) -> Result<()> {
        let is_bad =
            |text: &String| text.trim().is_empty() || text.contains('\0') || text.chars().count() > 200;
        if self.search.as_ref().is_some_and(is_bad) {
            return Err(Error::invalid("search", "1 to 200 characters"));
        }
        if self.plan.as_ref().is_some_and(|plan| plan.contains('\0')) {
            return Err(Error::invalid("plan", "no such plan"));
        }
        Ok(())
    }
}

struct Row {
    id: Uuid,
    slug: String,
    name: String,
    full_name: Option<String>,
    address: Option<Value>,
    phone: Option<String>,
    organization_email: Option<String>,
    billing_email: Option<String>,
    settings: Value,
    sidebar_color: Option<String>,
    plan: String,
    plan_updated_at: Option<DateTime<Utc>>,
    subscription_status: String,
    trial_ends_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    version: i64,
    role: Option<String>,
    suspended_at: Option<DateTime<Utc>>,
    member_count: i64,
    workspace_count: i64,
}

impl TryFrom<Row> for MyOrganization {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let status = SubscriptionStatus::parse(&row.subscription_status);
        let unknown = || sqlx::Error::Decode(format!("unknown status {}", row.subscription_status).into());
        let organization = Organization {
            id: OrgId(row.id),
            slug: row.slug,
            name: row.name,
            full_name: row.full_name,
            address: row.address,
            phone: row.phone,
            organization_email: row.organization_email,
            billing_email: row.billing_email,
            settings: row.settings,
            sidebar_color: row.sidebar_color,
            plan: row.plan,
            plan_updated_at: row.plan_updated_at,
            subscription_status: status.ok_or_else(unknown)?,
            trial_ends_at: row.trial_ends_at,
            member_count: row.member_count,
            workspace_count: row.workspace_count,
            created_at: row.created_at,
            version: row.version,
        };
        let role = row.role.as_deref().and_then(OrgRole::parse);
        Ok(Self { organization, role, suspended_at: row.suspended_at })
    }
}

impl Organization {
    /// Leaves what is for those who have rights in it.
    fn withhold(&mut self) {
        (self.full_name, self.address, self.phone) = (None, None, None);
        (self.organization_email, self.billing_email, self.sidebar_color) = (None, None, None);
        self.settings = Value::Object(Map::new());
    }

    pub(super) fn settings(&self) -> Map<String, Value> {
        self.settings.as_object().cloned().unwrap_or_default()
    }
}

/// The organizations that somebody belongs to, also where their membership rests.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn mine(
    tx: &mut Tx,
    allowed: &Authorized<user::ListOrgs>,
    filter: &OrgFilter,
    page: Page,
) -> Result<Paged<MyOrganization>> {
    let mut mine = paged(tx, Some(*allowed.target()), "mine", filter, page).await?;
    for resting in mine.items.iter_mut().filter(|mine| mine.suspended_at.is_some()) {
        resting.organization.withhold();
    }
    Ok(mine)
}

/// All organizations.
///
/// # Errors
/// [`Error::Invalid`] for a search that can find nothing.
pub async fn list(
    tx: &mut Tx,
    _: &Authorized<org::List>,
    filter: &OrgFilter,
    page: Page,
) -> Result<Paged<Organization>> {
    let all = paged(tx, None, "all", filter, page).await?;
    Ok(Paged { items: all.items.into_iter().map(|mine| mine.organization).collect(), info: all.info })
}

/// An organization.
///
/// # Errors
/// If the store does not answer.
pub async fn get(tx: &mut Tx, allowed: &Authorized<org::View>) -> Result<MyOrganization> {
    find(tx, *allowed.target(), allowed.actor().person().map(|person| person.id)).await
}

/// An organization with what whoever asks may see in it.
///
/// # Errors
/// If the store does not answer.
pub async fn details(tx: &mut Tx, allowed: &Authorized<org::View>) -> Result<OrganizationDetails> {
    let (id, caller) = (*allowed.target(), allowed.actor().clone());
    let organization = get(tx, allowed).await?;
    let wallet_balance = match tx.try_authorize::<org::ViewWallet>(&caller, id).await? {
        Some(_) => sqlx::query_scalar!("select balance from wallets where org_id = $1", id.0)
            .fetch_optional(tx.connection())
            .await?
            .map(Money::from),
        None => None,
    };
    let page = Page::new(1, EMBEDDED).ok_or(Error::NotFound(OrgId::NOUN))?;
    let members = match tx.try_authorize::<member::List>(&caller, id).await? {
        Some(allowed) => Some(membership::list(tx, &allowed, &MemberFilter::default(), page).await?.items),
        None => None,
    };
    let workspaces = match tx.try_authorize::<workspace::List>(&caller, id).await? {
        Some(_) => Some(workspaces(tx, allowed).await?),
        None => None,
    };
    Ok(OrganizationDetails { organization, wallet_balance, members, workspaces })
}

async fn workspaces(tx: &mut Tx, allowed: &Authorized<org::View>) -> Result<Vec<WorkspaceSummary>> {
    let rows = sqlx::query!(
        "select id, name, visibility, is_default from workspaces where org_id = $1
         order by is_default desc, lower(name), id limit $2",
        allowed.target().0,
        i64::from(EMBEDDED),
    )
    .fetch_all(tx.connection())
    .await?;
    let ids = rows.iter().map(|row| WorkspaceId(row.id)).collect();
    let seen = tx.filter::<workspace::View>(allowed.actor(), ids).await?;
    let is_seen = |id: Uuid| seen.iter().any(|allowed| allowed.target().0 == id);
    let summaries = rows.into_iter().filter(|row| is_seen(row.id)).filter_map(|row| {
        Some(WorkspaceSummary {
            id: WorkspaceId(row.id),
            name: row.name,
            visibility: Visibility::parse(&row.visibility)?,
            is_default: row.is_default,
        })
    });
    Ok(summaries.collect())
}

/// An organization, with the role of somebody.
pub(super) async fn find(tx: &mut Tx, id: OrgId, whose: Option<UserId>) -> Result<MyOrganization> {
    let found = read(tx, Some(id), whose, "all", &OrgFilter::default(), (1, 0)).await?;
    found.into_iter().next().ok_or(Error::NotFound(OrgId::NOUN))
}

async fn paged(
    tx: &mut Tx,
    whose: Option<UserId>,
    scope: &str,
    filter: &OrgFilter,
    page: Page,
) -> Result<Paged<MyOrganization>> {
    filter.check()?;
    let found = read(tx, None, whose, scope, filter, (page.limit(), page.offset())).await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "count!" from organizations o
           left join memberships m on m.org_id = o.id and m.user_id = $1
           where ($2::text = 'all' or m.user_id is not null and o.deleting_at is null)
             and ($3::text is null or o.plan = $3)
             and ($4::text is null or o.subscription_status = $4)
             and ($5::text is null or position(lower($5) in lower(o.name)) > 0 or position(lower($5) in o.slug) > 0
                  or position(lower($5) in lower(coalesce(o.full_name, ''))) > 0)"#,
        whose.map(|id| id.0),
        scope,
        filter.plan,
        filter.subscription_status.map(SubscriptionStatus::as_str),
        filter.search.as_deref().map(str::trim),
    )
    .fetch_one(tx.connection())
    .await?;
    Ok(page.of(found, total))
}

async fn read(
    tx: &mut Tx,
    id: Option<OrgId>,
    whose: Option<UserId>,
    scope: &str,
    filter: &OrgFilter,
    (limit, offset): (i64, i64),
) -> Result<Vec<MyOrganization>> {
    let rows = sqlx::query_file_as!(
        Row,
        "src/organization/organization.sql",
        id.map(|id| id.0),
        whose.map(|id| id.0),
        scope,
        filter.plan,
        filter.subscription_status.map(SubscriptionStatus::as_str),
        filter.search.as_deref().map(str::trim),
        filter.sort.as_str(),
        limit,
        offset,
    )
    .fetch_all(tx.connection())
    .await?;
    rows.into_iter().map(MyOrganization::try_from).collect()
}

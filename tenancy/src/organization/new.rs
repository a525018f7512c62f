use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::change::slug_taken;
use super::field::{Fields, slug_of};
use super::view::{MyOrganization, find};
use crate::action::{Action, Target as _, org};
use crate::address::Address;
use crate::audit::Change;
use crate::caller::Person;
use crate::error::{Error, Result};
use crate::id::{OrgId, UserId, WorkspaceId};
use crate::membership::{self, OrgRole};
use crate::tx::{Authorized, Tx};
use crate::workspace::{self, Place, Visibility};
use crate::workspace_member::{self, WorkspaceRole};

/// How long a new organization has full rights on no paid plan.
const TRIAL: TimeDelta = TimeDelta::days(30);

/// The plan that everybody begins with.
const FIRST_PLAN: &str = "free";

/// How often another slug is tried, where the one that comes of the name is taken.
const TRIES: usize = 5;

/// An organization to be founded.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)] // the fields of `Organization`
pub struct NewOrganization {
    pub name: String,
    /// Made of the name, if left out.
    pub slug: Option<String>,
    pub full_name: Option<String>,
    pub address: Option<Map<String, Value>>,
    pub phone: Option<String>,
    pub organization_email: Option<Address>,
    pub billing_email: Option<Address>,
    pub settings: Map<String, Value>,
    pub sidebar_color: Option<String>,
}

impl NewOrganization {
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub(super) fn check(&self) -> Result<()> {
        Fields {
            slug: self.slug.as_deref().unwrap_or("org"),
            name: &self.name,
            full_name: self.full_name.as_deref(),
            address: self.address.as_ref(),
            phone: self.phone.as_deref(),
            settings: &self.settings,
            sidebar_color: self.sidebar_color.as_deref(),
        }
        .check()
    }
}

/// Founds an organization: whoever does is its owner, and the admin of its first workspace.
///
/// # Errors
/// [`Error::Invalid`] for what is wrong with it; [`Error::Conflict`] if another organization has the slug;
/// [`Error::Unauthenticated`] if nobody is there to own it.
pub async fn create(
    tx: &mut Tx,
    allowed: &Authorized<org::Create>,
    new: &NewOrganization,
) -> Result<MyOrganization> {
    new.check()?;
    let Some(Person { id: owner, .. }) = allowed.actor().person().cloned() else {
        return Err(Error::Unauthenticated);
    };
    let (id, _) = found(tx, allowed, new, owner).await?;
    find(tx, id, Some(owner)).await
}

/// The organization with its owner and its first workspace.
pub(super) async fn found<A: Action>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    new: &NewOrganization,
    owner: UserId,
) -> Result<(OrgId, WorkspaceId)> {
    let (id, slug) = insert(tx, new).await?;
    membership::insert(tx, id, owner, OrgRole::Owner).await?;
    let workspace = workspace::insert(tx, id, "Default", Visibility::Org, Place::Default).await?;
    workspace_member::insert(tx, workspace, owner, WorkspaceRole::Admin).await?;
    let after =
        json!({ "slug": slug, "name": new.name, "plan": FIRST_PLAN, "owner": owner, "workspace": workspace });
    tx.record(allowed, Some(id), &id.uid(), Change { before: Value::Null, after }).await?;
    Ok((id, workspace))
}

/// The row, under the slug that was asked for, or the first free one that comes of the name.
async fn insert(tx: &mut Tx, new: &NewOrganization) -> Result<(OrgId, String)> {
    let made = slug_of(new.name.trim());
    for attempt in 0..TRIES {
        let slug = match (&new.slug, attempt) {
            (Some(slug), _) => slug.clone(),
            (None, 0) => made.clone(),
            (None, _) => format!("{made}-{}", hex(tx.random().bytes())),
        };
        let (id, now) = (OrgId(tx.new_id()), tx.now());
        let inserted = sqlx::query!(
            "insert into organizations (id, slug, name, full_name, address, phone, organization_email, billing_email,
                                        settings, sidebar_color, plan, subscription_status, trial_ends_at, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'trial', $12, $13)
             on conflict (slug) do nothing",
            id.0,
            slug,
            new.name.trim(),
            new.full_name.as_deref().map(str::trim),
            new.address.clone().map(Value::Object),
            new.phone,
            new.organization_email.as_ref().map(Address::as_str),
            new.billing_email.as_ref().map(Address::as_str),
            Value::Object(new.settings.clone()),
            new.sidebar_color,
            FIRST_PLAN,
            now + TRIAL,
            now,
        )
        .execute(tx.connection())
        .await
        .map_err(slug_taken)?;
        if inserted.rows_affected() == 1 {
            return Ok((id, slug));
        }
        if new.slug.is_some() {
            break;
        }
    }
    Err(Error::conflict("slug_taken", "another organization has this slug"))
}

fn hex([a, b, c]: [u8; 3]) -> String {
    format!("{a:02x}{b:02x}{c:02x}")
}

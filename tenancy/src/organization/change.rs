use serde_json::{Map, Value, json};

use super::field::Fields;
use super::view::{MyOrganization, Organization, find};
use crate::action::{Action, org};
use crate::address::Address;
use crate::audit::Change;
use crate::error::{Error, Result};
use crate::id::OrgId;
use crate::tx::{Authorized, Tx};

/// What to change; what is left out stays, and an inner none takes it away.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(missing_docs)] // the fields of `Organization`
pub struct OrganizationUpdate {
    pub slug: Option<String>,
    pub name: Option<String>,
    pub full_name: Option<Option<String>>,
    pub address: Option<Option<Map<String, Value>>>,
    pub phone: Option<Option<String>>,
    pub organization_email: Option<Option<Address>>,
    pub settings: Option<Map<String, Value>>,
    pub sidebar_color: Option<Option<String>>,
}

/// Changes what an organization says of itself.
///
/// # Errors
/// [`Error::Invalid`] for what is wrong with it; [`Error::Conflict`] if another organization has the slug.
pub async fn update(
    tx: &mut Tx,
    allowed: &Authorized<org::Update>,
    update: OrganizationUpdate,
) -> Result<MyOrganization> {
    let id = *allowed.target();
    let before = find(tx, id, None).await?.organization;
    let mut after = before.clone();
    let text = |text: String| text.trim().to_owned();
    if let Some(slug) = update.slug {
        after.slug = slug;
    }
    if let Some(name) = update.name {
        after.name = text(name);
    }
    if let Some(full_name) = update.full_name {
        after.full_name = full_name.map(text);
    }
    if let Some(address) = update.address {
        after.address = address.map(Value::Object);
    }
    if let Some(phone) = update.phone {
        after.phone = phone;
    }
    if let Some(email) = update.organization_email {
        after.organization_email = email.map(|email| email.as_str().to_owned());
    }
    if let Some(settings) = update.settings {
        after.settings = Value::Object(settings);
    }
    if let Some(color) = update.sidebar_color {
        after.sidebar_color = color;
    }
    check(&after)?;
    if before != after {
        write(tx, &after).await?;
        record(tx, allowed, &before, &after).await?;
    }
    find(tx, id, allowed.actor().person().map(|person| person.id)).await
}

/// Changes where an organization's bills go.
///
/// # Errors
/// If the store does not answer.
pub async fn update_billing(
    tx: &mut Tx,
    allowed: &Authorized<org::UpdateBilling>,
    billing_email: Option<&Address>,
) -> Result<MyOrganization> {
    let id = *allowed.target();
    let before = find(tx, id, None).await?.organization;
    let after = Organization {
        billing_email: billing_email.map(|email| email.as_str().to_owned()),
        ..before.clone()
    };
    if before != after {
        write(tx, &after).await?;
        record(tx, allowed, &before, &after).await?;
    }
    find(tx, id, allowed.actor().person().map(|person| person.id)).await
}

fn check(organization: &Organization) -> Result<()> {
    let settings = organization.settings();
    Fields {
        slug: &organization.slug,
        name: &organization.name,
        full_name: organization.full_name.as_deref(),
        address: organization.address.as_ref().and_then(Value::as_object),
        phone: organization.phone.as_deref(),
        settings: &settings,
        sidebar_color: organization.sidebar_color.as_deref(),
    }
    .check()
}

async fn write(tx: &mut Tx, organization: &Organization) -> Result<()> {
    let written = sqlx::query!(
        "update organizations set slug = $2, name = $3, full_name = $4, address = $5, phone = $6, organization_email = $7,
             billing_email = $8, settings = $9, sidebar_color = $10
         where id = $1",
        organization.id.0,
        organization.slug,
        organization.name,
        organization.full_name,
        organization.address,
        organization.phone,
        organization.organization_email,
        organization.billing_email,
        organization.settings,
        organization.sidebar_color,
    )
    .execute(tx.connection())
    .await;
    written.map_err(slug_taken)?;
    Ok(())
}

/// A slug that is taken is the state of things, and no mistake in the input.
pub(super) fn slug_taken(error: sqlx::Error) -> Error {
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    if constraint == Some("organizations_slug") {
        return Error::conflict("slug_taken", "another organization has this slug");
    }
    error.into()
}

/// Records the fields that differ.
async fn record<A: Action<Target = OrgId>>(
    tx: &mut Tx,
    allowed: &Authorized<A>,
    before: &Organization,
    after: &Organization,
) -> Result<()> {
    let (Value::Object(mut before), Value::Object(mut after)) = (json!(before), json!(after)) else {
        return Ok(());
    };
    before.retain(|field, value| after.get(field) != Some(value));
    after.retain(|field, _| before.contains_key(field));
    let change = Change { before: Value::Object(before), after: Value::Object(after) };
    tx.record(allowed, None, &allowed.uid(), change).await
}

use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Purge, PurgeState, PurgeSubject};
use crate::action::{purge as action, user};
use crate::error::{Error, Result};
use crate::id::{OrgId, PurgeId, UserId};
use crate::page::{Page, Paged};
use crate::tx::{Authorized, Tx};

/// The word for a purge in errors.
pub(super) const NOUN: &str = "purge";

/// Which purges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PurgeFilter {
    /// So far on their way.
    #[param(inline)]
    pub state: Option<PurgeState>,
    /// Of these.
    #[param(inline)]
    pub subject: Option<PurgeSubject>,
    /// Of this account, organization or workspace.
    pub subject_id: Option<Uuid>,
}

/// All of whom and what a list is about.
#[derive(Debug, Default)]
struct Wanted {
    id: Option<PurgeId>,
    token_hash: Option<[u8; 32]>,
    requested_by: Option<UserId>,
    filter: PurgeFilter,
}

/// All purges, the latest first.
///
/// # Errors
/// If the store does not answer.
pub async fn list(
    tx: &mut Tx,
    _: &Authorized<action::List>,
    filter: PurgeFilter,
    page: Page,
) -> Result<Paged<Purge>> {
    paged(tx, Wanted { filter, ..Wanted::default() }, page).await
}

/// Any purge.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(tx: &mut Tx, _: &Authorized<action::List>, id: PurgeId) -> Result<Purge> {
    find(tx, id).await
}

/// The purges that a person asked for, the latest first.
///
/// # Errors
/// If the store does not answer.
pub async fn mine(tx: &mut Tx, allowed: &Authorized<user::ListPurges>, page: Page) -> Result<Paged<Purge>> {
    paged(tx, Wanted { requested_by: Some(*allowed.target()), ..Wanted::default() }, page).await
}

/// One that a person asked for.
///
/// # Errors
/// [`Error::NotFound`], also for those of others.
pub async fn one_of_mine(tx: &mut Tx, allowed: &Authorized<user::ListPurges>, id: PurgeId) -> Result<Purge> {
    let requested_by = Some(*allowed.target());
    one(tx, Wanted { id: Some(id), requested_by, ..Wanted::default() }).await
}

pub(super) async fn find(tx: &mut Tx, id: PurgeId) -> Result<Purge> {
    one(tx, Wanted { id: Some(id), ..Wanted::default() }).await
}

pub(super) async fn with_hash(tx: &mut Tx, hash: [u8; 32]) -> Result<Purge> {
    one(tx, Wanted { token_hash: Some(hash), ..Wanted::default() }).await
}

async fn one(tx: &mut Tx, wanted: Wanted) -> Result<Purge> {
    let page = Page::new(1, 1).ok_or(Error::NotFound(NOUN))?;
    paged(tx, wanted, page).await?.items.pop().ok_or(Error::NotFound(NOUN))
}

async fn paged(tx: &mut Tx, wanted: Wanted, page: Page) -> Result<Paged<Purge>> {
    let Wanted { id, token_hash, requested_by, filter } = wanted;
    let rows = sqlx::query!(
        r#"select p.id, p.subject, p.subject_id, p.org_id, p.requested_by, p.state, p.step, p.requested_at, p.due_at,
                  p.deadline_at, p.started_at, p.finished_at, p.receipt, count(*) over () as "total!",
                  coalesce((
                      select jsonb_agg(jsonb_build_object('step', s.step, 'started_at', s.started_at,
                                                          'finished_at', s.finished_at, 'counts', s.counts)
                                       order by s.started_at, s.finished_at nulls last)
                      from purge_steps s where s.purge_id = p.id), '[]') as "steps!"
           from purges p
           where ($1::uuid is null or p.id = $1) and ($2::bytea is null or p.token_hash = $2)
             and ($3::uuid is null or p.requested_by = $3) and ($4::text is null or p.state = $4)
             and ($5::text is null or p.subject = $5) and ($6::uuid is null or p.subject_id = $6)
           order by p.requested_at desc, p.id desc limit $7 offset $8"#,
        id.map(|id| id.0),
        token_hash.as_ref().map(|hash| &hash[..]),
        requested_by.map(|id| id.0),
        filter.state.map(PurgeState::as_str),
        filter.subject.map(PurgeSubject::as_str),
        filter.subject_id,
        page.limit(),
        page.offset(),
    )
    .fetch_all(tx.connection())
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let purges = rows.into_iter().map(|row| {
        Ok(Purge {
            id: PurgeId(row.id),
            subject: PurgeSubject::parse(&row.subject).ok_or_else(|| unknown(&row.subject))?,
            subject_id: row.subject_id,
            org_id: row.org_id.map(OrgId),
            requested_by: row.requested_by.map(UserId),
            state: PurgeState::parse(&row.state).ok_or_else(|| unknown(&row.state))?,
            step: super::PurgeStep::parse(&row.step).ok_or_else(|| unknown(&row.step))?,
            requested_at: row.requested_at,
            due_at: row.due_at,
            deadline_at: row.deadline_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            steps: read(row.steps)?,
            receipt: row.receipt.map(read).transpose()?,
        })
    });
    Ok(page.of(purges.collect::<Result<_>>()?, total))
}

fn unknown(word: &str) -> Error {
    Error::Store(sqlx::Error::Decode(format!("no purge is {word:?}").into()))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| Error::Store(sqlx::Error::Decode(error.into())))
}

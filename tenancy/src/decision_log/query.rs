//! Reading the log.

use authz::Outcome;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::logged::Logged;
use super::row::Row;
use crate::action::{KeyOwner, decision};
use crate::caller::Caller;
use crate::error::{Error, FieldError, Result};
use crate::id::{DecisionId, OrgId};
use crate::time;
use crate::tx::{Authorized, Tx};

const NOUN: &str = "decision";

/// Every code of a reason.
const REASONS: [&str; 10] = [
    "forbidden",
    "no_policy_allows",
    "unknown_principal",
    "unknown_resource",
    "unknown_action",
    "not_applicable",
    "invalid_context",
    "incomplete_facts",
    "evaluation_error",
    "malformed",
];

/// Which decisions are wanted; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The type of the principal.
    pub principal_type: Option<String>,
    /// Its id.
    pub principal_id: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// The type of the resource.
    pub resource_type: Option<String>,
    /// Its id.
    pub resource_id: Option<String>,
    /// The outcome.
    pub decision: Option<Outcome>,
    /// A policy among those that decided.
    pub policy: Option<String>,
    /// The code of the reason.
    pub reason: Option<String>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    fn check(&self) -> Result<()> {
        let mut wrong = vec![];
        let mut field = |name: &str, message: String| wrong.push(FieldError { field: name.into(), message });
        for (name, text) in [
            ("principal_type", &self.principal_type),
            ("principal_id", &self.principal_id),
            ("action", &self.action),
            ("resource_type", &self.resource_type),
            ("resource_id", &self.resource_id),
            ("policy", &self.policy),
        ] {
            if text.as_ref().is_some_and(|text| text.is_empty() || text.contains('\0')) {
                field(name, "at least one character, any but NUL".into());
            }
        }
        if let Some(reason) = &self.reason
            && !REASONS.contains(&reason.as_str())
        {
            field("reason", format!("no reason {reason:?}; there are {}", REASONS.join(", ")));
        }
        for (name, bound) in [("from", self.from), ("to", self.to)] {
            if bound.is_some_and(|bound| !time::is_storable(bound)) {
                field(name, "a time in the years 1 to 9999".into());
            }
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            field("to", "must be after from".into());
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }
}

/// Where a list goes on: after this decision, towards older ones. What is logged meanwhile is newer, and so no page
/// shows a decision twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor(DecisionId);

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.0))
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Uuid::from_slice(&bytes).ok());
        let id = bytes.map(DecisionId).filter(|id| time::is_storable(id.time()));
        id.map(Self).ok_or_else(|| Error::invalid("cursor", "not the next_cursor of an answer"))
    }
}

/// A page of the log.
#[derive(Debug, Clone)]
pub struct CursorPage {
    /// The decisions, newest first.
    pub decisions: Vec<Logged>,
    /// Where the next page begins, if there is more.
    pub next: Option<Cursor>,
}

impl CursorPage {
    /// Largest page.
    pub const MAX: u32 = 200;
}

/// A page of the decisions about everything, or about an organization's, newest first.
///
/// # Errors
/// [`Error::Invalid`] if the filter or the limit is not valid; [`Error::Store`].
pub async fn list(
    tx: &mut Tx,
    allowed: &Authorized<decision::List>,
    filter: &Filter,
    after: Option<Cursor>,
    limit: u32,
) -> Result<CursorPage> {
    filter.check()?;
    if !(1..=CursorPage::MAX).contains(&limit) {
        return Err(Error::invalid("limit", format!("1 to {}", CursorPage::MAX)));
    }
    // With a plan for all parameters there could be, Postgres would look into every partition and at no index.
    sqlx::query("set local plan_cache_mode = force_custom_plan").execute(tx.connection()).await?;
    let rows = sqlx::query_as!(
        Row,
        r#"select id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type,
                  resource_id, context, masked, decision, reason, message, policies, is_withheld, revision,
                  policy_hash, request_id, duration_us, batch_index
           from decisions
           where ($1::uuid is null or org_id = $1)
             and ($2::text is null or principal_type = $2)
             and ($3::text is null or principal_id = $3)
             and ($4::text is null or action = $4)
             and ($5::text is null or resource_type = $5)
             and ($6::text is null or resource_id = $6)
             and ($7::text is null or decision = $7)
             and ($8::text is null or policies @> array[$8] and not ($1 is not null and is_withheld))
             and ($9::text is null
                  or case when $1 is not null and is_withheld then 'unknown_principal' else reason end = $9)
             and ($10::timestamptz is null or at >= $10)
             and ($11::timestamptz is null or at < $11)
             and ($12::timestamptz is null or at <= $12 and (at, id) < ($12, $13::uuid))
           order by at desc, id desc limit $14"#,
        allowed.target().org_id().map(|org| org.0),
        filter.principal_type,
        filter.principal_id,
        filter.action,
        filter.resource_type,
        filter.resource_id,
        filter.decision.map(|outcome| match outcome {
            Outcome::Allow => "allow",
            Outcome::Deny => "deny",
        }),
        filter.policy,
        filter.reason,
        filter.from,
        filter.to,
        after.map(|Cursor(id)| id.time()),
        after.map(|Cursor(id)| id.0),
        i64::from(limit) + 1,
    )
    .fetch_all(tx.connection())
    .await?;
    let has_more = rows.len() > limit as usize;
    let decisions: Vec<Logged> =
        rows.into_iter().take(limit as usize).map(|row| shown(row, *allowed.target())).collect();
    let next = decisions.last().filter(|_| has_more).map(|last| Cursor(last.id));
    Ok(CursorPage { decisions, next })
}

/// Whose a logged decision is: what has to be authorized to read it.
///
/// # Errors
/// [`Error::Unauthenticated`] for nobody in particular; [`Error::Store`].
pub async fn locate(tx: &mut Tx, caller: &Caller, id: DecisionId) -> Result<Option<KeyOwner>> {
    if *caller == Caller::Anonymous {
        return Err(Error::Unauthenticated);
    }
    let found =
        sqlx::query_scalar!("select org_id from decisions where at = $1 and id = $2", id.time(), id.0)
            .fetch_optional(tx.connection())
            .await?;
    Ok(found.map(|org| org.map_or(KeyOwner::Platform, |org| KeyOwner::Org(OrgId(org)))))
}

/// One decision of those that may be listed.
///
/// # Errors
/// [`Error::NotFound`] if it is not among them; [`Error::Store`].
pub async fn get(tx: &mut Tx, allowed: &Authorized<decision::List>, id: DecisionId) -> Result<Logged> {
    let row = sqlx::query_as!(
        Row,
        "select id, at, org_id, caller_type, caller_id, principal_type, principal_id, action, resource_type,
                resource_id, context, masked, decision, reason, message, policies, is_withheld, revision,
                policy_hash, request_id, duration_us, batch_index
         from decisions where at = $1 and id = $2 and ($3::uuid is null or org_id = $3)",
        id.time(),
        id.0,
        allowed.target().org_id().map(|org| org.0),
    )
    .fetch_optional(tx.connection())
    .await?;
    row.map(|row| shown(row, *allowed.target())).ok_or(Error::NotFound(NOUN))
}

fn shown(row: Row, to: KeyOwner) -> Logged {
    let is_withheld = row.is_withheld && to.org_id().is_some();
    let logged = Logged::from(row);
    if is_withheld { logged.withhold() } else { logged }
}

#[cfg(test)]
mod tests {
    use authz::Reason;

    use super::*;

    #[test]
    fn every_reason_can_be_asked_for() {
        let text = String::new;
        let all = [
            Reason::Forbidden,
            Reason::NoPolicyAllows,
            Reason::UnknownPrincipal(text()),
            Reason::UnknownResource(text()),
            Reason::UnknownAction(text()),
            Reason::NotApplicable(text()),
            Reason::InvalidContext(text()),
            Reason::IncompleteFacts(text()),
            Reason::EvaluationError(text()),
            Reason::Malformed(text()),
        ];
        assert_eq!(all.map(|reason| reason.code()), REASONS);
    }

    #[test]
    fn a_cursor_is_read_back_and_anything_else_is_not() {
        let cursor = Cursor(DecisionId(Uuid::from_u128(0x019a_a000_0000_7000_8000_0000_0000_0001)));
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for bad in ["", "1", "AZqgAAAAcACAAAAAAAAAAQ==", "AZqgAAAAcACAAAAAAAAAA", "../../etc"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}

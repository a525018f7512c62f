//! Does a question fit the schema?

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::{Context, EntityUid, Request, RestrictedExpression};
use cedar_policy_core::ast::{self, EntityUIDEntry};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::decide::{Reason, chain};
use crate::kinds::KindId;
use crate::named::{self, Named};
use crate::snapshot::{SchemaMark, Snapshot};
use crate::time;

/// One question, with everything that does not come from the store.
#[derive(Debug, Clone)]
pub struct Question {
    /// Who wants to act.
    pub principal: EntityUid,
    /// What they want to do.
    pub action: EntityUid,
    /// What they want to do it to.
    pub resource: EntityUid,
    /// What the caller says about the request. `now` is not the caller's to say.
    pub context: Map<String, Value>,
    /// The time that policies compare with.
    pub now: DateTime<Utc>,
}

/// A question that fits the schema, waiting for the facts about what it names.
#[derive(Debug)]
pub struct Posed {
    pub(crate) request: Request,
    references: Named,
    kind: KindId,
    schema: SchemaMark,
}

impl Posed {
    /// The entities whose facts are wanted: principal, resource, and those that the context names.
    #[must_use]
    pub fn references(&self) -> &[EntityUid] {
        self.references.uids()
    }

    pub(crate) fn named(&self) -> &Named {
        &self.references
    }

    /// Its kind among those of a snapshot; none if the question does not fit that one's schema.
    pub(crate) fn kind(&self, snapshot: &Snapshot) -> Option<KindId> {
        if self.schema == snapshot.schema_mark {
            return Some(self.kind);
        }
        let (principal, action, resource) =
            (self.request.principal()?, self.request.action()?, self.request.resource()?);
        snapshot.kinds.find(principal, action, resource).ok().map(|(kind, _)| kind)
    }
}

impl Snapshot {
    /// Checks a question against the schema.
    ///
    /// # Errors
    /// The reason to deny, if no policy could ever be asked.
    pub fn pose(&self, question: &Question) -> Result<Posed, Reason> {
        let (kind, fits_bare) = self.kinds.find(&question.principal, &question.action, &question.resource)?;
        if self.is_off_list(&question.principal) {
            return Err(Reason::UnknownPrincipal(question.principal.to_string()));
        }
        if self.is_off_list(&question.resource) {
            return Err(Reason::UnknownResource(question.resource.to_string()));
        }
        let mut references = vec![question.principal.clone(), question.resource.clone()];
        let bare = if fits_bare && question.context.is_empty() { bare_context(question.now) } else { None };
        let request = match bare {
            // That types and context fit was found out for all questions of the kind when the folder was loaded.
            Some(context) => {
                let entry = |uid: &EntityUid| EntityUIDEntry::known(uid.clone().into(), None);
                let (principal, resource) = (entry(&question.principal), entry(&question.resource));
                ast::Request::new_unchecked(principal, entry(&question.action), resource, Some(context))
                    .into()
            }
            None => {
                let context = self.context(question)?;
                if let ast::Context::Value(values) = context.as_ref() {
                    values.values().for_each(|value| named::references(value, &mut references));
                }
                Request::new(
                    question.principal.clone(),
                    question.action.clone(),
                    question.resource.clone(),
                    context,
                    Some(&self.schema),
                )
                .map_err(|error| Reason::InvalidContext(chain(&error)))?
            }
        };
        Ok(Posed { request, references: references.into_iter().collect(), kind, schema: self.schema_mark })
    }

    /// The caller's context with the server's time; without a word about it, no second factor was confirmed.
    fn context(&self, question: &Question) -> Result<Context, Reason> {
        let invalid = |message: String| Reason::InvalidContext(message);
        if question.context.contains_key("now") {
            return Err(invalid("context.now is the server's clock and cannot be set".into()));
        }
        let mut own = vec![("now".to_owned(), time::datetime(question.now))];
        if !question.context.contains_key("mfa") {
            own.push(("mfa".to_owned(), RestrictedExpression::new_bool(false)));
        }
        let own = Context::from_pairs(own).map_err(|error| invalid(error.to_string()))?;
        if question.context.is_empty() {
            return Ok(own);
        }
        // The schema guides the parse, so that "10.0.0.1" becomes an address and {"type", "id"} an
        // entity; it insists on all required attributes, so the server's stand in for a moment.
        let mut given = question.context.clone();
        given.insert("now".into(), Value::String(time::rfc3339(question.now)));
        given.entry("mfa").or_insert(Value::Bool(false));
        Context::from_json_value(Value::Object(given), Some((&self.schema, &question.action)))
            .map_err(|error| invalid(format!("context does not fit the action: {}", chain(&error))))
    }
}

/// What comes with every question and nothing else; none if Cedar cannot express the time.
pub(crate) fn bare_context(now: DateTime<Utc>) -> Option<ast::Context> {
    let values = BTreeMap::from([("now".into(), time::value(now)?), ("mfa".into(), false.into())]);
    Some(ast::Context::Value(Arc::new(values)))
}

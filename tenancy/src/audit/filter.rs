//! Which entries are wanted.

use chrono::{DateTime, Utc};

use crate::error::{Error, FieldError, Result};
use crate::id::DecisionId;
use crate::time;

/// Which entries are wanted; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The type of who did it.
    pub actor_type: Option<String>,
    /// Their id.
    pub actor_id: Option<String>,
    /// What was done: an action, or with `.*` at its end all of a noun.
    pub action: Option<String>,
    /// The type of what it was done to.
    pub target_type: Option<String>,
    /// Its id.
    pub target_id: Option<String>,
    /// `X-Request-Id`.
    pub request_id: Option<String>,
    /// The decision that allowed it.
    pub decision_id: Option<DecisionId>,
    /// Not before.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

impl Filter {
    pub(super) fn check(&self) -> Result<()> {
        let mut wrong = vec![];
        let mut field = |name: &str, message: &str| {
            wrong.push(FieldError { field: name.into(), message: message.into() });
        };
        for (name, text) in [
            ("actor_type", &self.actor_type),
            ("actor_id", &self.actor_id),
            ("action", &self.action),
            ("target_type", &self.target_type),
            ("target_id", &self.target_id),
            ("request_id", &self.request_id),
        ] {
            if text.as_ref().is_some_and(|text| text.is_empty() || text.contains('\0')) {
                field(name, "at least one character, any but NUL");
            }
        }
        if let Some(action) = &self.action
            && action.contains('*')
            && action.strip_suffix(".*").is_none_or(|noun| noun.is_empty() || noun.contains('*'))
        {
            field("action", "an action such as user.approve, or user.* for all that begin so");
        }
        for (name, bound) in [("from", self.from), ("to", self.to)] {
            if bound.is_some_and(|bound| !time::is_storable(bound)) {
                field(name, "a time in the years 1 to 9999");
            }
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            field("to", "must be after from");
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
    }

    /// The one action that is wanted.
    pub(super) fn exact(&self) -> Option<&str> {
        self.action.as_deref().filter(|action| !action.ends_with('*'))
    }

    /// How the actions begin that are wanted.
    pub(super) fn prefix(&self) -> Option<&str> {
        self.action.as_deref().and_then(|action| action.strip_suffix('*'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_or_all_of_a_noun() {
        // proves AUD-2
        let told = |action: &str| {
            let filter = Filter { action: Some(action.into()), ..Filter::default() };
            filter.check().map(|()| (filter.exact().map(str::to_owned), filter.prefix().map(str::to_owned)))
        };
        assert_eq!(told("user.approve").unwrap(), (Some("user.approve".into()), None));
        assert_eq!(told("user.*").unwrap(), (None, Some("user.".into())));
        for bad in ["*", ".*", "user*", "*.approve", "user.*.*", "u*er.*", ""] {
            assert!(told(bad).is_err(), "{bad}");
        }
    }
}

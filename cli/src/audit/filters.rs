//! Which entries of which chain.

use crate::entity;

/// Which entries of which chain.
#[derive(Debug, clap::Args)]
pub(crate) struct Filters {
    /// Those of an organization; those of the platform, if left out.
    #[arg(long, value_name = "ID")]
    org: Option<String>,
    /// Done by this one, as Type::id.
    #[arg(long, value_name = "TYPE::ID")]
    actor: Option<String>,
    /// Of this action, or as in user.* of all that begin so.
    #[arg(long)]
    action: Option<String>,
    /// Done to this one, as Type::id.
    #[arg(long, value_name = "TYPE::ID")]
    target: Option<String>,
    /// Done by the request with this X-Request-Id.
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Allowed by this decision.
    #[arg(long, value_name = "ID")]
    decision: Option<String>,
    /// Done at this time (RFC 3339) or later.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Done before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Filters {
    /// Where the chain is read.
    pub(super) fn path(&self) -> String {
        self.org
            .as_ref()
            .map_or_else(|| "/api/v1/admin/audit".to_owned(), |org| format!("/api/v1/orgs/{org}/audit"))
    }

    /// The filters as parameters.
    pub(super) fn parameters(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let mut parameters = vec![];
        for (kind, id, given) in
            [("actor_type", "actor_id", &self.actor), ("target_type", "target_id", &self.target)]
        {
            if let Some(given) = given {
                let (given_kind, given_id) = entity::parse(given)?;
                parameters.extend([(kind, given_kind.to_owned()), (id, given_id.to_owned())]);
            }
        }
        let others = [
            ("action", &self.action),
            ("request_id", &self.request),
            ("decision_id", &self.decision),
            ("from", &self.from),
            ("to", &self.to),
        ];
        parameters.extend(others.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        Ok(parameters)
    }
}

//! Agents: whose they are, with whom they are shared, and what using them costs.

mod managing;
mod sharing;
mod using;

use serde_json::Map;
use tenancy::agent::{self, Agent, NewAgent};
use tenancy::{Caller, Db, KeyOwner, Person, Result, UserId, agent_action as action};

use crate::support::{request, start};

/// Somebody who has just given their password.
pub(crate) fn person(id: UserId) -> Caller {
    Caller::User(Person { authenticated_at: Some(start()), ..Person::without_session(id) })
}

async fn create(db: &Db, by: UserId, owner: KeyOwner, agent_type: &str) -> Result<Agent> {
    let new = NewAgent {
        agent_type: agent_type.into(),
        name: "Helper".into(),
        description: None,
        settings: Map::new(),
    };
    let mut tx = db.begin(request()).await?;
    let allowed = tx.authorize::<action::Create>(&person(by), owner).await?;
    let agent = agent::create(&mut tx, &allowed, &new).await?;
    tx.commit().await?;
    Ok(agent)
}

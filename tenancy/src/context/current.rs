use authz::EntityUid;
use serde::Serialize;
use utoipa::ToSchema;

use crate::action::{Platform, Target as _, member, org, user, workspace};
use crate::caller::{Caller, Person};
use crate::error::Result;
use crate::id::{OrgId, WorkspaceId};
use crate::membership::{OrgRole, role_context};
use crate::organization::SubscriptionStatus;
use crate::second_factor;
use crate::tx::{Authorized, Tx};
use crate::workspace::Visibility;
use crate::workspace_member::WorkspaceRole;

/// Where somebody works, and what they may do there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentContext {
    /// The organization; none for who works on their own.
    pub organization: Option<CurrentOrganization>,
    /// The workspace; none for who sees none.
    pub workspace: Option<CurrentWorkspace>,
    /// What the policies allow now.
    pub actions: Actions,
    /// What they allow besides once you have proved again who you are.
    pub with_reauthentication: Actions,
    /// The roles that you may give in the organization.
    pub grantable_roles: Vec<OrgRole>,
}

/// The organization that somebody works in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentOrganization {
    /// The id.
    pub id: OrgId,
    /// The short name.
    #[schema(example = "acme")]
    pub slug: String,
    /// The name.
    #[schema(example = "Acme")]
    pub name: String,
    /// Your role in it.
    pub role: Option<OrgRole>,
    /// Its plan.
    #[schema(example = "pro")]
    pub plan: String,
    /// Whether it may change things.
    pub subscription_status: SubscriptionStatus,
}

/// The workspace that somebody works in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CurrentWorkspace {
    /// The id.
    pub id: WorkspaceId,
    /// The name.
    pub name: String,
    /// Your own role in it; none for who gets in in another way.
    pub role: Option<WorkspaceRole>,
    /// Who gets in without being added.
    pub visibility: Visibility,
}

/// Names of actions, as the policy folder has them, by what they are done to. Those of which policies want to know more than
/// who asks are not among them, such as the role that is given.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Actions {
    /// On this installation.
    #[schema(example = json!(["org.create"]))]
    pub platform: Vec<String>,
    /// On the organization.
    #[schema(example = json!(["org.view", "workspace.list"]))]
    pub organization: Vec<String>,
    /// On the workspace.
    #[schema(example = json!(["workspace.view", "resource.create"]))]
    pub workspace: Vec<String>,
}

/// Where somebody works. What is not there any more for them, they do not work in.
///
/// # Errors
/// If the store does not answer.
pub async fn current(tx: &mut Tx, allowed: &Authorized<user::View>) -> Result<CurrentContext> {
    let caller = allowed.actor();
    let now = caller.person().map(|person| person.current).unwrap_or_default();
    let entered = match now.org {
        Some(org) => tx.try_authorize::<org::Enter>(caller, org).await?,
        None => None,
    };
    let seen = match now.workspace {
        Some(id) if entered.is_some() || now.org.is_none() => {
            tx.try_authorize::<workspace::View>(caller, id).await?
        }
        _ => None,
    };
    let organization = match &entered {
        Some(entered) => organization(tx, entered).await?,
        None => None,
    };
    let workspace = match &seen {
        Some(seen) => place(tx, seen).await?,
        None => None,
    };
    let places = [
        Some(Platform.uid()),
        organization.as_ref().map(|org| org.id.uid()),
        workspace.as_ref().map(|workspace| workspace.id.uid()),
    ];
    let actions = actions(tx, caller, &places).await?;
    let fresh = fresh(tx, caller).await?;
    let with_reauthentication = self::actions(tx, &fresh, &places).await?.without(&actions);
    let mut grantable_roles = vec![];
    if let Some(org) = &organization {
        for role in OrgRole::ALL {
            if tx.might::<member::Add>(caller, &org.id, role_context(*role)).await? {
                grantable_roles.push(*role);
            }
        }
    }
    Ok(CurrentContext { organization, workspace, actions, with_reauthentication, grantable_roles })
}

impl Actions {
    fn without(self, others: &Self) -> Self {
        let rest = |all: Vec<String>, others: &[String]| {
            all.into_iter().filter(|name| !others.contains(name)).collect::<Vec<_>>()
        };
        Self {
            platform: rest(self.platform, &others.platform),
            organization: rest(self.organization, &others.organization),
            workspace: rest(self.workspace, &others.workspace),
        }
    }
}

async fn actions(tx: &mut Tx, caller: &Caller, places: &[Option<EntityUid>; 3]) -> Result<Actions> {
    let mut allowed: [Vec<String>; 3] = Default::default();
    for (place, allowed) in places.iter().zip(&mut allowed) {
        if let Some(place) = place {
            *allowed = tx.allowed_actions(caller, place).await?;
        }
    }
    let [platform, organization, workspace] = allowed;
    Ok(Actions { platform, organization, workspace })
}

/// The caller, as if they had just proved again who they are.
async fn fresh(tx: &mut Tx, caller: &Caller) -> Result<Caller> {
    let Caller::User(person) = caller else { return Ok(caller.clone()) };
    let now = tx.now();
    let confirmed = second_factor::is_set_up(tx, person.id).await?.then_some(now);
    Ok(Caller::User(Person {
        authenticated_at: Some(now),
        second_factor_at: confirmed.or(person.second_factor_at),
        ..person.clone()
    }))
}

async fn organization(tx: &mut Tx, entered: &Authorized<org::Enter>) -> Result<Option<CurrentOrganization>> {
    let row = sqlx::query!(
        r#"select o.id, o.slug, o.name, o.plan, o.subscription_status, m.role as "role?"
           from organizations o
           left join memberships m on m.org_id = o.id and m.user_id = $2 and m.suspended_at is null
           where o.id = $1"#,
        entered.target().0,
        entered.actor().person().map(|person| person.id.0),
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| {
        Some(CurrentOrganization {
            id: OrgId(row.id),
            slug: row.slug,
            name: row.name,
            role: row.role.as_deref().and_then(OrgRole::parse),
            plan: row.plan,
            subscription_status: SubscriptionStatus::parse(&row.subscription_status)?,
        })
    }))
}

async fn place(tx: &mut Tx, seen: &Authorized<workspace::View>) -> Result<Option<CurrentWorkspace>> {
    let row = sqlx::query!(
        r#"select w.id, w.name, w.visibility, m.role as "role?"
           from workspaces w left join workspace_members m on m.workspace_id = w.id and m.user_id = $2
           where w.id = $1"#,
        seen.target().0,
        seen.actor().person().map(|person| person.id.0),
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(row.and_then(|row| {
        Some(CurrentWorkspace {
            id: WorkspaceId(row.id),
            name: row.name,
            role: row.role.as_deref().and_then(WorkspaceRole::parse),
            visibility: Visibility::parse(&row.visibility)?,
        })
    }))
}

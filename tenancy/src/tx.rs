//! A transaction: the one place where something is decided, written, recorded and enqueued, together or not at all.

mod ask;

use std::marker::PhantomData;
use std::sync::Arc;

use authz::{Decision, EntityUid, PolicyInfo, Question, Reason, Snapshot};
use chrono::{DateTime, Utc};
use runtime::Random;
use serde_json::{Map, Value};
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::Notify;

use crate::action::{Action, Home, Lock, Target, user};
use crate::cache::Cache;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::id::{self, DecisionId};
use crate::identity::{AccountSettings, Identity};
use crate::limit;
use crate::lookup::{self, Wanted};
use crate::master_key::MasterKey;
use crate::revision::Revision;
use crate::session::SessionLimits;

/// Proof that a policy allowed an action on a target. [`Tx::authorize`] is its one maker, and
/// every function that reads or changes tenant data takes one.
#[derive(Debug)]
pub struct Authorized<A: Action> {
    actor: Caller,
    target: A::Target,
    decision_id: DecisionId,
    action: PhantomData<A>,
}

impl<A: Action> Authorized<A> {
    fn new(actor: Caller, target: A::Target, decision_id: DecisionId) -> Self {
        Self { actor, target, decision_id, action: PhantomData }
    }

    /// Who may.
    #[must_use]
    pub fn actor(&self) -> &Caller {
        &self.actor
    }

    /// What they may do it to.
    #[must_use]
    pub fn target(&self) -> &A::Target {
        &self.target
    }

    /// What they may do it to, as an entity.
    #[must_use]
    pub fn uid(&self) -> EntityUid {
        self.target.uid()
    }

    /// The decision.
    #[must_use]
    pub fn decision_id(&self) -> DecisionId {
        self.decision_id
    }
}

/// What is known of the request that a transaction serves; it goes into the audit log.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `X-Request-Id`.
    pub id: String,
    /// The client's address.
    pub ip: Option<std::net::IpAddr>,
}

/// Tells the cache of this process that the store has changed.
struct Written(Arc<Cache>);

impl Drop for Written {
    fn drop(&mut self) {
        self.0.wrote();
    }
}

/// An open transaction. Dropping it without [`Tx::commit`] undoes everything.
#[derive(Debug)]
pub struct Tx {
    inner: Transaction<'static, Postgres>,
    snapshot: Arc<Snapshot>,
    cache: Arc<Cache>,
    /// Whom to tell of new jobs after the commit, and whether there are any.
    jobs_due: Arc<Notify>,
    has_enqueued: bool,
    identity: Arc<Identity>,
    now: DateTime<Utc>,
    random: Random,
    pub(crate) request: Request,
}

impl Tx {
    #[allow(clippy::too_many_arguments, reason = "Db::begin calls it, and nobody else")]
    pub(crate) fn new(
        inner: Transaction<'static, Postgres>,
        snapshot: Arc<Snapshot>,
        cache: Arc<Cache>,
        jobs_due: Arc<Notify>,
        identity: Arc<Identity>,
        now: DateTime<Utc>,
        random: Random,
        request: Request,
    ) -> Self {
        Self { inner, snapshot, cache, jobs_due, has_enqueued: false, identity, now, random, request }
    }

    /// Asks the policies whether the caller may do `A` to `target`. This is the one place where access to Doorward's
    /// own data is decided, and the only maker of [`Authorized`].
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if nobody in particular asks and may not; [`Error::NotFound`] if there is no such
    /// target or the caller may not know of it; [`Error::Forbidden`] if they may know of it and not do this.
    pub async fn authorize<A: Action>(
        &mut self,
        caller: &Caller,
        target: A::Target,
    ) -> Result<Authorized<A>> {
        self.authorize_with::<A>(caller, target, Map::new()).await
    }

    /// As [`Tx::authorize`], with what the action's policies want to know besides: the role that is given, the scopes
    /// of a new key.
    ///
    /// # Errors
    /// As [`Tx::authorize`].
    pub async fn authorize_with<A: Action>(
        &mut self,
        caller: &Caller,
        target: A::Target,
        context: Map<String, Value>,
    ) -> Result<Authorized<A>> {
        let resource = target.uid();
        let own = self.own_context(caller);
        if A::LOCK == Lock::Org
            && let Some(home) = target.home()
        {
            self.keep_still(home).await?;
        }
        let context: Map<_, _> = context.into_iter().chain(own.clone()).collect();
        let facts = self.facts([&caller.uid(), &resource]).await?;
        let decision = self.decide(&facts, caller, A::NAME, &resource, context.clone());
        let decision_id = DecisionId(self.new_id());
        if decision.is_allow() {
            return Ok(Authorized::new(caller.clone(), target, decision_id));
        }
        let reason = decision.reason.as_ref().map(ToString::to_string);
        tracing::info!(
            action = A::NAME, caller = %caller.uid(), target = %resource, %decision_id, reason, "refused"
        );
        if *caller == Caller::Anonymous {
            return Err(Error::Unauthenticated);
        }
        // What keeps an account from everything is told first, and alike whatever is asked about: it says nothing of that.
        if let Some(policies) = self.account_refusal(&facts, caller, &own) {
            let policies = if decision.is_permitted { decision.policies } else { policies };
            return Err(Error::Forbidden { action: A::NAME, policies });
        }
        if matches!(decision.reason, Some(Reason::UnknownResource(_))) {
            return Err(Error::NotFound(A::Target::NOUN));
        }
        // Everybody knows of their own account.
        let is_own = matches!(caller, Caller::User(_)) && caller.uid() == resource;
        if let Some(view) = target.view()
            && !is_own
            && !self.decide(&facts, caller, view, &resource, own).is_allow()
        {
            return Err(Error::NotFound(A::Target::NOUN));
        }
        Err(self.refusal(A::NAME, &facts, &resource, &decision, &context))
    }

    async fn facts<'u>(&mut self, uids: impl IntoIterator<Item = &'u EntityUid>) -> Result<Facts> {
        let wanted = Wanted::of(&self.snapshot, uids);
        let (facts, _) = lookup::facts(&mut self.inner, &self.snapshot, wanted, self.now).await?;
        Ok(facts)
    }

    /// Makes everybody else wait who does something to the organization that wants it to be still.
    pub(crate) async fn keep_still(&mut self, home: Home) -> Result<()> {
        let (mut org, mut workspace, mut agent, mut instance, mut connection, mut document) =
            (None, None, None, None, None, None);
        match home {
            Home::Org(id) => org = Some(id.0),
            Home::Workspace(id) => workspace = Some(id.0),
            Home::Agent(id) => agent = Some(id.0),
            Home::Instance(id) => instance = Some(id.0),
            Home::Connection(id) => connection = Some(id.0),
            Home::Document(id) => document = Some(id.0),
        }
        sqlx::query!(
            "select id from organizations
             where id = $1 or id = (select org_id from workspaces where id = $2)
                 or id = (select org_id from agents where id = $3) or id = (select org_id from instances where id = $4)
                 or id = (select org_id from connections where id = $5)
                 or id = (select w.org_id from documents d join workspaces w on w.id = d.workspace_id where d.id = $6)
             for no key update",
            org,
            workspace,
            agent,
            instance,
            connection,
            document,
        )
        .fetch_all(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// The policies that keep somebody's account from everything, down to seeing where they belong; none if none does.
    fn account_refusal(
        &self,
        facts: &Facts,
        caller: &Caller,
        own: &Map<String, Value>,
    ) -> Option<Vec<Arc<PolicyInfo>>> {
        caller.person()?;
        let decision = self.decide(facts, caller, user::ListOrgs::NAME, &caller.uid(), own.clone());
        (decision.reason == Some(Reason::Forbidden)).then_some(decision.policies)
    }

    /// What to say to somebody who may know of the thing.
    fn refusal(
        &self,
        action: &'static str,
        facts: &Facts,
        resource: &EntityUid,
        decision: &Decision,
        context: &Map<String, Value>,
    ) -> Error {
        let forbidden = |policies| Error::Forbidden { action, policies };
        // Who may not do it in any case is not told what stands in the way besides.
        if !decision.is_permitted {
            return forbidden(vec![]);
        }
        // A limit is the reason only where it is the one reason.
        if let [policy] = &decision.policies[..]
            && let Some(limit) = &policy.limit
            && let Some(reached) = limit::reached(&self.snapshot, facts, resource, limit, context)
        {
            return reached;
        }
        forbidden(decision.policies.clone())
    }

    /// What policies are told of the request, beside what the action has of its own.
    fn own_context(&self, caller: &Caller) -> Map<String, Value> {
        let mut context = caller.context();
        if let Some(ip) = self.request.ip {
            context.insert("ip".into(), ip.to_string().into());
        }
        context
    }

    fn decide(
        &self,
        facts: &Facts,
        caller: &Caller,
        action: &str,
        resource: &EntityUid,
        context: Map<String, Value>,
    ) -> Decision {
        let Some(action) = self.snapshot.action(action) else {
            return Decision::deny(Reason::UnknownAction(action.to_owned()));
        };
        let question =
            Question { principal: caller.uid(), action, resource: resource.clone(), context, now: self.now };
        let posed = match self.snapshot.pose(&question) {
            Ok(posed) => posed,
            Err(reason) => return Decision::deny(reason),
        };
        match facts.slice(&self.snapshot, posed.references(), self.now) {
            Ok(slice) => self.snapshot.decide(&posed, &slice),
            Err(misfit) => Decision::deny(Reason::IncompleteFacts(misfit)),
        }
    }

    /// Makes everything last. The revision names this transaction.
    ///
    /// # Errors
    /// If the store could not; then nothing was changed.
    pub async fn commit(mut self) -> Result<Revision> {
        let text = sqlx::query_scalar!(r#"select pg_current_xact_id()::text as "id!""#)
            .fetch_one(&mut *self.inner)
            .await?;
        let number =
            text.parse().map_err(|error: std::num::ParseIntError| sqlx::Error::Decode(error.into()))?;
        // Dropped in any case: a commit whose outcome nobody waited for may have happened.
        let _written = Written(self.cache);
        self.inner.commit().await?;
        if self.has_enqueued {
            self.jobs_due.notify_one();
        }
        Ok(Revision::after(number))
    }

    /// The policies as they were when the transaction began.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The time of the transaction.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Jobs may be due once this is committed.
    pub(crate) fn enqueued(&mut self) {
        self.has_enqueued = true;
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.identity.master_key
    }

    pub(crate) fn session_limits(&self) -> SessionLimits {
        self.identity.settings.sessions
    }

    pub(crate) fn account_settings(&self) -> &AccountSettings {
        &self.identity.settings
    }

    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> uuid::Uuid {
        id::new(self.now, &self.random)
    }

    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}

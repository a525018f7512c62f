//! Questions to the policies beside the one that makes a proof: for lists, and for what is offered.

use authz::EntityUid;
use serde_json::{Map, Value};

use super::{Authorized, Tx};
use crate::action::{Action, Target};
use crate::caller::{Caller, Person};
use crate::error::Result;
use crate::id::{DecisionId, ResourceId, UserId};

/// How many things of a list are asked about together.
const FILTERED_AT_ONCE: usize = 500;

impl Tx {
    /// Which of these the caller may do `A` to, in their order. Nothing is locked, and no refusal is logged: this is for
    /// lists.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn filter<A: Action>(
        &mut self,
        caller: &Caller,
        targets: Vec<A::Target>,
    ) -> Result<Vec<Authorized<A>>> {
        let own = self.own_context(caller);
        let mut allowed = vec![];
        for part in targets.chunks(FILTERED_AT_ONCE) {
            let uids: Vec<_> = part.iter().map(Target::uid).chain([caller.uid()]).collect();
            let facts = self.facts(&uids).await?;
            for target in part {
                if self.decide(&facts, caller, A::NAME, &target.uid(), own.clone()).is_allow() {
                    let id = DecisionId(self.new_id());
                    allowed.push(Authorized::new(caller.clone(), target.clone(), id));
                }
            }
        }
        Ok(allowed)
    }

    /// Which of these resources of applications the caller may read, in their order: do something to that is in the group
    /// `content.read`, as far as policies want to know no more than every question says.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn readable(
        &mut self,
        caller: &Caller,
        resources: Vec<ResourceId>,
    ) -> Result<Vec<ResourceId>> {
        let (principal, own) = (caller.uid(), self.own_context(caller));
        let mut readable = vec![];
        for part in resources.chunks(FILTERED_AT_ONCE) {
            let known: Vec<_> =
                part.iter().filter_map(|id| Some((id, self.snapshot.uid(&id.kind, &id.id)?))).collect();
            let uids: Vec<_> = known.iter().map(|(_, uid)| uid.clone()).chain([principal.clone()]).collect();
            let facts = self.facts(&uids).await?;
            let may = |uid: &EntityUid| {
                let reads = self.snapshot.actions_in("content.read", &principal, uid);
                reads.iter().any(|name| self.decide(&facts, caller, name, uid, own.clone()).is_allow())
            };
            readable.extend(known.iter().filter(|(_, uid)| may(uid)).map(|(id, _)| (*id).clone()));
        }
        Ok(readable)
    }

    /// Whether the caller may do `A`, for what is only shown to those who may.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn try_authorize<A: Action>(
        &mut self,
        caller: &Caller,
        target: A::Target,
    ) -> Result<Option<Authorized<A>>> {
        Ok(self.filter::<A>(caller, vec![target]).await?.pop())
    }

    /// Which of these people may do `A` to each of the targets, in their order, as far as policies do not ask how they
    /// are signed in. The people and targets are read together, so that it can be asked for a whole list.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn who_may<A: Action>(
        &mut self,
        people: &[UserId],
        targets: &[A::Target],
    ) -> Result<Vec<Vec<UserId>>> {
        let uids: Vec<_> = targets.iter().map(Target::uid).chain(people.iter().map(Target::uid)).collect();
        let facts = self.facts(&uids).await?;
        let may = |user: UserId, target: &A::Target| {
            let caller = Caller::User(Person::without_session(user));
            self.decide(&facts, &caller, A::NAME, &target.uid(), caller.context()).is_allow()
        };
        Ok(targets
            .iter()
            .map(|target| people.iter().copied().filter(|user| may(*user, target)).collect())
            .collect())
    }

    /// Which actions on `resource` the policies allow the caller, with their names as the policy folder has them. Those
    /// that want to know more than every request says are left out.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn allowed_actions(
        &mut self,
        caller: &Caller,
        resource: &EntityUid,
    ) -> Result<Vec<String>> {
        let facts = self.facts([&caller.uid(), resource]).await?;
        let mut actions = self.snapshot.actions();
        actions
            .retain(|name| self.decide(&facts, caller, name, resource, self.own_context(caller)).is_allow());
        Ok(actions)
    }

    /// Whether the policies allow `A` to any of these people, as they are without a session.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn anyone_may<A: Action>(
        &mut self,
        people: &[UserId],
        target: &A::Target,
    ) -> Result<bool> {
        let resource = target.uid();
        for part in people.chunks(FILTERED_AT_ONCE) {
            let uids: Vec<_> = part.iter().map(Target::uid).chain([resource.clone()]).collect();
            let facts = self.facts(&uids).await?;
            let may = |id: &UserId| {
                let caller = Caller::User(Person::without_session(*id));
                self.decide(&facts, &caller, A::NAME, &resource, self.own_context(&caller)).is_allow()
            };
            if part.iter().any(may) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the caller may do `A`, limits of plans aside. Nothing is locked, and no refusal is logged: this is for what
    /// is offered.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn might<A: Action>(
        &mut self,
        caller: &Caller,
        target: &A::Target,
        context: Map<String, Value>,
    ) -> Result<bool> {
        let resource = target.uid();
        let facts = self.facts([&caller.uid(), &resource]).await?;
        let context = context.into_iter().chain(self.own_context(caller)).collect();
        let decision = self.decide(&facts, caller, A::NAME, &resource, context);
        let only_limits =
            !decision.policies.is_empty() && decision.policies.iter().all(|policy| policy.limit.is_some());
        Ok(decision.is_allow() || (decision.is_permitted && only_limits))
    }

    /// Which of these actions on `resource` the policies allow each of these people, in their order, as they are without
    /// a session.
    ///
    /// # Errors
    /// If the store does not answer.
    pub(crate) async fn what_they_may(
        &mut self,
        people: &[UserId],
        resource: &EntityUid,
        actions: &[String],
    ) -> Result<Vec<Vec<String>>> {
        let mut may = vec![];
        for part in people.chunks(FILTERED_AT_ONCE) {
            let uids: Vec<_> = part.iter().map(Target::uid).chain([resource.clone()]).collect();
            let facts = self.facts(&uids).await?;
            may.extend(part.iter().map(|id| {
                let caller = Caller::User(Person::without_session(*id));
                let allows = |name: &&String| {
                    self.decide(&facts, &caller, name, resource, caller.context()).is_allow()
                };
                actions.iter().filter(allows).cloned().collect()
            }));
        }
        Ok(may)
    }
}

//! Why did it fall this way? Every policy that could have spoken, and what it said.

use std::sync::Arc;

use cedar_policy::{
    Authorizer, Entities, Entity, Policy, PolicySet, PrincipalConstraint, ResourceConstraint,
};
use cedar_policy_core::ast::{self, Expr, PrincipalOrResource, SlotEnv};
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use serde::Serialize;
use serde_json::{Value, json};

use crate::decide::{Decision, Reason};
use crate::plan;
use crate::pose::Posed;
use crate::ready::Ready;
use crate::snapshot::{Effect, PolicyInfo, Snapshot};
use crate::stack;

/// What a policy said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Scope and conditions hold: it permits, or forbids.
    Matched,
    /// Something in it does not hold.
    NotMatched,
    /// It could not be evaluated, which denies.
    Error,
}

/// One part of a policy that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// `principal`, `action`, `resource`, `when` or `unless`.
    pub part: &'static str,
    /// The part's text in Cedar. Of an `unless`: what holds, and so makes the exception.
    pub text: String,
    /// What went wrong, where it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What one policy said to the question.
#[derive(Debug, Clone, Serialize)]
pub struct Opinion {
    /// The policy.
    #[serde(flatten)]
    pub policy: Arc<PolicyInfo>,
    /// What it said.
    pub said: Said,
    /// What does not hold; empty when it matched.
    pub failed: Vec<Failure>,
}

/// A decision with all that led to it.
#[derive(Debug)]
pub struct Explanation {
    /// The decision, made by the whole policy set as always.
    pub decision: Decision,
    /// Policies that could match the types of the question: those that erred or matched first, then near misses;
    /// among them those that would have turned the answer around, with the fewest failed parts first.
    pub opinions: Vec<Opinion>,
    /// Policies that speak of other actions or types, and so had nothing to say.
    pub not_applicable: usize,
    /// The entities that were used.
    pub entities: Vec<Value>,
}

impl Snapshot {
    /// Decides, and says what every policy had to say. Costs some thousand times more than a decision.
    #[must_use]
    pub fn explain(&self, posed: &Posed, facts: &[Ready]) -> Explanation {
        let decision = self.decide(posed, facts);
        let entities = match (&decision.reason, self.entities(facts)) {
            (
                None | Some(Reason::Forbidden | Reason::NoPolicyAllows | Reason::EvaluationError(_)),
                Some(entities),
            ) => entities,
            _ => {
                return Explanation {
                    decision,
                    opinions: vec![],
                    not_applicable: self.set.num_of_policies(),
                    entities: vec![],
                };
            }
        };
        let all = || {
            let request = posed.request.as_ref().clone();
            let evaluator = Evaluator::new(request, entities.as_ref(), Extensions::all_available());
            let opinion = |policy| self.opinion(policy, posed, &entities, &evaluator);
            self.set.policies().filter_map(opinion).collect()
        };
        let mut opinions: Vec<Opinion> = stack::on_a_large_one(all).unwrap_or_default();
        let not_applicable = self.set.num_of_policies() - opinions.len();
        // What could have turned the answer around comes before what could not.
        let turning = if decision.is_allow() { Effect::Forbid } else { Effect::Permit };
        opinions.sort_by(|a, b| {
            let rank = |o: &Opinion| {
                (o.said != Said::Error, o.said != Said::Matched, o.policy.effect != turning, o.failed.len())
            };
            rank(a).cmp(&rank(b)).then_with(|| a.policy.id.cmp(&b.policy.id))
        });
        Explanation { decision, opinions, not_applicable, entities: self.used(&entities) }
    }

    /// The facts and what the folder brings, as Cedar by itself takes them.
    fn entities(&self, facts: &[Ready]) -> Option<Entities> {
        let facts = facts.iter().map(|fact| Entity::from(fact.entity().as_ref().clone()));
        Entities::from_entities(facts.chain(plan::entities(&self.plans)), Some(&self.schema)).ok()
    }

    /// What a policy said; none if it speaks of other actions or types, so that it never could match.
    fn opinion(
        &self,
        policy: &Policy,
        posed: &Posed,
        entities: &Entities,
        evaluator: &Evaluator<'_>,
    ) -> Option<Opinion> {
        let scope_holds = |part: Expr| {
            let value = evaluator.interpret(&part, &SlotEnv::new()).ok();
            value.is_some_and(|value| value == ast::Value::from(true))
        };
        let scope = policy.as_ref();
        if speaks_of_other_types(policy, posed) || !scope_holds(scope.action_constraint().as_expr()) {
            return None;
        }
        let info = self.policies.get(policy.id()).cloned()?;
        let mut failed = vec![];
        for (part, entity, constraint) in [
            ("principal", PrincipalOrResource::Principal, scope.principal_constraint().into_inner()),
            ("resource", PrincipalOrResource::Resource, scope.resource_constraint().into_inner()),
        ] {
            if !scope_holds(constraint.as_expr(entity)) {
                failed.push(Failure { part, text: constraint.display(entity), error: None });
            }
        }
        // Conditions may read attributes that only entities of the scope's types have.
        if !failed.is_empty() {
            return Some(Opinion { policy: info, said: Said::NotMatched, failed });
        }
        let json = policy.to_json().ok()?;
        let holds = |json: &Value| evaluate(json, posed, entities);
        for (kind, body) in conditions(&json) {
            let single = with_condition(kind, body);
            let error = match holds(&single) {
                Ok(true) => continue,
                Ok(false) => None,
                // Cedar stops at the first part that fails: `resource has owner` guards what follows it.
                Err(_) if !failed.is_empty() => continue,
                Err(error) => Some(error),
            };
            failed.push(Failure { part: kind, text: expression_text(body), error });
        }
        let said = if failed.iter().any(|failure| failure.error.is_some()) && holds(&json).is_err() {
            Said::Error
        } else if failed.is_empty() {
            Said::Matched
        } else {
            Said::NotMatched
        };
        Some(Opinion { policy: info, said, failed })
    }

    fn used(&self, entities: &Entities) -> Vec<Value> {
        let mut used: Vec<_> = entities
            .iter()
            .filter(|entity| self.carries_facts(&entity.uid()) && !is_action(entity))
            .filter_map(|entity| entity.to_json_value().ok())
            .collect();
        used.sort_by_key(|entity| entity["uid"].to_string());
        used
    }
}

/// Whether the scope names types that are not the question's.
fn speaks_of_other_types(policy: &Policy, posed: &Posed) -> bool {
    let [principal, resource, ..] = posed.references() else { return false };
    let other_principal = match policy.principal_constraint() {
        PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => kind != *principal.type_name(),
        PrincipalConstraint::Eq(uid) => uid.type_name() != principal.type_name(),
        PrincipalConstraint::Any | PrincipalConstraint::In(_) => false,
    };
    let other_resource = match policy.resource_constraint() {
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind != *resource.type_name(),
        ResourceConstraint::Eq(uid) => uid.type_name() != resource.type_name(),
        ResourceConstraint::Any | ResourceConstraint::In(_) => false,
    };
    other_principal || other_resource
}

fn is_action(entity: &Entity) -> bool {
    entity.uid().type_name().basename() == "Action"
}

/// Whether a policy, given in Cedar's JSON format, matches.
fn evaluate(json: &Value, posed: &Posed, entities: &Entities) -> Result<bool, String> {
    let policy = Policy::from_json(None, json.clone()).map_err(|error| error.to_string())?;
    let set = PolicySet::from_policies([policy]).map_err(|error| error.to_string())?;
    let response = Authorizer::new().is_authorized(&posed.request, &set, entities);
    match response.diagnostics().errors().next() {
        Some(error) => Err(error.to_string()),
        None => Ok(response.diagnostics().reason().next().is_some()),
    }
}

fn empty() -> Value {
    json!({
        "effect": "permit",
        "principal": { "op": "All" }, "action": { "op": "All" }, "resource": { "op": "All" },
        "conditions": [],
    })
}

fn with_condition(kind: &str, body: &Value) -> Value {
    let mut policy = empty();
    policy["conditions"] = json!([{ "kind": kind, "body": body }]);
    policy
}

/// The conditions, those joined by `&&` in a `when` and by `||` in an `unless` one by one.
fn conditions(json: &Value) -> Vec<(&'static str, &Value)> {
    let mut found = vec![];
    for condition in json["conditions"].as_array().into_iter().flatten() {
        let (kind, operator) = if condition["kind"] == "unless" { ("unless", "||") } else { ("when", "&&") };
        split(&condition["body"], operator, &mut |part| found.push((kind, part)));
    }
    found
}

fn split<'v>(body: &'v Value, operator: &str, found: &mut impl FnMut(&'v Value)) {
    match body.get(operator) {
        Some(operands) => {
            split(&operands["left"], operator, found);
            split(&operands["right"], operator, found);
        }
        None => found(body),
    }
}

fn text(json: &Value) -> String {
    Policy::from_json(None, json.clone()).ok().and_then(|policy| policy.to_cedar()).unwrap_or_default()
}

/// How strongly an expression's operator binds.
fn strength(expression: &Value) -> u8 {
    match expression.as_object().and_then(|object| object.keys().next()).map(String::as_str) {
        Some("if-then-else") => 0,
        Some("||") => 1,
        Some("&&") => 2,
        Some("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "has" | "like" | "is") => 3,
        _ => 4,
    }
}

/// An expression as people write it. Cedar itself prints `a > b` as `!(a <= b)`, and the like.
fn expression_text(expression: &Value) -> String {
    for operator in ["||", "&&", "==", "!=", "<", "<=", ">", ">="] {
        let Some(operands) = expression.get(operator) else { continue };
        let own = strength(expression);
        let side = |name: &str| {
            let operand = &operands[name];
            let needs_brackets = strength(operand) < own || (own == 3 && strength(operand) == 3);
            let text = expression_text(operand);
            if needs_brackets { format!("({text})") } else { text }
        };
        return format!("{} {operator} {}", side("left"), side("right"));
    }
    condition_text(&with_condition("when", expression))
}

/// What stands between the braces of a policy that has only one condition.
fn condition_text(json: &Value) -> String {
    let text = text(json);
    match (text.find('{'), text.rfind('}')) {
        (Some(open), Some(close)) if open < close => text[open + 1..close].trim().to_owned(),
        _ => text,
    }
}

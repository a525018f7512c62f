//! A policy, made ready to be evaluated many times.

use std::sync::Arc;

use cedar_policy::{Policy, PolicyId};
use cedar_policy_core::ast::{
    Expr, ExprBuilder, ExprKind, Literal, PrincipalOrResource, PrincipalOrResourceConstraint, SlotEnv,
    StaticallyTyped as _, ValueKind,
};
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::expr_builder::ExprBuilder as _;

use crate::snapshot::PolicyInfo;

/// A policy with its condition as one expression, without the parts of the scope that every question of its
/// [kinds](crate::kinds) fulfils: the action and the types.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) info: Arc<PolicyInfo>,
    /// None if it holds for every question of its kinds.
    condition: Option<Expr>,
}

impl Rule {
    pub(crate) fn new(policy: &Policy, info: Arc<PolicyInfo>) -> Self {
        let policy = policy.as_ref();
        let parts = [
            anchor(PrincipalOrResource::Principal, policy.principal_constraint().as_inner()),
            anchor(PrincipalOrResource::Resource, policy.resource_constraint().as_inner()),
            policy.non_scope_constraints().map(bare),
        ];
        // From the right, as Cedar nests them: what stands before guards what follows.
        let condition = parts.into_iter().flatten().rev().reduce(|rest, part| Expr::and(part, rest));
        Self { info, condition }
    }

    /// Whether it matches.
    ///
    /// # Errors
    /// Why it cannot be evaluated, in Cedar's words.
    pub(crate) fn holds(&self, evaluator: &Evaluator<'_>) -> Result<bool, String> {
        let Some(condition) = &self.condition else { return Ok(true) };
        let error = match evaluator.interpret(condition, &SlotEnv::new()) {
            Ok(value) => match value.value_kind() {
                ValueKind::Lit(Literal::Bool(holds)) => return Ok(*holds),
                _ => format!("type error: expected bool, got {}", value.type_of()),
            },
            Err(error) => error.to_string(),
        };
        Err(format!("error while evaluating policy `{}`: {error}", PolicyId::new(&self.info.id)))
    }
}

/// What the scope says about one entity, without its type.
fn anchor(entity: PrincipalOrResource, constraint: &PrincipalOrResourceConstraint) -> Option<Expr> {
    match constraint {
        PrincipalOrResourceConstraint::Any | PrincipalOrResourceConstraint::Is(_) => None,
        PrincipalOrResourceConstraint::Eq(_) | PrincipalOrResourceConstraint::In(_) => {
            Some(bare(&constraint.as_expr(entity)))
        }
        PrincipalOrResourceConstraint::IsIn(_, uid) => {
            Some(bare(&PrincipalOrResourceConstraint::In(uid.clone()).as_expr(entity)))
        }
    }
}

/// The expression without the places in the text: the evaluator copies them at every step, and all threads count
/// their copies of one and the same text.
fn bare(expression: &Expr) -> Expr {
    let arc = |expression: &Arc<Expr>| Arc::new(bare(expression));
    let kind = match expression.expr_kind() {
        kind @ (ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_)) => {
            kind.clone()
        }
        ExprKind::If { test_expr, then_expr, else_expr } => {
            ExprKind::If { test_expr: arc(test_expr), then_expr: arc(then_expr), else_expr: arc(else_expr) }
        }
        ExprKind::And { left, right } => ExprKind::And { left: arc(left), right: arc(right) },
        ExprKind::Or { left, right } => ExprKind::Or { left: arc(left), right: arc(right) },
        ExprKind::UnaryApp { op, arg } => ExprKind::UnaryApp { op: *op, arg: arc(arg) },
        ExprKind::BinaryApp { op, arg1, arg2 } => {
            ExprKind::BinaryApp { op: *op, arg1: arc(arg1), arg2: arc(arg2) }
        }
        ExprKind::ExtensionFunctionApp { fn_name, args } => ExprKind::ExtensionFunctionApp {
            fn_name: fn_name.clone(),
            args: Arc::new(args.iter().map(bare).collect()),
        },
        ExprKind::GetAttr { expr, attr } => ExprKind::GetAttr { expr: arc(expr), attr: attr.clone() },
        ExprKind::HasAttr { expr, attr } => ExprKind::HasAttr { expr: arc(expr), attr: attr.clone() },
        ExprKind::ExtHasAttr { expr, attrs } => {
            ExprKind::ExtHasAttr { expr: arc(expr), attrs: attrs.clone() }
        }
        ExprKind::Like { expr, pattern } => ExprKind::Like { expr: arc(expr), pattern: pattern.clone() },
        ExprKind::Is { expr, entity_type } => {
            ExprKind::Is { expr: arc(expr), entity_type: entity_type.clone() }
        }
        ExprKind::Set(items) => ExprKind::Set(Arc::new(items.iter().map(bare).collect())),
        ExprKind::Record(fields) => ExprKind::Record(Arc::new(
            fields.iter().map(|(name, field)| (name.clone(), bare(field))).collect(),
        )),
    };
    ExprBuilder::with_data(()).with_expr_kind(kind)
}

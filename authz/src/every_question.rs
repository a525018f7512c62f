//! Doorward says the time, and whether a second factor was confirmed, with every question. An action whose
//! context takes neither could be asked about only in vain.

use cedar_policy::{EntityUid, Policy, PolicyId, PolicySet, Schema};

use crate::scope::Scopes;
use crate::validate::validate;

/// The actions whose context does not take what comes with every question, in the order of their names.
///
/// # Errors
/// If there was no thread to find out on.
pub(crate) fn misfits(schema: &Schema, scopes: &mut Scopes<'_>) -> Result<Vec<EntityUid>, String> {
    let mut actions: Vec<&EntityUid> = schema
        .actions()
        .filter(|action| schema.resources_for_action(action).is_some_and(|mut types| types.next().is_some()))
        .collect();
    actions.sort();
    // Cedar's API does not show a context's type; a policy that reads the two attributes finds out.
    let probes = actions.iter().enumerate().filter_map(|(index, action)| {
        let text = format!(
            "permit (principal, action == {action}, resource) when {{ context.now < datetime(\"2000-01-01\") || context.mfa }};"
        );
        Policy::parse(Some(PolicyId::new(index.to_string())), text).ok()
    });
    let Ok(probes) = PolicySet::from_policies(probes) else { return Ok(vec![]) };
    let results = validate(schema, scopes, &probes)?;
    let errors = results.iter().flat_map(|result| result.validation_errors());
    let mut found: Vec<usize> =
        errors.filter_map(|error| error.policy_id().to_string().parse().ok()).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found.into_iter().filter_map(|index| actions.get(index).map(|action| (*action).clone())).collect())
}

//! The word that programs know a refusal by: `@code` of a forbid.

use std::sync::Arc;

use cedar_policy::Effect;

use crate::snapshot::PolicyInfo;

/// The most characters that a code has.
const LONGEST: usize = 64;

/// Checks what stands in `@code`.
///
/// # Errors
/// The message, when it is no word that programs could rely on, or stands on a permit.
pub(crate) fn check(code: &str, effect: Effect) -> Result<(), String> {
    if effect == Effect::Permit {
        return Err("@code belongs on forbids: a permit refuses nothing".to_owned());
    }
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if code.is_empty() || code.len() > LONGEST || !code.bytes().all(is_plain) {
        return Err(format!(
            "@code {code:?} is not made of 1 to {LONGEST} lower-case letters, digits and underscores"
        ));
    }
    Ok(())
}

/// The code of a refusal: that of the first of the forbidding policies, by file and line, that has one.
#[must_use]
pub fn refusal_code(policies: &[Arc<PolicyInfo>]) -> Option<&str> {
    let coded =
        policies.iter().filter_map(|policy| Some((&policy.file, policy.line, policy.code.as_deref()?)));
    coded.min().map(|(_, _, code)| code)
}

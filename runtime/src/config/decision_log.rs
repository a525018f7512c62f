use std::{fmt, str::FromStr};

use super::Pattern;

/// Where decisions are logged to; nowhere if both are false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sinks {
    /// Into the table `decisions`.
    pub postgres: bool,
    /// To standard output, a JSON object on each line.
    pub stdout: bool,
}

impl Sinks {
    /// Whether decisions are logged at all.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.postgres || self.stdout
    }
}

impl FromStr for Sinks {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "off" {
            return Ok(Self::default());
        }
        let mut sinks = Self::default();
        for name in text.split(',') {
            match name.trim() {
                "postgres" => sinks.postgres = true,
                "stdout" => sinks.stdout = true,
                _ => return Err(()),
            }
        }
        Ok(sinks)
    }
}

impl fmt::Display for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.postgres, self.stdout) {
            (true, true) => "postgres,stdout",
            (true, false) => "postgres",
            (false, true) => "stdout",
            (false, false) => "off",
        })
    }
}

/// Which part of the allows of some actions is logged: `Docs::read=0.1`.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleRule {
    /// The actions.
    pub action: Pattern,
    /// From 0 for none to 1 for all.
    pub rate: f64,
}

impl FromStr for SampleRule {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (action, rate) = text.rsplit_once('=').ok_or(())?;
        let rate: f64 = rate.trim().parse().map_err(|_| ())?;
        if !(0.0..=1.0).contains(&rate) {
            return Err(());
        }
        Ok(Self { action: action.trim().parse()?, rate })
    }
}

impl fmt::Display for SampleRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.action, self.rate)
    }
}

/// The names that are masked unless something else is said. A test holds it against the table of settings.
pub(super) const MASKED: &str = "*token*,*secret*,*password*,*passwd*,*credential*,*authorization*,*cookie*,\
*api_key*,*apikey*,*private_key*,*email*,*phone*,*address*,*birth*,ip,ip_*,*_ip,*iban*";

/// Patterns of names whose values are masked. `default` among them stands for [`MASKED`], `none` alone for nothing.
pub(super) fn mask(names: &[Pattern]) -> Option<Vec<Pattern>> {
    // As attributes are named in schemas; a secret in the wrong place mostly has other characters too.
    let is_name = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '*');
    if names.iter().any(|name| !name.to_string().chars().all(is_name)) {
        return None;
    }
    let is = |name: &Pattern, word: &str| name.to_string() == word;
    if names.iter().any(|name| is(name, "none")) {
        return (names.len() == 1).then(Vec::new);
    }
    let mut all = vec![];
    for name in names {
        if is(name, "default") {
            all.extend(MASKED.split(',').filter_map(|name| name.parse().ok()));
        } else {
            all.push(name.clone());
        }
    }
    Some(all)
}

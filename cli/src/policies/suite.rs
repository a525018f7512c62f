//! Policy tests: facts and cases in JSON, written by whoever writes the policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use authz::{Decision, EntityUid, Outcome, Question, Reason, Snapshot};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use tenancy::{Fact, Facts};

/// A test file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// A file of the same folder with facts that several test files share.
    #[serde(default)]
    world: Option<String>,
    /// The time of all cases that have none of their own.
    #[serde(default)]
    now: Option<DateTime<Utc>>,
    /// Facts of this file alone; they replace those of the world with the same ids.
    #[serde(default)]
    facts: Vec<Fact>,
    #[serde(default)]
    cases: Vec<Case>,
}

/// One question with the answer that is expected.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// A sentence.
    pub(crate) name: String,
    pub(crate) principal: String,
    pub(crate) action: String,
    pub(crate) resource: String,
    #[serde(default)]
    pub(crate) context: Map<String, Value>,
    #[serde(default)]
    pub(crate) now: Option<DateTime<Utc>>,
    expect: Outcome,
    /// Policies that must be among those that decide.
    #[serde(default)]
    policies: Vec<String>,
    /// For a deny: the reason's code.
    #[serde(default)]
    reason: Option<String>,
}

/// A test file with its world.
pub(crate) struct Suite {
    pub(crate) path: PathBuf,
    pub(crate) world: World,
    pub(crate) cases: Vec<Case>,
}

/// Facts at a time.
pub(crate) struct World {
    pub(crate) facts: Facts,
    pub(crate) now: DateTime<Utc>,
}

impl World {
    /// Reads a file of facts, with the world that it builds on.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        Ok(Suite::read(path)?.world)
    }

    /// Asks one question.
    pub(crate) fn decide(
        &self,
        snapshot: &Snapshot,
        (principal, action, resource): (&str, &str, &str),
        context: &Map<String, Value>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Decision> {
        let Some(action_uid) = snapshot.action(action) else {
            return Ok(Decision::deny(Reason::UnknownAction(action.to_owned())));
        };
        let question = Question {
            principal: uid(snapshot, principal)?,
            action: action_uid,
            resource: uid(snapshot, resource)?,
            context: context.clone(),
            now,
        };
        let posed = match snapshot.pose(&question) {
            Ok(posed) => posed,
            Err(reason) => return Ok(Decision::deny(reason)),
        };
        Ok(match self.facts.slice(snapshot, posed.references(), now) {
            Ok(slice) => snapshot.decide(&posed, &slice),
            Err(misfit) => Decision::deny(Reason::IncompleteFacts(misfit)),
        })
    }
}

/// `User::ann`, `Docs::Document::plan`: all up to the last `::` is the type.
pub(crate) fn uid(snapshot: &Snapshot, text: &str) -> anyhow::Result<EntityUid> {
    let (kind, id) = text.rsplit_once("::").with_context(|| format!("{text:?} is not written Type::id"))?;
    snapshot.uid(kind, id).with_context(|| format!("the schema declares no type {kind}"))
}

impl Suite {
    /// Every test file of a policy folder that has cases.
    pub(crate) fn read_all(policies: &Path) -> anyhow::Result<Vec<Self>> {
        let folder = policies.join("tests");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
            .with_context(|| format!("{} cannot be read", folder.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
            .filter(|path| path.file_name().is_some_and(|name| name != super::matrix::FILE))
            .collect();
        paths.sort();
        let suites = paths.iter().map(|path| Self::read(path)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(suites.into_iter().filter(|suite| !suite.cases.is_empty()).collect())
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let file: File = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let mut world = match &file.world {
            Some(name) if name.contains(['/', '\\']) => {
                bail!("{}: world {name:?} is not in this folder", path.display())
            }
            Some(name) => Self::read(&path.with_file_name(name))?.world,
            None => World { facts: Facts::default(), now: DateTime::UNIX_EPOCH },
        };
        if let Some(now) = file.now {
            world.now = now;
        }
        for fact in file.facts {
            world.facts.add(fact);
        }
        Ok(Self { path: path.to_owned(), world, cases: file.cases })
    }

    /// Runs every case, telling what failed.
    pub(crate) fn run(&self, snapshot: &Snapshot, coverage: &mut Coverage) -> Vec<String> {
        let mut failures = vec![];
        for case in &self.cases {
            let now = case.now.unwrap_or(self.world.now);
            let question = (case.principal.as_str(), case.action.as_str(), case.resource.as_str());
            let problem = match self.world.decide(snapshot, question, &case.context, now) {
                Ok(decision) => {
                    coverage.saw(&decision);
                    case.problem(&decision)
                }
                Err(error) => Some(format!("{error:#}")),
            };
            if let Some(problem) = problem {
                failures.push(format!("{}: {}: {problem}", self.path.display(), case.name));
            }
        }
        failures
    }
}

impl Case {
    fn problem(&self, decision: &Decision) -> Option<String> {
        let decided: Vec<&str> = decision.policies.iter().map(|policy| policy.id.as_str()).collect();
        let reason = decision.reason.as_ref().map(Reason::code);
        let explained = match &decision.reason {
            Some(reason) => format!("{reason} [{}]", decided.join(", ")),
            None => format!("allowed by [{}]", decided.join(", ")),
        };
        if decision.outcome != self.expect {
            return Some(
                format!("expected {:?}, got {:?}: {explained}", self.expect, decision.outcome).to_lowercase(),
            );
        }
        if let Some(missing) = self.policies.iter().find(|id| !decided.contains(&id.as_str())) {
            return Some(format!("{missing} should decide, but: {explained}"));
        }
        if self.reason.is_some() && self.reason.as_deref() != reason {
            return Some(format!("expected reason {:?}, got {explained}", self.reason));
        }
        None
    }
}

/// Which policies decided at least one case.
#[derive(Default)]
pub(crate) struct Coverage(BTreeMap<String, usize>);

impl Coverage {
    fn saw(&mut self, decision: &Decision) {
        for policy in &decision.policies {
            *self.0.entry(policy.id.clone()).or_default() += 1;
        }
    }

    /// Policies that no case shows at work.
    pub(crate) fn missing(&self, snapshot: &Snapshot) -> BTreeSet<String> {
        snapshot
            .policies()
            .iter()
            .map(|policy| policy.id.clone())
            .filter(|id| !self.0.contains_key(id))
            .collect()
    }
}

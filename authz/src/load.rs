//! From files to a [`Snapshot`], collecting everything that is wrong on the way.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, SchemaFragment, ValidationMode, Validator};

use crate::application::Owners;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::plan::{self, Plans};
use crate::snapshot::{Effect, FileInfo, PolicyInfo, Snapshot};
use crate::source::{Kind, Source};
use crate::types::{self, EntityTypes};
use crate::{LEVEL, folder, nesting};

/// Cedar's parser and validator recurse; text that passes [`nesting::check`] fits into this.
const STACK: usize = 64 << 20;

pub(crate) fn load(path: &Path, actions: &[&str]) -> Result<Snapshot, Report> {
    sources(path, &folder::read(path)?, actions)
}

/// Loads what was read from a folder.
pub(crate) fn sources(path: &Path, sources: &[Source], actions: &[&str]) -> Result<Snapshot, Report> {
    let loaded = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("policy-load".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || Loader::default().load(sources, actions));
        match thread {
            Ok(thread) => thread.join().map_err(|_| "the policy parser panicked".to_owned()),
            Err(error) => Err(format!("no thread to parse policies on: {error}")),
        }
    });
    match loaded {
        Ok(result) => result,
        Err(message) => Err(Report(vec![Diagnostic {
            severity: Severity::Error,
            file: path.display().to_string(),
            line: 1,
            column: 1,
            message,
            help: None,
            source_line: None,
        }])),
    }
}

#[derive(Default)]
struct Loader {
    findings: Vec<Diagnostic>,
    owners: Owners,
    types: EntityTypes,
    set: PolicySet,
    policies: HashMap<PolicyId, (Arc<PolicyInfo>, usize)>,
    files: Vec<FileInfo>,
}

impl Loader {
    fn load(mut self, sources: &[Source], actions: &[&str]) -> Result<Snapshot, Report> {
        let readable: Vec<&Source> = sources
            .iter()
            .filter(|source| {
                let finding = nesting::check(source);
                let is_sound = finding.is_none();
                self.findings.extend(finding);
                is_sound
            })
            .collect();
        let of = |kind: Kind| readable.iter().copied().filter(move |source| source.kind == kind);

        let schema = self.schema(of(Kind::Schema));
        let plans = self.plans(of(Kind::Plans));
        for source in of(Kind::Policies) {
            self.parse(source, sources);
        }
        if let Some(schema) = &schema {
            self.validate(schema, sources);
            self.require(schema, actions, sources);
        }
        if self.set.is_empty() && self.findings.is_empty() {
            self.findings.push(nowhere("the folder holds no policies (*.cedar): everything would be denied"));
        }
        let (Some(schema), false) =
            (schema, self.findings.iter().any(|finding| finding.severity == Severity::Error))
        else {
            return Err(Report(self.findings));
        };
        for source in sources.iter().filter(|source| source.kind != Kind::Policies) {
            self.files.push(FileInfo { file: source.name.clone(), policies: 0 });
        }
        self.files.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(Snapshot {
            schema,
            set: self.set,
            policies: self.policies.into_iter().map(|(id, (info, _))| (id, info)).collect(),
            types: self.types,
            plan_entities: plan::entities(&plans),
            plans,
            files: self.files,
            hash: folder::hash(sources),
            warnings: self.findings,
        })
    }

    /// Parses every schema file on its own, then joins the core with one application after the other,
    /// so that the one which does not fit is named.
    fn schema<'s>(&mut self, sources: impl Iterator<Item = &'s Source>) -> Option<Schema> {
        let mut groups: BTreeMap<Option<&str>, Vec<(&Source, SchemaFragment)>> = BTreeMap::new();
        let mut is_sound = true;
        for source in sources {
            match self.fragment(source) {
                Some(fragment) => groups.entry(source.app.as_deref()).or_default().push((source, fragment)),
                None => is_sound = false,
            }
        }
        if groups.is_empty() && is_sound {
            self.findings.push(nowhere("the folder holds no schema (*.cedarschema)"));
        }
        let (mut joined, mut schema) = (vec![], None);
        for group in groups.into_values() {
            let before = joined.len();
            joined.extend(group.iter().map(|(_, fragment)| fragment.clone()));
            match Schema::from_schema_fragments(joined.iter().cloned()) {
                Ok(whole) => schema = Some(whole),
                Err(error) => {
                    joined.truncate(before);
                    is_sound = false;
                    self.findings
                        .extend(group.first().map(|(source, _)| source.told_by(Severity::Error, &error, 0)));
                }
            }
        }
        schema.filter(|_| is_sound)
    }

    fn fragment(&mut self, source: &Source) -> Option<SchemaFragment> {
        let fragment = match SchemaFragment::from_cedarschema_str(&source.text) {
            Ok((fragment, warnings)) => {
                let warnings: Vec<_> = warnings.collect();
                self.findings.extend(warnings.iter().map(|w| source.told_by(Severity::Warning, w, 0)));
                fragment
            }
            Err(error) => {
                self.findings.extend(source.all_told_by(&error));
                return None;
            }
        };
        match types::namespaces(&fragment) {
            Ok(namespaces) => {
                self.findings.extend(self.owners.check_schema(source, &namespaces));
                for (name, declared) in &namespaces {
                    self.types.extend(types::entity_types(name, declared));
                }
                Some(fragment)
            }
            Err(message) => {
                self.findings.push(source.error(0, message));
                None
            }
        }
    }

    fn plans<'s>(&mut self, mut sources: impl Iterator<Item = &'s Source>) -> Plans {
        let Some(source) = sources.next() else {
            self.findings.push(nowhere("the folder holds no plans.json"));
            return Plans::new();
        };
        plan::parse(source).unwrap_or_else(|finding| {
            self.findings.push(finding);
            Plans::new()
        })
    }

    fn parse(&mut self, source: &Source, sources: &[Source]) {
        let parsed = match PolicySet::from_str(&source.text) {
            Ok(parsed) => parsed,
            Err(errors) => {
                self.findings.extend(source.all_told_by(&errors));
                return;
            }
        };
        for template in parsed.templates() {
            let offset = template.annotation("id").and_then(|id| source.text.find(id)).unwrap_or(0);
            self.findings.push(source.error(offset, "templates are not supported: write a policy"));
        }
        let mut policies: Vec<&Policy> = parsed.policies().collect();
        // Cedar numbers the policies of a text: policy0, policy1 ...
        policies
            .sort_by_key(|policy| policy.id().to_string().trim_start_matches("policy").parse::<usize>().ok());
        let texts: Vec<String> =
            policies.iter().map(|policy| policy.to_cedar().unwrap_or_default()).collect();
        let places = source.places(texts.iter().map(String::as_str));
        for (policy, place) in policies.iter().zip(places) {
            if let Err(message) = self.add(source, policy, place.start, sources) {
                self.findings.push(source.error(place.start, message));
            }
        }
        self.files.push(FileInfo { file: source.name.clone(), policies: policies.len() });
    }

    fn add(
        &mut self,
        source: &Source,
        policy: &Policy,
        offset: usize,
        sources: &[Source],
    ) -> Result<(), String> {
        let annotation = |name: &str| {
            let text = policy.annotation(name).filter(|text| !text.trim().is_empty());
            text.map(str::to_owned).ok_or_else(|| format!("this policy has no @{name}(\"…\")"))
        };
        let id = annotation("id")?;
        let description = annotation("description")?;
        if let Some(app) = &source.app {
            self.owners.check_policy(app, policy)?;
        }
        let policy_id = PolicyId::new(&id);
        if let Some((first, at)) = self.policies.get(&policy_id) {
            let line = sources.iter().find(|s| s.name == first.file).map_or(0, |s| s.position(*at).0);
            return Err(format!("@id {id:?} is already used at {}:{line}", first.file));
        }
        self.set.add(policy.new_id(policy_id.clone())).map_err(|error| error.to_string())?;
        let info = PolicyInfo {
            id,
            description,
            effect: match policy.effect() {
                cedar_policy::Effect::Permit => Effect::Permit,
                cedar_policy::Effect::Forbid => Effect::Forbid,
            },
            file: source.name.clone(),
            line: source.position(offset).0,
        };
        self.policies.insert(policy_id, (Arc::new(info), offset));
        Ok(())
    }

    fn validate(&mut self, schema: &Schema, sources: &[Source]) {
        let result = Validator::new(schema.clone()).validate_with_level(
            &self.set,
            ValidationMode::Strict,
            LEVEL.try_into().unwrap_or(u32::MAX),
        );
        let place = |id: &PolicyId| {
            let (info, offset) = self.policies.get(id)?;
            Some((sources.iter().find(|source| source.name == info.file)?, *offset))
        };
        let mut found = vec![];
        for error in result.validation_errors() {
            if let Some((source, offset)) = place(error.policy_id()) {
                found.push(source.told_by(Severity::Error, error, offset));
            }
        }
        for warning in result.validation_warnings() {
            if let Some((source, offset)) = place(warning.policy_id()) {
                found.push(source.told_by(Severity::Warning, warning, offset));
            }
        }
        found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        self.findings.extend(found);
    }

    /// The program asks about actions of its own; a schema that dropped one would deny them all.
    fn require(&mut self, schema: &Schema, actions: &[&str], sources: &[Source]) {
        let Some(core) = sources.iter().find(|source| source.kind == Kind::Schema && source.app.is_none())
        else {
            return;
        };
        for action in actions {
            let is_declared = schema.actions().any(|declared| {
                declared.id().unescaped() == *action && declared.type_name().namespace().is_empty()
            });
            if !is_declared {
                self.findings
                    .push(core.error(0, format!("Doorward needs action {action:?}, which is not declared")));
            }
        }
    }
}

/// A finding about the folder as a whole.
fn nowhere(message: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        file: "policies".into(),
        line: 1,
        column: 1,
        message: message.into(),
        help: None,
        source_line: None,
    }
}

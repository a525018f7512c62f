//! From files to a [`Snapshot`], collecting everything that is wrong on the way.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Entities, Policy, PolicyId, PolicySet, Schema, SchemaFragment};
use cedar_policy_core::entities::Schema as _;
use cedar_policy_core::validator::CoreSchema;

use crate::application::Owners;
use crate::decide::chain;
use crate::diagnostic::{Diagnostic, Report, Severity};
use crate::kinds::Kinds;
use crate::plan::{self, Plans};
use crate::scope::Scopes;
use crate::shelf::Shelf;
use crate::slices::Slices;
use crate::snapshot::{self, Effect, FileInfo, PolicyInfo, SchemaMark, Snapshot};
use crate::source::{Kind, Source};
use crate::types::{self, EntityTypes};
use crate::{code, every_question, folder, nesting, stack, validate};

pub(crate) fn load(path: &Path, actions: &[&str]) -> Result<Snapshot, Report> {
    sources(path, &folder::read(path)?, actions)
}

/// Loads what was read from a folder.
pub(crate) fn sources(path: &Path, sources: &[Source], actions: &[&str]) -> Result<Snapshot, Report> {
    match stack::on_a_large_one(|| Loader::default().load(sources, actions)) {
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

        for (kind, name) in [(Kind::Schema, "schema (*.cedarschema)"), (Kind::Plans, "plans.json")] {
            if !sources.iter().any(|source| source.kind == kind) {
                self.findings.push(nowhere(&format!("the folder holds no {name}")));
            }
        }
        // Half a schema would only add errors that are none.
        let is_whole = of(Kind::Schema).count() == sources.iter().filter(|s| s.kind == Kind::Schema).count();
        let schema = self.schema(of(Kind::Schema)).filter(|_| is_whole);
        let plans = self.plans(of(Kind::Plans));
        for source in of(Kind::Policies) {
            self.parse(source, sources);
        }
        let action_entities: Vec<_> =
            schema.iter().flat_map(|schema| CoreSchema::new(schema.as_ref()).action_entities()).collect();
        let kinds = schema.as_ref().map(|schema| Kinds::of(schema, &action_entities)).unwrap_or_default();
        let mut scopes = Scopes::new(&kinds);
        if let Some(schema) = &schema {
            self.validate(schema, &mut scopes, sources);
            self.require(schema, actions, sources);
            self.fit(schema, &mut scopes, &plans, sources);
        }
        if self.set.is_empty() && !self.is_refused() {
            self.findings.push(nowhere("the folder holds no policies (*.cedar): everything would be denied"));
        }
        let (Some(schema), false) = (schema, self.is_refused()) else {
            return Err(Report(self.findings));
        };
        for source in sources.iter().filter(|source| source.kind != Kind::Policies) {
            self.files.push(FileInfo { file: source.name.clone(), policies: 0 });
        }
        self.files.sort_by(|a, b| a.file.cmp(&b.file));
        let policies: HashMap<_, _> = self.policies.into_iter().map(|(id, (info, _))| (id, info)).collect();
        let known: Vec<_> =
            self.set.policies().filter_map(|policy| Some((policy, policies.get(policy.id())?))).collect();
        let mut snapshot = Snapshot {
            actions: snapshot::actions(&schema),
            slices: Slices::cut(scopes, &known),
            kinds,
            own: Shelf::default(),
            schema_mark: SchemaMark::of(sources),
            schema,
            set: self.set,
            policies,
            types: self.types,
            plans,
            files: self.files,
            hash: folder::hash(sources),
            warnings: self.findings,
        };
        let plans = plan::entities(&snapshot.plans).into_iter().map(|plan| snapshot.ready(plan));
        let actions = action_entities.into_iter().map(|action| snapshot.checked(action));
        match plans.chain(actions).collect() {
            Ok(own) => snapshot.own = Shelf::new(own),
            Err(misfit) => return Err(Report(vec![nowhere(&misfit)])),
        }
        Ok(snapshot)
    }

    fn is_refused(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
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
        let (mut joined, mut schema) = (vec![], None);
        for group in groups.into_values() {
            let before = joined.len();
            joined.extend(group.iter().map(|(_, fragment)| fragment.clone()));
            match Schema::from_schema_fragments(joined.iter().cloned()) {
                Ok(whole) => schema = Some(whole),
                Err(error) => {
                    joined.truncate(before);
                    is_sound = false;
                    let told = group.iter().find(|(source, _)| source.is_told_by(&error)).or(group.first());
                    self.findings.extend(told.map(|(source, _)| source.told_by(Severity::Error, &error, 0)));
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
                    self.types.add(name, declared);
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
        let Some(source) = sources.next() else { return Plans::new() };
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
        if parsed.is_empty() {
            // An editor that empties a file before it writes it would otherwise take all its forbids out of force.
            self.findings.push(source.error(0, "this file holds no policies; delete it if none are meant"));
        }
        let mut policies: Vec<&Policy> = parsed.policies().collect();
        // Cedar numbers the policies of a text: policy0, policy1 ...
        policies.sort_by_cached_key(|policy| {
            policy.id().to_string().trim_start_matches("policy").parse::<usize>().ok()
        });
        let texts: Vec<String> =
            policies.iter().map(|policy| policy.to_cedar().unwrap_or_default()).collect();
        let places = source.places(texts.iter().map(String::as_str));
        // Counted from place to place: from the start each time, a large file would take its square.
        let (mut line, mut counted) = (1, 0);
        for (policy, place) in policies.iter().zip(places) {
            line += source.text[counted..place.start].matches('\n').count();
            counted = place.start;
            if let Err(message) = self.add(source, policy, (place.start, line), sources) {
                self.findings.push(source.error(place.start, message));
            }
        }
        self.files.push(FileInfo { file: source.name.clone(), policies: policies.len() });
    }

    fn add(
        &mut self,
        source: &Source,
        policy: &Policy,
        (offset, line): (usize, usize),
        sources: &[Source],
    ) -> Result<(), String> {
        // Cedar's own way to ask for an annotation parses its name each time.
        let annotation = |name: &str| {
            let mut all = policy.as_ref().annotations().map(|(key, text)| (key.as_ref(), text.as_ref()));
            all.find(|(key, _): &(&str, &str)| *key == name).map(|(_, text)| text.to_owned())
        };
        let required = |name: &str| {
            let text = annotation(name).filter(|text| !text.trim().is_empty());
            text.ok_or_else(|| format!("this policy has no @{name}(\"…\")"))
        };
        let id = required("id")?;
        let description = required("description")?;
        let code = annotation("code");
        if let Some(code) = &code {
            code::check(code, policy.effect())?;
        }
        let limit = annotation("limit");
        if let Some(limit) = &limit {
            plan::check_limit(limit, policy.effect())?;
        }
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
            code,
            limit,
            file: source.name.clone(),
            line,
        };
        self.policies.insert(policy_id, (Arc::new(info), offset));
        Ok(())
    }

    fn validate(&mut self, schema: &Schema, scopes: &mut Scopes<'_>, sources: &[Source]) {
        let place = |id: &PolicyId| {
            let (info, offset) = self.policies.get(id)?;
            Some((sources.iter().find(|source| source.name == info.file)?, *offset))
        };
        let mut found = vec![];
        let results = match validate::validate(schema, scopes, &self.set) {
            Ok(results) => results,
            Err(message) => return self.findings.push(nowhere(&message)),
        };
        for result in results {
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

    /// What comes with every question has to fit the schema, or every answer would be deny.
    fn fit(&mut self, schema: &Schema, scopes: &mut Scopes<'_>, plans: &Plans, sources: &[Source]) {
        let of = |kind: Kind| sources.iter().filter(move |source| source.kind == kind);
        for plan in plan::entities(plans) {
            let name = format!("{:?}", plan.uid().id().unescaped());
            if let (Some(source), Err(error)) =
                (of(Kind::Plans).next(), Entities::from_entities([plan], Some(schema)))
            {
                let offset = source.text.find(&name).unwrap_or(0);
                self.findings.push(
                    source.error(offset, format!("plan {name} does not fit the schema: {}", chain(&error))),
                );
            }
        }
        let misfits = match every_question::misfits(schema, scopes) {
            Ok(misfits) => misfits,
            Err(message) => return self.findings.push(nowhere(&message)),
        };
        for action in misfits {
            let app = self.owners.owner(&action.type_name().namespace());
            let id = format!("{:?}", action.id().unescaped());
            let mut declaring = of(Kind::Schema).filter(|source| source.app.as_deref() == app);
            if let Some(source) =
                declaring.clone().find(|s| s.text.contains(&id)).or_else(|| declaring.next())
            {
                let offset = source.text.find(&id).unwrap_or(0);
                self.findings.push(source.error(
                    offset,
                    format!("the context of action {action} lacks now: datetime or mfa: Bool, which come with every question"),
                ));
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

//! What a decision costs, beside what Cedar alone takes for the same question. `cargo bench -p authz`
//!
//! All cases of a table take turns in short rounds and the median round counts, so that what else the machine
//! does falls on all of them alike. Read the ratios; the microseconds are this machine's.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout)] // a table for people

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use authz::{Entity, EntityUid, Question, Snapshot};
use cedar_policy::{Authorizer, Context, Entities, EntityId, PolicySet, Request, Schema};
use serde_json::{Map, Value, json};

const ROUNDS: usize = 15;
/// How long one case runs in one round.
const ROUND: Duration = Duration::from_millis(25);
/// Policies in the large folder.
const MANY: usize = 1_000;

type Case<'c> = (&'static str, Box<dyn FnMut() + 'c>);

fn main() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let large = large(&shipped);
    for folder in [shipped.as_path(), large.path()] {
        decisions(folder);
    }
    loads(&[("load the shipped folder", &shipped), ("load the large folder", large.path())]);
}

fn decisions(folder: &Path) {
    let snapshot = Snapshot::load(folder, &[]).unwrap_or_else(|report| panic!("{report}"));
    let read = question(Map::new());
    let read_from = question(json!({ "mfa": true, "ip": "10.0.0.1" }).as_object().cloned().unwrap());
    let (posed, facts) = (snapshot.pose(&read).unwrap(), facts());
    assert!(snapshot.decide(&posed, facts.clone()).is_allow(), "the bench asks what is allowed");

    let schema = Schema::from_cedarschema_str(&text(folder, "cedarschema")).unwrap().0;
    let policies: PolicySet = text(folder, "cedar").parse().unwrap();
    let context =
        json!({ "now": { "__extn": { "fn": "datetime", "arg": "2026-11-21T12:00:00Z" } }, "mfa": false });
    let request = Request::new(
        read.principal.clone(),
        read.action.clone(),
        read.resource.clone(),
        Context::from_json_value(context, None).unwrap(),
        None,
    )
    .unwrap();
    let known = facts.iter().cloned().chain(plan());
    let entities = Entities::from_entities(known, Some(&schema)).unwrap();
    let authorizer = Authorizer::new();

    table(
        &format!("{} policies, one question that is allowed", snapshot.policies().len()),
        vec![
            (
                "Cedar alone, request and entities ready-made",
                Box::new(|| drop(black_box(authorizer.is_authorized(&request, &policies, &entities)))),
            ),
            (
                "Cedar alone, entities made anew",
                Box::new(|| {
                    let known = facts.iter().cloned().chain(plan());
                    let entities = Entities::from_entities(known, Some(&schema)).unwrap();
                    drop(black_box(authorizer.is_authorized(&request, &policies, &entities)));
                }),
            ),
            ("pose", Box::new(|| drop(black_box(snapshot.pose(&read))))),
            ("pose, with a context", Box::new(|| drop(black_box(snapshot.pose(&read_from))))),
            ("decide what is posed", Box::new(|| drop(black_box(snapshot.decide(&posed, facts.clone()))))),
            (
                "pose and decide",
                Box::new(|| {
                    let posed = snapshot.pose(&read).unwrap();
                    drop(black_box(snapshot.decide(&posed, facts.clone())));
                }),
            ),
            ("explain", Box::new(|| drop(black_box(snapshot.explain(&posed, facts.clone()))))),
        ],
    );
}

fn loads(folders: &[(&'static str, &Path)]) {
    let load = |folder: &Path| drop(black_box(Snapshot::load(folder, &[]).unwrap()));
    let cases = folders.iter().map(|(name, folder)| -> Case<'_> { (name, Box::new(move || load(folder))) });
    table("loading: read, parse, validate", cases.collect());
}

/// Measures, and prints the median of every case and its ratio to the first.
fn table(title: &str, mut cases: Vec<Case<'_>>) {
    let mut rounds = vec![vec![]; cases.len()];
    for _ in 0..ROUNDS {
        for ((_, run), times) in cases.iter_mut().zip(&mut rounds) {
            let (start, mut count) = (Instant::now(), 0_u32);
            while count == 0 || start.elapsed() < ROUND {
                run();
                count += 1;
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
        }
    }
    let medians: Vec<f64> = rounds
        .iter_mut()
        .map(|times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
        .collect();
    println!("\n{title}\n{:46} {:>12} {:>9}", "", "µs", "ratio");
    for ((name, _), median) in cases.iter().zip(&medians) {
        println!("{name:46} {median:>12.1} {:>8.2}x", median / medians[0]);
    }
}

/// A copy of the shipped folder, filled up with policies about organizations: none can match the question.
fn large(shipped: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files(shipped) {
        let target = folder.path().join(file.strip_prefix(shipped).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, target).unwrap();
    }
    let known = Snapshot::load(shipped, &[]).unwrap().policies().len();
    let mut more = String::new();
    for n in known..MANY {
        write!(
            more,
            "@id(\"more.{n}\") @description(\"one of many\")\n\
             permit (principal is User, action == Action::\"org.update\", resource is Organization)\n\
             when {{ principal in resource.members && context.mfa && resource.usage.members < {n} }};\n"
        )
        .unwrap();
    }
    fs::write(folder.path().join("more.cedar"), more).unwrap();
    folder
}

/// The files that take part in decisions.
fn files(folder: &Path) -> Vec<PathBuf> {
    let all = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all(folder.to_owned()).chain(all(folder.join("apps"))).filter(|path| path.is_file()).collect()
}

fn text(folder: &Path, extension: &str) -> String {
    let wanted = files(folder).into_iter().filter(|path| path.extension().is_some_and(|e| e == extension));
    wanted.map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>().join("\n")
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse().unwrap(), EntityId::new(id))
}

/// A member reads a document.
fn question(context: Map<String, Value>) -> Question {
    Question {
        principal: uid("User", "una"),
        action: uid("Docs::Action", "read"),
        resource: uid("Docs::Document", "d"),
        context,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

fn entity(kind: &str, id: &str, attributes: &Value, parents: &[(&str, &str)]) -> Entity {
    let parents: Vec<_> = parents.iter().map(|(kind, id)| json!({ "type": kind, "id": id })).collect();
    let uid = json!({ "type": kind, "id": id });
    Entity::from_json_value(json!({ "uid": uid, "attrs": attributes, "parents": parents }), None).unwrap()
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "__entity": { "type": kind, "id": id } })
}

/// What the store would hand over: the user, the document, its workspace and its organization.
fn facts() -> Vec<Entity> {
    let time = json!({ "__extn": { "fn": "datetime", "arg": "2026-12-01T00:00:00Z" } });
    let user = json!({
        "status": reference("AccountStatus", "active"), "email_verified": true, "password_must_change": false,
        "approval_due_at": time,
    });
    let document = json!({
        "workspace": reference("Workspace", "w"), "classification": "public", "legal_hold": false,
        "shared_viewers": reference("ShareList", "d/viewers"), "shared_editors": reference("ShareList", "d/editors"),
    });
    let workspace = json!({
        "org": reference("Organization", "acme"), "visibility": reference("Visibility", "private"),
        "is_default": true, "shared_with_platform": false,
        "admins": reference("WorkspaceRole", "w/admin"), "editors": reference("WorkspaceRole", "w/editor"),
        "viewers": reference("WorkspaceRole", "w/viewer"),
        "shared_viewers": reference("ShareList", "w/viewers"), "shared_editors": reference("ShareList", "w/editors"),
    });
    let organization = json!({
        "owners": reference("OrgRole", "acme/owner"), "admins": reference("OrgRole", "acme/admin"),
        "managers": reference("OrgRole", "acme/manager"), "members": reference("OrgRole", "acme/member"),
        "plan": reference("Plan", "pro"), "usage": { "workspaces": 1, "agents": 2, "members": 3 },
        "subscription_status": reference("SubscriptionStatus", "active"), "trial_ends_at": time,
    });
    vec![
        entity("User", "una", &user, &[("OrgRole", "acme/member"), ("WorkspaceRole", "w/viewer")]),
        entity("Docs::Document", "d", &document, &[("Workspace", "w")]),
        entity("Workspace", "w", &workspace, &[("Organization", "acme")]),
        entity("Organization", "acme", &organization, &[]),
    ]
}

/// The plan that the organization names; the snapshot adds its own.
fn plan() -> Option<Entity> {
    let plan = json!({ "sso": false, "dedicated_instance": false });
    Some(entity("Plan", "pro", &plan, &[]))
}

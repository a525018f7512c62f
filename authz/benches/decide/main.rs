//! What a decision costs, beside what Cedar alone takes for the same question. `cargo bench -p authz`
//!
//! `cargo bench -p authz -- 104 1000` measures these numbers of policies only; the first is what others are compared to.
//! All cases of a table take turns in short rounds and the median round counts, so that what else the machine
//! does falls on all of them alike. Read the ratios; the microseconds are this machine's.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::print_stdout)] // a table for people

mod folder;
mod table;
mod world;

use std::cell::RefCell;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use authz::{Posed, Question, Ready, Snapshot};
use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request, Schema};
use chrono::TimeDelta;
use serde_json::{Map, json};
use table::Case;

/// Numbers of policies; the first is that of the shipped folder.
const SIZES: [usize; 4] = [104, 1_000, 10_000, 100_000];
/// So many are explained within reasonable time.
const EXPLAINED: usize = 10_000;

fn main() {
    let wanted: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if wanted.is_empty() { SIZES.to_vec() } else { wanted };
    let sizes: Vec<Sized> = sizes.into_iter().map(Sized::new).collect();
    decisions(&sizes);
    questions(&sizes[0]);
    explanations(&sizes);
    entities(&sizes[0]);
}

/// One folder with everything that is measured on it.
struct Sized {
    count: usize,
    snapshot: Snapshot,
    posed: Posed,
    facts: Vec<Ready>,
    cedar: PolicySet,
    request: Request,
    entities: Entities,
}

impl Sized {
    fn new(count: usize) -> Self {
        let filled = folder::filled_up_to(count);
        let path: &Path = filled.path();
        let start = Instant::now();
        let snapshot = Snapshot::load(path, &[]).unwrap_or_else(|report| panic!("{report}"));
        println!("{count} policies load in {:.2} s", start.elapsed().as_secs_f64());
        let read = question();
        let posed = snapshot.pose(&read).unwrap();
        let facts: Vec<Ready> =
            world::facts().into_iter().map(|entity| snapshot.ready(entity).unwrap()).collect();
        assert!(snapshot.decide(&posed, &facts).is_allow(), "the bench asks what is allowed");

        let schema = Schema::from_cedarschema_str(&folder::text(path, "cedarschema")).unwrap().0;
        let context =
            json!({ "now": { "__extn": { "fn": "datetime", "arg": "2026-11-21T12:00:00Z" } }, "mfa": false });
        let context = Context::from_json_value(context, None).unwrap();
        let request = Request::new(read.principal, read.action, read.resource, context, None).unwrap();
        let known = world::facts().into_iter().chain(world::plan());
        let entities = Entities::from_entities(known, Some(&schema)).unwrap();
        let cedar = folder::text(path, "cedar").parse().unwrap();
        Self { count, snapshot, posed, facts, cedar, request, entities }
    }
}

fn question() -> Question {
    world::question(Map::new())
}

fn decisions(sizes: &[Sized]) {
    let (authorizer, read) = (Authorizer::new(), question());
    let mut cases = vec![];
    for size in sizes {
        let (count, first) = (size.count, cases.len());
        cases.extend([
            Case::new(format!("{count} policies: Cedar, request and entities ready"), &[first, 0], || {
                drop(black_box(authorizer.is_authorized(&size.request, &size.cedar, &size.entities)));
            }),
            Case::new(format!("{count} policies: decide"), &[first, 1], || {
                drop(black_box(size.snapshot.decide(&size.posed, &size.facts)));
            }),
            Case::new(format!("{count} policies: pose and decide"), &[first, 2], || {
                let posed = size.snapshot.pose(&read).unwrap();
                drop(black_box(size.snapshot.decide(&posed, &size.facts)));
            }),
        ]);
    }
    table::print("One question that is allowed", &["to Cedar", "to the fewest"], cases);
}

fn questions(size: &Sized) {
    let (read, later) = (question(), RefCell::new(question()));
    let read_from = world::question(json!({ "mfa": true, "ip": "10.0.0.1" }).as_object().cloned().unwrap());
    let cases = vec![
        Case::new("pose", &[0], || drop(black_box(size.snapshot.pose(&read)))),
        Case::new("pose, at another millisecond than the last", &[0], || {
            let mut later = later.borrow_mut();
            later.now += TimeDelta::milliseconds(1);
            drop(black_box(size.snapshot.pose(&later)));
        }),
        Case::new("pose, with a context", &[0], || drop(black_box(size.snapshot.pose(&read_from)))),
    ];
    table::print("A question", &["to the first"], cases);
}

fn explanations(sizes: &[Sized]) {
    let cases = sizes
        .iter()
        .filter(|size| size.count <= EXPLAINED)
        .map(|size| {
            Case::new(format!("{} policies: explain", size.count), &[0], || {
                drop(black_box(size.snapshot.explain(&size.posed, &size.facts)));
            })
        })
        .collect();
    table::print("An explanation", &["to the fewest"], cases);
}

fn entities(size: &Sized) {
    let facts = world::facts();
    let cases = vec![Case::new("four entities made ready", &[0], || {
        for entity in &facts {
            drop(black_box(size.snapshot.ready(entity.clone()).unwrap()));
        }
    })];
    table::print("What is done once for an entity", &[""], cases);
}

//! `make bench-peers`: other servers that decide, on the same questions and in the same run.

mod agent;
mod cerbos;

use std::path::Path;

use anyhow::Context as _;

use crate::case::{Case, Figures, Pace, take_turns};
use crate::cpu;
use crate::folder;
use crate::http::questions;
use crate::load::{Load, Source};
use crate::report::{self, Bound, Goal, Table, figure};
use crate::request::{DOORWARD, Request, SINGLE};
use crate::server::Server;
use crate::store::Store;

/// Small, because one of the others copies all of its entities for every decision.
const ENTITIES: usize = 1_000;

/// Measures, and writes its place on the page. `downloads` is what `peers/fetch.sh` has filled.
///
/// # Errors
/// A server does not start, or an answer is not Doorward's.
pub(crate) fn run(page: &Path, pace: Pace, downloads: &Path) -> anyhow::Result<()> {
    let downloads = downloads.canonicalize().context("nothing was fetched: run `make bench-peers`")?;
    let store = Store::with(ENTITIES)?;
    let world = store.world;
    let questions = questions(world);
    let singles: Vec<Request> = questions.iter().map(|question| Request::single(world, question)).collect();
    let echoed = |request: &Request| {
        let body = String::from_utf8_lossy(request.body());
        Request::new("POST", SINGLE, &body, vec![true], DOORWARD)
    };

    let echo = Server::ours("echo", &[])?;
    let doorward = Server::doorward(&store, &folder::shipped())?;
    let cerbos = cerbos::start(&downloads, cerbos::Log::AsShipped)?;
    let quiet = cerbos::start(&downloads, cerbos::Log::WarningsOnly)?;
    let agent = agent::start(&downloads, world)?;

    let mut cases = vec![];
    let mut plan = |name: &str, server: &Server, stored: bool, requests: Vec<Request>| {
        let load = Load::new(&server.place, Source::Again(requests));
        load.check().with_context(|| name.to_owned())?;
        cases.push(if stored {
            Case::stored(name, server, &store, load)
        } else {
            Case::load(name, server, load)
        });
        anyhow::Ok(())
    };
    plan("echo", &echo, false, singles.iter().map(echoed).collect())?;
    plan("Doorward", &doorward, true, singles)?;
    let single: Vec<Request> = questions.iter().map(|question| cerbos::request(world, question)).collect();
    plan("Cerbos, as shipped", &cerbos, false, single.clone())?;
    plan("Cerbos, without its request log", &quiet, false, single)?;
    if let Some(agent) = &agent {
        let requests = questions.iter().map(|question| agent::request(world, question)).collect();
        plan("cedar-agent", agent, false, requests)?;
    }
    let figures = take_turns(&mut cases, pace)?;
    let measured: Vec<(&str, Figures)> = cases.iter().map(|case| case.name.as_str()).zip(figures).collect();
    let of = |name: &str| {
        measured.iter().find(|(known, _)| *known == name).map_or(f64::NAN, |(_, figures)| figures.cpu)
    };
    let goals = [Goal::ratio(
        "Cerbos without its request log beside a warm decision",
        Bound::AtLeast(5.0),
        of("Cerbos, without its request log") / of("Doorward"),
    )];
    let opening = format!(
        "Measured on {} in {} rounds of {} ms.{}",
        cpu::machine(),
        pace.rounds,
        pace.round.as_millis(),
        if agent.is_some() { "" } else { " cedar-agent could not be built or fetched there." },
    );
    report::write(page, "peers", &report::section(&opening, &[report::goals(&goals), table(&measured)]))
}

fn table(measured: &[(&str, Figures)]) -> Table {
    let cpu_of = |wanted: &str| {
        measured.iter().find(|(name, _)| *name == wanted).map_or(f64::NAN, |(_, figures)| figures.cpu)
    };
    let row = |(name, figures): &(&str, Figures)| {
        vec![
            (*name).to_owned(),
            format!("{} ×", figure(figures.cpu / cpu_of("echo"))),
            format!("{} ×", figure(figures.cpu / cpu_of("Doorward"))),
            figure(figures.cpu),
            figure(figures.least),
            figure(figures.rate),
            figure(figures.p50),
            figure(figures.p99),
        ]
    };
    Table {
        title: "Decisions over HTTP".to_owned(),
        note: "The same 512 questions about a world of 1 000 entities, with policies that decide them alike. Cerbos \
               keeps no facts: they come with each request. cedar-agent keeps them, and knows a part of the rules \
               only. CPU time for each decision in µs, the median round and the best one."
            .to_owned(),
        head: ["", "× echo", "× Doorward", "CPU", "best", "decisions/s", "p50 µs", "p99 µs"]
            .map(str::to_owned)
            .to_vec(),
        rows: measured.iter().map(row).collect(),
    }
}

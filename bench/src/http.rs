//! The main table: decisions over HTTP, beside the echo and beside Cedar alone.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::case::{Case, Figures, Pace, take_turns};
use crate::cedar::{Cedar, inline};
use crate::connection::Connection;
use crate::folder;
use crate::load::{Load, Protocol, Source};
use crate::report::{Table, figure};
use crate::request::{BATCH, DOORWARD, Request, SINGLE, Wrong};
use crate::server::Server;
use crate::store::Store;
use crate::world::{Question, World};

/// Different questions of a warm load.
pub(crate) const QUESTIONS: usize = 512;

/// Figures by the names of their cases, and cases that could not be measured with the reason.
pub(crate) struct Measured {
    figures: Vec<(String, Figures)>,
    skipped: Vec<(String, String)>,
}

/// The questions of a warm load: all different.
pub(crate) fn questions(world: World) -> Vec<Question> {
    let mut seen = HashSet::new();
    (0..).map(|n| world.question(n)).filter(|question| seen.insert(*question)).take(QUESTIONS).collect()
}

/// The same questions with the entities that Doorward uses for them, as Cedar alone takes them; checked with Cedar.
///
/// # Errors
/// Cedar and the formula do not agree, or Doorward does not answer.
pub(crate) fn inlined(server: &Server, world: World, folder: &Path) -> anyhow::Result<Vec<Request>> {
    let cedar = Cedar::load(folder)?;
    let mut connection = Connection::open(&server.place)?;
    let mut requests = vec![];
    for question in questions(world) {
        let asked = Request::single_with(world, &question, "explain", json!(true));
        connection.send(&asked.bytes)?;
        let status = connection.receive()?;
        asked.check(status, &connection.body)?;
        let answer: Value = serde_json::from_slice(&connection.body)?;
        let body = inline(&question.body(), &answer["explanation"]["entities"]).to_string();
        let expected = world.allows(&question);
        let allows = cedar.allows(&cedar.prepare(body.as_bytes()).context(body.clone())?);
        anyhow::ensure!(allows == expected, "Cedar and the formula do not agree on {question:?}");
        requests.push(Request::new("POST", "/", &body, vec![expected], DOORWARD));
    }
    Ok(requests)
}

/// Measures everything that is one load on one server.
///
/// # Errors
/// A server does not start, or an answer is wrong.
pub(crate) fn measure(store: &Store, pace: Pace) -> anyhow::Result<Measured> {
    let (world, shipped, large) = (store.world, folder::shipped(), folder::large()?);
    let echo = Server::ours("echo", &[])?;
    let naive = Server::ours("cedar", &[&shipped])?;
    let doorward = Server::doorward(store, &shipped)?;
    let with_many = Server::doorward(store, large.path()).context("Doorward with many policies")?;
    let by_socket = Server::doorward_by_socket(store, &shipped);

    let questions = questions(world);
    let inlined = inlined(&doorward, world, &shipped)?;
    let singles: Vec<Request> = questions.iter().map(|question| Request::single(world, question)).collect();
    let with = |field: &str, value: Value| -> Vec<Request> {
        questions.iter().map(|question| Request::single_with(world, question, field, value.clone())).collect()
    };
    let batches = |size: usize| -> Vec<Request> {
        let starts = (0..QUESTIONS).step_by(32);
        let batch = |start| (0..size).map(|n| questions[(start + n) % QUESTIONS]).collect::<Vec<_>>();
        starts.map(|start| Request::batch(world, &batch(start))).collect()
    };
    // The echo allows everything.
    let echoed = |requests: &[Request], path: &str| -> Vec<Request> {
        let one = |request: &Request| {
            let body = String::from_utf8_lossy(request.body());
            Request::new("POST", path, &body, vec![true; request.expects.len()], DOORWARD)
        };
        requests.iter().map(one).collect()
    };

    let mut plan = Plan { cases: vec![], skipped: vec![] };
    let again = Source::Again;
    let http2 = Protocol::Http2 { streams: 16 };
    let pipelined = Protocol::Http1 { connections: 8, together: 16 };
    plan.must("echo", &echo, None, Load::new(&echo.place, again(echoed(&singles, SINGLE))))?;
    plan.must("single", &doorward, Some(store), Load::new(&doorward.place, again(singles.clone())))?;
    let cold = Source::New(Box::new(move |n| Request::single(world, &world.question(QUESTIONS + n))));
    plan.must("single, cold", &doorward, Some(store), Load::new(&doorward.place, cold))?;
    let many = Load::new(&with_many.place, again(singles.clone()));
    plan.must("single, 10 000 policies more", &with_many, Some(store), many)?;
    let fresh = Load::new(&doorward.place, again(with("consistency", json!("fresh"))));
    plan.may("single, fresh", &doorward, store, fresh)?;
    let pipe = Load::by(&doorward.place, again(singles.clone()), pipelined);
    plan.must("single, 16 pipelined", &doorward, Some(store), pipe)?;
    let multiplexed = Load::by(&doorward.place, again(singles.clone()), http2);
    plan.may("single, HTTP/2, 16 streams", &doorward, store, multiplexed)?;
    match &by_socket {
        Ok(server) => {
            plan.may("single, Unix socket", server, store, Load::new(&server.place, again(singles)))?;
        }
        Err(error) => plan.skip("single, Unix socket", error),
    }
    let explained = Load::new(&doorward.place, again(with("explain", json!(true))));
    plan.must("explain", &doorward, Some(store), explained)?;
    plan.must(
        "echo, batch of 100",
        &echo,
        None,
        Load::new(&echo.place, again(echoed(&batches(100), BATCH))),
    )?;
    for size in [100, 1_000] {
        let name = format!("batch of {}", figure(size as f64));
        plan.must(&name, &doorward, Some(store), Load::new(&doorward.place, again(batches(size))))?;
    }
    plan.must("Cedar alone, entities as JSON", &naive, None, Load::new(&naive.place, again(inlined)))?;

    let measured = take_turns(&mut plan.cases, pace)?;
    let names = plan.cases.iter().map(|case| case.name.clone());
    Ok(Measured { figures: names.zip(measured).collect(), skipped: plan.skipped })
}

struct Plan<'s> {
    cases: Vec<Case<'s>>,
    skipped: Vec<(String, String)>,
}

impl<'s> Plan<'s> {
    /// A case that every server can do.
    fn must(
        &mut self,
        name: &str,
        server: &Server,
        store: Option<&'s Store>,
        load: Load,
    ) -> anyhow::Result<()> {
        load.check().with_context(|| name.to_owned())?;
        self.cases.push(match store {
            Some(store) => Case::stored(name, server, store, load),
            None => Case::load(name, server, load),
        });
        Ok(())
    }

    /// A case that this build of Doorward may not support: then it is left out, with the reason. A wrong decision is
    /// no reason.
    fn may(&mut self, name: &str, server: &Server, store: &'s Store, load: Load) -> anyhow::Result<()> {
        match load.check() {
            Ok(()) => self.cases.push(Case::stored(name, server, store, load)),
            Err(error) if error.downcast_ref::<Wrong>().is_some_and(|wrong| !wrong.is_refusal()) => {
                return Err(error.context(name.to_owned()));
            }
            Err(error) => self.skip(name, &error),
        }
        Ok(())
    }

    fn skip(&mut self, name: &str, error: &anyhow::Error) {
        eprintln!("{name} is left out: {error:#}");
        self.skipped.push((name.to_owned(), "not supported by this build".to_owned()));
    }
}

impl Measured {
    /// The figures of a case; not numbers where it was left out.
    pub(crate) fn of(&self, name: &str) -> Figures {
        let found = self.figures.iter().find(|(known, _)| known == name);
        let none = Figures { cpu: f64::NAN, least: f64::NAN, ..Figures::default() };
        found.map_or(none, |(_, figures)| *figures)
    }

    /// Every case beside the echo that is as large.
    pub(crate) fn table(&self) -> Table {
        let row = |(name, figures): &(String, Figures)| {
            let echo = self.of(if name.contains("batch") { "echo, batch of 100" } else { "echo" });
            vec![
                name.clone(),
                format!("{} ×", figure(figures.cpu / echo.cpu)),
                figure(figures.cpu),
                figure(figures.least),
                if figures.store > 0.0 { figure(figures.store) } else { "–".to_owned() },
                figure(figures.rate),
                figure(figures.p50),
                figure(figures.p99),
            ]
        };
        let left_out = |(name, reason): &(String, String)| {
            let mut row = vec![name.clone(), reason.clone()];
            row.resize(8, "–".to_owned());
            row
        };
        let rows = self.figures.iter().map(row).chain(self.skipped.iter().map(left_out));
        Table {
            title: "Decisions over HTTP".to_owned(),
            note: "CPU time for each decision, in µs: the median round and the best one, and that of Postgres. \
                   Batches are compared with the echo of a batch; µs of an answer are those of the whole batch."
                .to_owned(),
            head: ["", "× echo", "CPU", "best", "Postgres", "decisions/s", "p50 µs", "p99 µs"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
        }
    }
}

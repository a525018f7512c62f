//! What grows with the store, and what must not: warm decisions, changes, memory.

use crate::case::{Case, Figures, Pace, take_turns};
use crate::change::Change;
use crate::connection::Connection;
use crate::cpu::resident;
use crate::folder;
use crate::load::{Load, Source};
use crate::report::{Table, figure};
use crate::request::Request;
use crate::server::Server;
use crate::store::Store;
use crate::world::{DOCUMENTS, ENTITIES, World};

/// Entities of the stores, of which at most [`ASKED`] are asked about.
pub(crate) const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Entities that a cache should hold.
const ASKED: usize = 100_000;
/// Questions of one request while a cache is filled.
const BATCH: usize = 500;

/// What was measured of one store.
pub(crate) struct Grown {
    pub(crate) entities: usize,
    pub(crate) warm: Figures,
    pub(crate) attribute: Figures,
    pub(crate) role: Figures,
    memory: Memory,
}

/// Resident memory of a server, in bytes.
#[derive(Clone, Copy)]
struct Memory {
    start: u64,
    some: u64,
    all: u64,
}

/// Measures stores of each size up to `largest` entities, all by turns, and the echo of their questions.
///
/// # Errors
/// A server does not start, or an answer is wrong.
pub(crate) fn measure(pace: Pace, largest: usize) -> anyhow::Result<(Figures, Vec<Grown>)> {
    let sizes: Vec<usize> = SIZES.into_iter().filter(|size| *size <= largest).collect();
    let mut stores = vec![];
    for entities in &sizes {
        eprintln!("filling a store with {entities} entities");
        stores.push(Store::with(*entities)?);
    }
    let echo = Server::ours("echo", &[])?;
    let mut servers = vec![];
    for store in &stores {
        let server = Server::doorward(store, &folder::shipped())?;
        let memory = fill(&server, store.world)?;
        servers.push((server, memory));
    }

    let allowed = |request: Request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        Request::new("POST", &request.path, &body, vec![true], crate::request::DOORWARD)
    };
    let world = asked(stores[0].world);
    let echoed = Source::New(Box::new(move |n| allowed(Request::single(world, &world.question(n)))));
    let mut cases = vec![Case::load("echo", &echo, Load::new(&echo.place, echoed))];
    for (store, (server, _)) in stores.iter().zip(&servers) {
        let (whole, world) = (store.world, asked(store.world));
        let documents = world.orgs * DOCUMENTS;
        let warm = move |n: usize| Request::single(whole, &whole.question_within(world, n % documents));
        let load = Load::new(&server.place, Source::New(Box::new(warm)));
        cases.push(Case::stored("a warm question", server, store, load));
        let mut attribute = Change::of_attribute(&server.place, whole)?;
        let work = move |time| attribute.run(time);
        cases.push(Case::work("a changed attribute", server.pid(), Some(store), work));
        let mut role = Change::of_role(&server.place, whole)?;
        cases.push(Case::work("a changed role", server.pid(), Some(store), move |time| role.run(time)));
    }
    let figures = take_turns(&mut cases, pace)?;
    let each = sizes.iter().zip(figures[1..].chunks(3)).zip(&servers);
    let grown = each.map(|((entities, figures), (_, memory))| Grown {
        entities: *entities,
        warm: figures[0],
        attribute: figures[1],
        role: figures[2],
        memory: *memory,
    });
    Ok((figures[0], grown.collect()))
}

/// The part of a world that is asked about.
fn asked(world: World) -> World {
    World { orgs: world.orgs.min(ASKED / ENTITIES) }
}

/// Asks about everything that will be asked about, and looks at the memory on the way.
fn fill(server: &Server, whole: World) -> anyhow::Result<Memory> {
    let start = resident(server.pid())?;
    let ask = |orgs: usize| -> anyhow::Result<u64> {
        let world = World { orgs };
        let mut connection = Connection::open(&server.place)?;
        let questions: Vec<_> = (0..orgs * DOCUMENTS).map(|n| whole.question_within(world, n)).collect();
        for some in questions.chunks(BATCH) {
            let request = Request::batch(whole, some);
            connection.send(&request.bytes)?;
            let status = connection.receive()?;
            request.check(status, &connection.body)?;
        }
        resident(server.pid())
    };
    let some = ask(SIZES[0] / ENTITIES)?;
    let world = asked(whole);
    let all = if world.orgs > SIZES[0] / ENTITIES { ask(world.orgs)? } else { some };
    Ok(Memory { start, some, all })
}

/// The tables of growth and of memory.
pub(crate) fn tables(echo: Figures, grown: &[Grown]) -> [Table; 2] {
    let mut head = vec![String::new()];
    head.extend(grown.iter().map(|grown| format!("{} entities", figure(grown.entities as f64))));
    let row = |name: &str, value: &dyn Fn(&Grown) -> f64| -> Vec<String> {
        let values = grown.iter().map(|grown| figure(value(grown)));
        std::iter::once(name.to_owned()).chain(values).collect()
    };
    let rows = vec![
        row("warm question, × echo", &|grown| grown.warm.cpu / echo.cpu),
        row("warm question, CPU µs", &|grown| grown.warm.cpu),
        row("warm question, Postgres CPU µs", &|grown| grown.warm.store),
        row("warm question, p50 µs", &|grown| grown.warm.p50),
        row("attribute changed and seen, p50 µs", &|grown| grown.attribute.p50),
        row("attribute changed and seen, p99 µs", &|grown| grown.attribute.p99),
        row("attribute changed and seen, CPU µs", &|grown| grown.attribute.cpu),
        row("attribute changed and seen, Postgres CPU µs", &|grown| grown.attribute.store),
        row("role changed and seen, p50 µs", &|grown| grown.role.p50),
        row("role changed and seen, p99 µs", &|grown| grown.role.p99),
        row("role changed and seen, CPU µs", &|grown| grown.role.cpu),
        row("role changed and seen, Postgres CPU µs", &|grown| grown.role.store),
    ];
    let growth = Table {
        title: "As the store grows".to_owned(),
        note: "Warm questions are about every document of the store in turn, but of at most 100 000 entities, which \
               have all been asked about before. A change is sent over HTTP and asked about until an answer has \
               seen it."
            .to_owned(),
        head: head.clone(),
        rows,
    };
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let memory = Table {
        title: "Resident memory of the server".to_owned(),
        note: "In MiB, after it became ready, after questions about 1 000 entities, and after questions about all \
               of them, at most 100 000."
            .to_owned(),
        head,
        rows: vec![
            row("at start", &|grown| mebibytes(grown.memory.start)),
            row("1 000 asked about", &|grown| mebibytes(grown.memory.some)),
            row("all asked about", &|grown| mebibytes(grown.memory.all)),
        ],
    };
    [growth, memory]
}

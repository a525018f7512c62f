//! Breaks everything that background jobs stand on, again and again, and looks whether every promise was kept.
//!
//! `CHAOS_SECONDS` and `CHAOS_SEED` say for how long and with which faults; `make chaos` sets them.

mod broken;
mod check;
mod faults;
mod leavers;
mod load;
mod process;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use self::check::{Snapshot, Violation, check};
use self::faults::Faults;
use self::leavers::{ARRIVED, Leavers};
use self::load::{Asked, SWEEP};
use self::world::World;
use crate::support::until;

/// How long it may take until all is done after everything was mended.
const SETTLING: Duration = Duration::from_secs(60);

#[expect(
    clippy::disallowed_methods,
    reason = "a test is configured by its environment, not by the product's"
)]
fn setting(name: &str, fallback: u64) -> u64 {
    std::env::var(name).map_or(fallback, |text| text.parse().expect("a whole number"))
}

#[test]
fn whatever_fails_every_promise_is_kept() {
    // proves JOB-1, JOB-2, MAIL-1, PRG-1, PRG-3, PRG-4
    let (length, seed) = (Duration::from_secs(setting("CHAOS_SECONDS", 20)), setting("CHAOS_SEED", 1));
    println!("chaos for {length:?} with seed {seed}");
    let mut world = World::with_own_store();
    let mut trials = Asked::default();
    trials.import_trials(&world, 30, length);
    world.add_worker(&[]);
    world.add_worker(&[]);
    let leavers = Leavers::import(&world, length);

    let (stop, mut faults) = (AtomicBool::new(false), Faults::new(seed));
    let World { machine, home } = &mut world;
    let s3 = Arc::clone(&machine.s3);
    let mut asked = std::thread::scope(|scope| {
        let load = scope.spawn(|| Asked::run(home, &stop));
        scope.spawn(|| Leavers::run(home, &s3, &stop));
        // However this ends, the others must.
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| faults.run(machine, home, length)));
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap();
        load.join().unwrap()
    });
    asked.trials = trials.trials;
    world.sql(SWEEP);

    let mended = Instant::now();
    until("the API answers", || {
        world.machine.api.tend(&world.home);
        world.machine.api.is_ready(&world.home)
    });
    Leavers::finish(&world.home);
    let store = settle(&mut world);
    let settled = mended.elapsed();
    let mails = world.machine.smtp.mails();
    let mut wrong = check(&asked, &store, &mails);
    wrong.extend(leavers.check(&world));
    let audit = world.home.run(&["audit", "verify"]);
    if audit.code != Some(0) {
        wrong.push(Violation::Audit(audit.stdout + &audit.stderr));
    }
    for process in world.machine.processes() {
        wrong.extend(process.falls.iter().cloned().map(Violation::Fallen));
        if process.is_stopping() {
            wrong.push(Violation::Fallen(format!("{} does not stop", process.name)));
        }
    }

    let distinct =
        mails.iter().map(harness::smtp::Received::message_id).collect::<std::collections::BTreeSet<_>>();
    println!("faults: {:?}", faults.counts);
    println!(
        "{} mails promised, {} requests without an answer, {} transactions rolled back, {} trials",
        asked.accepted.len(),
        asked.unknown,
        asked.rolled_back.len(),
        asked.trials.len()
    );
    println!(
        "{} mails came, {} of them again; settled after {settled:?}",
        distinct.len(),
        mails.len() - distinct.len()
    );
    assert!(
        wrong.is_empty(),
        "{} promises broken with seed {seed}: {wrong:#?}\n{}",
        wrong.len(),
        tell(&mut world, &wrong)
    );
    assert!(
        asked.accepted.len() > 20 && !asked.rolled_back.is_empty() && faults.counts.len() > 3,
        "too little happened"
    );
}

/// Waits until no job waits or runs, for as long as that may take, and returns the store as it is then.
fn settle(world: &mut World) -> Snapshot {
    let begin = Instant::now();
    loop {
        for process in world.machine.processes() {
            process.tend(&world.home);
        }
        world.sql(ARRIVED);
        // Pauses after many failures are longer than anybody wants to wait here.
        world.sql(
            "update jobs set run_at = now() where state = 'pending' and run_at > now() + interval '1 s'",
        );
        let is_stopping = world.machine.processes().any(|process| process.is_stopping());
        let store = Snapshot::take(world);
        if store.is_quiet() && !is_stopping || begin.elapsed() > SETTLING {
            return store;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the logs say of the jobs that something is wrong with.
fn tell(world: &mut World, wrong: &[Violation]) -> String {
    let wrong = format!("{wrong:?}");
    let concerns = |line: &&str| {
        let words = line.split(|letter: char| !letter.is_ascii_hexdigit() && letter != '-');
        words.filter(|word| word.len() == 36).any(|id| wrong.contains(id))
    };
    let World { machine, home } = world;
    let mut told = String::new();
    for process in machine.processes() {
        let log = process.log(home);
        let lines: Vec<&str> = log.lines().filter(concerns).take(50).collect();
        let last: Vec<&str> = log.lines().rev().take(10).collect();
        told += &format!(
            "--- {}\n{}\n... the end, backwards:\n{}\n",
            process.name,
            lines.join("\n"),
            last.join("\n")
        );
    }
    told
}

//! What breaks, when, and for how long: the same for the same seed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use harness::s3;
use harness::smtp::State;
use runtime::Random;

use super::world::Machine;
use crate::support::Home;

/// Whether anything has to be mended or begun is looked at so often.
const TICK: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    WorkerKilled,
    /// For longer than its leases.
    WorkerFrozen,
    /// As when a new version comes.
    WorkerStopped,
    ApiKilled,
    ApiStopped,
    /// It comes back with what it had.
    RedisKilled,
    /// It comes back with nothing.
    RedisEmptied,
    RedisFrozen,
    PostgresKilled,
    MailDown,
    MailBusy,
    /// It answers nobody until it is restarted, so that jobs run on and on.
    MailSilent,
    /// Mails are taken, and often nobody is told.
    RepliesLost,
    StoreDown,
    StoreBusy,
    /// It takes requests and says nothing.
    StoreSilent,
    /// It does what it is asked for, and often nobody is told.
    StoreAnswersLost,
    /// It lists what is no list.
    StoreGarbage,
}

use Fault::*;

const ALL: [Fault; 18] = [
    WorkerKilled,
    WorkerFrozen,
    WorkerStopped,
    ApiKilled,
    ApiStopped,
    RedisKilled,
    RedisEmptied,
    RedisFrozen,
    PostgresKilled,
    MailDown,
    MailBusy,
    MailSilent,
    RepliesLost,
    StoreDown,
    StoreBusy,
    StoreSilent,
    StoreAnswersLost,
    StoreGarbage,
];

/// What has a fault at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Worker(usize),
    Api,
    Redis,
    Postgres,
    Mail,
    Store,
}

/// A fault that lasts.
struct Broken {
    fault: Fault,
    part: Part,
    until: Instant,
}

/// Breaks things.
pub(crate) struct Faults {
    random: Random,
    /// Each kind comes once before any comes again.
    deck: Vec<Fault>,
    broken: Vec<Broken>,
    pub(crate) counts: BTreeMap<Fault, usize>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Random::seeded(seed), deck: vec![], broken: vec![], counts: BTreeMap::new() }
    }

    /// Breaks things for so long, and mends all that is still broken then.
    pub(crate) fn run(&mut self, machine: &mut Machine, home: &Home, length: Duration) {
        let end = Instant::now() + length;
        let mut next = Instant::now();
        while Instant::now() < end {
            for process in machine.processes() {
                process.tend(home);
            }
            self.mend(machine, home, Instant::now());
            if Instant::now() >= next {
                self.draw(machine);
                next = Instant::now() + self.between(300, 1200);
            }
            std::thread::sleep(TICK);
        }
        self.mend(machine, home, end + Duration::from_secs(3600));
    }

    /// Begins the next fault, unless that part has one.
    fn draw(&mut self, machine: &mut Machine) {
        if self.deck.is_empty() {
            self.deck = ALL.to_vec();
            for last in (1..self.deck.len()).rev() {
                let other = self.below(last as u64 + 1) as usize;
                self.deck.swap(last, other);
            }
        }
        let Some(fault) = self.deck.pop() else { return };
        let part = match fault {
            WorkerKilled | WorkerFrozen | WorkerStopped => Part::Worker(self.below(2) as usize),
            ApiKilled | ApiStopped => Part::Api,
            RedisKilled | RedisEmptied | RedisFrozen => Part::Redis,
            PostgresKilled => Part::Postgres,
            MailDown | MailBusy | MailSilent | RepliesLost => Part::Mail,
            StoreDown | StoreBusy | StoreSilent | StoreAnswersLost | StoreGarbage => Part::Store,
        };
        let length = match fault {
            // Leases last two seconds.
            WorkerFrozen => self.between(2500, 4500),
            MailSilent | RepliesLost => self.between(1000, 3000),
            // Nothing is asked for meanwhile, and starting takes its time, too.
            ApiKilled => self.between(0, 500),
            _ => self.between(100, 2500),
        };
        if self.broken.iter().any(|broken| broken.part == part) {
            return self.deck.insert(0, fault);
        }
        self.begin(machine, fault, part);
        *self.counts.entry(fault).or_default() += 1;
        self.broken.push(Broken { fault, part, until: Instant::now() + length });
    }

    fn begin(&self, machine: &mut Machine, fault: Fault, part: Part) {
        let (smtp, store) = (machine.smtp.faults(), machine.s3.faults());
        match (fault, part) {
            (WorkerFrozen, Part::Worker(at)) => machine.workers[at].freeze(),
            (WorkerStopped, Part::Worker(at)) => machine.workers[at].stop(),
            (_, Part::Worker(at)) => machine.workers[at].kill(),
            (ApiStopped, _) => machine.api.stop(),
            (_, Part::Api) => machine.api.kill(),
            (RedisFrozen, _) => machine.redis.freeze().unwrap(),
            (_, Part::Redis) => machine.redis.kill().unwrap(),
            (_, Part::Postgres) => machine.postgres.as_mut().unwrap().kill().unwrap(),
            (MailDown, _) => {
                smtp.set_state(State::Down);
                machine.smtp.hang_up();
            }
            (MailBusy, _) => smtp.set_state(State::Busy),
            (MailSilent, _) => smtp.set_state(State::Silent),
            (StoreDown, _) => store.set_state(s3::State::Down),
            (StoreBusy, _) => {
                store.add(s3::Rule { operation: None, prefix: String::new(), fault: s3::Fault::Status(503) })
            }
            (StoreSilent, _) => store.set_state(s3::State::Silent),
            (StoreAnswersLost, _) => store.lose_every(2),
            (_, Part::Store) => {
                store.on("ListObjectVersions", s3::Fault::Answer(200, "<html>welcome</html>".to_owned()));
            }
            (_, Part::Mail) => smtp.lose_some_replies(500, self.below(u64::MAX)),
        }
    }

    /// Ends the faults whose time is over.
    fn mend(&mut self, machine: &mut Machine, home: &Home, now: Instant) {
        let all = std::mem::take(&mut self.broken);
        let (over, lasting): (Vec<_>, Vec<_>) = all.into_iter().partition(|broken| broken.until <= now);
        self.broken = lasting;
        for Broken { fault, part, .. } in over {
            match (fault, part) {
                (WorkerFrozen, Part::Worker(at)) => machine.workers[at].thaw(),
                (_, Part::Worker(at)) => machine.workers[at].start(home),
                (_, Part::Api) => machine.api.start(home),
                (RedisFrozen, _) => machine.redis.thaw().unwrap(),
                (RedisEmptied, _) => machine.redis.restart_empty().unwrap(),
                (_, Part::Redis) => machine.redis.restart_keeping().unwrap(),
                (_, Part::Postgres) => machine.postgres.as_mut().unwrap().restart().unwrap(),
                (_, Part::Store) => machine.s3.faults().mend(),
                (_, Part::Mail) => {
                    machine.smtp.faults().mend();
                    if fault == MailSilent {
                        machine.smtp.hang_up();
                    }
                }
            }
        }
    }

    fn between(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least))
    }

    fn below(&self, bound: u64) -> u64 {
        u64::from_be_bytes(self.random.bytes()) % bound
    }
}

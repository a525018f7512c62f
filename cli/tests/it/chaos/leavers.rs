//! People who leave while things break, with all that they own, beside people who stay.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use harness::S3;
use harness::s3::Item;
use serde::Deserialize;
use serde_json::{Value, json};

use super::check::Violation;
use super::world::{World, request};
use crate::support::{Home, until};

/// How many leave while things break.
pub(crate) const LEAVING: usize = 20;

/// How many stay. The first number is of somebody who leaves before, in peace: as it went with them it must go with all.
const STAYING: std::ops::RangeInclusive<usize> = LEAVING + 1..=LEAVING + 5;

/// The bucket of the installation, with all versions.
pub(crate) const BUCKET: &str = "versioned";

/// From now on nothing can arrive any more, by the clocks of others neither.
pub(crate) const ARRIVED: &str = "
    update purges set uploads_until = requested_at where state = 'running' and step = 'verify';
    update jobs set run_at = now() where kind = 'purge.run' and state = 'pending' and run_at > now() + interval '10 s'";

/// Objects of each, of which every third has two versions.
const OBJECTS: usize = 30;

/// Between two who leave.
const PAUSE: Duration = Duration::from_millis(500);

/// What is known of them before things break.
pub(crate) struct Leavers {
    /// What the receipt of the one who left in peace counts.
    truth: BTreeMap<String, i64>,
    /// What those who stay have.
    staying: (String, Vec<Item>),
}

/// An erasure, as the store knows it.
#[derive(Debug, Deserialize)]
struct Erasure {
    number: usize,
    state: String,
    counts: Option<BTreeMap<String, i64>>,
    exceptions: Option<Vec<Value>>,
    /// Mails that tell of it.
    mails: usize,
    /// Rows that are left of the person.
    rows: usize,
}

impl Leavers {
    /// Brings them in, and lets the first one leave. Uploads that were allowed before can arrive for so long.
    pub(crate) fn import(world: &World, length: Duration) -> Self {
        world.sql(&format!(
            "\\set last {last}\n\\set leaving {LEAVING}\n\\set objects {OBJECTS}\n\\set length {}\n{}",
            length.as_millis(),
            include_str!("leavers.sql"),
            last = STAYING.end(),
        ));
        for number in 0..=*STAYING.end() {
            for object in 0..OBJECTS {
                let key = format!("{}{object}", prefix(number));
                world.machine.s3.put(BUCKET, &key, format!("{object} of {number}"));
                if object % 3 == 0 {
                    world.machine.s3.put(BUCKET, &key, format!("{object} of {number}, again"));
                }
            }
        }
        let mut named = sam();
        named["name"] = "Sam".into();
        let answer = request(&world.home, "", "POST", "/api/v1/auth/register", &named.to_string()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        // Once it is true no more, it is not sent.
        until("the address of Sam can be verified", || {
            world.machine.smtp.mails().iter().any(|mail| mail.to == ["sam@example.com"])
        });
        world.sql(
            "update users set platform_role = 'super_admin', status = 'active', email_verified_at = now()
             where email = 'sam@example.com'",
        );
        arrive_late(&world.machine.s3, 0);
        leave(&world.home, 0, &AtomicBool::new(false));
        until("somebody has left in peace", || {
            world.sql(ARRIVED);
            erasures(world).iter().any(|erasure| erasure.number == 0 && erasure.state == "done")
        });
        let truth = erasures(world).remove(0).counts.unwrap();
        assert_eq!(truth["versions"], i64::try_from(OBJECTS + OBJECTS / 3 + 1).unwrap(), "{truth:?}");
        Self { truth, staying: staying(world) }
    }

    /// Lets the others leave one after the other, each asked for twice at a time, and something of each arrive late.
    pub(crate) fn run(home: &Home, s3: &S3, stop: &AtomicBool) {
        let next = [AtomicUsize::new(1), AtomicUsize::new(1)];
        let ask = |next: &AtomicUsize| {
            while !stop.load(Ordering::Relaxed) && next.load(Ordering::Relaxed) <= LEAVING {
                let number = next.fetch_add(1, Ordering::Relaxed);
                leave(home, number, stop);
                thread::sleep(PAUSE);
            }
        };
        thread::scope(|scope| {
            for next in &next {
                scope.spawn(|| ask(next));
            }
            for number in 1..=LEAVING {
                thread::sleep(PAUSE);
                arrive_late(s3, number);
            }
        });
    }

    /// Lets those leave who could not while things were broken.
    pub(crate) fn finish(home: &Home) {
        for number in 1..=LEAVING {
            leave(home, number, &AtomicBool::new(false));
        }
    }

    /// What is wrong once all is done.
    pub(crate) fn check(&self, world: &World) -> Vec<Violation> {
        let mut wrong = vec![];
        let mut tell = |number: usize, what: String| wrong.push(Violation::Leaver { number, what });
        let mut erased = BTreeMap::<usize, usize>::new();
        for erasure in erasures(world) {
            *erased.entry(erasure.number).or_default() += 1;
            let exceptions = erasure.exceptions.as_deref().unwrap_or_default();
            if erasure.state != "done" || erasure.mails != 1 || erasure.rows > 0 || !exceptions.is_empty() {
                tell(erasure.number, format!("{erasure:?}"));
            } else if erasure.counts.as_ref() != Some(&self.truth) {
                tell(erasure.number, format!("counts {:?}, not {:?}", erasure.counts, self.truth));
            }
        }
        for number in 0..=LEAVING {
            let receipts = erased.get(&number).copied().unwrap_or_default();
            if receipts != 1 {
                tell(number, format!("{receipts} receipts"));
            }
            let left = world.machine.s3.items(BUCKET, &prefix(number));
            if !left.is_empty() {
                tell(number, format!("left in the bucket: {left:?}"));
            }
        }
        if staying(world) != self.staying {
            wrong.push(Violation::Stayers);
        }
        wrong
    }
}

/// Asks for an account to be erased until the answer says what became of it.
fn leave(home: &Home, number: usize, stop: &AtomicBool) {
    let path = format!("/api/v1/admin/users/019aa000-0000-7000-9000-{number:012}");
    loop {
        let ask = |token: String| request(home, &token, "DELETE", &path, "").ok();
        let answer = sign_in(home).and_then(ask).unwrap_or_default();
        match answer.split(' ').nth(1).unwrap_or_default() {
            // It begins; it has begun; there is nobody any more.
            "202" | "404" => return,
            "409" if answer.contains("already_deleting") => return,
            "" | "500" | "503" if !stop.load(Ordering::Relaxed) => thread::sleep(Duration::from_millis(100)),
            "" | "500" | "503" => return,
            _ => panic!("a good request was refused: {answer}"),
        }
    }
}

/// The token of somebody who may erase accounts; none if there is no answer.
fn sign_in(home: &Home) -> Option<String> {
    let answer = request(home, "", "POST", "/api/v1/auth/login", &sam().to_string()).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let told: Value = serde_json::from_str(body).ok()?;
    told["access_token"].as_str().map(str::to_owned)
}

fn sam() -> Value {
    json!({ "email": "sam@example.com", "password": "a long road through quiet hills" })
}

/// What somebody sends by an address that was signed before.
fn arrive_late(s3: &S3, number: usize) {
    s3.put(BUCKET, &format!("{}late", prefix(number)), "late");
}

pub(crate) fn prefix(number: usize) -> String {
    format!("workspaces/019aa000-0000-7000-a000-{number:012}/documents/")
}

/// In the order of their numbers.
fn erasures(world: &World) -> Vec<Erasure> {
    let rows = world.sql(
        "select coalesce(json_agg(json_build_object(
             'number', right(p.subject_id::text, 12)::int, 'state', p.state,
             -- How many jobs were about somebody depends on who is faster.
             'counts', (p.receipt->'counts') - 'jobs', 'exceptions', p.receipt->'exceptions',
             'mails', (select count(*) from jobs j where j.kind = 'mail.send' and j.payload->>'purge_id' = p.id::text),
             'rows', (select count(*) from users u where u.id = p.subject_id)
                   + (select count(*) from workspaces w where right(w.id::text, 12) = right(p.subject_id::text, 12))
                   + (select count(*) from documents d where right(d.workspace_id::text, 12) = right(p.subject_id::text, 12))
         ) order by p.subject_id), '[]') from purges p",
    );
    serde_json::from_str(&rows).unwrap()
}

/// Rows and objects of those who stay.
fn staying(world: &World) -> (String, Vec<Item>) {
    let rows = world.sql(&format!(
        "select to_jsonb(u) from users u where right(u.id::text, 12)::bigint > {LEAVING} and u.name = 'Lea' order by u.id;
         select to_jsonb(w) from workspaces w order by w.id;
         select to_jsonb(m) from workspace_members m order by m.workspace_id;
         select to_jsonb(d) from documents d order by d.id"
    ));
    let of_leavers = |line: &&str| (0..=LEAVING).any(|number| line.contains(&format!("-a000-{number:012}")));
    let rows: Vec<&str> = rows.lines().filter(|line| !of_leavers(line)).collect();
    (rows.join("\n"), STAYING.flat_map(|number| world.machine.s3.items(BUCKET, &prefix(number))).collect())
}

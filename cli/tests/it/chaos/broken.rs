//! Tests of the test: what it looks for is found, when Doorward is kept from doing it.

use std::collections::BTreeSet;
use std::time::Duration;

use harness::smtp::State;

use super::check::{Snapshot, Violation, check};
use super::leavers::{BUCKET, LEAVING, Leavers, prefix};
use super::load::Asked;
use super::world::World;
use crate::support::until;

/// A trigger that leaves a row of `jobs` as it is where a change of it fits, and notes which.
fn forbid(world: &World, change: &str) {
    world.sql(&format!(
        "create table forbidden (job uuid not null);
         create function forbid() returns trigger language plpgsql as $$
         begin
             insert into forbidden values (old.id);
             return null;
         end $$;
         create trigger forbid before update on jobs for each row
             when (old.kind = 'mail.send' and {change}) execute function forbid();"
    ));
}

/// The jobs that a change was forbidden of.
fn forbidden(world: &World) -> BTreeSet<String> {
    world.sql("select distinct job from forbidden").lines().map(str::to_owned).collect()
}

fn verdict(world: &World, asked: &Asked) -> Vec<Violation> {
    // What the workers do by themselves is not what this is about; it ends.
    let mut store = Snapshot::take(world);
    until("only mails wait", || {
        store = Snapshot::take(world);
        store.waits_only_for_mails()
    });
    check(asked, &store, &world.machine.smtp.mails())
}

#[test]
fn jobs_that_nobody_takes_from_dead_workers_are_noticed() {
    let (mut world, mut asked) = (World::new(), Asked::default());
    world.add_worker(&[]);
    forbid(&world, "old.state = 'running' and old.lease_until < now() and new.state = 'pending'");
    let address = "stuck@example.com".to_owned();
    world.machine.smtp.faults().set_state(State::Silent);
    let job = asked.one(&world, &address);
    until("it runs", || {
        world.sql("select count(*) from jobs where kind = 'mail.send' and state = 'running'") == "1"
    });
    world.machine.workers[0].kill();
    world.machine.smtp.faults().mend();
    world.add_worker(&[]);
    until("it would be rescued", || forbidden(&world).contains(&job));
    let expected = [
        Violation::Unfinished { job: job.clone(), state: "running".to_owned() },
        Violation::Undelivered { address, job },
    ];
    assert_eq!(verdict(&world, &asked), expected);
}

#[test]
fn hints_that_are_lost_and_not_given_again_are_noticed() {
    let (mut world, mut asked) = (World::new(), Asked::default());
    // One job at a time, and the mail server lets the first one wait.
    world.add_worker(&[("DOORWARD_WORKER_CONCURRENCY", "1")]);
    world.machine.smtp.faults().set_state(State::Silent);
    let first = asked.one(&world, "first@example.com");
    until("it runs", || world.sql(&format!("select state from jobs where id = '{first}'")) == "running");
    forbid(
        &world,
        &format!(
            "old.id <> '{first}' and old.state = 'pending' and new.state = 'pending'
             and (new.epoch > 1 or new.relayed_at is null)"
        ),
    );
    let others: BTreeSet<String> =
        (0..8).map(|number| asked.one(&world, &format!("other-{number}@example.com"))).collect();
    let handed_over =
        "select count(*) from jobs where kind = 'mail.send' and epoch = 1 and state = 'pending'";
    until("the hints of the others are in Redis", || world.sql(handed_over) == "8");

    world.machine.redis.restart_empty().unwrap();
    world.machine.smtp.faults().mend();
    world.machine.smtp.hang_up();
    until("the first one is done after all", || {
        world.machine.smtp.mails().iter().any(|mail| mail.to == ["first@example.com"])
            && world.sql(&format!("select state from jobs where id = '{first}'")) == "done"
    });
    until("the others would be handed over again", || {
        let pending = world.sql("select id from jobs where kind = 'mail.send' and state = 'pending'");
        let pending: BTreeSet<String> = pending.lines().map(str::to_owned).collect();
        forbidden(&world).is_superset(&pending)
    });

    let (mut unfinished, mut undelivered) = (BTreeSet::new(), BTreeSet::new());
    for violation in verdict(&world, &asked) {
        match violation {
            Violation::Unfinished { job, state } if state == "pending" => unfinished.insert(job),
            Violation::Undelivered { job, .. } => undelivered.insert(job),
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(unfinished, undelivered);
    assert!(unfinished.is_subset(&others));
    // The worker may have had a hint or two in its memory.
    assert!(unfinished.len() + 2 >= others.len(), "{unfinished:?}");
}

#[test]
fn a_mail_that_comes_again_under_another_name_is_noticed() {
    let (mut world, mut asked) = (World::new(), Asked::default());
    world.add_worker(&[]);
    world.machine.smtp.faults().lose_some_replies(1000, 1);
    let address = "twice@example.com";
    let job = asked.one(&world, address);
    world.machine.smtp.wait_for(1).unwrap();
    world.machine.workers[0].kill();
    world.machine.smtp.faults().mend();
    world.add_worker(&[("DOORWARD_PUBLIC_URL", "https://elsewhere.example.org")]);
    until("it is done", || world.sql(&format!("select state from jobs where id = '{job}'")) == "done");
    let (address, id) = (address.to_owned(), format!("<{job}@elsewhere.example.org>"));
    let expected =
        [Violation::ForeignMessageId { address: address.clone(), id }, Violation::ManyMessageIds { address }];
    assert_eq!(verdict(&world, &asked), expected);
}

#[test]
fn what_is_left_of_somebody_who_was_erased_is_noticed_and_what_is_missing_of_others() {
    let mut world = World::new();
    world.add_worker(&[]);
    let leavers = Leavers::import(&world, Duration::ZERO);
    let wrong = |world: &World| {
        let of_the_first = |violation: &Violation| match violation {
            Violation::Leaver { number, .. } => *number == 0,
            _ => true,
        };
        leavers.check(world).into_iter().filter(of_the_first).collect::<Vec<_>>()
    };
    // The others have not been erased, which is noticed too.
    assert_eq!((leavers.check(&world).len(), wrong(&world)), (2 * LEAVING, vec![]));

    world.machine.s3.put(BUCKET, &format!("{}left", prefix(0)), "left");
    assert!(matches!(wrong(&world)[..], [Violation::Leaver { number: 0, .. }]), "an object");
    world.sql("update purges set receipt = jsonb_set(receipt, '{counts,documents}', '7')");
    assert!(matches!(wrong(&world)[..], [Violation::Leaver { .. }, Violation::Leaver { .. }]), "and a count");
    world.sql(&format!("delete from documents where workspace_id::text like '%-a000-{:012}'", LEAVING + 1));
    assert_eq!(wrong(&world).last(), Some(&Violation::Stayers), "and a row of somebody");
}

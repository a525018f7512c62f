use tenancy::queue::{self, Trimmed};

use super::{MINUTE, world};

#[tokio::test]
async fn old_done_jobs_and_slots_go_and_dead_letters_stay() {
    // proves JOB-2
    let world = world().await;
    world
        .sql(
            "insert into jobs (id, kind, payload, unique_key, state, finished_at)
             select gen_random_uuid(), 'greet', '{}', state || age, state, now() - age
             from unnest(array['done', 'cancelled', 'dead']) state,
                  unnest(array[interval '1 hour', interval '1 second']) age;
             insert into jobs (id, kind, payload, created_at) values (gen_random_uuid(), 'greet', '{}', now() - interval '1 year');
             insert into job_failures (job_id, attempt, error) select id, 1, 'x' from jobs;
             insert into job_slots (kind, slot)
             select kind, now() - age from unnest(array['greet', 'other']) kind,
                  unnest(array[interval '9 days', interval '8 days']) age;
             insert into mail_budgets values ('a', now() - interval '1 second'), ('b', now() + interval '1 hour')",
        )
        .await;
    let trimmed = queue::trim(&world.db, MINUTE).await.expect("an answer");
    assert_eq!(trimmed, Trimmed { jobs: 2, slots: 2, budgets: 1 });
    assert_eq!(
        world.sql("select state, count(*) from jobs group by 1 order by 1").await,
        "cancelled|1\ndead|2\ndone|1\npending|1"
    );
    assert_eq!(world.sql("select count(*) from job_failures").await, "5");
    assert_eq!(
        world.sql("select kind, slot > now() - interval '8 days 1 minute' from job_slots order by 1").await,
        "greet|t\nother|t"
    );
}

#[tokio::test]
async fn more_jobs_than_one_statement_takes_go_too() {
    let world = world().await;
    world
        .sql(
            "insert into jobs (id, kind, payload, state, finished_at)
             select gen_random_uuid(), 'greet', '{}', 'done', now() - interval '1 hour' from generate_series(1, 12000)",
        )
        .await;
    assert_eq!(queue::trim(&world.db, MINUTE).await.expect("an answer").jobs, 12_000);
    assert_eq!(world.sql("select count(*) from jobs").await, "0");
}

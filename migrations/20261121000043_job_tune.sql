-- Only jobs that are really there wake the relays: a statement that inserted nothing did so too.
drop trigger jobs_due on jobs;
create or replace function jobs_due() returns trigger language plpgsql as $$
begin
    if exists (select from added where run_at <= now()) then
        perform pg_notify('doorward_jobs', '');
    end if;
    return null;
end $$;
create trigger jobs_due after insert on jobs
    referencing new table as added for each statement execute function jobs_due();

-- For figures: how long the oldest has been due, and what failed lately.
create index jobs_oldest on jobs (kind, run_at) where state = 'pending';
create index job_failures_lately on job_failures (at);

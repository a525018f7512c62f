-- Counts the changes of what people say of themselves, so that nobody overwrites what they have not seen (If-Match).
-- The trigger counts whoever writes.
alter table users add column version bigint not null default 1;

create function user_versioned() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    return new;
end $$;

create trigger users_versioned before update on users for each row
    when ((old.name, old.locale) is distinct from (new.name, new.locale))
    execute function user_versioned();

-- The language of a person's mails.
alter table users add column locale text not null default 'en' check (locale in ('en', 'fr'));

-- How much may still be sent to an address or for an organization (GCRA: one moment for each, in the future by as much
-- as was sent). `key` is a hash: addresses of people who were erased must not stay here.
create table mail_budgets (
    key bytea primary key,
    spent_until timestamptz not null
);

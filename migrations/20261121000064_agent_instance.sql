-- What an agent is made of, as whoever runs it wants to know.
alter table agents
    add column description text,
    add column settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    add column version bigint not null default 1;

create trigger agents_version before update on agents for each row execute function count_version();

-- A share of something with an organization can have a price, in EUR for each use.
alter table shares
    add column price_per_use numeric(18, 4) constraint shares_price
        check (price_per_use is null or (price_per_use > 0 and grantee = 'organization'));

-- An organization's installations of something: each works once the technical and the economic side said yes.
create table instances (
    id uuid primary key,
    org_id uuid not null references organizations (id) on delete cascade,
    name text not null,
    description text,
    is_dedicated boolean not null default false,
    technical_at timestamptz,
    technical_by uuid references users (id) on delete set null,
    economic_at timestamptz,
    economic_by uuid references users (id) on delete set null,
    created_at timestamptz not null,
    version bigint not null default 1,
    constraint instances_name unique (org_id, name)
);

create trigger instances_version before update on instances for each row execute function count_version();

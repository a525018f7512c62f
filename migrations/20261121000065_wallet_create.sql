-- Money of organizations, in EUR: entries that are never changed, and their sum, which is never negative. The sum stands
-- apart from the organization, so that spending holds nobody up who works in it.
create table wallets (
    org_id uuid primary key references organizations (id) on delete cascade,
    balance numeric(18, 4) not null default 0 constraint wallets_balance check (balance >= 0),
    -- How many entries there are.
    length bigint not null default 0
);

insert into wallets (org_id) select id from organizations;

create function organization_wallet() returns trigger language plpgsql as $$
begin
    insert into wallets (org_id) values (new.id);
    return null;
end $$;

create trigger organizations_wallet after insert on organizations for each row execute function organization_wallet();

create table wallet_entries (
    id uuid primary key,
    org_id uuid not null references organizations (id) on delete cascade,
    -- Its place among the entries of the organization, from 1: times are those of transactions, which overlap.
    seq bigint not null,
    -- Positive for a credit, negative for a debit.
    amount numeric(18, 4) not null check (amount <> 0),
    -- The balance with this entry.
    balance numeric(18, 4) not null,
    -- A payment was entered; a use was paid; an earning is what somebody else paid for using what is the organization's.
    kind text not null check (kind in ('payment', 'use', 'earning')),
    reason text not null check (char_length(reason) between 1 and 200),
    -- Two entries of an organization of one kind with one key are one. A payment has its caller's key, the two entries of
    -- a use have its id.
    key text not null,
    -- What was used, and whose it is or who used it.
    used_type text,
    used_id text,
    counterparty_id uuid references organizations (id) on delete set null,
    created_at timestamptz not null,
    constraint wallet_entries_seq unique (org_id, seq),
    constraint wallet_entries_key unique (org_id, kind, key),
    constraint wallet_entries_used check (num_nonnulls(used_type, used_id) = case kind when 'payment' then 0 else 2 end)
);

create index wallet_entries_counterparty on wallet_entries (counterparty_id) where counterparty_id is not null;

create function wallet_entry() returns trigger language plpgsql as $$
begin
    -- Locks the wallet: entries of one organization are made one after the other.
    update wallets set balance = balance + new.amount, length = length + 1 where org_id = new.org_id
    returning balance, length into new.balance, new.seq;
    return new;
end $$;

create trigger wallet_entries_sum before insert on wallet_entries for each row execute function wallet_entry();

create function wallet_entry_stays() returns trigger language plpgsql as $$
begin
    raise exception 'entries of a wallet are never changed' using errcode = 'restrict_violation';
end $$;

-- They go with their organization, and forget other organizations that are gone.
create trigger wallet_entries_stay
    before update of id, org_id, seq, amount, balance, kind, reason, key, used_type, used_id, created_at on wallet_entries
    for each row execute function wallet_entry_stays();

-- WHEN is looked at before the trigger runs: where an organization goes, the foreign key's trigger deletes them.
create trigger wallet_entries_remain before delete on wallet_entries
    for each row when (pg_trigger_depth() = 0) execute function wallet_entry_stays();

-- What organizations have used that is charged by the use, also where it cost nothing: the same key is one use, and what
-- it cost stays what it was. Kept as long as the entries.
create table uses (
    id uuid primary key,
    org_id uuid not null references organizations (id) on delete cascade,
    key text not null,
    -- An entity of the policy folder.
    used_type text not null,
    used_id text not null,
    -- What was charged; none for nothing.
    price numeric(18, 4) check (price > 0),
    created_at timestamptz not null,
    constraint uses_key unique (org_id, key)
);

-- What organizations have used of what their plan counts by the month.
create table usage_counters (
    org_id uuid not null references organizations (id) on delete cascade,
    metric text not null check (metric in ('messages')),
    -- Its first day, UTC.
    month date not null,
    count bigint not null default 0 check (count >= 0),
    primary key (org_id, metric, month)
);

-- What was counted already: the same key counts once.
create table usage_records (
    org_id uuid not null references organizations (id) on delete cascade,
    key text not null,
    metric text not null,
    amount bigint not null check (amount > 0),
    -- The count with it.
    count bigint not null,
    created_at timestamptz not null,
    primary key (org_id, key)
);

create index usage_records_created on usage_records (created_at);

-- Tenants. `plan` names an entry of plans.json; an unknown one denies everything that asks for limits.
create table organizations (
    id uuid primary key,
    slug text not null constraint organizations_slug unique check (length(slug) between 1 and 64),
    name text not null,
    plan text not null,
    subscription_status text not null
        check (subscription_status in ('trial', 'active', 'cancelled', 'suspended')),
    trial_ends_at timestamptz not null,
    created_at timestamptz not null
);

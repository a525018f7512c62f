-- Answers to requests that create something, by the key that the client chose. The row is written in the transaction of
-- what was created: whoever sends the same key at the same time waits for it, and there is no answer without the effect.
create table idempotency_keys (
    -- Who asked, as policies name them: another caller's equal key is another key.
    actor text not null,
    key text not null check (char_length(key) between 1 and 255),
    -- SHA-256 over method, path and body: the same key for something else is a mistake.
    fingerprint bytea not null check (octet_length(fingerprint) = 32),
    -- None until the transaction that creates has come so far; nobody else sees such a row.
    status smallint,
    -- Body and Location, sealed with the installation's secret: answers may hold tokens.
    sealed_response bytea,
    created_at timestamptz not null,
    primary key (actor, key),
    constraint idempotency_keys_answered check ((status is null) = (sealed_response is null))
);

create index idempotency_keys_created on idempotency_keys (created_at);

-- Hashes of secrets that rotation put out of force: a configured bootstrap key among them stays out.
create table retired_api_keys (
    hash bytea primary key
);

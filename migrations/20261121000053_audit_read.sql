-- The audit log is read, and its ends are kept as its entries are.

-- Each is in the order in which lists are read, within the chain. The log has no end, and what somebody looks for may
-- lie far behind. The action is compared byte by byte, so that `user.*` is a range of the index.
create index audit_at on audit (chain, at);
create index audit_actor on audit (chain, actor_id, seq);
create index audit_action on audit (chain, action collate "C", seq);
create index audit_target on audit (chain, target_id, seq);
create index audit_request on audit (chain, request_id, seq);
create index audit_decision on audit (decision_id);

-- A chain begins empty, and its end moves on by one entry at a time, to the hash of that entry. Without this, who may
-- write could cut entries off and put the end back to where it was before them.
create function audit_chain_moves_on() returns trigger language plpgsql as $$
begin
    if new.chain = old.chain and new.length = old.length + 1
       and exists (select from audit where chain = new.chain and seq = new.length
                   and previous = old.head and hash = new.head) then
        return new;
    end if;
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_chains_move_on before update on audit_chains
    for each row when (new is distinct from old) execute function audit_chain_moves_on();
create trigger audit_chains_begin before insert on audit_chains
    for each row when (new.length <> 0 or new.head <> '') execute function audit_is_append_only();
create trigger audit_chains_append_only before delete or truncate on audit_chains
    for each statement execute function audit_is_append_only();

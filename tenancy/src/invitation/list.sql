-- $1 the organization, $2 one invitation, $3 a state, $4 a part of the address, $5 now, $6 the order, $7 limit, $8 offset
select i.id, i.org_id, i.email, i.role, i.workspace_id,
    case when i.workspace_id is not null then i.workspace_role end as workspace_role,
    i.locale, state.word as "state!", i.invited_by, u.name as "inviter_name?", i.sent, i.sent_at, i.expires_at, i.accepted_at,
    i.accepted_by, i.revoked_at, i.created_at
from invitations i
left join users u on u.id = i.invited_by
cross join lateral (
    select case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
                when i.expires_at <= $5 then 'expired' else 'pending' end as word
) state
where i.org_id = $1
  and ($2::uuid is null or i.id = $2)
  and ($3::text is null or state.word = $3)
  and ($4::text is null or position(lower($4) in lower(i.email)) > 0)
order by
    case when $6::text = 'email' then lower(i.email) end,
    case when $6 = '-email' then lower(i.email) end desc,
    case when $6 = 'expires_at' then i.expires_at end,
    case when $6 = '-expires_at' then i.expires_at end desc,
    case when $6 = 'created_at' then i.created_at end,
    case when $6 = 'created_at' then i.id end,
    i.created_at desc, i.id desc
limit $7 offset $8

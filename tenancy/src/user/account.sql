-- $1 one account, or $2 those of a status and $3 with a text in address or name, in the order of $4; $5 at most, from $6 on;
-- $7 now, $8 the quota of who was given none. A trial that is over counts as expired from that moment on.
with account as (
    select u.*, case when u.status = 'pending' and u.approval_due_at <= $7 then 'expired' else u.status end as now_status
    from users u
    where $1::uuid is null or u.id = $1
)
select u.id, u.email, u.email_verified_at is not null as "email_verified!", u.name, u.locale, u.now_status as "status!",
       u.approval_due_at, u.approved_at, u.approved_by, u.platform_role, u.password_must_change, u.ai_provider, u.ai_model,
       u.disabled_at, u.disabled_by, u.disabled_reason, u.deactivated_at, u.created_at, u.version,
       exists (select from second_factors f where f.user_id = u.id and f.confirmed_at is not null) as "second_factor!",
       coalesce(q.limit_bytes, $8) as "quota_bytes!", coalesce(q.used_bytes, 0) as "used_bytes!",
       w.id as "workspace_id?",
       (select max(s.last_seen_at) from sessions s where s.user_id = u.id) as last_seen_at
from account u
left join user_quotas q on q.user_id = u.id
left join workspaces w on w.owner_id = u.id
where ($2::text is null or u.now_status = $2)
  and ($3::text is null or position(lower($3) in lower(u.email)) > 0 or position(lower($3) in lower(u.name)) > 0)
order by case $4 when 'email' then lower(u.email) when 'name' then lower(u.name) end,
         case $4 when '-email' then lower(u.email) when '-name' then lower(u.name) end desc,
         case $4 when 'created_at' then u.created_at when 'approval_due_at' then u.approval_due_at end,
         case $4 when '-created_at' then u.created_at when '-approval_due_at' then u.approval_due_at end desc,
         u.id
limit $5 offset $6

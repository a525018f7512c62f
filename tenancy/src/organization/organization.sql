-- $1 one organization, or with $2 a person, $3 'mine' or 'all', those of a plan $4, a status $5 and with $6 a text in name,
-- full name or slug, in the order of $7; $8 at most, from $9 on.
select o.id, o.slug, o.name, o.full_name, o.address, o.phone, o.organization_email, o.billing_email, o.settings,
       o.sidebar_color, o.plan, o.plan_updated_at, o.subscription_status, o.trial_ends_at, o.created_at, o.version,
       m.role as "role?", m.suspended_at as "suspended_at?",
       (select count(*) from memberships c where c.org_id = o.id) as "member_count!",
       (select count(*) from workspaces w where w.org_id = o.id and w.deleting_at is null) as "workspace_count!"
from organizations o
left join memberships m on m.org_id = o.id and m.user_id = $2
where ($1::uuid is null or o.id = $1)
  and ($3::text = 'all' or m.user_id is not null and o.deleting_at is null)
  and ($4::text is null or o.plan = $4)
  and ($5::text is null or o.subscription_status = $5)
  and ($6::text is null or position(lower($6) in lower(o.name)) > 0 or position(lower($6) in o.slug) > 0
       or position(lower($6) in lower(coalesce(o.full_name, ''))) > 0)
order by case $7 when 'rank' then array_position(array['owner', 'admin', 'manager', 'member'], m.role) end,
         case $7 when 'name' then lower(o.name) when 'rank' then lower(o.name) when 'slug' then o.slug end,
         case $7 when '-name' then lower(o.name) when '-slug' then o.slug end desc,
         case $7 when 'created_at' then o.created_at when 'trial_ends_at' then o.trial_ends_at end,
         case $7 when '-created_at' then o.created_at when '-trial_ends_at' then o.trial_ends_at end desc,
         o.id
limit $8 offset $9

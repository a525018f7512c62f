-- The agents that $1, a person, can know of: free ones, those of their organizations, and those shared with them at $7.
-- Of organization $2, with license $3, in use or not as $4 says, with $5 in type or name, in the order of $6.
with org as (
    select org_id from memberships where user_id = $1 and suspended_at is null
)
select a.id
from agents a
where (a.license = 'free'
       or a.org_id in (select org_id from org)
       or exists (
           select from shares s
           where s.agent_id = a.id and (s.expires_at is null or s.expires_at > $7)
             and (s.grantee_user_id = $1
                  or s.grantee_org_id in (select org_id from org)
                  or s.grantee_workspace_id in (select workspace_id from workspace_members where user_id = $1))))
  and ($2::uuid is null or a.org_id = $2)
  and ($3::text is null or a.license = $3)
  and ($4::boolean is null or a.is_active = $4)
  and ($5::text is null or position(lower($5) in lower(a.agent_type)) > 0
       or position(lower($5) in lower(a.name)) > 0)
order by case $6 when 'name' then lower(a.name) end,
         case $6 when '-name' then lower(a.name) end desc,
         case $6 when 'created_at' then a.created_at end,
         case $6 when '-created_at' then a.created_at end desc,
         a.id

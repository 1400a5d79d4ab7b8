-- Operations, audit and the tenant scope: the server's own SQL (migrations/core), for this schema.
{{core operations}}

{{core audit}}

{{core closed_schemas schema=library}}

{{core serving_login schema=library}}

{{core operations_privileges schema=library}}

{{core audit_months}}

{{core scope_functions schema=library ids=current_branch_ids}}

{{core backups schema=library}}

{{core jobs_and_usage}}

{{core alert_notices}}
{{core server_heartbeats}}

-- Branches see their own members and loans.
{{core tenant_table schema=library table=members column=branch_id ids=current_branch_ids readers="{{prefix}}_reader, {{prefix}}_reader_pii"}}

{{core tenant_table schema=library table=loans column=branch_id ids=current_branch_ids readers="{{prefix}}_reader, {{prefix}}_reader_pii"}}

-- Cached answers end with a change.
{{core change_tracking schema=library table=districts}}

{{core change_tracking schema=library table=branches}}

{{core change_tracking schema=library table=titles}}

{{core change_tracking schema=library table=members}}

{{core change_tracking schema=library table=loans}}

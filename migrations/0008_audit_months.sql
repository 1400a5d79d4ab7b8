{{core audit_months}}

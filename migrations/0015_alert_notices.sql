{{core alert_notices}}

{{core jobs_and_usage}}

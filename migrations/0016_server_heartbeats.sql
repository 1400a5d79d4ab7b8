{{core server_heartbeats}}

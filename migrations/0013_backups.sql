{{core backups schema=retail}}

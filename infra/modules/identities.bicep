// Two identities: the server's can read its secrets and sign in as the server login; the migrator's can set the database up.
param prefix string
param location string
param tags object

resource server 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${prefix}-server'
  location: location
  tags: tags
}

resource migrator 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-${prefix}-migrator'
  location: location
  tags: tags
}

output serverId string = server.id
output serverClientId string = server.properties.clientId
output serverPrincipalId string = server.properties.principalId
output migratorId string = migrator.id
output migratorClientId string = migrator.properties.clientId
output migratorPrincipalId string = migrator.properties.principalId
output migratorName string = migrator.name

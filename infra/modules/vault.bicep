// Secrets and who may read which: by role assignment (RBAC), one secret at a time.
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param serverPrincipalId string
param migratorPrincipalId string
param workspaceId string
param postgresHost string
param postgresDatabase string
@secure()
param postgresOwnerPassword string
@secure()
param postgresOperatorPassword string
@secure()
param postgresReaderPassword string
param applicationInsightsName string

var readRole = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
var loginOf = 'postgresql://'
var place = '@${postgresHost}:5432/${postgresDatabase}'

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: {
      family: 'A'
      name: 'standard'
    }
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
  }
}

resource readerSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'postgres-reader-password'
  properties: {
    value: postgresReaderPassword
  }
}

resource ownerSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'postgres-owner-url'
  properties: {
    value: '${loginOf}zava_owner:${uriComponent(postgresOwnerPassword)}${place}'
  }
}

resource operatorSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'postgres-operator-url'
  properties: {
    value: '${loginOf}zava_operator:${uriComponent(postgresOperatorPassword)}${place}'
  }
}

resource insightsSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'applicationinsights-connection-string'
  properties: {
    value: insights.properties.ConnectionString
  }
}

// What the server may read; the owner's address is for the migrator alone.
resource serverReadsReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: readerSecret
  name: guid(readerSecret.id, serverPrincipalId, readRole)
  properties: {
    roleDefinitionId: readRole
    principalId: serverPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource serverReadsOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: operatorSecret
  name: guid(operatorSecret.id, serverPrincipalId, readRole)
  properties: {
    roleDefinitionId: readRole
    principalId: serverPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource serverReadsInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insightsSecret
  name: guid(insightsSecret.id, serverPrincipalId, readRole)
  properties: {
    roleDefinitionId: readRole
    principalId: serverPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// The migrator sets every login and key up, and so may read them all.
resource migratorReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, migratorPrincipalId, readRole)
  properties: {
    roleDefinitionId: readRole
    principalId: migratorPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

output name string = vault.name

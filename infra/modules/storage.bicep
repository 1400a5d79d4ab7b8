// Backups: no keys, the server writes by its identity; a deleted or overwritten backup can be had back for a month.
@minLength(3)
@maxLength(24)
param name string
param location string
param tags object
param writerPrincipalId string

var contributorRole = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_GRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: 30
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 30
    }
  }
}

resource backups 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'backups'
}

resource writes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, writerPrincipalId, contributorRole)
  properties: {
    roleDefinitionId: contributorRole
    principalId: writerPrincipalId
    principalType: 'ServicePrincipal'
  }
}

output account string = account.name
@description('Address of the container for backups.')
output backupTarget string = '${account.properties.primaryEndpoints.blob}${backups.name}'

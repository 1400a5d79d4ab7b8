// The whole installation in one resource group: docs/how-to/deploy-on-azure.md.
targetScope = 'subscription'

@description('dev, staging or prod: part of every name.')
@allowed(['dev', 'staging', 'prod'])
param environmentName string

param location string

@description('Image by digest: <registry>/zava-mcp-server@sha256:<64 hex digits>.')
param image string

@description('Name of the container registry, unique in Azure.')
@minLength(5)
@maxLength(50)
param registryName string = 'zavamcpregistry'

@description('Address that clients use, https://…; empty: the address that Container Apps gives.')
param publicUrl string = ''

@description('Audience of accepted tokens: the application id URI in Entra ID.')
param authAudience string

param postgresSkuName string
@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param postgresSkuTier string
param postgresStorageGb int
@allowed(['Disabled', 'SameZone', 'ZoneRedundant'])
param postgresHighAvailability string
@description('Copies of the backups in the paired region. Can be chosen only when the server is made.')
@allowed(['Enabled', 'Disabled'])
param postgresGeoBackup string

@minValue(1)
param minReplicas int = 2
@maxValue(20)
param maxReplicas int = 20

@description('Mail address that alerts go to.')
param alertEmail string

@secure()
param postgresAdminPassword string
@secure()
param postgresOwnerPassword string
@secure()
param postgresOperatorPassword string
@secure()
param postgresReaderPassword string
@description('True at the first deployment, and never again: it writes the two keys below.')
param installKeys bool = false
@description('<kid>:<base64 of 32 bytes>, as `openssl rand -base64 32` makes them.')
@secure()
param encryptionKey string
@description('<kid>:<base64 of 32 bytes>.')
@secure()
param scopeSigningKey string

var prefix = 'zava-mcp-${environmentName}'
var unique = uniqueString(subscription().subscriptionId, prefix)
var compactPrefix = replace(prefix, '-', '')
var tags = {
  'azd-env-name': environmentName
  application: 'zava-mcp-server'
}

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${prefix}'
  location: location
  tags: tags
}

module identities 'modules/identities.bicep' = {
  scope: group
  name: 'identities'
  params: {
    prefix: prefix
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  name: 'monitoring'
  params: {
    prefix: prefix
    location: location
    tags: tags
  }
}

module network 'modules/network.bicep' = {
  scope: group
  name: 'network'
  params: {
    prefix: prefix
    location: location
    tags: tags
  }
}

module registry 'modules/registry.bicep' = {
  scope: group
  name: 'registry'
  params: {
    name: registryName
    location: location
    tags: tags
    pullers: [identities.outputs.serverPrincipalId, identities.outputs.migratorPrincipalId]
  }
}

module postgres 'modules/postgres.bicep' = {
  scope: group
  name: 'postgres'
  params: {
    name: 'psql-${prefix}-${unique}'
    location: location
    tags: tags
    subnetId: network.outputs.postgresSubnetId
    privateDnsZoneId: network.outputs.postgresDnsZoneId
    skuName: postgresSkuName
    skuTier: postgresSkuTier
    storageGb: postgresStorageGb
    highAvailability: postgresHighAvailability
    geoBackup: postgresGeoBackup
    adminPassword: postgresAdminPassword
    entraAdminName: identities.outputs.migratorName
    entraAdminPrincipalId: identities.outputs.migratorPrincipalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  name: 'vault'
  params: {
    name: 'kv-${take(unique, 13)}-${take(environmentName, 4)}'
    location: location
    tags: tags
    serverPrincipalId: identities.outputs.serverPrincipalId
    migratorPrincipalId: identities.outputs.migratorPrincipalId
    workspaceId: monitoring.outputs.workspaceId
    postgresHost: postgres.outputs.host
    postgresDatabase: postgres.outputs.database
    postgresOwnerPassword: postgresOwnerPassword
    postgresOperatorPassword: postgresOperatorPassword
    postgresReaderPassword: postgresReaderPassword
    applicationInsightsName: monitoring.outputs.applicationInsightsName
  }
}

module keys 'modules/keys.bicep' = {
  scope: group
  name: 'keys'
  params: {
    vaultName: vault.outputs.name
    serverPrincipalId: identities.outputs.serverPrincipalId
    install: installKeys
    encryptionKey: encryptionKey
    scopeSigningKey: scopeSigningKey
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  name: 'storage'
  params: {
    name: take('st${compactPrefix}${unique}', 24)
    location: location
    tags: tags
    writerPrincipalId: identities.outputs.serverPrincipalId
  }
}

module openai 'modules/openai.bicep' = {
  scope: group
  name: 'openai'
  params: {
    name: 'oai-${prefix}-${unique}'
    location: location
    tags: tags
    userPrincipalId: identities.outputs.serverPrincipalId
  }
}

module app 'modules/container-app.bicep' = {
  scope: group
  name: 'app'
  params: {
    prefix: prefix
    location: location
    tags: tags
    image: image
    registryServer: registry.outputs.server
    subnetId: network.outputs.appsSubnetId
    workspaceName: monitoring.outputs.workspaceName
    serverIdentityId: identities.outputs.serverId
    serverClientId: identities.outputs.serverClientId
    serverPrincipalId: identities.outputs.serverPrincipalId
    migratorIdentityId: identities.outputs.migratorId
    migratorClientId: identities.outputs.migratorClientId
    migratorName: identities.outputs.migratorName
    publicUrl: publicUrl
    authAudience: authAudience
    postgresHost: postgres.outputs.host
    postgresDatabase: postgres.outputs.database
    vaultUrl: keys.outputs.vaultUrl
    openaiEndpoint: openai.outputs.endpoint
    embeddingDeployment: openai.outputs.deployment
    storageAccount: storage.outputs.account
    backupTarget: storage.outputs.backupTarget
    minReplicas: minReplicas
    maxReplicas: maxReplicas
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  name: 'alerts'
  params: {
    prefix: prefix
    tags: tags
    email: alertEmail
    appId: app.outputs.appId
    postgresId: postgres.outputs.serverId
  }
}

output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.server
output AZURE_RESOURCE_GROUP string = group.name
output SERVICE_SERVER_NAME string = app.outputs.appName
output MIGRATION_JOB_NAME string = app.outputs.jobName
output PUBLIC_URL string = app.outputs.url

// PostgreSQL 17 in the private network. Passwords stay switched on for the reader logins, which cannot use an identity.
@minLength(3)
@maxLength(63)
param name string
param location string
param tags object
param subnetId string
param privateDnsZoneId string
param skuName string
param skuTier string
param storageGb int
param highAvailability string
param geoBackup string
@secure()
param adminPassword string
@description('The identity of the migration job: it makes roles and maps the server login.')
param entraAdminName string
param entraAdminPrincipalId string
param workspaceId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2024-08-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: skuName
    tier: skuTier
  }
  properties: {
    version: '17'
    administratorLogin: 'zava_administrator'
    administratorLoginPassword: adminPassword
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Enabled'
      tenantId: tenant().tenantId
    }
    network: {
      delegatedSubnetResourceId: subnetId
      privateDnsZoneArmResourceId: privateDnsZoneId
      publicNetworkAccess: 'Disabled'
    }
    storage: {
      storageSizeGB: storageGb
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: 35
      geoRedundantBackup: geoBackup
    }
    highAvailability: {
      mode: highAvailability
    }
    maintenanceWindow: {
      customWindow: 'Enabled'
      dayOfWeek: 0
      startHour: 4
      startMinute: 0
    }
  }
}

resource admin 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2024-08-01' = {
  parent: server
  name: entraAdminPrincipalId
  properties: {
    principalName: entraAdminName
    principalType: 'ServicePrincipal'
    tenantId: tenant().tenantId
  }
}

resource extensions 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2024-08-01' = {
  parent: server
  name: 'azure.extensions'
  dependsOn: [admin]
  properties: {
    value: 'VECTOR,PG_TRGM,PG_STAT_STATEMENTS'
    source: 'user-override'
  }
}

resource preload 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2024-08-01' = {
  parent: server
  name: 'shared_preload_libraries'
  dependsOn: [extensions]
  properties: {
    value: 'pg_stat_statements'
    source: 'user-override'
  }
}

resource slowLog 'Microsoft.DBforPostgreSQL/flexibleServers/configurations@2024-08-01' = {
  parent: server
  name: 'log_min_duration_statement'
  dependsOn: [preload]
  properties: {
    value: '1000'
    source: 'user-override'
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: server
  name: 'to-workspace'
  dependsOn: [slowLog]
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'PostgreSQLLogs'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'AllMetrics'
        enabled: true
      }
    ]
  }
}

output serverId string = server.id
output host string = server.properties.fullyQualifiedDomainName
// `bootstrap` makes the database, and so owns it.
output database string = 'zava'

// The server, and the job that sets its database up. Revisions are switched by tools/release.mjs, so several may be active.
param prefix string
param location string
param tags object
@description('By digest, so that what was tested is what runs.')
param image string
param registryServer string
param subnetId string
param workspaceName string
param serverIdentityId string
param serverClientId string
param serverPrincipalId string
param migratorIdentityId string
param migratorClientId string
param migratorName string
param publicUrl string
param authAudience string
param postgresHost string
param postgresDatabase string
param vaultUrl string
param openaiEndpoint string
param embeddingDeployment string
param storageAccount string
param backupTarget string
param minReplicas int
param maxReplicas int

var appName = 'zava-mcp-server'
var port = 8000
var fqdn = '${appName}.${appsEnvironment.properties.defaultDomain}'
var url = empty(publicUrl) ? 'https://${fqdn}' : publicUrl

resource workspace 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: workspaceName
}

resource appsEnvironment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'cae-${prefix}'
  location: location
  tags: tags
  properties: {
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: false
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: workspace.properties.customerId
        sharedKey: workspace.listKeys().primarySharedKey
      }
    }
  }
}

resource app 'Microsoft.App/containerApps@2024-03-01' = {
  name: appName
  location: location
  tags: union(tags, { 'azd-service-name': 'server' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${serverIdentityId}': {}
    }
  }
  properties: {
    environmentId: appsEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Multiple'
      maxInactiveRevisions: 5
      ingress: {
        external: true
        targetPort: port
        transport: 'http'
        allowInsecure: false
      }
      registries: [
        {
          server: registryServer
          identity: serverIdentityId
        }
      ]
      secrets: [
        {
          name: 'postgres-reader-password'
          keyVaultUrl: '${vaultUrl}secrets/postgres-reader-password'
          identity: serverIdentityId
        }
        {
          name: 'postgres-operator-url'
          keyVaultUrl: '${vaultUrl}secrets/postgres-operator-url'
          identity: serverIdentityId
        }
        {
          name: 'applicationinsights-connection-string'
          keyVaultUrl: '${vaultUrl}secrets/applicationinsights-connection-string'
          identity: serverIdentityId
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 30
      containers: [
        {
          name: 'server'
          image: image
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          env: [
            { name: 'ENVIRONMENT', value: 'production' }
            { name: 'HOST', value: '0.0.0.0' }
            { name: 'PORT', value: string(port) }
            { name: 'PUBLIC_URL', value: url }
            { name: 'ALLOWED_HOSTS', value: '${fqdn},${appName}---candidate.${appsEnvironment.properties.defaultDomain}' }
            { name: 'TRUST_PROXY', value: '1' }
            { name: 'POSTGRES_HOST', value: postgresHost }
            { name: 'POSTGRES_DB', value: postgresDatabase }
            { name: 'POSTGRES_READER_PASSWORD', secretRef: 'postgres-reader-password' }
            { name: 'POSTGRES_OPERATOR_URL', secretRef: 'postgres-operator-url' }
            { name: 'REPLICAS_EXPECTED', value: string(maxReplicas) }
            { name: 'AZURE_TENANT_ID', value: tenant().tenantId }
            { name: 'AZURE_CLIENT_ID', value: serverClientId }
            { name: 'AZURE_USE_MANAGED_IDENTITY', value: 'true' }
            { name: 'AZURE_KEY_VAULT_URL', value: vaultUrl }
            { name: 'ENCRYPTION_KEY_SECRET_NAME', value: 'encryption-key' }
            { name: 'SCOPE_SIGNING_KEY_SECRET_NAME', value: 'scope-signing-key' }
            { name: 'AUTH_AUDIENCE', value: authAudience }
            { name: 'AUTH_AUTHORIZATION_SERVERS', value: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0' }
            { name: 'EMBEDDER', value: 'azure' }
            { name: 'AZURE_OPENAI_ENDPOINT', value: openaiEndpoint }
            { name: 'EMBEDDING_MODEL_DEPLOYMENT_NAME', value: embeddingDeployment }
            { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', secretRef: 'applicationinsights-connection-string' }
            { name: 'BACKUP_TARGET', value: backupTarget }
            { name: 'AZURE_STORAGE_ACCOUNT', value: storageAccount }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/health/live'
                port: port
              }
              initialDelaySeconds: 1
              periodSeconds: 2
              failureThreshold: 60
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/health/live'
                port: port
              }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/health/ready'
                port: port
              }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 3
            }
          ]
          volumeMounts: [
            {
              volumeName: 'temporary'
              mountPath: '/tmp'
            }
          ]
        }
      ]
      volumes: [
        {
          name: 'temporary'
          storageType: 'EmptyDir'
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'requests'
            http: {
              metadata: {
                concurrentRequests: '10'
              }
            }
          }
          {
            name: 'cpu'
            custom: {
              type: 'cpu'
              metadata: {
                type: 'Utilization'
                value: '70'
              }
            }
          }
        ]
      }
    }
  }
}

resource job 'Microsoft.App/jobs@2024-03-01' = {
  name: '${appName}-migrate'
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${migratorIdentityId}': {}
    }
  }
  properties: {
    environmentId: appsEnvironment.id
    workloadProfileName: 'Consumption'
    configuration: {
      triggerType: 'Manual'
      replicaTimeout: 1800
      replicaRetryLimit: 0
      manualTriggerConfig: {
        parallelism: 1
        replicaCompletionCount: 1
      }
      registries: [
        {
          server: registryServer
          identity: migratorIdentityId
        }
      ]
      secrets: [
        {
          name: 'postgres-reader-password'
          keyVaultUrl: '${vaultUrl}secrets/postgres-reader-password'
          identity: migratorIdentityId
        }
        {
          name: 'postgres-owner-url'
          keyVaultUrl: '${vaultUrl}secrets/postgres-owner-url'
          identity: migratorIdentityId
        }
        {
          name: 'postgres-operator-url'
          keyVaultUrl: '${vaultUrl}secrets/postgres-operator-url'
          identity: migratorIdentityId
        }
      ]
    }
    template: {
      // Roles first, as the database's Entra administrator, then the schema, as its owner. Both may run any number of times.
      initContainers: [
        {
          name: 'bootstrap'
          image: image
          args: ['bootstrap', '--admin-url', 'postgresql://${migratorName}@${postgresHost}:5432/postgres']
          env: jobEnv
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
        }
      ]
      containers: [
        {
          name: 'migrate'
          image: image
          args: ['migrate']
          env: jobEnv
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
        }
      ]
    }
  }
}

var jobEnv = [
  { name: 'ENVIRONMENT', value: 'production' }
  { name: 'POSTGRES_HOST', value: postgresHost }
  { name: 'POSTGRES_DB', value: postgresDatabase }
  { name: 'POSTGRES_READER_PASSWORD', secretRef: 'postgres-reader-password' }
  { name: 'POSTGRES_OWNER_URL', secretRef: 'postgres-owner-url' }
  { name: 'POSTGRES_OPERATOR_URL', secretRef: 'postgres-operator-url' }
  { name: 'POSTGRES_SERVER_PRINCIPAL_ID', value: serverPrincipalId }
  { name: 'AZURE_TENANT_ID', value: tenant().tenantId }
  { name: 'AZURE_CLIENT_ID', value: migratorClientId }
  { name: 'AZURE_USE_MANAGED_IDENTITY', value: 'true' }
  { name: 'AZURE_KEY_VAULT_URL', value: vaultUrl }
  { name: 'SCOPE_SIGNING_KEY_SECRET_NAME', value: 'scope-signing-key' }
]

output appId string = app.id
output appName string = app.name
output jobName string = job.name
output url string = url

// As production, smaller and without a standby. Secrets come from the environment of the pipeline, never from here.
using '../main.bicep'

param environmentName = 'staging'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param image = readEnvironmentVariable('IMAGE')
param registryName = readEnvironmentVariable('AZURE_REGISTRY_NAME', 'zavamcpregistry')
param publicUrl = readEnvironmentVariable('PUBLIC_URL', '')
param authAudience = readEnvironmentVariable('AUTH_AUDIENCE')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')

param postgresSkuName = 'Standard_D2ds_v5'
param postgresSkuTier = 'GeneralPurpose'
param postgresStorageGb = 64
param postgresHighAvailability = 'Disabled'
param postgresGeoBackup = 'Enabled'
param minReplicas = 2
param maxReplicas = 5

param postgresAdminPassword = readEnvironmentVariable('POSTGRES_ADMIN_PASSWORD')
param postgresOwnerPassword = readEnvironmentVariable('POSTGRES_OWNER_PASSWORD')
param postgresOperatorPassword = readEnvironmentVariable('POSTGRES_OPERATOR_PASSWORD')
param postgresReaderPassword = readEnvironmentVariable('POSTGRES_READER_PASSWORD')
param installKeys = bool(readEnvironmentVariable('INSTALL_KEYS', 'false'))
param encryptionKey = readEnvironmentVariable('ENCRYPTION_KEY', '')
param scopeSigningKey = readEnvironmentVariable('SCOPE_SIGNING_KEY', '')

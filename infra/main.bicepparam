// For azd: the sizes of development, everything else from the azd environment (azd env set NAME VALUE).
using 'main.bicep'

param environmentName = 'dev'
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param image = readEnvironmentVariable('IMAGE')
param registryName = readEnvironmentVariable('AZURE_REGISTRY_NAME', 'zavamcpregistry')
param publicUrl = readEnvironmentVariable('PUBLIC_URL', '')
param authAudience = readEnvironmentVariable('AUTH_AUDIENCE')
param alertEmail = readEnvironmentVariable('ALERT_EMAIL')

param postgresSkuName = 'Standard_B2s'
param postgresSkuTier = 'Burstable'
param postgresStorageGb = 32
param postgresHighAvailability = 'Disabled'
param postgresGeoBackup = 'Disabled'
param minReplicas = 1
param maxReplicas = 3

param postgresAdminPassword = readEnvironmentVariable('POSTGRES_ADMIN_PASSWORD')
param postgresOwnerPassword = readEnvironmentVariable('POSTGRES_OWNER_PASSWORD')
param postgresOperatorPassword = readEnvironmentVariable('POSTGRES_OPERATOR_PASSWORD')
param postgresReaderPassword = readEnvironmentVariable('POSTGRES_READER_PASSWORD')
param installKeys = bool(readEnvironmentVariable('INSTALL_KEYS', 'false'))
param encryptionKey = readEnvironmentVariable('ENCRYPTION_KEY', '')
param scopeSigningKey = readEnvironmentVariable('SCOPE_SIGNING_KEY', '')

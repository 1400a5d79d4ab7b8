// The two keys. They are written once: a later deployment must not put an old key in the place of one that `keys rotate` has made.
param vaultName string
param serverPrincipalId string
param install bool
@secure()
param encryptionKey string
@secure()
param scopeSigningKey string

var readRole = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource newEncryptionKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (install) {
  parent: vault
  name: 'encryption-key'
  properties: {
    value: encryptionKey
  }
}

resource newScopeKey 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (install) {
  parent: vault
  name: 'scope-signing-key'
  properties: {
    value: scopeSigningKey
  }
}

resource encryptionSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'encryption-key'
}

resource scopeSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' existing = {
  parent: vault
  name: 'scope-signing-key'
}

resource serverReadsEncryption 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: encryptionSecret
  name: guid(vault.id, 'encryption-key', serverPrincipalId, readRole)
  dependsOn: [newEncryptionKey]
  properties: {
    roleDefinitionId: readRole
    principalId: serverPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource serverReadsScope 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: scopeSecret
  name: guid(vault.id, 'scope-signing-key', serverPrincipalId, readRole)
  dependsOn: [newScopeKey]
  properties: {
    roleDefinitionId: readRole
    principalId: serverPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// By way of this module, so that the app is not started before its keys are there.
output vaultUrl string = vault.properties.vaultUri

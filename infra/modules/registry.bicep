@minLength(5)
@maxLength(50)
param name string
param location string
param tags object
@description('Principals that may pull.')
param pullers array

var pullRole = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
  }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
  }
}

resource pulls 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in pullers: {
    scope: registry
    name: guid(registry.id, principal, pullRole)
    properties: {
      roleDefinitionId: pullRole
      principalId: principal
      principalType: 'ServicePrincipal'
    }
  }
]

output server string = registry.properties.loginServer

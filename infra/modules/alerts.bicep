// What must wake somebody even where the server itself cannot speak. The server's own alerts come on top.
param prefix string
param tags object
param email string
param appId string
param postgresId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${prefix}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'zava-mcp'
    enabled: true
    emailReceivers: [
      {
        name: 'operators'
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

var rules = [
  {
    name: 'restarts'
    description: 'The container keeps ending'
    severity: 1
    scope: appId
    namespace: 'Microsoft.App/containerApps'
    metric: 'RestartCount'
    aggregation: 'Maximum'
    threshold: 3
    window: 'PT15M'
  }
  {
    name: 'memory'
    description: 'Memory is above 90 % of 2 GiB'
    severity: 2
    scope: appId
    namespace: 'Microsoft.App/containerApps'
    metric: 'WorkingSetBytes'
    aggregation: 'Average'
    threshold: 1932735283
    window: 'PT5M'
  }
  {
    name: 'database-cpu'
    description: 'The database is busy above 85 %'
    severity: 2
    scope: postgresId
    namespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
    metric: 'cpu_percent'
    aggregation: 'Average'
    threshold: 85
    window: 'PT15M'
  }
  {
    name: 'database-storage'
    description: 'The database has used 85 % of its storage'
    severity: 1
    scope: postgresId
    namespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
    metric: 'storage_percent'
    aggregation: 'Average'
    threshold: 85
    window: 'PT15M'
  }
  {
    name: 'database-connections'
    description: 'Logins to the database fail'
    severity: 2
    scope: postgresId
    namespace: 'Microsoft.DBforPostgreSQL/flexibleServers'
    metric: 'connections_failed'
    aggregation: 'Total'
    threshold: 20
    window: 'PT5M'
  }
]

resource alerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in rules: {
    name: '${prefix}-${rule.name}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [rule.scope]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: rule.name
            metricNamespace: rule.namespace
            metricName: rule.metric
            operator: 'GreaterThan'
            threshold: rule.threshold
            timeAggregation: rule.aggregation
          }
        ]
      }
      actions: [
        {
          actionGroupId: people.id
        }
      ]
    }
  }
]

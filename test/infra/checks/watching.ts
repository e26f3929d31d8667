import type { Project } from '../bicep-project';
import { findOtherValues, type WrittenFiles } from './written-values';

const criteria = 'properties.criteria.allOf.0';

/** Logs and alerts. A wrong one makes no error: nothing is heard of it, as if all were well. */
const watching: WrittenFiles = {
  'infra/modules/monitoring.bicep': [
    ['workspace', 'location', 'location'],
    ['workspace', 'properties.sku.name', "'PerGB2018'"],
    ['workspace', 'properties.features.enableLogAccessUsingOnlyResourcePermissions', 'true'],
    ['component', 'location', 'location'],
    // No sampling, which would drop lines of the audit log.
    [
      'component',
      'properties.keys',
      'Application_Type DisableLocalAuth IngestionMode WorkspaceResourceId',
    ],
    ['component', 'kind', "'web'"],
    ['component', 'properties.Application_Type', "'web'"],
  ],
  'infra/modules/key-vault.bicep': [
    ['audit', 'scope', 'vault'],
    ['audit', 'properties.logs.length', '1'],
    ['audit', 'properties.logs.0.categoryGroup', "'audit'"],
    ['audit', 'properties.logs.0.enabled', 'true'],
    ['audit', 'properties.workspaceId', 'workspaceId'],
  ],
  'infra/modules/front-door.bicep': [
    ['logs', 'scope', 'profile'],
    ['logs', 'properties.logs.length', '1'],
    ['logs', 'properties.logs.0.categoryGroup', "'allLogs'"],
    ['logs', 'properties.logs.0.enabled', 'true'],
    ['logs', 'properties.workspaceId', 'workspaceId'],
  ],
  'infra/modules/alerts.bicep': [
    ['people', 'location', "'global'"],
    ['people', 'properties.enabled', 'true'],
    // Twelve characters at most.
    ['people', 'properties.groupShortName', "'anteroom'"],
    ['people', 'properties.emailReceivers.length', '1'],
    ['people', 'properties.emailReceivers.0.emailAddress', 'alertEmail'],
    ['logAlerts', 'length', '2'],
    // The tables and columns of a workspace; those of the classic component, `traces` and `requests`, are not there.
    [
      'logAlerts',
      '0.query',
      '\'AppTraces | where Message has_any ("${join(signInFailures, \'", "\')}") | summarize failures = sum(ItemCount)\'',
    ],
    ['logAlerts', '0.threshold', '20'],
    [
      'logAlerts',
      '1.query',
      "'AppRequests | where toint(ResultCode) >= 500 | summarize failures = sum(ItemCount)'",
    ],
    ['logAlerts', '1.threshold', '10'],
    [
      'signInFailures',
      '',
      "[ 'ERR_SIGN_IN_REFUSED' 'ERR_ID_TOKEN' 'ERR_PROVIDER_MISMATCH' 'ERR_PROVIDER_UNAVAILABLE' ]",
    ],
    ['logRules', 'for', 'logAlerts'],
    ['logRules', 'location', 'location'],
    ['logRules', 'kind', "'LogAlert'"],
    ['logRules', 'properties.actions.actionGroups', '[people.id]'],
    ['logRules', 'properties.autoMitigate', 'true'],
    ['logRules', 'properties.criteria.allOf.length', '1'],
    ['logRules', `${criteria}.query`, 'alert.query'],
    ['logRules', `${criteria}.metricMeasureColumn`, "'failures'"],
    ['logRules', `${criteria}.timeAggregation`, "'Total'"],
    ['logRules', `${criteria}.operator`, "'GreaterThanOrEqual'"],
    ['logRules', `${criteria}.threshold`, 'alert.threshold'],
    ['logRules', `${criteria}.failingPeriods.minFailingPeriodsToAlert`, '1'],
    ['logRules', `${criteria}.failingPeriods.numberOfEvaluationPeriods`, '1'],
    ['logRules', 'properties.enabled', 'true'],
    // A check more often costs more; a window shorter than the pause between checks misses what happened between.
    ['logRules', 'properties.evaluationFrequency', "'PT15M'"],
    ['logRules', 'properties.windowSize', "'PT15M'"],
    ['logRules', 'properties.scopes', '[workspaceId]'],
    ['logRules', 'properties.severity', '2'],
    // Otherwise the first deployment fails: a new workspace has no telemetry table yet.
    ['logRules', 'properties.skipQueryValidation', 'true'],
    ['latency', 'location', "'global'"],
    ['latency', 'properties.actions.length', '1'],
    ['latency', 'properties.actions.0.actionGroupId', 'people.id'],
    ['latency', 'properties.autoMitigate', 'true'],
    ['latency', 'properties.criteria.allOf.length', '1'],
    ['latency', `${criteria}.criterionType`, "'StaticThresholdCriterion'"],
    ['latency', `${criteria}.metricName`, "'requests/duration'"],
    ['latency', `${criteria}.metricNamespace`, "'microsoft.insights/components'"],
    ['latency', `${criteria}.operator`, "'GreaterThan'"],
    // Milliseconds.
    ['latency', `${criteria}.threshold`, '2000'],
    ['latency', `${criteria}.timeAggregation`, "'Average'"],
    ['latency', 'properties.enabled', 'true'],
    ['latency', 'properties.evaluationFrequency', "'PT5M'"],
    ['latency', 'properties.scopes', '[componentId]'],
    ['latency', 'properties.severity', '3'],
    ['latency', 'properties.windowSize', "'PT15M'"],
  ],
};

/** What of logs and alerts is not as it must be. */
export function findWatchingFaults(project: Project): string[] {
  return findOtherValues(project, watching);
}

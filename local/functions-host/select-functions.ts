import type { RegisteredFunction } from './functions-core';
import { logCategory, type Log } from './log';

// What the real host has built in. Everything else comes out of an extension bundle.
const builtIn = new Set(['httptrigger', 'http', 'timertrigger']);

/**
 * The functions that this host runs. Those with a binding it does not have are logged and left out, as
 * the real host does without an extension bundle; those that `AzureWebJobs.<name>.Disabled` turns off
 * are left out too.
 * https://learn.microsoft.com/azure/azure-functions/disable-function
 */
export function selectFunctions(
  functions: Iterable<RegisteredFunction>,
  settings: Readonly<Record<string, string | undefined>>,
  log: Log,
): readonly RegisteredFunction[] {
  return [...functions].filter(({ metadata: { name, bindings } }) => {
    const missing = Object.values(bindings)
      .map(({ type }) => type ?? '')
      .filter((type) => !builtIn.has(type.toLowerCase()));
    if (missing.length > 0) {
      log(
        'error',
        logCategory.startup,
        `The '${name}' function is in error: The binding type(s) '${missing.join(', ')}' are not registered. This host has HTTP and timers; \`func start\` has the others.`,
      );
      return false;
    }
    if (isDisabled(name, settings)) {
      log('information', logCategory.startup, `Function ${name} is disabled`);
      return false;
    }
    return true;
  });
}

// Linux does not have dots in the names of environment variables everywhere: both forms are read.
function isDisabled(name: string, settings: Readonly<Record<string, string | undefined>>): boolean {
  const value =
    settings[`AzureWebJobs.${name}.Disabled`] ?? settings[`AzureWebJobs_${name}_Disabled`];
  return value === '1' || value?.toLowerCase() === 'true';
}

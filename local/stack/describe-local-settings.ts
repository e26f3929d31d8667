import { stackSettingNames } from './app-settings';

/**
 * Lines that tell which settings of `local.settings.json` the app gets, and which it does not get from there
 * since the stack or the environment stands over the file. Names only: values may be secret. Settings that
 * the file leaves empty are left out.
 */
export function describeLocalSettings(
  values: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const names = Object.keys(values).filter((name) => values[name] !== '');
  const byStack = names.filter((name) => stackSettingNames.includes(name));
  const others = names.filter((name) => !byStack.includes(name));
  const byEnvironment = others.filter((name) => environment[name] !== undefined);
  const taken = others.filter((name) => !byEnvironment.includes(name));
  return [
    ...line('From local.settings.json', taken),
    ...line('In local.settings.json, but set by the stack', byStack),
    ...line('In local.settings.json, but set by the environment', byEnvironment),
  ];
}

function line(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../../local/deploy/clock';
import { runDeploy } from '../../local/deploy/run-deploy';
import { type AzAnswer, type AzRun, createScriptedAz, type ScriptedAz } from './scripted-az';

export const tenantId = '5a17d1a9-0000-4000-8000-00000000a11c';
export const principalId = '1de27171-0000-4000-8000-00000000a11c';
export const clientId = 'c11e0000-0000-4000-8000-0000000a99a9';
export const providerNames = [
  'Microsoft.App',
  'Microsoft.Insights',
  'Microsoft.KeyVault',
  'Microsoft.ManagedIdentity',
  'Microsoft.OperationalInsights',
  'Microsoft.Storage',
  'Microsoft.Web',
];

/** What the app says at /health. */
export interface HealthAnswer {
  readonly status: number;
  readonly body: string;
}

/** `npm run deploy` against a scripted az and an app on this machine; pauses take no time. */
export class DeployRun {
  /** Everything that was told. */
  said = '';
  /** One after the other; the last one stays. */
  health: HealthAnswer[] = [{ status: 200, body: '{"status":"ok"}' }];
  /** Whether /health is answered at all. */
  answersHealth = true;
  appUrl = '';
  /** Milliseconds that were waited, as far as the deployment can tell. */
  waited = 0;
  env: Record<string, string> = {};
  platform: NodeJS.Platform = 'linux';
  zip = '';
  /** Whether the parts are looked at before and after the template only. */
  looksRarely = false;
  /** What Ctrl-C does. */
  interrupt: () => void = () => undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'anteroom-deploy-'));
  #app: Server | undefined;
  #az: ScriptedAz | undefined;

  async start(): Promise<this> {
    this.zip = this.file('anteroom.zip', 'zip');
    this.#app = createServer((request, response) => {
      if (!this.answersHealth) return;
      const next = this.health.length > 1 ? this.health.shift() : this.health[0];
      const { status, body } = next ?? { status: 500, body: '' };
      response.writeHead(request.url === '/health' ? status : 404).end(body);
    });
    const app = this.#app;
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    const address = app.address();
    this.appUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    return this;
  }

  /** From now on nobody answers. */
  stopApp(): void {
    this.#app?.closeAllConnections();
    this.#app?.close();
  }

  stop(): void {
    this.stopApp();
    this.#az?.remove();
    rmSync(this.#folder, { recursive: true });
  }

  /** @returns the path of a file with this text */
  file(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** A template that works, with these outputs. */
  template(outputs: Readonly<Record<string, string>> = {}): AzAnswer {
    const all = {
      url: this.appUrl,
      functionAppName: 'func-anteroom-x1',
      redirectUri: `${this.appUrl}/auth/redirect`,
      entraClientId: clientId,
      federationSubject: principalId,
      entraAppUniqueName: 'anteroom-anteroom-x1',
      ...outputs,
    };
    const shaped: Record<string, { readonly type: string; readonly value: string }> = {};
    for (const [name, value] of Object.entries(all)) shaped[name] = { type: 'String', value };
    return { command: 'deployment group create', stdout: { properties: { outputs: shaped } } };
  }

  /** What az says when nothing is wrong. */
  usual(): readonly AzAnswer[] {
    const user = { name: 'ada@contoso.com', type: 'user' };
    return [
      { command: 'account show', stdout: { id: 'sub-1', name: 'Pay as you go', tenantId, user } },
      { command: 'account list', stdout: tenantId },
      { command: 'bicep version', text: 'Bicep CLI version 0.36.1 (a1b2c3d4e5)' },
      { command: 'version --', stdout: { 'azure-cli': '2.60.0' } },
      { command: 'ad signed-in-user show', stdout: principalId },
      { command: 'role assignment list', stdout: ['Owner'] },
      { command: 'group exists', stdout: true },
      { command: 'group show --name rg-1', stdout: 'westeurope' },
      { command: 'provider list', stdout: providerNames },
      { command: 'deployment operation group list', stdout: [] },
      { command: 'functionapp list', stdout: [] },
      { command: 'config-zip', stdout: { status: 4 } },
      { command: 'ad app show', stdout: [`${this.appUrl}/auth/redirect`] },
      this.template(),
    ];
  }

  /** @param answers in place of the usual ones */
  async deploy(
    answers: readonly AzAnswer[] = [],
    args: readonly string[] = [],
    group: readonly string[] = ['-g', 'rg-1'],
  ): Promise<number> {
    this.#az?.remove();
    this.#az = createScriptedAz([...answers, ...this.usual()]);
    const clock: Clock = {
      now: () => this.waited,
      pause: async (milliseconds, wake) => {
        if (this.looksRarely && wake !== undefined) {
          await new Promise((resolve) => {
            wake.addEventListener('abort', resolve);
          });
          return;
        }
        this.waited += milliseconds;
        await setTimeout(1);
      },
    };
    const pauses = { pollMs: 15_000, retryMs: 60_000, healthMs: 15_000, registrationMs: 10_000 };
    return runDeploy([...group, ...args], (text) => (this.said += `${text}\n`), {
      env: { PATH: this.#az.path, ...this.env },
      platform: this.platform,
      zip: this.zip,
      pauses,
      createClock: () => clock,
      onInterrupt: (listener) => {
        this.interrupt = listener;
        return () => undefined;
      },
    });
  }

  runs(): readonly AzRun[] {
    return this.#az?.runs() ?? [];
  }

  commands(): readonly string[] {
    return this.runs().map(({ line }) => line);
  }

  /** Commands that change something. */
  changes(): readonly string[] {
    return this.commands().filter((line) => / create| config-zip/.test(line));
  }
}

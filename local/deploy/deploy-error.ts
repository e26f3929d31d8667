/**
 * How far it came: nothing, some parts, everything but the code, everything but perhaps the code, everything though it does not
 * work yet.
 */
export type DeployOutcome = 'nothing' | 'parts' | 'noCode' | 'unknownCode' | 'ill' | 'noSignIn';

/** Why nothing, or not everything, was deployed: one sentence, then what to do about it. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  /** Lines for the person: commands to run, pages to read. */
  readonly remedy: readonly string[];
  readonly outcome: DeployOutcome;

  constructor(message: string, remedy: readonly string[], outcome: DeployOutcome = 'nothing') {
    super(message);
    this.remedy = remedy;
    this.outcome = outcome;
  }
}

/** What a person is told first, by outcome: "Not deployed" would be a lie where everything is. */
export const headlines: Readonly<Record<DeployOutcome, string>> = {
  nothing: 'Not deployed',
  parts: 'Not deployed in full',
  noCode: 'Deployed, except the code',
  unknownCode: 'Deployed, but whether the code arrived is not known',
  ill: 'Deployed, but not healthy yet',
  noSignIn: 'Deployed, but nobody can sign in yet',
};

/** Exit codes by outcome, for scripts; `--help` lists them. */
export const exitCodes: Readonly<Record<DeployOutcome, number>> = {
  nothing: 1,
  parts: 1,
  noCode: 1,
  unknownCode: 1,
  ill: 2,
  noSignIn: 2,
};

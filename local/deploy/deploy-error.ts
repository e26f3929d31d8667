/** Why nothing, or not everything, was deployed: one sentence, then what to do about it. */
export class DeployError extends Error {
  override readonly name = 'DeployError';
  /** Lines for the person: commands to run, pages to read. */
  readonly remedy: readonly string[];

  constructor(message: string, remedy: readonly string[]) {
    super(message);
    this.remedy = remedy;
  }
}

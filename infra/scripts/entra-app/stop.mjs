/** Ends the script: the message says what happened and who must do what. Shown without a stack. */
export class Stop extends Error {
  /**
   * @param {string} message
   * @param {object} [facts]
   * @param {boolean} [facts.isRefusal] Graph itself said no, so nothing was done
   */
  constructor(message, { isRefusal = false } = {}) {
    super(message);
    this.isRefusal = isRefusal;
  }
}

// As what `az` prints on a failure may name them; whatever follows is theirs.
const secretKeys =
  /secretText|\b(password|client_?secret|access_?token|refresh_?token)\b\\*["']?\s*[:=]/i;
// The form of a client secret of Entra ID, with no name beside it.
const secretForm = /[\w.~-]{3}\dQ~[\w.~-]{20,}/g;

/** The Azure CLI said no, nothing in time, or what nobody can read. */
export class AzFailure extends Error {
  /** @param {string} said what it wrote to standard error; never its standard output, which may be a secret */
  constructor(said) {
    super(withoutSecrets(said));
    /** Code of the error that Graph answered, as in `Request_ResourceNotFound`; empty where there is none. */
    this.code = '';
    // `az rest` gives a refusal as the status text and the body: Forbidden({"error":{"code":...,"message":...}}),
    // see send_raw_request in azure-cli-core/azure/cli/core/util.py.
    const body = /\((\{.*\})\)\s*$/s.exec(said)?.[1];
    const error = body === undefined ? undefined : errorIn(body);
    if (typeof error !== 'object' || error === null) return;
    this.code = String(error.code ?? '');
    const status = said.slice(0, said.indexOf('(')).replace('ERROR: ', '');
    this.message = withoutSecrets(`${status}: ${error.message ?? ''} (${this.code})`);
  }
}

/** @param {string} body */
function errorIn(body) {
  try {
    return JSON.parse(body)?.error;
  } catch {
    return undefined;
  }
}

/** All up to the first name of a secret: what comes after it has no form to rely on. @param {string} text */
function withoutSecrets(text) {
  const at = text.search(secretKeys);
  const shown = at < 0 ? text : `${text.slice(0, at)}[the rest may hold a secret: not shown]`;
  return shown.replace(secretForm, '[not shown]');
}

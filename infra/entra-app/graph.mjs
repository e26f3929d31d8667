import { AzFailure, Stop } from '../../scripts/deploy/az.mjs';
import { explain } from '../../scripts/deploy/failures.mjs';

/** @import { Az } from '../../scripts/deploy/az.mjs' */
/** @typedef {Record<string, any>} Json */
/** @typedef {{ graph: ReturnType<typeof createGraph>, say: (line: string) => void }} Context what every step works with */

/**
 * One request. `doing` and `needs` are for people, when it fails: what could not be done, and who may do it. `path` is below the version, as in
 * `me`; `upsert` makes the object where there is none.
 * @typedef {{ method?: string, path: string, body?: Json, upsert?: boolean, doing: string, needs?: string }} Request
 */

const owner =
  'an owner of this registration, or an Application Developer who makes a new one, or a Cloud Application Administrator';
/** A minute in all. */
const [attempts, pauseMs] = [12, 5_000];

/**
 * Microsoft Graph by way of `az rest`, which has the person's token. Every failure ends the program, but absence where it is asked
 * for, and what Entra ID says as long as not all of its servers have heard of a new object.
 * @param {Az} az @param {string} root as in `https://graph.microsoft.com/v1.0`
 * @param {(milliseconds: number) => Promise<unknown>} pause @param {(line: string) => void} say
 */
export function createGraph(az, root, pause, say) {
  let hasSaid = false;

  /** @param {Request} request @returns {Promise<any>} */
  async function ask({ method = 'GET', path, body, upsert = false }) {
    const url = path.startsWith('https:') ? path : `${root}/${path}`;
    const create = upsert ? ['Prefer=create-if-missing'] : [];
    const args = ['rest', '--method', method, '--url', url];
    // By standard input: no shell, no quoting, and nothing in arguments that others can read.
    if (body) args.push('--headers', 'Content-Type=application/json', ...create, '--body', '@-');
    const answer = await az(args, body && { input: JSON.stringify(body) });
    // Nothing in answer to a read is a failure: taken for absence, it would overwrite what is there.
    if (answer === undefined ? method === 'GET' : !isObject(answer))
      throw new AzFailure('az printed no object, where one was due.');
    return answer;
  }

  /**
   * Tries again after a pause, as long as Entra ID has not heard of what the request names. With `mayLack` absence is an answer: undefined.
   * @param {Request} request @param {() => Promise<any>} action @returns {Promise<any>}
   */
  async function patiently({ doing, needs = owner }, action, mayLack = false) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof AzFailure)) throw error;
        if (mayLack && isAbsence(error.message)) return undefined;
        const canPass = isAbsence(error.message) || isNew.test(error.message);
        if (!canPass || attempt === attempts) throw refusal(error, doing, needs);
      }
      if (!hasSaid)
        say('Not every server of Entra ID knows the new objects yet: waiting, a minute at most.');
      hasSaid = true;
      await pause(pauseMs);
    }
  }

  /** At most a hundred, so that a server that gives the same link again and again is no hang. @param {Request} request @returns {Promise<Json[]>} */
  async function pages(request, most = 100) {
    const { value, '@odata.nextLink': next } = await ask(request);
    if (most === 0 || !Array.isArray(value) || !value.every(isObject))
      throw new AzFailure('that is no list, or has no end.');
    if (typeof next !== 'string') return value;
    return [...value, ...(await pages({ ...request, path: next }, most - 1))];
  }

  return {
    /** The answer. @param {Request} request @returns {Promise<any>} */
    send: (request) => patiently(request, () => ask(request)),
    /** The object, or undefined where there is none. @param {Request} request @returns {Promise<any>} */
    find: (request) => patiently(request, () => ask(request), true),
    /** Every page of a list. @param {Request} request @returns {Promise<Json[]>} */
    list: (request) => patiently(request, () => pages(request)),
  };
}

const isObject = (/** @type {unknown} */ value) => Object(value) === value && !Array.isArray(value);

/** Only this says that there is no such object. An address that Graph does not know has the same code. @param {string} said */
const isAbsence = (said) => /^(?!.*for the segment).*Request_ResourceNotFound/is.test(said);

const isNew = /not reference a valid application|assigned was not found|Not a valid reference/i;

/** @param {AzFailure} failure @param {string} doing as in `read the registration` @param {string} needs who may do that */
export function refusal({ message: said }, doing, needs) {
  const { message, remedy } = explain(said);
  const isForbidden = /Authorization_RequestDenied|AccessDenied|Forbidden/.test(said);
  const advice = isForbidden
    ? `You may not do that in this tenant. It needs ${needs}. Ask somebody who may do it to run the same command.`
    : `${message} ${remedy}\nNothing is lost: this can be run again.`;
  return new Stop(`could not ${doing}.\nThe Azure CLI said: ${said.slice(0, 2000)}\n${advice}`);
}

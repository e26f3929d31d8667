import { AzFailure } from './az-failure.mjs';
import { az } from './az.mjs';
import { checkAnswer } from './check-answer.mjs';
import { explainFailure } from './explain-failure.mjs';
import { Stop } from './stop.mjs';

/** @import { Form } from './check-answer.mjs' */

/**
 * One request. `doing` and `needs` are for people, when it fails: what could not be done, and who may do it.
 * @typedef {object} Request
 * @property {'GET' | 'PATCH' | 'POST' | 'DELETE'} [method]
 * @property {string} path below the version, as in `me`
 * @property {unknown} [body]
 * @property {boolean} [upsert] makes the object where there is none
 * @property {Form} [form] of the answer; of each object of a list
 * @property {boolean} [mustAnswer] also where it does not read
 * @property {string} doing
 * @property {string} [needs]
 * @property {(failure: AzFailure) => boolean} [isNow] which refusals would not go away by waiting
 */

/** @typedef {ReturnType<typeof createGraph>} Graph */

const owner =
  'an owner of this registration, or an Application Developer who makes a new one, or a Cloud Application Administrator';
const attempts = 12;

/**
 * Microsoft Graph by way of `az rest`, which has the person's token. Every failure ends the script, but for what is
 * asked for here: absence, and what Entra ID says as long as not all of its servers have heard of a new object.
 * @param {object} surroundings
 * @param {string} surroundings.root as in `https://graph.microsoft.com/v1.0`
 * @param {number} surroundings.pauseMs between attempts
 * @param {(line: string) => void} surroundings.say
 */
export function createGraph({ root, pauseMs, say }) {
  let hasSaid = false;

  /**
   * @param {Request} request
   * @returns {any}
   */
  function send({ method = 'GET', path, body, upsert = false, form = {}, mustAnswer = false }) {
    const url = path.startsWith('https:') ? path : `${root}/${path}`;
    const headers = [
      ...(body === undefined ? [] : ['Content-Type=application/json']),
      ...(upsert ? ['Prefer=create-if-missing'] : []),
    ];
    const args = ['rest', '--method', method, '--url', url];
    if (headers.length > 0) args.push('--headers', ...headers);
    // By way of standard input: no shell, no quoting, and nothing in the arguments that everybody can read.
    if (body !== undefined) args.push('--body', '@-');
    const answer = az(args, body === undefined ? '' : JSON.stringify(body));
    // Nothing in answer to a read is a failure: taken for absence, it would overwrite what is there.
    if (answer !== undefined || method === 'GET' || mustAnswer) checkAnswer(answer, form);
    return answer;
  }

  /**
   * @template T
   * @param {Request} request
   * @param {() => T} action
   * @returns {T}
   */
  function explained({ doing, needs = owner }, action) {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof AzFailure)) throw error;
      throw new Stop(explainFailure(error, doing, needs), { isRefusal: error.code !== '' });
    }
  }

  /**
   * The same after a pause, a minute in all, as long as `action` fails for want of something new.
   * @param {(failure: AzFailure) => boolean} isNow
   * @param {() => any} action
   * @returns {any}
   */
  function patiently(isNow, action) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return action();
      } catch (error) {
        const isNew = error instanceof AzFailure && isReplicating(error) && !isNow(error);
        if (!isNew || attempt === attempts) throw error;
      }
      if (!hasSaid)
        say('Not every server of Entra ID knows the new objects yet: waiting, a minute at most.');
      hasSaid = true;
      pause();
    }
  }

  function pause() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
  }

  return {
    /** Until the servers of Entra ID may have heard of something. */
    pause,
    /** Sends it again while Entra ID has not heard of what it names. @param {Request} request */
    send: (request) =>
      explained(request, () => patiently(request.isNow ?? (() => false), () => send(request))),
    /** The object, or undefined where there is none. @param {Request} request */
    find: (request) => explained(request, () => absentAsUndefined(() => send(request))),
    /** Every page of a list. @param {Request} request @returns {any[]} */
    list: (request) =>
      explained(request, () =>
        patiently(
          () => false,
          () => pages(request, send),
        ),
      ),
  };
}

/**
 * @param {Request} request
 * @param {(request: Request) => any} send
 */
function pages(request, send) {
  const found = [];
  let path = request.path;
  // A bound, so that a server that gives the same link again and again is no hang.
  for (let page = 0; page < 100; page += 1) {
    const answer = send({ ...request, path, form: {} });
    if (!Array.isArray(answer.value)) throw new AzFailure('the answer is no list.');
    for (const one of answer.value) checkAnswer(one, request.form ?? {});
    found.push(...answer.value);
    const next = answer['@odata.nextLink'];
    if (typeof next !== 'string') return found;
    path = next;
  }
  throw new AzFailure('the list has no end');
}

/**
 * Only this says that there is no such object: not a 403, an expired sign-in or a broken network.
 * @param {() => any} action
 * @returns {any}
 */
function absentAsUndefined(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof AzFailure && isAbsence(error)) return undefined;
    throw error;
  }
}

/** @param {AzFailure} failure */
function isAbsence({ code, message }) {
  // An address that Graph does not know has the same code, and says nothing of the object.
  return code === 'Request_ResourceNotFound' && !/for the segment/i.test(message);
}

/** @param {AzFailure} failure */
function isReplicating(failure) {
  return (
    isAbsence(failure) ||
    /does not reference a valid application object|Permission being assigned was not found|Not a valid reference update/i.test(
      failure.message,
    )
  );
}

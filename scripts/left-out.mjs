// Stands in the bundle for parts of packages that nothing here reaches (see `alias` in build-app.mjs). If something does
// reach one, it says so.

/** Table Storage answers in XML only when it refuses access. Then its code stands in a header. */
export const parseXML = () => Promise.resolve({});

export const stringifyXML = () => {
  throw new Error('XML is left out of this bundle');
};

class LeftOutAgent {
  constructor() {
    throw new Error('proxies of the Azure SDK are left out of this bundle: Node has its own');
  }
}
export { LeftOutAgent as HttpProxyAgent, LeftOutAgent as HttpsProxyAgent };

/** `jsonwebtoken`, as MSAL imports it. */
export default {
  sign: () => {
    throw new Error('MSAL signs nothing in this bundle: give it an assertion');
  },
};

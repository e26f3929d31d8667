/** `error` and `suberror`: RFC 6749 allows more, but nobody sends it, and it ends up on a page. */
export const errorNamePattern = /^[a-z][a-z_]{0,63}$/;

/** A GUID, and nothing else, so that it can be shown and looked up. */
export const correlationIdPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

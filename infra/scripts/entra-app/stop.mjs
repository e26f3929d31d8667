/** Ends the script: the message says what happened and who must do what. Shown without a stack. */
export class Stop extends Error {}

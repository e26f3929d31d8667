/** The command that a person types: `npm start --` in the checkout of Anteroom, `npx anteroom-local` elsewhere. */
export const startCommand: string;
/** How the command is used. */
export const startUsage: string;

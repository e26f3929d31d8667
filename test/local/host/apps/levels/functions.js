// An app whose host.json leaves most of the log out.
const { app } = require('@azure/functions');

for (const name of ['loud', 'quiet']) {
  app.http(name, {
    handler: (_request, context) => {
      context.debug(`debug of ${name}`);
      context.log(`information of ${name}`);
      context.error(`error of ${name}`);
      console.error(`console of ${name}`);
      throw new Error(`thrown by ${name}`);
    },
  });
}

// Stands for the app where the test is about the stack around it.
const { app } = require('@azure/functions');

app.http('settings', {
  route: 'settings',
  handler: () => ({
    jsonBody: Object.fromEntries(
      Object.entries(process.env).filter(([name]) =>
        /^(APP|ENTRA|TABLES|KEY|GRAPH|SESSION|ADMIN|MANAGED)_/.test(name),
      ),
    ),
  }),
});
// For tests that end this process as nobody should.
app.http('pid', { route: 'pid', handler: () => ({ jsonBody: { pid: process.pid } }) });
app.http('say', {
  route: 'say',
  handler: (_request, context) => {
    context.log('something to be found');
    return {};
  },
});

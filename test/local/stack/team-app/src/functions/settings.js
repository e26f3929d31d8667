import { app } from '@azure/functions';

app.http('settings', { route: 'settings', handler: () => ({ jsonBody: { ...process.env } }) });
app.http('upload', {
  route: 'upload',
  methods: ['POST'],
  handler: async (request) => ({ jsonBody: (await request.arrayBuffer()).byteLength }),
});

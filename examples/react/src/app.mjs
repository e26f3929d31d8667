import { app } from '@azure/functions';
import { anteroom } from 'anteroom';

const auth = anteroom({ frontEnd: 'public' });
auth.register(app);

app.http('greeting', {
  route: 'api/greeting',
  methods: ['GET', 'HEAD'],
  authLevel: 'anonymous',
  handler: auth.signedIn((_request, { user }) => ({ jsonBody: { text: `Hello ${user.name}` } })),
});

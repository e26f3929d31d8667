import { app } from '@azure/functions';
import { anteroom } from 'anteroom';

// Each tenant has other ids, so they are settings of the app.
const { SALES_GROUP = '', MANAGERS_GROUP = '' } = process.env;

export const auth = anteroom({
  homePath: '/api/report',
  groupRoles: { [SALES_GROUP]: 'reader', [MANAGERS_GROUP]: ['reader', 'approver'] },
});
auth.register(app);

/** GET report: for people in either group. It shows the roles that their groups give them. */
app.http('report', {
  methods: ['GET'],
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: auth.withRole('reader', (_request, { user }) => ({ jsonBody: { roles: user.roles } })),
});

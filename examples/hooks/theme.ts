import { app } from '@azure/functions';
import { auth } from './auth.js';

/** GET theme: the theme of this session. POST theme: the form field `theme`, `dark` or `light`, changes it. */
app.http('theme', {
  methods: ['GET', 'POST'],
  authLevel: 'anonymous', // Anteroom decides who may call it, not function keys
  handler: auth.withRole('beta', async (request, { session }) => {
    if (request.method === 'POST') {
      const theme = (await request.formData()).get('theme');
      if (theme !== 'dark' && theme !== 'light') return { status: 400 };
      await session.update((data) => ({ ...data, theme }));
    }
    return { jsonBody: { theme: session.data['theme'] ?? null } };
  }),
});

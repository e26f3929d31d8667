import { app } from '@azure/functions';
import { anteroom } from 'anteroom';

/** The object ids of the people who take part in the beta, from a setting of the app. */
const invited = new Set((process.env['BETA_PEOPLE'] ?? '').split(' '));

export const auth = anteroom({
  homePath: '/api/theme',
  onSignIn: ({ user, data }) => {
    if (user.objectId === undefined || !invited.has(user.objectId)) {
      return { refuse: 'The beta is full. Write to beta@contoso.example, and we will let you in.' };
    }
    // At a step-up, `data` has the values of before. They win, so the theme that the person chose stays.
    return { roles: ['beta'], data: { theme: 'light', ...data } };
  },
  onSignOut: ({ user, data, reason }) => {
    const theme = data['theme'] === 'dark' ? 'dark' : 'light';
    console.log(`${reason} of ${user.userKey.slice(0, 8)}, who had the theme ${theme}`);
  },
});
auth.register(app);

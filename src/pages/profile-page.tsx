import type { User } from '../sessions/session';
import type { Profile } from '../tokens/graph-profile';
import { Initials, Layout } from './layout';

interface ProfilePageProps {
  readonly user: User;
  readonly profile: Profile;
}

/**
 * The user's Microsoft Graph profile. The photo is a background image from the stylesheet. When it does not load, the
 * initials stay visible; an `img` would look broken.
 */
export function ProfilePage({ user, profile }: ProfilePageProps) {
  const name = profile.displayName ?? user.name;
  return (
    <Layout title="Your profile" signedInAs={user.name} current="me">
      <div class="card narrow">
        <div class="head">
          <Initials name={name}>
            <span class="photo" />
          </Initials>
          <div>
            <h1>
              <bdi>{name}</bdi>
            </h1>
            <p class="soft">Read from Microsoft Graph, as you</p>
          </div>
        </div>
        <dl>
          {factsOf(user, profile).map(([term, value]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Layout>
  );
}

function factsOf(user: User, profile: Profile): (readonly [string, string])[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Account', profile.userPrincipalName],
    ['Mail', profile.mail],
    ['Job title', profile.jobTitle],
    ['Office', profile.officeLocation],
    ['Mobile', profile.mobilePhone],
    ['Language', profile.preferredLanguage],
    ['App roles', user.roles.length === 0 ? 'none' : user.roles.join(', ')],
    ['Object id', profile.id],
  ];
  return facts.flatMap(([term, value]) => (value === undefined ? [] : [[term, value] as const]));
}

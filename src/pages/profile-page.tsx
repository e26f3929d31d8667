import type { User } from '../sessions/session';
import type { Profile } from '../tokens/graph';
import type { Texts } from '../texts/en';
import { Initials, Layout, useTexts } from './layout';

interface ProfilePageProps {
  readonly user: User;
  /** `undefined` if the app has no API: the page then shows the claims alone. */
  readonly profile: Profile | undefined;
  /** Of the last ID token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** For how many seconds the access token for Graph still lives. */
  readonly expiresIn: number | undefined;
  /** Where a person can change the profile at the provider. */
  readonly editPath: string | undefined;
}

type Fact = readonly [term: string, value: string];

/**
 * The user's Microsoft Graph profile, and what the sign-in service says of the user. The photo is a background image from
 * the stylesheet. When it does not load, the initials stay visible; an `img` would look broken.
 */
export function ProfilePage({ user, profile, claims, expiresIn, editPath }: ProfilePageProps) {
  const name = profile?.displayName ?? user.name;
  const { profile: texts } = useTexts();
  return (
    <Layout title={texts.title} signedInAs={user} current="me">
      <div class="card narrow">
        <div class="head">
          <Initials name={name}>{profile === undefined ? null : <span class="photo" />}</Initials>
          <div>
            <h1>
              <bdi>{name}</bdi>
            </h1>
            <p class="soft">{profile === undefined ? texts.fromSignIn : texts.fromGraph}</p>
          </div>
        </div>
        <Facts facts={factsOf(texts, user, profile, expiresIn)} />
        {editPath === undefined ? null : (
          <p class="actions">
            <a class="button plain" href={editPath}>
              {texts.change}
            </a>
          </p>
        )}
        <details open={profile === undefined}>
          <summary>{texts.claims}</summary>
          <Facts facts={Object.entries(claims).map(([claim, value]) => [claim, textOf(value)])} />
        </details>
      </div>
    </Layout>
  );
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl>
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{withBreaks(term)}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The long name of a claim breaks after `_`, not inside a word. */
function withBreaks(term: string) {
  const [first, ...parts] = term.split(/(?<=_)/);
  return [first, ...parts.flatMap((part) => [<wbr key={part} />, part])];
}

function factsOf(
  texts: Texts['profile'],
  user: User,
  profile: Partial<Profile> = {},
  expiresIn: number | undefined,
): readonly Fact[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    [
      texts.account,
      profile.userPrincipalName ?? (user.username === '' ? undefined : user.username),
    ],
    [texts.mail, profile.mail],
    [texts.jobTitle, profile.jobTitle],
    [texts.office, profile.officeLocation],
    [texts.mobile, profile.mobilePhone],
    [texts.language, profile.preferredLanguage],
    [texts.appRoles, user.roles.length === 0 ? texts.noRoles : user.roles.join(', ')],
    [texts.tenant, user.tenantId],
    [texts.objectId, profile.id ?? user.objectId],
    [
      texts.accessToken,
      expiresIn === undefined ? undefined : texts.livesFor(Math.floor(expiresIn / 60)),
    ],
  ];
  return facts.flatMap(([term, value]) => (value === undefined ? [] : [[term, value] as const]));
}

const maxShown = 512;

/** Claims may be of any type. */
function textOf(value: unknown): string {
  const all = [value].flat();
  const isPlain = all.every((one) => ['string', 'number', 'boolean'].includes(typeof one));
  const text = isPlain ? all.join(', ') : JSON.stringify(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

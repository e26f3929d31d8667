import type { Session } from '../sessions/session';
import { Moment } from './time';

interface SessionFactsProps {
  readonly session: Session;
  /** Epoch seconds. */
  readonly now: number;
}

/** Since when the visitor's own session lives, and until when. */
export function SessionFacts({ session, now }: SessionFactsProps) {
  const { createdAt, idleExpiresAt, expiresAt } = session;
  return (
    <div class="card">
      <h2>Your session</h2>
      <dl>
        <div>
          <dt>Began</dt>
          <dd>
            <Moment seconds={createdAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>Ends if idle</dt>
          <dd>
            <Moment seconds={idleExpiresAt} now={now} />
          </dd>
        </div>
        <div>
          <dt>Ends anyway</dt>
          <dd>
            <Moment seconds={expiresAt} now={now} />
          </dd>
        </div>
      </dl>
    </div>
  );
}

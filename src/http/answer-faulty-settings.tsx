import type { HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import { factsOf } from '../error-facts';
import { MessagePage } from '../pages/message-page';
import type { SettingFault } from '../settings';
import { isNavigation } from './request-kind';
import { htmlPage, problem, withRetryAfter } from './responses';

/** 503 on every route while settings have faults: each fault by the setting's name, never a value. */
export function answerFaultySettings(
  faults: readonly SettingFault[],
  request: HttpRequest,
  context: InvocationContext,
): HttpResponseInit {
  for (const { name, fault } of faults) context.error(`ERR_SETTINGS: ${name} ${fault}`);
  return isNavigation(request)
    ? faultsPage(faults)
    : problem('ERR_SETTINGS', context.invocationId, { settings: faults });
}

function faultsPage(faults: readonly SettingFault[]): HttpResponseInit {
  const { status, title, detail, retryAfterSeconds } = factsOf('ERR_SETTINGS');
  const page = htmlPage(
    <MessagePage title={title} door="shut" links={[{ href: '/', text: 'Try again' }]}>
      <p>{detail}</p>
      <ul class="faults">
        {faults.map(({ name, fault }) => (
          <li key={`${name} ${fault}`}>
            <code>{name}</code> {fault}
          </li>
        ))}
      </ul>
      <p class="soft small">
        In Azure these are app settings of the Function App; locally they are in
        local.settings.json. The app reads them when it starts.
      </p>
    </MessagePage>,
    status,
  );
  return withRetryAfter(page, retryAfterSeconds);
}

import { ChoiceField, TextField } from '../loopback/control-fields';
import { controlPage } from '../loopback/control-page';
import { outages } from '../loopback/outage';
import { challengeForms, graphAnswers, type GraphFaults } from './graph-faults';

/** What a person can change while the Graph stand-in runs: how it answers, and how late. */
export function graphControlPage(faults: GraphFaults, fault?: string): string {
  const { answer, retryAfter, challengeForm, outage, delayMs, times } = faults;
  return controlPage({
    of: 'Microsoft Graph',
    fault,
    children: (
      <div class="grid">
        <form method="post" action="/control/answers">
          <fieldset>
            <legend>Answers</legend>
            <ChoiceField
              label="Answer"
              name="answer"
              value={answer.value}
              options={graphAnswers.map((each) => [each, each.replaceAll('-', ' ')] as const)}
            />
            <TextField
              label="Retry-After: usual, none, seconds or a date"
              name="retryAfter"
              value={retryAfter.value}
            />
            <ChoiceField
              label="Claims challenge"
              name="challengeForm"
              value={challengeForm.value}
              options={challengeForms.map((each) => [each, each.replaceAll('-', ' ')] as const)}
            />
            <ChoiceField
              label="Outage"
              name="outage"
              value={outage.value}
              options={outages.map((each) => [each, each] as const)}
            />
            <TextField label="Delay, in milliseconds" name="delayMs" value={delayMs.value} />
            <TextField
              label="How many requests"
              name="times"
              value={times.value ?? ''}
              placeholder="all"
            />
            <button>Set</button>
          </fieldset>
        </form>
      </div>
    ),
  });
}

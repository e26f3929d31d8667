import { ChoiceField, TextField } from '../loopback/control-fields';
import { controlPage } from '../loopback/control-page';
import { outages } from '../loopback/outage';
import { graphAnswers, type GraphFaults } from './graph-faults';

/** What a person can change while the Graph stand-in runs: how it answers, and how late. */
export function graphControlPage(faults: GraphFaults, fault?: string): string {
  const { answer, outage, delayMs, times } = faults;
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
            <ChoiceField
              label="Be down"
              name="outage"
              value={outage.value}
              options={outages.map((each) => [each, each] as const)}
            />
            <TextField label="Be late, in milliseconds" name="delayMs" value={delayMs.value} />
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

import {
  ChoiceField,
  FieldsForm,
  TextField,
  TimesField,
  wordOptions,
} from '../loopback/control-fields';
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
        <FieldsForm action="answers" legend="Answers">
          <ChoiceField
            label="Answer"
            name="answer"
            value={answer.value}
            options={wordOptions(graphAnswers)}
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
            options={wordOptions(challengeForms)}
          />
          <ChoiceField
            label="Outage"
            name="outage"
            value={outage.value}
            options={wordOptions(outages)}
          />
          <TextField label="Delay, in milliseconds" name="delayMs" value={delayMs.value} />
          <TimesField name="times" value={times.value} />
        </FieldsForm>
      </div>
    ),
  });
}

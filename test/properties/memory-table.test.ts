import fc from 'fast-check';
import type { Table, TransactionAction } from '../../src/storage/table';
import { createMemoryTable } from '../support/memory-table';
import { createTestTable } from '../support/test-table';

const signal = AbortSignal.timeout(600_000);

const partition = fc.constantFrom('p', 'q');
const key = fc.constantFrom('session:a', 'session:b', 'tokens:a');
const value = fc.integer({ min: 0, max: 9 });
/** Which of the ETags this row has had; -1 is one it never had. */
const version = fc.constantFrom('latest', 'older', 'foreign');

const operation = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert', 'delete', 'read'), partition, key, value }),
  fc.record({ kind: fc.constantFrom('replace', 'merge'), partition, key, value, version }),
  fc.record({
    kind: fc.constant('transact'),
    partition,
    actions: fc.uniqueArray(
      fc.record({ action: fc.constantFrom('insert', 'replace', 'delete'), key, value, version }),
      { minLength: 1, maxLength: 3, selector: ({ key: of }) => of },
    ),
  }),
  fc.record({ kind: fc.constant('list'), after: value, prefix: fc.constantFrom('session:', '') }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Runs operations on a table and tells what they answered, without the ETags themselves. */
async function runOn(table: Table, operations: readonly Operation[]): Promise<unknown[]> {
  const etags = new Map<string, string[]>();
  const answers: unknown[] = [];
  const remember = (of: string, etag: string | undefined) => {
    if (etag !== undefined) etags.set(of, [...(etags.get(of) ?? []), etag]);
  };
  const etagOf = (of: string, which: string) => {
    const known = etags.get(of) ?? [];
    const found = which === 'latest' ? known.at(-1) : known.at(0);
    return which === 'foreign' || found === undefined
      ? `W/"datetime'2020-01-01T00%3A00%3A00.0000000Z'"`
      : found;
  };
  const properties = (of: number) => ({
    value: of,
    at: new Date(1_800_000_000_000 + of * 1000),
    [`only${of}`]: true,
  });
  for (const step of operations) {
    if (step.kind === 'list' && 'after' in step) {
      const time = new Date(1_800_000_000_000 + step.after * 1000);
      const found: unknown[] = [];
      const query = {
        rowKeyPrefix: step.prefix,
        anyOf: [{ property: 'at', is: 'not-after' as const, time }],
        conditions: [{ property: 'at', is: 'after' as const, time: new Date(0) }],
      };
      for await (const page of table.list(query, signal)) {
        found.push(...page.rows.map((row) => [row.partitionKey, row.rowKey]));
      }
      answers.push(found);
    } else if (step.kind === 'transact' && 'actions' in step) {
      const actions = step.actions.map((action): TransactionAction => {
        const rowKey = action.key;
        if (action.action === 'delete') return { action: 'delete', rowKey };
        if (action.action === 'insert') {
          return { action: 'insert', rowKey, properties: properties(action.value) };
        }
        const etag = etagOf(`${step.partition}/${rowKey}`, action.version);
        return { action: 'replace', rowKey, etag, properties: properties(action.value) };
      });
      const written = await table.transact(step.partition, actions, signal);
      answers.push(written.outcome);
      if (written.outcome === 'done') {
        written.etags.forEach((etag, index) => {
          remember(`${step.partition}/${actions[index]?.rowKey ?? ''}`, etag);
        });
      }
    } else if ('key' in step) {
      const address = { partitionKey: step.partition, rowKey: step.key };
      const of = `${step.partition}/${step.key}`;
      const row = { ...address, properties: properties(step.value) };
      if (step.kind === 'insert') {
        answers.push(await table.insert(row, signal));
        remember(of, (await table.read(address, signal))?.etag);
      } else if (step.kind === 'delete') {
        await table.delete(address, signal);
        answers.push('deleted');
      } else if (step.kind === 'read') {
        const found = await table.read(address, signal);
        answers.push(found?.properties);
      } else if ('version' in step) {
        const etag = etagOf(of, step.version);
        const written =
          step.kind === 'merge'
            ? await table.merge(row, etag, signal)
            : await table.replace(row, etag, signal);
        answers.push(written.outcome);
        if (written.outcome === 'written') remember(of, written.etag);
      }
    }
  }
  return answers;
}

describe('createMemoryTable', () => {
  it('answers any sequence of operations as Azurite does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 4, maxLength: 25 }), async (operations) => {
        const { table } = await createTestTable();
        const real = await runOn(table, operations);
        expect(await runOn(createMemoryTable(), operations)).toEqual(real);
      }),
      { numRuns: 40 },
    );
  });
});

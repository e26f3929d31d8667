import { PortChoiceError, settlePort } from '../../../local/stack/options';

const takenFrom = (first: number, last: number) => (port: number) =>
  Promise.resolve(port < first || port > last);

const npmStart = 'npm start --';

describe('settlePort', () => {
  it('gives the port that is wanted, and asks nothing, when it is free', async () => {
    const ask = jest.fn<Promise<string>, [string]>();
    const wanted = { wanted: 7071, args: [], command: npmStart, isFree: takenFrom(1, 7070), ask };
    await expect(settlePort(wanted)).resolves.toBe(7071);
    expect(ask).not.toHaveBeenCalled();
  });

  it.each(['', 'y', ' YES '])('gives the next free port to the answer "%s"', async (answer) => {
    const questions: string[] = [];
    const ask = (question: string) => {
      questions.push(question);
      return Promise.resolve(answer);
    };
    const port = await settlePort({
      wanted: 7071,
      args: [],
      command: npmStart,
      isFree: takenFrom(7071, 7072),
      ask,
    });
    expect(port).toBe(7073);
    expect(questions).toEqual([
      'Port 7071 is taken, perhaps by another `npm start` or `func start`.\nUse 7073 instead? [Y/n] ',
    ]);
  });

  it.each(['n', 'no', 'what?'])(
    'tells the command that would work after the answer "%s"',
    async (answer) => {
      const choice = { wanted: 7071, args: [], command: npmStart, isFree: takenFrom(7071, 7071) };
      const refused = settlePort({ ...choice, ask: () => Promise.resolve(answer) });
      await expect(refused).rejects.toThrow('npm start -- --port 7072');
      await expect(refused).rejects.toBeInstanceOf(PortChoiceError);
    },
  );

  it.each<[string[], string]>([
    [[], 'npm start -- --port 7072'],
    [['--port', '7071', '--data', 'dir'], 'npm start -- --port 7072 --data dir'],
    [['--https', '--port=7071'], 'npm start -- --port 7072 --https'],
    [['--build', 'node build.mjs', '--https'], 'npm start -- --port 7072 --https'],
    [['--data', "it's here"], String.raw`npm start -- --port 7072 --data 'it'\''s here'`],
  ])('keeps the other arguments in that command: %p', async (args, command) => {
    const refused = settlePort({
      wanted: 7071,
      args,
      command: npmStart,
      isFree: takenFrom(7071, 7071),
    });
    await expect(refused).rejects.toThrow(new RegExp(`${command.replaceAll(/[\\.()]/g, '\\$&')}$`));
  });

  it('names the command that was typed, and keeps its build command', async () => {
    const args = ['--build', 'make app'];
    const command = 'npx anteroom-local';
    const refused = settlePort({ wanted: 7071, args, command, isFree: takenFrom(7071, 7071) });
    await expect(refused).rejects.toThrow("npx anteroom-local --port 7072 --build 'make app'");
  });

  it('gives up where the ports after it are taken too', async () => {
    const refused = settlePort({
      wanted: 65_530,
      args: [],
      command: npmStart,
      isFree: () => Promise.resolve(false),
    });
    await expect(refused).rejects.toThrow('choose one with --port');
  });
});

// The order of the suites. Those that wait for programs, browsers and time limits begin first, so that the others fill
// the time they wait; at the end of a run one of them would run alone. Jest knows how long a suite takes only after its
// first run on a machine.
const { default: Sequencer } = require('@jest/test-sequencer');

const slow =
  /[\\/]test[\\/](?:package|journeys|infra|scripts|browser|attack|local[\\/]stack|(?:sessions[\\/]sweep|storage[\\/]live-service)\.test)[\\/.]/;

module.exports = class SlowFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    const isSlow = ({ path }) => slow.test(path);
    return [...sorted.filter(isSlow), ...sorted.filter((test) => !isSlow(test))];
  }
};

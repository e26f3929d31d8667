// The order of the suites. Those that wait for programs, browsers and time limits begin first, so that the others fill
// the time they wait; at the end of a run one of them would run alone. Jest knows how long a suite takes only after its
// first run on a machine.
const { default: Sequencer } = require('@jest/test-sequencer');

const slowest =
  /[\\/]test[\\/](?:package|infra[\\/]template\.test|scripts[\\/]package\.test|support[\\/]prepare-tests\.test|sessions[\\/]sweep\.test|journeys[\\/](?:operators-table|outages|provider-shapes)\.test)[\\/.]/;
const slow =
  /[\\/]test[\\/](?:journeys|scripts|browser|attack|local[\\/](?:stack|entra)|docs[\\/]new-app\.test|properties|storage[\\/]live-service\.test)[\\/.]/;

module.exports = class SlowFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => (slowest.test(path) ? 0 : slow.test(path) ? 1 : 2);
    return super.sort(tests).toSorted((one, other) => rank(one) - rank(other));
  }
};
